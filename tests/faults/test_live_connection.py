"""A node that is busy, hangs, drips, breaks off, or may not be asked: a code, or a history that is marked, in time."""

from __future__ import annotations

import dataclasses
import json
import logging
import socket
import ssl
import subprocess
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.fetch.node import fetch
from app.wallet.read.any_source import read_documents
from tests.support.anvil import CHAIN, WALLET, Past, twisted
from tests.support.live_node import HERE, SECONDS, SLACK, on, refused


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 401, 403, 404, 418, 501])
def test_a_status_that_is_no_answer(past: Past, status: int) -> None:
    asked: list[str] = []

    def twist(method: str, _: list[Any], __: Any) -> Any:
        asked.append(method)

        def answer(handler: Any) -> None:
            handler.send_response(status)
            handler.send_header("Location", "/CANARY-elsewhere")
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        return answer

    assert refused(past, twist) == "history.bad_answer"
    assert asked == ["eth_chainId"]  # no redirect was followed


@pytest.mark.parametrize("wait", [None, "1", "3600", "Wed, 21 Oct 2026 07:28:00 GMT", "-1"])
@pytest.mark.parametrize("status", [429, 503])
def test_always_busy(past: Past, status: int, wait: str | None) -> None:
    def answer(handler: Any) -> None:
        handler.send_response(status)
        if wait:
            handler.send_header("Retry-After", wait)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    assert refused(past, lambda *_: answer, 1.0) == "history.refused_by_source"


def hang(handler: Any) -> None:
    time.sleep(SECONDS + 3)
    handler.close_connection = True


def drip(handler: Any) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Length", "1000000")
    handler.end_headers()
    _drip(handler)


def drip_headers(handler: Any) -> None:
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    _drip(handler)


def _drip(handler: Any) -> None:
    try:
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        pass


SLOW = {"hangs": hang, "drips": drip, "drips-headers": drip_headers}


@pytest.mark.parametrize("slow", list(SLOW.values()), ids=list(SLOW))
@pytest.mark.parametrize("method", ["eth_chainId", "ots_"])
def test_a_slow_node_is_left_in_time(past: Past, slow: Callable[[Any], None], method: str) -> None:
    assert refused(past, on(method, lambda *_: slow), 1.0) == "history.unreachable"


@pytest.mark.parametrize("slow", list(SLOW.values()), ids=list(SLOW))
@pytest.mark.parametrize(("method", "first"), [("ots_", 2), ("eth_getLogs", 1)], ids=["second-page", "logs"])
def test_what_a_slow_node_told_is_marked(past: Past, slow: Callable[[Any], None], method: str, first: int) -> None:
    with twisted(past.node, on(method, lambda *_: slow, first)) as url:
        begin = time.monotonic()
        history = read_documents(fetch(url, WALLET, CHAIN, HERE, seconds=2.0), WALLET, CHAIN)
        assert time.monotonic() - begin < 2.0 + SLACK
    assert history.truncated and history.transactions
    if method == "ots_":
        assert 0 < len(history.transactions) < len(past.transactions)


def test_ranges_that_take_too_long_are_made_smaller(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.net.http._PATIENCE", 0.3)

    def slow(params: list[Any], logs: Any) -> Any:
        return hang if int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) > 20 else logs

    with twisted(past.node, on("eth_getLogs", slow)) as url:
        history = read_documents(fetch(url, WALLET, CHAIN, HERE, seconds=20.0), WALLET, CHAIN)
    assert len(history.transfers or ()) == len(past.transfers) and not history.truncated


def _short(handler: Any) -> None:
    handler.close_connection = True
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"jsonrpc": "2.0", "id": 0, "result": "0x7a69"}')


def _gone(handler: Any) -> None:
    handler.close_connection = True


def _no_http(handler: Any) -> None:
    handler.close_connection = True
    handler.wfile.write(b"CANARY\r\n\r\n")


