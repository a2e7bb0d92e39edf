"""Explorers that misbehave: one clear error or marked partial data, and always in time."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from types import ModuleType
from typing import Any

import pytest

from app.base.errors import AppError
from app.base.limits import LIMITS, Limits
from app.net import http
from app.wallet.fetch import blockscout, etherscan
from app.wallet.read.any_source import read_documents
from tests.support import explorers, histories
from tests.support.explorers import BOTH, LOCAL, PAST, RATE, WALLET, Behave, failed, fetched, reply, serving, slams


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


def says(body: Any, status: int = 200, **headers: str) -> Behave:
    return lambda handler, *_: reply(handler, body, status, **headers)


def elsewhere(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    reply(handler, b"", 302, Location="http://169.254.169.254/")


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
        assert time.monotonic() - began < 3 + 12  # late enough to be seen, however busy the machine is
    history = read_documents(export, WALLET, 1)
    assert history.truncated
    assert 0 < len(history.transactions or ()) < len(PAST.txs)
    assert set(history.transactions or ()) <= set(read_documents(histories.node(PAST), WALLET, 1).transactions or ())


@BOTH
@pytest.mark.parametrize("name", list(FINAL))
def test_what_stays_wrong_is_an_error_at_once(client: ModuleType, name: str) -> None:
    behave, code = FINAL[name]
    assert failed(client, behave, 5) == code
    assert failed(client, late(behave), 5) == code


@pytest.mark.parametrize(("field", "code"), [("live_bytes", "history.too_large"), ("live_answer_bytes", "history.too_large")])
def test_bytes_are_bounded(field: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("live_bytes", "live_answer_bytes")
    small = Limits(**{name: 2_000 if name == field else getattr(LIMITS, name) for name in names})
    monkeypatch.setattr(http, "LIMITS", small)
    assert failed(etherscan, says({"jsonrpc": "2.0", "result": "0" * 3_000}), 5) == code


def test_bytes_that_run_out_leave_marked_partial_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LIMITS", Limits(live_bytes=1_000_000))
    with serving(explorers.etherscan(PAST, [])) as url:
        history = read_documents(fetched(etherscan, url), WALLET, 1)
    assert history.truncated and history.records > 900


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
