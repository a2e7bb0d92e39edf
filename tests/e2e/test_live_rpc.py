"""A wallet's past read live from a real anvil, against what we did with that wallet ourselves."""

from __future__ import annotations

from typing import Any

import pytest

from app.crypto.signing import keccak256
from app.wallet.fetch.node import fetch
from app.wallet.history import Account, History
from app.wallet.read.any_source import read_documents
from tests.support.anvil import CHAIN, OTHER, THIRD, WALLET, Node, Past, Twist, anvil, delegate, twisted

KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
HERE = ("127.0.0.1",)


def live(url: str, wallet: str = WALLET, **options: Any) -> History:
    return read_documents(fetch(url, wallet, CHAIN, HERE, **options), wallet, CHAIN)


def ordered(records: list[Any]) -> list[Any]:
    return sorted(records, key=lambda record: (record.block, record.hash, str(record)))


def assert_all(history: History, past: Past, block: int = 2**53) -> None:
    """Assert that `history` is the whole past up to `block`, and nothing else."""
    assert history.transactions is not None and history.transfers is not None
    assert ordered([*history.transactions]) == ordered([one for one in past.transactions if one.block <= block])
    assert ordered([*history.transfers]) == ordered([one for one in past.transfers if one.block <= block])


def test_live_is_what_was_done(past: Past) -> None:
    history = live(past.node.url)
    assert_all(history, past)
    tip = past.node("eth_getBlockByNumber", "latest", False)
    assert (history.source, history.truncated, history.summary) == ("rpc", False, None)
    assert (history.as_of_block, history.as_of_time) == (int(tip["number"], 16), int(tip["timestamp"], 16))
    sent = sum(one.sender == WALLET for one in past.transactions)
    assert history.account == Account("owned", int(past.node("eth_getBalance", WALLET, "latest"), 16), sent)


def test_live_is_what_was_exported_by_hand(past: Past) -> None:
    word = "0x" + WALLET[2:].zfill(64)
    single, topic = (
        "0x" + keccak256(f"Transfer{event})".encode()).hex()
        for event in ("Single(address,address,address,uint256,uint256", "(address,address,uint256")
    )
    page = past.node("ots_searchTransactionsBefore", WALLET, 0, 1000)
    ends = [
        WALLET in (tx["from"], tx["to"], receipt["contractAddress"])
        for tx, receipt in zip(page["txs"], page["receipts"], strict=True)
    ]
    assert ends.count(False) == 1  # the transaction that reaches the wallet from within another contract
    for name in ("txs", "receipts"):
        page[name] = [row for row, is_end in zip(page[name], ends, strict=True) if is_end]
    logs = [
        past.node("eth_getLogs", {"fromBlock": "0x0", "toBlock": "latest", "topics": topics})
        for topics in ([topic, word], [topic, None, word], [single, None, None, word])
    ]
    exported = read_documents([page, *logs], WALLET, CHAIN)
    fetched = live(past.node.url)
    assert (exported.transactions, exported.transfers) == (fetched.transactions, fetched.transfers)
    assert exported.digest() == fetched.digest() and not exported.truncated


@pytest.mark.parametrize("block", [0, 1, 5, 20])
def test_the_past_of_the_past(past: Past, block: int) -> None:
    history = live(past.node.url, as_of=block)
    assert_all(history, past, block)
    assert history.as_of_block == block and not history.truncated
    assert history.account and history.account.nonce == sum(
        one.sender == WALLET and one.block <= block for one in past.transactions
    )


def test_an_account_that_did_nothing(past: Past) -> None:
    history = live(past.node.url, "0x" + "12" * 20)
    assert (history.transactions, history.transfers, history.truncated) == ((), (), False)
    assert history.account == Account("owned", 0, 0)


def test_a_contract(past: Past) -> None:
    token = past.transfers[0].token
    history = live(past.node.url, token)
    assert history.account and history.account.kind == "contract"
    assert history.transactions and history.transactions[0].created == token and not history.truncated


def test_without_an_index_transactions_are_unknown_not_none(past: Past) -> None:
    def twist(method: str, _: list[Any], result: Any) -> Any:
        return {"error": {"code": -32601, "message": "method not found"}} if method.startswith("ots_") else result

    with twisted(past.node, twist) as url:
        history = live(url)
    assert history.transactions is None and history.transfers == live(past.node.url).transfers
    assert history.account and history.account.nonce == sum(one.sender == WALLET for one in past.transactions)


