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
from app.wallet.readers import looks_like, read
from tests import histories
from tests.support import SHARED

DATA = SHARED / "data"
EXPLORER = {
    "get_normal_txs_by_address": "0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a",
    "get_normal_txs_by_address_paginated": "0xddbd2b932c763ba5b1b7ae3b362eac3e8d40121a",
    "get_erc20_token_transfer_events_by_address": "0x4e83362442b8d1bec281594cea3050c8eb01311c",
}
WALLET, OTHER, TOKEN, THIRD = ("0x" + digits * 20 for digits in ("a1", "b2", "c3", "d4"))
HASH = "0x" + "5e" * 32


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


def event(at: int, **transaction: str) -> dict[str, Any]:
    return {"Block": {"Timestamp": str(at)}, "Log": {"Address": TOKEN}, "Transaction": {"Value": "0.0001", **transaction}}


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


def moved(category: str, unique: str, **more: Any) -> dict[str, Any]:
    return {
        "blockNum": "0x10",
        "uniqueId": f"{HASH}:{unique}",
        "hash": HASH,
        "from": WALLET,
        "to": OTHER,
        "category": category,
        "value": 0.1,
        "asset": "ETH",
        "rawContract": {"value": None, "address": None, "decimal": "0x12"},
        "metadata": {"blockTimestamp": "2024-01-02T03:04:05.000Z"},
        **more,
    }


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


def row(**more: Any) -> dict[str, Any]:
    """Return one row of txlist, after Byzantium."""
    plain = {"blockNumber": "5000000", "timeStamp": "1517319693", "hash": HASH, "nonce": "0", "from": WALLET, "to": OTHER}
    return {**plain, "value": "1", "gasPrice": "1", "gasUsed": "21000", "input": "0x", "isError": "0"} | more


def approval(selector: str, spender: str, amount: int) -> str:
    return f"{selector}{spender[2:]:0>64}{amount:064x}"


@pytest.mark.parametrize(
    ("more", "spender"),
    [
        ({"input": approval("0x095ea7b3", OTHER, 1)}, OTHER),
        ({"input": approval("0x095ea7b3", OTHER, 2**256 - 1).upper().replace("X", "x")}, OTHER),
        ({"input": approval("0xa22cb465", OTHER, 1)}, OTHER),
        ({"input": approval("0x39509351", OTHER, 7) + "00"}, OTHER),
        ({"input": approval("0x095ea7b3", OTHER, 0)}, None),
        ({"input": approval("0x095ea7b3", "0x" + "00" * 20, 5)}, None),
        ({"input": approval("0xa9059cbb", OTHER, 5)}, None),
        ({"input": approval("0x095ea7b3", OTHER, 5)[:-2]}, None),
        ({"input": "0x095ea7b3" + "01" + approval("", OTHER, 5)[2:]}, None),
        ({"input": approval("0x095ea7b3", OTHER, 5), "isError": "1"}, None),
        ({"input": approval("0x095ea7b3", OTHER, 5), "from": OTHER, "to": WALLET}, None),
    ],
    ids=["erc20", "upper", "for-all", "increase", "nothing", "nobody", "transfer", "short", "dirty", "failed", "not-ours"],
)
def test_approvals(more: dict[str, Any], spender: str | None) -> None:
    assert [found.spender for found in read([row(**more)], WALLET, 1).transactions or ()] == [spender]


@pytest.mark.parametrize(
    ("more", "chain_id", "ok"),
    [
        ({"txreceipt_status": "1"}, 1, True),
        ({"txreceipt_status": "0", "isError": "1"}, 1, False),
        ({"txreceipt_status": ""}, 1, True),
        ({"isError": "1"}, 1, False),
        ({"isError": ""}, 1, None),
        ({"blockNumber": "4369999", "isError": "1", "txreceipt_status": "0"}, 1, None),
        ({"blockNumber": "4369999", "isError": "0", "txreceipt_status": ""}, 1, None),
        ({"blockNumber": "4370000", "isError": "1", "txreceipt_status": "0"}, 1, False),
        ({"blockNumber": "7", "isError": "1", "txreceipt_status": "0"}, 100, False),
    ],
    ids=[
        "success",
        "failure",
        "no-status",
        "no-status-failure",
        "unknown",
        "old-blockscout",
        "old-etherscan",
        "first",
        "gnosis",
    ],
)
def test_success(more: dict[str, Any], chain_id: int, ok: bool | None) -> None:
    assert [found.ok for found in read([row(**more)], WALLET, chain_id).transactions or ()] == [ok]


EMPTY = {"status": "0", "message": "No transactions found", "result": []}
TOKEN_ROW = row(contractAddress=TOKEN, tokenSymbol="X", input="deprecated")
TOKENS = {"status": "1", "message": "OK", "result": [TOKEN_ROW]}


