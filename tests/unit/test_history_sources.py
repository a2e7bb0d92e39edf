"""One past, told by every source, is one history; recorded answers read as what they are."""

from __future__ import annotations

import json
from dataclasses import asdict
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats import strict_json
from app.wallet.history import Account, Summary, Transaction, Transfer
from app.wallet.read import rpc
from app.wallet.read.any_source import looks_like, read_documents
from tests.support import histories
from tests.support.histories.documents import HASH, OTHER, THIRD, TOKEN, WALLET, event, logged, moved, row


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
        source: read_documents(decoded(documents), past.wallet.upper().replace("X", "x"), 1)
        for source, documents in told.items()
    }
    assert all(looks_like(documents, wallet=True) for documents in told.values())
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
        straight = read_documents(documents, past.wallet, 1)
        mixed = [*documents, *(one for one in documents if one not in documents[:1] and rng.random() < 0.5)]
        if all(document.get("result", [1]) for document in documents):  # an empty answer is one of the lists that are missing
            rng.shuffle(mixed)
        for document in mixed:
            rng.shuffle(document.get("items") or document.get("result") or document.get("logs") or [])
        assert read_documents(mixed, past.wallet, 1) == straight


@pytest.mark.parametrize("seed", list(range(5)))
def test_no_text_is_kept(seed: int) -> None:
    past = histories.made_up(Random(seed), transactions=80)
    for documents in (histories.etherscan(past), histories.blockscout(past), histories.node(past)):
        history = read_documents(documents, past.wallet, 1)
        rows: list[Transaction | Transfer] = [*(history.transactions or ()), *(history.transfers or ())]
        kept = json.dumps([asdict(row) for row in rows])
        assert history.records > 5
        assert not any(json.dumps(text)[1:-1] in kept or text in kept for text in histories.HOSTILE)


# Rows as Etherscan gives them for a wallet that was there from the first block.
GENESIS = row(
    blockNumber="0",
    timeStamp="1438269973",
    hash=f"GENESIS_{WALLET[2:]}",
    nonce="",
    blockHash="",
    value=str(10_000 * 10**18),
    gasPrice="0",
    gasUsed="0",
    input="",
    txreceipt_status="",
    **{"from": "GENESIS", "to": WALLET},
)
CALL = row(
    blockNumber="47884",
    timeStamp="1438947953",
    hash="0x" + "a1" * 32,
    value="5000000000000000000",
    gasPrice="400000000000",
    gasUsed="21612",
    input="0x454e34354139455138",
    txreceipt_status="",
)
MADE = row(blockNumber="1000000", timeStamp="1455404053", hash="0x" + "a2" * 32, value="0", to="", contractAddress=THIRD)
LATER = [
    row(
        blockNumber=str(5_000_000 + at),
        hash=f"0x{at:064x}",
        nonce=str(at),
        txreceipt_status=str(int(at != 3)),
        isError=str(int(at == 3)),
    )
    for at in range(7)
]


def test_logged_transactions() -> None:
    """What Etherscan leaves empty before Byzantium is unknown, not a failure; the genesis has no sender."""
    history = read_documents(decoded(logged("get_normal_txs_by_address", WALLET, [GENESIS, CALL, MADE, *LATER])), WALLET, 1)
    assert (history.source, history.records, history.truncated, history.transfers) == ("etherscan", 10, False, None)
    assert (history.as_of_block, history.as_of_time) == (5_000_006, 1_517_319_693)
    rows = history.transactions or ()
    genesis, call = rows[0], rows[1]
    assert (genesis.hash, genesis.sender, genesis.value) == ("genesis_" + history.wallet[2:], None, 10_000 * 10**18)
    assert (genesis.recipient, genesis.ok, genesis.selector) == (history.wallet, None, None)
    assert (call.selector, call.gas_used, call.gas_price, call.ok) == ("0x454e3435", 21_612, 4 * 10**11, None)
    assert max(row.value for row in rows) == 10_000 * 10**18
    assert [row.ok for row in rows] == [None, None, None, True, True, True, False, True, True, True]
    assert [row.created for row in rows if row.recipient is None] == [THIRD]


