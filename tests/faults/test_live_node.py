"""A node that lies or talks rubbish: a code, or a history that is marked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.wallet.fetch.node import fetch
from app.wallet.read.any_source import read_documents
from tests.support.anvil import CHAIN, WALLET, Past, Twist, twisted
from tests.support.live_node import HERE, on, refused


def up(quantity: str, by: int = 1) -> str:
    return hex(int(quantity, 16) + by)


def row(name: str, at: int = 0, **fields: Any) -> Callable[[list[Any], Any], Any]:
    """Return what changes fields of one row of a page; a callable gets the old value."""

    def change(_: list[Any], page: Any) -> Any:
        rows = page[name] if isinstance(page, dict) else page
        if rows:
            rows[at] |= {key: value(rows[at][key]) if callable(value) else value for key, value in fields.items()}
        return page

    return change


LIES: dict[str, tuple[Twist, str]] = {
    "another-chain": (on("eth_chainId", lambda *_: "0x1"), "mixed_chains"),
    "tip-goes-back": (on("eth_blockNumber", lambda _, tip: up(tip, -1), 2), "contradictory"),
    "another-block": (on("eth_getBlockByNumber", lambda _, block: block | {"number": up(block["number"])}), "contradictory"),
    "a-reorganisation": (on("eth_getBlockByNumber", lambda _, block: block | {"hash": "0x" + "ab" * 32}, 2), "contradictory"),
    "time-of-block-changes": (
        on("eth_getBlockByNumber", lambda _, block: block | {"timestamp": up(block["timestamp"])}, 2),
        "contradictory",
    ),
    "no-block": (on("eth_getBlockByNumber", lambda *_: None), "refused_by_source"),
    "tip-beyond-the-chain": (on("eth_blockNumber", lambda _, tip: up(tip, 1000)), "refused_by_source"),
    "transaction-of-the-future": (on("ots_", row("txs", blockNumber="0xffffff")), "contradictory"),
    "receipt-of-another-block": (on("ots_", row("receipts", blockNumber="0x1")), "contradictory"),
    "receipt-of-another-transaction": (on("ots_", row("receipts", transactionHash="0x" + "cd" * 32)), "contradictory"),
    "time-runs-back": (on("ots_", row("receipts", timestamp="0x1")), "contradictory"),
    "time-beyond-the-tip": (on("ots_", row("receipts", timestamp="0x7fffffff")), "contradictory"),
    "signed-for-another-chain": (on("ots_", row("txs", chainId="0x1")), "mixed_chains"),
    "more-than-the-nonce": (on("eth_getTransactionCount", lambda _, nonce: up(nonce, -1)), "contradictory"),
    "log-of-another-block": (on("eth_getLogs", row("", blockNumber="0xffffff")), "contradictory"),
    "log-of-another-wallet": (
        on("eth_getLogs", row("", topics=lambda old: [old[0], "0x" + "0" * 63 + "9", "0x" + "0" * 63 + "8", *old[3:]])),
        "other_wallet",
    ),
    "log-at-another-time": (on("eth_getLogs", row("", blockTimestamp="0x1")), "contradictory"),
}


@pytest.mark.parametrize(("twist", "code"), list(LIES.values()), ids=list(LIES))
def test_a_node_that_lies(past: Past, twist: Twist, code: str) -> None:
    assert refused(past, twist) == f"history.{code}"


def test_a_node_that_never_ends(past: Past) -> None:
    first: list[Any] = []

    def again(_: list[Any], page: Any) -> Any:
        first.append(page)
        return first[0] | {"lastPage": False}

    assert refused(past, on("ots_", again)) == "history.contradictory"
    assert len(first) == 2


def test_fewer_transactions_than_the_nonce_are_marked(past: Past) -> None:
    def drop(_: list[Any], page: Any) -> Any:
        return page | {"txs": page["txs"][1:], "receipts": page["receipts"][1:]}

    with twisted(past.node, on("ots_", drop)) as url:
        history = read_documents(fetch(url, WALLET, CHAIN, HERE), WALLET, CHAIN)
    assert history.truncated and len(history.transactions or ()) < len(past.transactions)


RUBBISH: dict[str, Any] = {
    "nothing": b"",
    "html": b"<html>CANARY</html>",
    "half": b'{"jsonrpc": "2.0", "id": 0, "result": "0x',
    "list": b"[]",
    "batch": b'[{"jsonrpc": "2.0", "id": 0, "result": "0x1"}]',
    "string": b'"Max rate limit reached"',
    "no-version": b'{"id": 0, "result": "0x1"}',
    "no-result": b'{"jsonrpc": "2.0", "id": 0}',
    "both": b'{"jsonrpc": "2.0", "id": 0, "result": "0x1", "error": {"code": 1, "message": "x"}}',
    "error-is-text": b'{"jsonrpc": "2.0", "id": 0, "error": "CANARY"}',
    "error-is-null": b'{"jsonrpc": "2.0", "id": 0, "error": null}',
    "error-is-empty": b'{"jsonrpc": "2.0", "id": 0, "error": {}}',
    "error-without-code": b'{"jsonrpc": "2.0", "id": 0, "error": {"message": "CANARY"}}',
    "nan": b'{"jsonrpc": "2.0", "id": 0, "result": NaN}',
    "deep": b'{"jsonrpc": "2.0", "id": 0, "result": ' + b"[" * 100_000,
    "twice": b'{"jsonrpc": "2.0", "id": 0, "result": "0x1", "result": "0x2"}',
    "utf-16": '{"jsonrpc": "2.0", "id": 0, "result": "0x1"}'.encode("utf-16"),
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("method", ["eth_chainId", "eth_getBalance", "ots_", "eth_getLogs"])
@pytest.mark.parametrize("said", list(RUBBISH.values()), ids=list(RUBBISH))
def test_rubbish(past: Past, said: bytes, method: str) -> None:
    assert refused(past, on(method, lambda *_: said)) == "history.bad_answer"


VALUES: list[Any] = [None, "", "0x", "0x01", "0xg", "latest", -1, 1, 1.5, True, [], {}, "0x" + "f" * 65, "1", "rate limit"]
SCALARS = ["eth_chainId", "eth_blockNumber", "eth_getBalance", "eth_getTransactionCount"]


@pytest.mark.parametrize("method", SCALARS)
def test_numbers_that_are_none(past: Past, method: str) -> None:
    for value in VALUES:
        assert refused(past, on(method, lambda *_, value=value: value)) == "history.bad_answer", value


@pytest.mark.parametrize("value", [None, "", "0xabc", "abc", 1, [], "0xzz"], ids=repr)
def test_code_that_is_none(past: Past, value: Any) -> None:
    assert refused(past, on("eth_getCode", lambda *_: value)) == "history.bad_answer"


PAGES: list[Any] = [
    None, [], "x", {}, {"txs": [], "receipts": []}, {"txs": None, "receipts": [], "lastPage": True},
    {"txs": [1], "receipts": [2], "lastPage": True}, {"txs": [{}], "receipts": [{}], "lastPage": True},
    {"txs": [{}], "receipts": [], "lastPage": True}, {"txs": [], "receipts": [], "lastPage": False},
    {"txs": [], "receipts": [], "lastPage": 1},
]  # fmt: skip


@pytest.mark.parametrize("page", PAGES, ids=[f"page-{at}" for at in range(len(PAGES))])
def test_pages_that_are_none(past: Past, page: Any) -> None:
    assert refused(past, on("ots_", lambda *_: page)) == "history.bad_answer"


@pytest.mark.parametrize("logs", [None, {}, "x", [1], [None], [{}], [{"blockNumber": 1}]], ids=repr)
def test_logs_that_are_none(past: Past, logs: Any) -> None:
    assert refused(past, on("eth_getLogs", lambda *_: logs)) == "history.bad_answer"


ERROR = {"error": {"code": -32000, "message": "CANARY https://node.example/CANARY-KEY", "data": "CANARY"}}


FAILING = {
    "chain": on("eth_chainId", lambda *_: ERROR),
    "tip": on("eth_blockNumber", lambda *_: ERROR),
    "block": on("eth_getBlockByNumber", lambda *_: ERROR),
    "code": on("eth_getCode", lambda *_: ERROR),
    "second-page": on("ots_", lambda *_: ERROR, 2),
    "oldest-logs": on("eth_getLogs", lambda params, logs: ERROR if params[0]["fromBlock"] == "0x0" else logs),
    "the-end": on("eth_blockNumber", lambda *_: ERROR, 2),
}


@pytest.mark.parametrize("twist", list(FAILING.values()), ids=list(FAILING))
def test_errors_are_never_no_activity(past: Past, twist: Twist) -> None:
    assert refused(past, twist) == "history.refused_by_source"


def test_neither_transactions_nor_logs(past: Past) -> None:
    def twist(method: str, _: list[Any], result: Any) -> Any:
        return ERROR if method in ("ots_searchTransactionsBefore", "eth_getLogs") else result

    assert refused(past, twist) == "history.refused_by_source"


def test_logs_refused_altogether_are_unknown_not_none(past: Past) -> None:
    with twisted(past.node, on("eth_getLogs", lambda *_: ERROR)) as url:
        history = read_documents(fetch(url, WALLET, CHAIN, HERE), WALLET, CHAIN)
    assert history.transfers is None and len(history.transactions or ()) == len(past.transactions)
