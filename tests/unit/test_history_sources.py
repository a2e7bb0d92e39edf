"""One past, told by every source, is one history; recorded answers read as what they are."""

from __future__ import annotations

import json
from dataclasses import asdict
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app import strict_json
from app.wallet.history import Account, Summary, Transaction, Transfer
from app.wallet.readers import looks_like, read, rpc
from tests import histories
from tests.documents import HASH, OTHER, THIRD, TOKEN, WALLET, event, moved
from tests.support import SHARED

DATA = SHARED / "data"
EXPLORER = {
    "get_normal_txs_by_address": "0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a",
    "get_normal_txs_by_address_paginated": "0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a",
    "get_erc20_token_transfer_events_by_address": "0x4e83362442b8d1bec281594cea3050c8eb01311c",
}


def recorded(name: str) -> Any:
    return strict_json.loads((DATA / "explorer" / f"{name}.json").read_bytes())


def decoded(value: Any) -> Any:
    """Send it through JSON text, as every document comes."""
    return strict_json.loads(json.dumps(value).encode())


@settings(max_examples=120, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(12, 90))
def test_three_sources_tell_the_same(seed: int, transactions: int, page: int) -> None:
    rng = Random(seed)
    past = histories.made_up(rng, transactions=transactions, blocks=rng.choice([40, 2_000_000]))
    told = {
        "etherscan": histories.etherscan(past),
        "blockscout": histories.blockscout(past, page),
        "rpc": histories.node(past, page),
    }
    read_back = {
        source: read(decoded(documents), past.wallet.upper().replace("X", "x"), 1) for source, documents in told.items()
    }
    assert all(looks_like(documents) for documents in told.values())
    assert {source: history.source for source, history in read_back.items()} == {source: source for source in told}
    first = read_back["etherscan"]
    for history in read_back.values():
        assert (history.transactions, history.transfers) == (first.transactions, first.transfers)
        assert (history.digest(), history.as_of_time, history.as_of_block) == (
            first.digest(),
            first.as_of_time,
            first.as_of_block,
        )
        assert not history.truncated
    assert (len(first.transactions or ()), len(first.transfers or ())) == (len(past.txs), len(past.logs))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_order_and_overlap_change_nothing(seed: int) -> None:
    rng = Random(seed)
    past = histories.made_up(rng, transactions=60)
    for documents in (histories.etherscan(past, 9), histories.blockscout(past, 7), histories.node(past, 5)):
        straight = read(documents, past.wallet, 1)
        mixed = [*documents, *(one for one in documents if one not in documents[:1] and rng.random() < 0.5)]
        if all(document.get("result", [1]) for document in documents):  # an empty answer is one of the lists that are missing
            rng.shuffle(mixed)
        for document in mixed:
            rng.shuffle(document.get("items") or document.get("result") or document.get("logs") or [])
        assert read(mixed, past.wallet, 1) == straight


@pytest.mark.parametrize("seed", list(range(5)))
def test_no_text_is_kept(seed: int) -> None:
    past = histories.made_up(Random(seed), transactions=80)
    for documents in (histories.etherscan(past), histories.blockscout(past), histories.node(past)):
        history = read(documents, past.wallet, 1)
        rows: list[Transaction | Transfer] = [*(history.transactions or ()), *(history.transfers or ())]
        kept = json.dumps([asdict(row) for row in rows])
        assert history.records > 5
        assert not any(json.dumps(text)[1:-1] in kept or text in kept for text in histories.HOSTILE)


def test_recorded_transactions() -> None:
    history = read(recorded("get_normal_txs_by_address"), EXPLORER["get_normal_txs_by_address"], 1)
    assert (history.source, history.records, history.truncated, history.transfers) == ("etherscan", 41, False, None)
    assert (history.as_of_block, history.as_of_time) == (8_202_023, 1_563_819_581)
    rows = history.transactions or ()
    genesis, call = rows[0], rows[1]
    assert (genesis.hash, genesis.sender, genesis.value) == ("genesis_" + history.wallet[2:], None, 10_000 * 10**18)
    assert (genesis.recipient, genesis.ok, genesis.selector) == (history.wallet, None, None)
    assert (call.selector, call.gas_used, call.gas_price, call.ok) == ("0x454e3435", 21_612, 4 * 10**11, None)
    assert max(row.value for row in rows) == 84_512_559 * 10**15
    assert [row.ok for row in rows].count(True) == 15  # all since Byzantium
    assert [row.created for row in rows if row.recipient is None] == ["0x1bb0ac60363e320bc45fdb15aed226fb59c88e44"]


def test_recorded_page_is_full() -> None:
    history = read(recorded("get_normal_txs_by_address_paginated"), EXPLORER["get_normal_txs_by_address_paginated"], 1)
    assert (history.records, history.truncated) == (10, True)


def test_recorded_transfers() -> None:
    name = "get_erc20_token_transfer_events_by_address"
    history = read(recorded(name), EXPLORER[name], 1)
    assert (history.records, history.transactions, history.truncated) == (1_209, None, False)  # 195 share a hash with another
    assert len({row.hash for row in history.transfers or ()}) == 1_209 - 195


