"""Live explorers: an honest one gives what its export gives; one that misbehaves gives one clear error, in time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from random import Random
from types import ModuleType
from typing import Any

import pytest

from app.errors import AppError
from app.limits import LIMITS, Limits
from app.wallet.history import Account
from app.wallet.live import blockscout, etherscan, http
from app.wallet.readers import looks_like, read
from tests import explorers, histories
from tests.explorers import TIP, TIP_TIME, Behave, reply, serving

LOCAL = ["127.0.0.1"]
KEY = "canary-key-5f2"
PAST = histories.made_up(Random(2), transactions=4_000, first_block=5_000_000, blocks=1_500)
WALLET = PAST.wallet
BOTH = pytest.mark.parametrize("client", [etherscan, blockscout], ids=["etherscan", "blockscout"])


def fetched(client: ModuleType, url: str, seconds: float = 30) -> dict[str, Any]:
    export: dict[str, Any] = client.fetch(url, WALLET, 1, LOCAL, key=KEY, seconds=seconds)
    assert KEY not in json.dumps(export)
    return export


def test_etherscan_live_is_the_export() -> None:
    assert len(PAST.txs) > 2_000
    asked: list[dict[str, str]] = []
    with serving(explorers.etherscan(PAST, asked)) as url:
        export = fetched(etherscan, url + "/v2/api")
    history, exported = read(export, WALLET, 1), read(histories.etherscan(PAST), WALLET, 1)
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
    history, exported = read(export, WALLET, 1), read(histories.node(PAST), WALLET, 1)
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
    history = read(export, past.wallet, 1)
    assert history == read(histories.etherscan(past) if client is etherscan else histories.blockscout(past), past.wallet, 1)


def late(behave: Behave) -> Behave:
    """Let the first page of each list be honest and the second misbehave."""
    scan, scout = explorers.etherscan(PAST, []), explorers.blockscout(PAST, [])

    def either(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        if int(query.get("startblock", "0")) > 0 or "index" in query:
            behave(handler, path, query)
        else:
            (scan if "module" in query else scout)(handler, path, query)

    return either


def hangs(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    handler.close_connection = True
    time.sleep(6)


def drips(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    for _at in range(120):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.05)


def drips_headers(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for at in range(120):
        handler.wfile.write(b"X-%d: y\r\n" % at)
        handler.wfile.flush()
        time.sleep(0.05)


def cuts(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    handler.close_connection = True
    reply(handler, b'{"status": "1"', Content_Length="500")


def slams(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    handler.close_connection = True


def says(body: Any, status: int = 200, **headers: str) -> Behave:
    return lambda handler, *_: reply(handler, body, status, **headers)


def elsewhere(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    reply(handler, b"", 302, Location="http://169.254.169.254/")


RATE = {"status": "0", "message": "NOTOK", "result": "Max calls per sec rate limit reached (3/sec)"}
FAULTS: dict[str, tuple[Behave, str]] = {
    "hangs": (hangs, "history.unreachable"),
    "drips": (drips, "history.unreachable"),
    "drips-headers": (drips_headers, "history.unreachable"),
    "cuts": (cuts, "history.unreachable"),
    "slams": (slams, "history.unreachable"),
    "429": (says({}, 429), "history.refused_by_source"),
    "429-retry-after": (says({}, 429, Retry_After="900"), "history.refused_by_source"),
    "503": (says(b"<html>", 503), "history.refused_by_source"),
    "rate-limit": (says(RATE), "history.refused_by_source"),
}
"""What may pass: tried again until the time is up."""
FINAL: dict[str, tuple[Behave, str]] = {
    "html": (says(b"<!doctype html><title>Just a moment...</title>"), "history.bad_answer"),
    "half-json": (says(b'{"status": "1", "result": ['), "history.bad_answer"),
    "nan": (says(b"NaN"), "history.bad_answer"),
    "redirect": (elsewhere, "history.bad_answer"),
    "401": (says({"message": "Unauthorized"}, 401), "history.refused_by_source"),
    "422": (
        says({"errors": [{"title": "Invalid value", "detail": "Unexpected field: limit"}]}, 422),
        "history.refused_by_source",
    ),
    "notok": (says({"status": "0", "message": "NOTOK", "result": "Invalid API Key"}), "history.refused_by_source"),
    "null": (says({"status": "0", "message": "No transactions found", "result": None}), "history.refused_by_source"),
    "string": (says("Max rate"), "history.refused_by_source"),
    "list": (says([]), "history.refused_by_source"),
    "items-null": (says({"items": None}), "history.refused_by_source"),
    "rows-of-text": (says({"status": "1", "message": "OK", "result": ["x"], "items": ["x"]}), "history.invalid"),
}


def failed(client: ModuleType, behave: Behave, seconds: float) -> str:
    began = time.monotonic()
    with serving(behave) as url:
        with pytest.raises(AppError) as caught:
            fetched(client, url, seconds)
        took = time.monotonic() - began
    assert took < seconds + 2
    assert KEY not in str(caught.value) + repr(caught.value.__cause__) and "127.0.0.1" not in str(caught.value)
    return caught.value.code


@BOTH
@pytest.mark.parametrize("name", list(FAULTS))
def test_what_may_pass_ends_in_time(client: ModuleType, name: str) -> None:
    behave, code = FAULTS[name]
    assert failed(client, behave, 0.7) == code


@pytest.mark.parametrize(
    ("client", "name"),
    [
        (etherscan, "hangs"),
        (blockscout, "drips"),
        (etherscan, "drips-headers"),
        (blockscout, "cuts"),
        (etherscan, "rate-limit"),
        (etherscan, "429-retry-after"),
        (blockscout, "429"),
    ],
    ids=list("abcdefg"),
)
def test_what_begins_later_leaves_marked_partial_data(client: ModuleType, name: str) -> None:
    began = time.monotonic()
    with serving(late(FAULTS[name][0])) as url:
        export = fetched(client, url, 3)
        assert time.monotonic() - began < 5
    history = read(export, WALLET, 1)
    assert history.truncated
    assert 0 < len(history.transactions or ()) < len(PAST.txs)
    assert set(history.transactions or ()) <= set(read(histories.node(PAST), WALLET, 1).transactions or ())


@BOTH
@pytest.mark.parametrize("name", list(FINAL))
def test_what_stays_wrong_is_an_error_at_once(client: ModuleType, name: str) -> None:
    behave, code = FINAL[name]
    assert failed(client, behave, 5) == code
    assert failed(client, late(behave), 5) == code


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
    assert read(export, past.wallet, 1).digest() == read(histories.node(past), past.wallet, 1).digest()


def stuck_etherscan(handler: BaseHTTPRequestHandler, _: str, query: dict[str, str]) -> None:
    """Fill every window with one block."""
    row = {"timeStamp": "1", "from": WALLET, "to": WALLET, "value": "0", "blockNumber": "77"}
    rows = [{**row, "hash": f"0x{at:064x}"} for at in range(1_000)] if query["action"] == "txlist" else []
    reply(handler, {"status": "1", "message": "OK", "result": rows})


def circling_blockscout(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
    item = {"hash": "0x" + "1" * 64, "block_number": 5, "timestamp": "2020-01-01T00:00:00Z", "value": "0"}
    item |= {"from": {"hash": WALLET}, "to": {"hash": WALLET}}
    more = {"index": (int(query.get("index", "0")) + 1) % 5}
    reply(handler, {"items": [item] if path.endswith("/transactions") else [], "next_page_params": more})


@pytest.mark.parametrize(
    ("client", "behave", "records"),
    [(etherscan, stuck_etherscan, 1_000), (blockscout, circling_blockscout, 1)],
    ids=["etherscan", "blockscout"],
)
def test_pages_that_lead_nowhere_are_marked(client: ModuleType, behave: Behave, records: int) -> None:
    def only_lists(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        if query.get("module") == "proxy" or path.endswith(("/blocks", WALLET)):
            reply(handler, {"message": "Not found"}, 200 if client is etherscan else 404)
        elif query.get("action", "txlist") != "txlist":
            reply(handler, {"status": "0", "message": "No transactions found", "result": []})
        else:
            behave(handler, path, query)

    with serving(only_lists) as url:
        history = read(fetched(client, url), WALLET, 1)
    assert (history.truncated, history.records) == (True, records)


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


@pytest.mark.parametrize(("field", "code"), [("live_bytes", "history.too_large"), ("live_answer_bytes", "history.too_large")])
def test_bytes_are_bounded(field: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("live_bytes", "live_answer_bytes")
    small = Limits(**{name: 2_000 if name == field else getattr(LIMITS, name) for name in names})
    monkeypatch.setattr(http, "LIMITS", small)
    assert failed(etherscan, says({"jsonrpc": "2.0", "result": "0" * 3_000}), 5) == code


def test_bytes_that_run_out_leave_marked_partial_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIMITS", Limits(live_bytes=1_000_000))
    with serving(explorers.etherscan(PAST, [])) as url:
        history = read(fetched(etherscan, url), WALLET, 1)
    assert history.truncated and history.records > 900


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


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://evil.example/api", ["api.etherscan.io"]),
        ("https://api.etherscan.io.evil.example", ["api.etherscan.io"]),
        ("https://api.etherscan.io@evil.example", ["api.etherscan.io"]),
        ("https://u:p@api.etherscan.io", ["api.etherscan.io"]),
        ("http://api.etherscan.io", ["api.etherscan.io"]),
        ("ftp://127.0.0.1", LOCAL),
        ("file:///etc/passwd", LOCAL),
        ("http://127.0.0.1:99999", LOCAL),
        ("http://[::1", LOCAL),
        ("http://127.0.0.1/\r\nX: y", LOCAL),
        ("http://127.0.0.1?apikey=x", LOCAL),
        ("http://127.0.0.1", []),
        ("", LOCAL),
    ],
    ids=[str(at) for at in range(13)],
)
@BOTH
def test_hosts(client: ModuleType, url: str, hosts: list[str]) -> None:
    with pytest.raises(AppError) as caught:
        client.fetch(url, WALLET, 1, hosts)
    assert caught.value.code == "history.host_not_allowed"


@BOTH
def test_nobody_listens(client: ModuleType) -> None:
    with serving(slams) as url:
        pass
    with pytest.raises(AppError) as caught:
        client.fetch(url, WALLET, 1, LOCAL, seconds=0.7)
    assert caught.value.code == "history.unreachable"


def test_the_clock_is_the_callers() -> None:
    moments: Callable[[], float] = iter([0.0, 1_000.0]).__next__
    host = http.Host("http://127.0.0.1:9", LOCAL, 10, moments)
    with pytest.raises(http.SpentError) as caught:
        host.get("/", {})
    assert caught.value.code == "history.unreachable"
