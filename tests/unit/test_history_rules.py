"""The rules that hold for every source: what succeeded, who may spend, what is complete, what is nothing."""

from __future__ import annotations

from typing import Any

import pytest

from app.wallet.history import Account
from app.wallet.read.any_source import looks_like, read_documents
from tests.support import histories
from tests.support.histories.documents import EMPTY, HASH, OTHER, TOKEN, TOKENS, WALLET, row


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
    assert [found.spender for found in read_documents([row(**more)], WALLET, 1).transactions or ()] == [spender]


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
    assert [found.ok for found in read_documents([row(**more)], WALLET, chain_id).transactions or ()] == [ok]


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
    history = read_documents(value, WALLET, 1)
    assert looks_like(value, wallet=True)
    assert looks_like(value) is (history.records > 0)
    found = tuple(None if rows is None else len(rows) for rows in (history.transactions, history.transfers))
    assert found == lists
    assert (history.as_of_time == 0) is (history.records == 0)


def test_blockscout_compatible_api() -> None:
    plain = row(methodId="0x", txreceipt_status="1")
    token = row(contractAddress=TOKEN, tokenSymbol="X", tokenDecimal="6", input="0xa9059cbb", methodId="0xa9059cbb")
    timeless = {**token, "hash": "0x" + "77" * 32, "timeStamp": ""}
    history = read_documents([[plain], [token, timeless], EMPTY], WALLET, 1)
    assert (history.source, history.truncated, len(history.transfers or ())) == ("blockscout", True, 1)
    waiting = {"status": "2", "message": "OK, but internal transactions are pending", "result": [plain]}
    assert read_documents(waiting, WALLET, 1).records == 1


def test_blockscout_account_and_pending() -> None:
    pending = {"hash": HASH, "block_number": None, "timestamp": None, "status": None}
    mined = {
        **pending,
        "hash": "0x" + "77" * 32,
        "block_number": 5,
        "timestamp": "2018-01-30T13:41:33Z",
        "from": {"hash": WALLET},
        "to": {"hash": OTHER},
        "value": "1",
    }
    for about, kind in (
        ({"is_contract": False}, "owned"),
        ({"is_contract": True}, "contract"),
        ({"is_contract": True, "proxy_type": "eip7702"}, "delegated"),
    ):
        documents = [{"items": [pending, mined], "next_page_params": None}, {"hash": WALLET, "coin_balance": "5", **about}]
        history = read_documents(documents, WALLET, 1)
        assert (history.records, history.left_out) == (1, 1) and history.account is not None
        assert (history.account.kind, history.account.balance, history.account.nonce) == (kind, 5, None)


def test_export_with_provenance() -> None:
    account = {"balance": "0x10", "nonce": 3, "code": "0xef0100" + "AB" * 20}
    export = {"documents": [[row()]], "chain_id": 1, "as_of_block": 6_000_000, "as_of_time": "2020-01-01T00:00:00Z"}
    history = read_documents({**export, "truncated": True, "account": account}, WALLET, 1)
    assert looks_like(export)
    assert (history.as_of_block, history.as_of_time, history.truncated) == (6_000_000, 1_577_836_800, True)
    assert history.account == Account("delegated", 16, 3)
    assert history.digest() == read_documents([row()], WALLET, 1).digest()


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
    assert read_documents(value, WALLET, 1).truncated is truncated


def test_logs_that_are_no_transfers_are_left_out() -> None:
    past = histories.Past(WALLET, (), (histories.Log(HASH, 5, 1, TOKEN, WALLET, OTHER, 9, unique=False),))
    (sent, _) = histories.node(past)[1:]
    good = sent["logs"][0]
    odd = [{**good, "logIndex": "0x2", "data": "0x"}, {**good, "logIndex": "0x3", "topics": ["0x" + "00" * 32]}]
    gone = {**good, "logIndex": "0x4", "removed": True}
    assert read_documents({**sent, "logs": [good, *odd, gone]}, WALLET, 1).records == 1
    timed = {**good, "blockTimestamp": "0x7"}
    assert [found.time for found in read_documents([timed], WALLET, 1).transfers or ()] == [7]


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
