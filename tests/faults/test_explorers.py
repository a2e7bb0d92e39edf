"""Live explorers: an honest one gives what its export gives; one that misbehaves gives one clear error, in time."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler
from random import Random
from types import ModuleType

import pytest

from app.base.limits import Limits
from app.wallet.fetch import blockscout, etherscan
from app.wallet.history import Account
from app.wallet.read.any_source import looks_like, read_documents
from tests.support import explorers, histories
from tests.support.explorers import (
    BOTH,
    KEY,
    LOCAL,
    PAST,
    RATE,
    TIP,
    TIP_TIME,
    WALLET,
    Behave,
    failed,
    fetched,
    reply,
    serving,
    slams,
)


def test_etherscan_live_is_the_export() -> None:
    assert len(PAST.txs) > 2_000
    asked: list[dict[str, str]] = []
    with serving(explorers.etherscan(PAST, asked)) as url:
        export = fetched(etherscan, url + "/v2/api")
    history, exported = read_documents(export, WALLET, 1), read_documents(histories.etherscan(PAST), WALLET, 1)
    assert looks_like(export)
    assert (history.transactions, history.transfers) == (exported.transactions, exported.transfers)
    assert (history.as_of_block, history.as_of_time, history.account) == (TIP, TIP_TIME, Account("owned", 5, 7))
    assert (history.truncated, history.source) == (False, "etherscan")
    assert all(query["apikey"] == KEY and query["chainid"] == "1" for query in asked)
    assert [query["action"] for query in asked].count("txlist") >= 3


def test_blockscout_live_is_the_export() -> None:
    asked: list[dict[str, str]] = []
    with serving(explorers.blockscout(PAST, asked)) as url:
        export = fetched(blockscout, url)
    history, exported = read_documents(export, WALLET, 1), read_documents(histories.node(PAST), WALLET, 1)
    assert history.digest() == exported.digest()
    assert (history.as_of_block, history.as_of_time, history.account) == (TIP, TIP_TIME, Account("owned", 5, None))
    assert (history.truncated, history.source) == (False, "blockscout")
    assert all(query["apikey"] == KEY for query in asked)
    assert {query["items_count"] for query in asked if "items_count" in query} >= {"50", "100"}
    assert not any("fee" in query for query in asked)


@BOTH
def test_only_the_lists_are_needed(client: ModuleType) -> None:
    past = histories.made_up(Random(3), transactions=30)
    honest = explorers.etherscan(past, []) if client is etherscan else explorers.blockscout(past, [])

    def behave(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        if query.get("module") == "proxy":
            reply(handler, {"status": "0", "message": "NOTOK", "result": "Error! Missing Or invalid Action name"})
        elif path.endswith(("/blocks", past.wallet)):
            reply(handler, {"message": "Not found"}, 404)
        else:
            honest(handler, path, query)

    with serving(behave) as url:
        export = client.fetch(url, past.wallet, 1, LOCAL)
    history = read_documents(export, past.wallet, 1)
    assert history == read_documents(
        histories.etherscan(past) if client is etherscan else histories.blockscout(past), past.wallet, 1
    )


@BOTH
def test_a_busy_moment_passes(client: ModuleType) -> None:
    past = histories.made_up(Random(5), transactions=20)
    seen: set[int] = set()
    honest = explorers.etherscan(past, []) if client is etherscan else explorers.blockscout(past, [])

    def behave(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        seen.add(len(seen))
        if len(seen) == 2:
            reply(handler, {}, 429, Retry_After="1")
        elif len(seen) == 4:
            reply(handler, RATE if client is etherscan else b"", 200 if client is etherscan else 503)
        elif len(seen) == 6:
            slams(handler)
        else:
            honest(handler, path, query)

    with serving(behave) as url:
        export = client.fetch(url, past.wallet, 1, LOCAL, key=KEY)
    assert read_documents(export, past.wallet, 1).digest() == read_documents(histories.node(past), past.wallet, 1).digest()


@pytest.mark.parametrize("action", ["txlist", "tokentx"])
def test_a_block_that_fills_a_window_is_marked(action: str) -> None:
    def behave(handler: BaseHTTPRequestHandler, _: str, query: dict[str, str]) -> None:
        plain = {"timeStamp": "1", "from": WALLET, "to": WALLET, "value": "0", "blockNumber": "77"}
        token = {"contractAddress": WALLET, "tokenSymbol": "X"} if query["action"] == "tokentx" else {}
        rows = [{**plain, **token, "hash": f"0x{at:064x}"} for at in range(1_000)] if query["action"] == action else []
        nothing = {"status": "0", "message": "No transactions found", "result": []}
        reply(handler, {"status": "1", "message": "OK", "result": rows} if rows else nothing)

    with serving(behave) as url:
        export = fetched(etherscan, url)
    assert export["truncated"]
    assert read_documents(export, WALLET, 1).records == 1_000


def test_pages_that_go_in_circles_are_marked() -> None:
    item = {"hash": "0x" + "1" * 64, "block_number": 5, "timestamp": "2020-01-01T00:00:00Z", "value": "0"}
    item |= {"from": {"hash": WALLET}, "to": {"hash": WALLET}}
    asked: list[str] = []

    def behave(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        asked.append(path)
        if path.endswith(("/blocks", WALLET)):
            return reply(handler, {"message": "Not found"}, 404)
        more = {"index": (int(query.get("index", "0")) + 1) % 5}
        return reply(handler, {"items": [item] if path.endswith("/transactions") else [], "next_page_params": more})

    with serving(behave) as url:
        export = fetched(blockscout, url)
    assert export["truncated"]
    assert read_documents(export, WALLET, 1).records == 1
    assert len(asked) < 12


def test_blockscout_tells_nothing_newer_than_its_tip() -> None:
    past = histories.made_up(Random(8), transactions=60)
    blocks = sorted(tx.block for tx in past.txs)
    honest, tip = explorers.blockscout(past, []), blocks[len(blocks) // 2]

    def behave(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        if path.endswith("/blocks"):
            reply(handler, {"items": [{"height": tip, "timestamp": histories.when(tip)}]})
        else:
            honest(handler, path, query)

    with serving(behave) as url:
        history = read_documents(blockscout.fetch(url, past.wallet, 1, LOCAL), past.wallet, 1)
    assert len(blocks) > 10
    assert (len(history.transactions or ()), history.as_of_block) == (sum(block <= tip for block in blocks), tip)


def endless_etherscan(handler: BaseHTTPRequestHandler, _: str, query: dict[str, str]) -> None:
    start = int(query.get("startblock", "0"))
    rows = [{"blockNumber": str(start + at), "hash": "", "timeStamp": ""} for at in range(1_000)]
    reply(handler, {"status": "1", "message": "OK", "result": rows})


def endless_blockscout(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
    at = int(query.get("index", "0")) + 1
    if path.endswith(("/blocks", WALLET)):
        reply(handler, {}, 404)
    else:
        reply(handler, {"items": [{"hash": str(at)}] * 5_000, "next_page_params": {"index": at}})


@pytest.mark.parametrize(
    ("client", "behave"),
    [(etherscan, endless_etherscan), (blockscout, endless_blockscout)],
    ids=["etherscan", "blockscout"],
)
def test_endless_pages_end(client: ModuleType, behave: Behave, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LIMITS", Limits(history_records=10_000))
    assert failed(client, behave, 60) == "history.too_large"


def test_blocks_that_were_not_asked_for() -> None:
    scan = explorers.etherscan(PAST, [])
    for change in ({"endblock": str(10**9)}, {"startblock": "0"}):

        def lies(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str], change: dict[str, str] = change) -> None:
            if query["action"] == "eth_blockNumber":
                reply(handler, {"jsonrpc": "2.0", "id": 1, "result": "0x4c4c00"})  # 5,000,192
            elif query["action"] == "eth_getBlockByNumber":
                reply(handler, {"jsonrpc": "2.0", "id": 1, "result": {"number": "0x4c4c00", "timestamp": "0x7fffffff"}})
            else:
                scan(handler, path, {**query, "endblock": str(TIP)} | change)

        assert failed(etherscan, lies, 20) == "history.contradictory"