@pytest.mark.parametrize("broken", [_short, _gone, _no_http], ids=["short", "gone", "no-http"])
@pytest.mark.parametrize("method", ["eth_chainId", "eth_getBalance"])
def test_a_connection_that_breaks(past: Past, broken: Callable[[Any], None], method: str) -> None:
    assert refused(past, on(method, lambda *_: broken)) == "history.unreachable"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    """Return a certificate for 127.0.0.1 that signs itself, and what serves with it."""
    folder = tmp_path_factory.mktemp("tls")
    files = ["-keyout", str(folder / "key"), "-out", str(folder / "cert")]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subprocess.run(["openssl", "req", "-x509", *curve, *files, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert", folder / "key")
    return folder / "cert", context


def test_https(past: Past, authority: tuple[Path, ssl.SSLContext], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certifi.where", lambda: str(authority[0]))
    with twisted(past.node, lambda _, __, result: result, authority[1]) as url:
        history = read_documents(fetch(url, WALLET, CHAIN, HERE), WALLET, CHAIN)
        assert len(history.transactions or ()) == len(past.transactions)
        with pytest.raises(HistoryError, match=r"history\.unreachable"):  # the certificate is of another name
            fetch(url.replace("127.0.0.1", "localhost"), WALLET, CHAIN, HERE, seconds=SECONDS)


def test_https_with_a_certificate_that_nobody_signed(past: Past, authority: tuple[Path, ssl.SSLContext]) -> None:
    with twisted(past.node, lambda _, __, result: result, authority[1]) as url:
        with pytest.raises(HistoryError) as caught:
            fetch(url, WALLET, CHAIN, HERE, seconds=SECONDS)
        told = "".join(traceback.format_exception(caught.value))
    assert caught.value.code == "history.unreachable" and "CANARY" not in told


def test_a_handshake_that_drips() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                try:
                    link.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB, which never comes
                    for _ in range(100):
                        link.sendall(b"\x00")
                        time.sleep(0.05)
                except OSError:
                    pass

        threading.Thread(target=serve, daemon=True).start()
        begin = time.monotonic()
        with pytest.raises(HistoryError, match=r"history\.unreachable"):
            fetch(f"https://127.0.0.1:{server.getsockname()[1]}/", WALLET, CHAIN, HERE, seconds=1.0)
        assert time.monotonic() - begin < 1.0 + SLACK


def test_nobody_there() -> None:
    with pytest.raises(HistoryError, match=r"history\.unreachable"):
        fetch("http://127.0.0.1:1/CANARY", WALLET, CHAIN, HERE, seconds=SECONDS)


def test_too_many_bytes(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.net.http.LIMITS", dataclasses.replace(LIMITS, live_bytes=2_000))
    assert refused(past, lambda _, __, result: result) == "history.too_large"


def test_an_answer_that_is_too_large(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.net.http.LIMITS", dataclasses.replace(LIMITS, live_answer_bytes=2_000))
    with twisted(past.node, lambda _, __, result: result) as url:
        history = read_documents(fetch(url, WALLET, CHAIN, HERE), WALLET, CHAIN)
    assert history.transactions is None and len(history.transfers or ()) == len(
        past.transfers
    )  # pages are larger, narrow logs not


def test_too_many_records(past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.wallet.fetch.node.LIMITS", dataclasses.replace(LIMITS, history_records=20))
    assert refused(past, lambda _, __, result: result) == "history.too_large"


NOT_ALLOWED = [
    "http://example.com/CANARY", "https://example.com/CANARY", "ftp://127.0.0.1/CANARY", "file:///etc/passwd", "127.0.0.1:8545",
    "", "https://", "https:///CANARY", "http://127.0.0.1@example.com/", "http://CANARY@127.0.0.1/", "http://user:CANARY@127.0.0.1/",
    "http://127.0.0.1.example.com/", "http://127.0.0.1:99999/", "http://127.0.0.1:x/", "http://[::1/", "http://0.0.0.0/",
    "http://127.0.0.1/\r\nX: CANARY", "http://127.0.0.1/ x", "http://2130706433/", "wss://127.0.0.1/", "HTTP://allowed.example/",
    "http://allowed.example/", "https://allowed.example.evil.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", NOT_ALLOWED, ids=[f"url-{at}" for at in range(len(NOT_ALLOWED))])
def test_an_address_that_may_not_be_asked(url: str) -> None:
    with pytest.raises(HistoryError) as caught:
        fetch(url, WALLET, CHAIN, (*HERE, "allowed.example"))
    told = "".join(traceback.format_exception(caught.value))
    assert caught.value.code == "history.host_not_allowed" and "CANARY" not in told and "example.com" not in told


def test_this_machine_too_must_be_allowed(past: Past) -> None:
    with pytest.raises(HistoryError, match=r"history\.host_not_allowed"):
        fetch(past.node.url, WALLET, CHAIN, ("allowed.example",))


def test_nothing_logs_the_address(past: Past, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    with caplog.at_level(logging.DEBUG), twisted(past.node, lambda _, __, result: result) as url:
        document = fetch(url, WALLET, CHAIN, HERE)
    told = caplog.text + "".join(capfd.readouterr()) + json.dumps(document)
    assert "CANARY" not in told and url.split("/")[2] not in told
