"""A JSON-RPC endpoint that misbehaves, on loopback: each way is one clear error, never a traceback, never a yes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from app.base.errors import AppError
from app.crypto.signing import keccak256
from app.result.envelope import callback_data
from app.verify import on_chain
from app.verify.verifier import Verified, verify
from tests.support.desk import ROOT

FOLDER = ROOT / "tests/vectors/verify/plain"
DATA = (FOLDER / "result.json").read_bytes()
TASK_ID, APP, HUB = "0x" + "cd" * 32, "0x" + "aa" * 20, "0x" + "bb" * 20
Answers = Callable[[str, list[Any]], Any]


def checked() -> Verified:
    return verify(DATA, json.loads((FOLDER / "vector.json").read_text())["signer"])


def words(count: int, **at: str) -> str:
    made = ["0" * 64] * count
    for index, value in at.items():
        made[int(index[1:])] = value.rjust(64, "0")
    return "0x" + "".join(made)


def honest(
    method: str, params: list[Any], *, status: str = "3", digest: str | None = None, app: str = APP, callback: str = "0"
) -> Any:
    """Answer as a node would for a completed task; `viewTask` and `viewDeal` are told apart by their selectors."""
    if method == "eth_chainId":
        return "0x7a69"
    if params[0]["data"][:10] == "0x" + keccak256(b"viewTask(bytes32)")[:4].hex():
        assert params[0]["data"][10:] == "cd" * 32
        return words(18, w0="20", w1=status, w2="de" * 32, w12=digest or checked().sha256)
    assert params[0]["data"][10:] == "de" * 32
    return words(20, w0="20", w1=app[2:], w15=callback)


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Return a function that starts a server with one behaviour and gives its address."""
    servers: list[ThreadingHTTPServer] = []

    def start(behave: Any) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                behave(self, body)

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def reply(raw: bytes, status: int = 200) -> Any:
    def behave(handler: BaseHTTPRequestHandler, _: Any) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    return behave


def node(answers: Answers) -> Any:
    def behave(handler: BaseHTTPRequestHandler, body: Any) -> None:
        raw = json.dumps({"jsonrpc": "2.0", "id": 1, "result": answers(body["method"], body["params"])}).encode()
        reply(raw)(handler, body)

    return behave


def drip(handler: BaseHTTPRequestHandler, _: Any, *, start: bool = True) -> None:
    if start:
        handler.send_response(200)
        handler.end_headers()
    try:
        while True:
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.05)
    except OSError:
        return


def drip_headers(handler: BaseHTTPRequestHandler, _: Any) -> None:
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX: ")
    drip(handler, _, start=False)


def hang(_: BaseHTTPRequestHandler, __: Any) -> None:
    time.sleep(2)


BEHAVIOURS = {
    "429": (reply(b"slow down", 429), "chain.unreachable"),
    "500": (reply(b"", 500), "chain.unreachable"),
    "not json": (reply(b"<html>"), "chain.bad_answer"),
    "empty": (reply(b""), "chain.bad_answer"),
    "array": (reply(b"[]"), "chain.bad_answer"),
    "rpc error": (reply(b'{"error": {"code": -32000}}'), "chain.bad_answer"),
    "duplicate": (reply(b'{"result": "0x1", "result": "0x2"}'), "chain.bad_answer"),
    "number": (reply(b'{"result": 1}'), "chain.bad_answer"),
    "no hex": (reply(b'{"result": "0xzz"}'), "chain.bad_answer"),
    "deep": (reply(b"[" * 100_000), "chain.bad_answer"),
    "huge": (reply(b'"' + b"x" * 3_000_000), "chain.bad_answer"),
    "drip": (drip, "chain.bad_answer"),
    "drip, in the headers": (drip_headers, "chain.bad_answer"),
    "hang": (hang, "chain.unreachable"),
    "known chain, unknown hub": (node(lambda *_: "0x7a69"), "chain.unknown"),
}


@pytest.mark.parametrize(("behave", "code"), BEHAVIOURS.values(), ids=BEHAVIOURS.keys())
def test_an_endpoint_that_misbehaves(
    serve: Callable[[Any], str], behave: Any, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(on_chain, "_TIMEOUT", 0.5)
    monkeypatch.setattr(on_chain, "_DEADLINE", 1.0)
    with pytest.raises(AppError) as info:
        on_chain.connect(serve(behave))
    assert info.value.code == code


@pytest.mark.parametrize(
    "rpc", ["http://127.0.0.1:1", "file:///etc/passwd", "nonsense", "http://", "http://[", "http://127.0.0.1:99999"]
)
def test_no_endpoint(rpc: str) -> None:
    with pytest.raises(AppError) as info:
        on_chain.connect(rpc)
    assert info.value.code == "chain.unreachable"


CALLBACK_DIGEST = keccak256(bytes.fromhex(callback_data(DATA)[2:])).hex()
TASKS: dict[str, tuple[dict[str, Any], str | None]] = {
    "as it should be": ({}, None),
    "with a callback": ({"callback": "11" * 20, "digest": CALLBACK_DIGEST}, None),
    "callback digest without a callback": ({"digest": CALLBACK_DIGEST}, "result.other_digest"),
    "file digest with a callback": ({"callback": "11" * 20}, "result.other_digest"),
    "unset": ({"status": "0"}, "result.not_on_chain"),
    "active": ({"status": "1"}, "result.not_on_chain"),
    "failed": ({"status": "4"}, "result.not_on_chain"),
    "other digest": ({"digest": "ab" * 32}, "result.other_digest"),
    "other app": ({"app": "0x" + "ab" * 20}, "result.other_app"),
}


@pytest.mark.parametrize(("changes", "code"), TASKS.values(), ids=TASKS.keys())
def test_what_the_chain_says(serve: Callable[[Any], str], changes: dict[str, Any], code: str | None) -> None:
    hub = on_chain.connect(serve(node(lambda method, params: honest(method, params, **changes))), HUB)
    if code is None:
        on_chain.check_task(checked(), DATA, hub, TASK_ID, APP)
        return
    with pytest.raises(AppError) as info:
        on_chain.check_task(checked(), DATA, hub, TASK_ID, APP)
    assert info.value.code == code


def test_another_task_and_another_chain_are_refused_before_the_chain_is_asked() -> None:
    hub = on_chain.Hub("http://127.0.0.1:1", HUB, 31337)
    with pytest.raises(AppError) as info:
        on_chain.check_task(checked(), DATA, hub, "0x" + "ab" * 32, APP)
    assert info.value.code == "result.other_task"
    bound = ROOT / "tests/vectors/verify/chain_421614"
    data = (bound / "result.json").read_bytes()
    other = verify(data, json.loads((bound / "vector.json").read_text())["signer"])
    with pytest.raises(AppError) as info:
        on_chain.check_task(other, data, hub, TASK_ID, APP)
    assert info.value.code == "result.other_task"


@pytest.mark.parametrize("answer", ["0x", "0x" + "0" * 64, "0x" + "0" * 63 * 16, None, "0x" + "g" * 64 * 16])
def test_a_hub_that_is_none(serve: Callable[[Any], str], answer: Any) -> None:
    hub = on_chain.connect(serve(node(lambda method, _: "0x1" if method == "eth_chainId" else answer)), HUB)
    with pytest.raises(AppError) as info:
        on_chain.check_task(checked(), DATA, hub, TASK_ID, APP)
    assert info.value.code == "chain.bad_answer"