@pytest.mark.parametrize(
    ("value", "lists"),
    [
        (EMPTY, (0, None)),
        ([EMPTY, EMPTY], (0, 0)),
        ([EMPTY, TOKENS], (0, 1)),
        ([TOKENS, EMPTY], (0, 1)),
        ([[row()], EMPTY], (1, 0)),
        ([[row(hash=f"0x{at:064x}") for at in range(1_000)], EMPTY], (1_000, None)),
        ({"status": "0", "message": "No records found", "result": []}, (0, None)),
        ({"items": [], "next_page_params": None}, (0, None)),
        ({"txs": [], "receipts": [], "firstPage": True, "lastPage": True}, (0, None)),
        ({"logs": []}, (None, 0)),
        ({"method": "get_erc20_token_transfer_events_by_address", "kwargs": {}, "res": []}, (None, 0)),
        ({"transfers": []}, (0, None)),
    ],
    ids=list("abcdefghijkl"),
)
def test_nothing_is_an_answer(value: Any, lists: tuple[int | None, int | None]) -> None:
    history = read(value, WALLET, 1)
    assert looks_like(value)
    found = tuple(None if rows is None else len(rows) for rows in (history.transactions, history.transfers))
    assert found == lists
    assert (history.as_of_time == 0) is (history.records == 0)


def test_blockscout_compatible_api() -> None:
    plain = row(methodId="0x", txreceipt_status="1")
    token = row(contractAddress=TOKEN, tokenSymbol="X", tokenDecimal="6", input="0xa9059cbb", methodId="0xa9059cbb")
    timeless = {**token, "hash": "0x" + "77" * 32, "timeStamp": ""}
    history = read([[plain], [token, timeless], EMPTY], WALLET, 1)
    assert (history.source, history.truncated, len(history.transfers or ())) == ("blockscout", True, 1)
    waiting = {"status": "2", "message": "OK, but internal transactions are pending", "result": [plain]}
    assert read(waiting, WALLET, 1).records == 1


def test_blockscout_account_and_pending() -> None:
    pending = {"hash": HASH, "block_number": None, "timestamp": None, "status": None}
    for about, kind in (
        ({"is_contract": False}, "owned"),
        ({"is_contract": True}, "contract"),
        ({"is_contract": True, "proxy_type": "eip7702"}, "delegated"),
    ):
        documents = [{"items": [pending], "next_page_params": None}, {"hash": WALLET, "coin_balance": "5", **about}]
        history = read(documents, WALLET, 1)
        assert (history.records, history.account) == (0, Account(kind, 5, None))  # type: ignore[arg-type]


def test_export_with_provenance() -> None:
    account = {"balance": "0x10", "nonce": 3, "code": "0xef0100" + "AB" * 20}
    export = {"documents": [[row()]], "chain_id": 1, "as_of_block": 6_000_000, "as_of_time": "2020-01-01T00:00:00Z"}
    history = read({**export, "truncated": True, "account": account}, WALLET, 1)
    assert looks_like(export)
    assert (history.as_of_block, history.as_of_time, history.truncated) == (6_000_000, 1_577_836_800, True)
    assert history.account == Account("delegated", 16, 3)
    assert history.digest() == read([row()], WALLET, 1).digest()


@pytest.mark.parametrize(
    ("value", "truncated"),
    [
        ([row(hash=f"0x{at:064x}") for at in range(999)], False),
        ([row(hash=f"0x{at:064x}") for at in range(1_000)], True),
        ([[row(hash=f"0x{at:064x}") for at in range(1_000)], [row(hash=f"0x{at:064x}") for at in range(999, 1_500)]], False),
        ({"items": [], "next_page_params": {"index": 1}}, True),
        ({"txs": [], "receipts": [], "firstPage": True, "lastPage": False}, True),
        ({"txs": [], "receipts": [], "firstPage": False, "lastPage": True}, True),
    ],
    ids=["less", "full", "two", "blockscout", "not-last", "not-first"],
)
def test_full_pages_are_marked(value: Any, *, truncated: bool) -> None:
    assert read(value, WALLET, 1).truncated is truncated


def test_logs_that_are_no_transfers_are_left_out() -> None:
    past = histories.Past(WALLET, (), (histories.Log(HASH, 5, 1, TOKEN, WALLET, OTHER, 9, unique=False),))
    (sent, _) = histories.node(past)[1:]
    good = sent["logs"][0]
    odd = [{**good, "logIndex": "0x2", "data": "0x"}, {**good, "logIndex": "0x3", "topics": ["0x" + "00" * 32]}]
    gone = {**good, "logIndex": "0x4", "removed": True}
    assert read({**sent, "logs": [good, *odd, gone]}, WALLET, 1).records == 1
    timed = {**good, "blockTimestamp": "0x7"}
    assert [found.time for found in read([timed], WALLET, 1).transfers or ()] == [7]


@pytest.mark.parametrize(
    "value",
    [
        {},
        [],
        None,
        5,
        "NOTOK",
        {"prompt": "x"},
        {"wallet": WALLET},
        {"messages": []},
        [{"prompt": "x"}],
        [[]],
        {"message": "x"},
    ],
    ids=list("abcdefghijk"),
)
def test_other_json_does_not_look_like_a_history(value: Any) -> None:
    assert not looks_like(value)