TOO_WIDE: dict[str, Any] = {
    "infura": {"code": -32005, "message": "query returned more than 10000 results. Try with this block range [0x1, 0x2]."},
    "alchemy": {"code": -32602, "message": "Log response size exceeded. this block range should work: [0x0, 0x1]"},
    "alchemy-free": {"code": -32600, "message": "you can make eth_getLogs requests with up to a 10 block range"},
    "quicknode": {"code": -32614, "message": "eth_getLogs is limited to a 10,000 range"},
    "ankr": {"code": -32062, "message": "Block range is too large"},
    "reth": {"code": -32602, "message": "query exceeds max block range 100000"},
    "cloudflare": {
        "code": -32047,
        "message": "'fromBlock'-'toBlock' range too large. Max range: 800",
    },
    "bsc": {"code": -32005, "message": "limit exceeded"},
    "geth-timeout": {"code": -32002, "message": "request timed out"},
    "server-error": {"code": -32000, "message": "query timeout exceeded", "data": {"anything": [1, None]}},
}


@pytest.mark.parametrize(
    ("error", "most"), [*((error, 7) for error in TOO_WIDE.values()), (TOO_WIDE["bsc"], 1)], ids=[*TOO_WIDE, "one-block"]
)
def test_ranges_are_halved(past: Past, error: dict[str, Any], most: int) -> None:
    asked: list[int] = []

    def twist(method: str, params: list[Any], result: Any) -> Any:
        if method != "eth_getLogs":
            return result
        asked.append(int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1)
        return {"error": error} if asked[-1] > most else result

    with twisted(past.node, twist) as url:
        assert_all(live(url), past)
    assert max(asked) > 50 and min(asked) <= most


@pytest.mark.parametrize("status", [400, 413])
def test_ranges_are_halved_on_a_status(past: Past, status: int) -> None:
    def twist(method: str, params: list[Any], result: Any) -> Any:
        if method != "eth_getLogs" or int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) < 9:
            return result
        return lambda handler: handler.send_error(status)

    with twisted(past.node, twist) as url:
        assert_all(live(url), past)


def test_times_of_logs_come_from_blocks_if_need_be(past: Past) -> None:
    def twist(method: str, _: list[Any], result: Any) -> Any:
        if method == "eth_getLogs":
            return [{name: value for name, value in log.items() if name != "blockTimestamp"} for log in result]
        return result

    with twisted(past.node, twist) as url:
        assert_all(live(url), past)


@pytest.mark.parametrize(
    "busy",
    [
        {"error": {"code": 429, "message": "exceeded its compute units per second capacity"}},
        {"error": {"code": -32005, "message": "daily request count exceeded, request rate limited"}},
        503,
        429,
    ],
    ids=["alchemy", "infura", "503", "429"],
)
def test_a_busy_node_is_asked_again(past: Past, busy: Any) -> None:
    seen: list[str] = []

    def twist(method: str, _: list[Any], result: Any) -> Any:
        seen.append(method)
        if seen.count(method) > 1 or method not in ("eth_chainId", "eth_getLogs"):
            return result
        return busy if isinstance(busy, dict) else lambda handler: handler.send_error(busy)

    with twisted(past.node, twist) as url:
        assert_all(live(url), past)


def test_a_node_that_closes_each_connection(past: Past) -> None:
    def twist(_: str, __: list[Any], result: Any) -> Any:
        def close(handler: Any) -> None:
            import json

            handler.protocol_version = "HTTP/1.0"
            handler.close_connection = True
            handler.send_response(200)
            handler.end_headers()
            handler.wfile.write(json.dumps({"jsonrpc": "2.0", "id": 0, "result": result}).encode())

        return close

    with twisted(past.node, twist) as url:
        assert_all(live(url), past)


@pytest.mark.slow
def test_a_delegated_account() -> None:
    with anvil() as node:
        past = Past(node, WALLET)
        past.send(WALLET, OTHER, 5)
        delegate(past, KEY, THIRD)
        past.send(WALLET, OTHER, 6)
        history = live(node.url)
        assert_all(history, past)
        assert history.account and history.account.kind == "delegated" and not history.truncated
        assert history.account.nonce == 4  # three transactions and the authorization


def test_fetch_says_what_it_is_of(past: Past) -> None:
    twist: Twist = lambda _, __, result: result  # noqa: E731
    node = Node(past.node.url)
    with twisted(node, twist) as url:
        document = fetch(url, WALLET, CHAIN, HERE)
    assert document == fetch(past.node.url, WALLET, CHAIN, HERE)
    assert document.keys() == {"documents", "chain_id", "as_of_block", "as_of_time", "truncated", "account"}
    assert "CANARY" not in str(document)