@pytest.mark.parametrize(("offset", "truncated"), [(10, True), (11, False)])
def test_logged_page_may_be_full(offset: int, *, truncated: bool) -> None:
    """As many rows as were asked for may be the first of more."""
    rows = [GENESIS, CALL, MADE, *LATER]
    page = logged("get_normal_txs_by_address_paginated", WALLET, rows, page=1, offset=offset)
    history = read_documents(decoded(page), WALLET, 1)
    assert (history.records, history.truncated) == (10, truncated)


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_logged_rows_are_those_of_an_answer(seed: int) -> None:
    """Many transfers of one transaction, two of them alike, are all kept."""
    past = histories.made_up(Random(seed), transactions=600, first_block=2_000_000, blocks=9_000_000)
    lists = [answer["result"] for answer in histories.etherscan(past, 10**6)]
    for method, rows in zip(("get_normal_txs_by_address", "get_erc20_token_transfer_events_by_address"), lists, strict=False):
        history = read_documents(decoded(logged(method, past.wallet, rows)), past.wallet, 1)
        plain = read_documents(decoded([{"status": "1", "message": "OK", "result": rows}]), past.wallet, 1)
        assert (history.transactions, history.transfers, history.records) == (plain.transactions, plain.transfers, len(rows))
    transfers = history.transfers or ()
    assert len({found.hash for found in transfers}) < len(transfers)


@pytest.mark.parametrize(
    ("ether", "balance"),
    [
        (0.02090569078433137, 20_905_690_784_331_370),
        (31644.779455695694, 31_644_779_455_695_694_000_000),
        (0.000128454527028901, 128_454_527_028_901),
        (1.1e-16, 110),
        (0, 0),
    ],
    ids=repr,
)
@pytest.mark.parametrize("seed", [1, 5, 6, 9])
def test_aggregator(seed: int, ether: float, balance: int) -> None:
    past = histories.made_up(Random(seed), transactions=10 ** (seed % 4))
    times = [histories.when(tx.block) for tx in past.txs]
    sent = sum(tx.sender == past.wallet for tx in past.txs)
    ends = len(set(histories.others(past)))
    document = decoded(histories.aggregator(past, ether))
    history = read_documents(document, past.wallet, 1)
    assert looks_like(document)
    assert (history.source, history.account) == ("aggregator", Account(None, balance, None))
    assert history.summary == Summary(
        len(times), sent, len(times) - sent, ends, min(times, default=None), max(times, default=None)
    )
    assert (history.transactions, history.transfers, history.as_of_time) == (None, None, max(times, default=0))
    kept = json.dumps(asdict(history), default=sorted)
    assert not any(json.dumps(text)[1:-1] in kept for text in past.texts)


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
    history = read_documents(value, WALLET, 1)
    assert looks_like(value)
    assert (history.source, history.summary, history.truncated, history.as_of_time) == (
        "bitquery",
        summary,
        truncated,
        summary.last_time or 0,
    )


def test_count() -> None:
    history = read_documents({"transaction_count": "17"}, WALLET, 1)
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
    history = read_documents(value, WALLET, 1)
    assert looks_like(value)
    assert (history.source, history.truncated, history.as_of_time, history.as_of_block) == ("alchemy", True, 1_704_164_645, 16)
    assert [(row.value, row.ok, row.gas_used) for row in history.transactions or ()] == [(10**17, None, None)]
    assert [row.value for row in history.transfers or ()] == [None, 2, 3, 100, 2_500_000]
    assert read_documents({"transfers": sent[2:]}, WALLET, 1).transactions is None


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
    rows = read_documents([batch, single, *odd, batch], WALLET, 1).transfers or ()
    assert sorted(found.value or 0 for found in rows) == [1, 3, 5, 2**200]
    assert {(found.sender, found.recipient, found.token) for found in rows} == {(OTHER, WALLET, TOKEN)}