@pytest.mark.parametrize(
    ("name", "summary", "balance"),
    [
        ("1", Summary(419, 191, 228, 109, 1_725_448_295, 1_770_494_087), 20_905_690_784_331_370),
        ("2", Summary(90_155, 5_902, 84_253, 4_819, 1_524_929_297, 1_770_509_519), 31_644_779_455_695_694_000_000),
        ("3", Summary(89, 53, 36, 47, 1_674_303_767, 1_770_394_643), 128_454_527_028_901),
        ("4", Summary(2, 0, 2, 2, 1_770_394_643, 1_770_394_835), 111_562_855_641_054),
    ],
    ids=list("1234"),
)
def test_aggregator(name: str, summary: Summary, balance: int) -> None:
    document = strict_json.loads((DATA / f"wallets/reputa_eval_sample-{name}.json").read_bytes())
    history = read(document, document["wallet"], 1)
    assert looks_like(document)
    assert (history.source, history.summary, history.account) == ("aggregator", summary, Account(None, balance, None))
    assert (history.transactions, history.transfers, history.as_of_time) == (None, None, summary.last_time)


@pytest.mark.parametrize(
    ("value", "summary", "truncated"),
    [
        ({"EVM": {"Events": [event(30), event(10)]}}, Summary(2, first_time=10, last_time=30), False),
        ({"data": {"EVM": {"Events": [event(30)]}}}, Summary(1, first_time=30, last_time=30), False),
        ([{"EVM": {"Events": [event(30)]}}, {"EVM": {"Events": []}}], Summary(1, first_time=30, last_time=30), False),
        ({"EVM": {"Events": [event(30, Hash=HASH), event(30, Hash=HASH)]}}, Summary(1, first_time=30, last_time=30), False),
        ({"EVM": {"Events": [event(5)] * 1_000}}, Summary(1_000, first_time=5, last_time=5), True),
        ({"EVM": {"Events": []}}, Summary(0), False),
    ],
    ids=["events", "graphql", "pages", "hashes", "full", "none"],
)
def test_bitquery(value: Any, summary: Summary, *, truncated: bool) -> None:
    history = read(value, WALLET, 1)
    assert looks_like(value)
    assert (history.source, history.summary, history.truncated, history.as_of_time) == (
        "bitquery",
        summary,
        truncated,
        summary.last_time or 0,
    )


def test_count() -> None:
    history = read({"transaction_count": "17"}, WALLET, 1)
    assert (history.source, history.summary, history.transactions) == ("count", Summary(17), None)


def test_alchemy() -> None:
    token = {"address": TOKEN, "decimal": "0x6", "value": "0x64"}
    many = [{"tokenId": "0x1", "value": "0x2"}, {"tokenId": "0x9", "value": "0x3"}]
    sent = [
        moved("external", "external"),
        moved("internal", "internal"),
        moved("erc20", "log:1", rawContract=token),
        moved("erc20", "log:2", rawContract={**token, "value": None}, value=2.5),
        moved("erc721", "log:3", rawContract=token, value=None),
        moved("erc1155", "log:4", rawContract=token, value=None, erc1155Metadata=many),
    ]
    value = [{"jsonrpc": "2.0", "id": 1, "result": {"transfers": sent, "pageKey": "x"}}, {"result": {"transfers": sent[2:3]}}]
    history = read(value, WALLET, 1)
    assert looks_like(value)
    assert (history.source, history.truncated, history.as_of_time, history.as_of_block) == ("alchemy", True, 1_704_164_645, 16)
    assert [(row.value, row.ok, row.gas_used) for row in history.transactions or ()] == [(10**17, None, None)]
    assert [row.value for row in history.transfers or ()] == [None, 2, 3, 100, 2_500_000]
    assert read({"transfers": sent[2:]}, WALLET, 1).transactions is None


def test_erc1155_logs() -> None:
    ids, amounts = [7, 8, 7], [1, 2**200, 3]
    words = [64, 96 + 32 * 3, 3, *ids, 3, *amounts]
    ends = ["0x" + address[2:].rjust(64, "0") for address in (THIRD, OTHER, WALLET)]
    log = {"address": TOKEN, "blockNumber": "0x5", "blockTimestamp": "0x9", "transactionHash": HASH, "logIndex": "0x1"}
    batch = {**log, "topics": [rpc.BATCH, *ends], "data": "0x" + "".join(f"{word:064x}" for word in words)}
    single = {**log, "topics": [rpc.SINGLE, *ends], "data": f"0x{7:064x}{5:064x}", "logIndex": "0x2"}
    told = str(batch["data"])
    odd = [
        {**batch, "logIndex": "0x3", "data": data}
        for data in ("0x", told[:-64], told + "00" * 32, "0x" + "ff" * 128, told[:66] + f"{32:064x}" + told[130:])
    ]
    rows = read([batch, single, *odd, batch], WALLET, 1).transfers or ()
    assert sorted(found.value or 0 for found in rows) == [1, 3, 5, 2**200]
    assert {(found.sender, found.recipient, found.token) for found in rows} == {(OTHER, WALLET, TOKEN)}
