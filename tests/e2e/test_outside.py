"""Engines for development, against a real server: llama-cpp-python's own, with the small model, on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from click.testing import CliRunner

from app.cli import cli
from app.errors import AppError
from app.llm import outside
from app.llm.chat import Message
from app.llm.engine import Sampling
from app.llm.models import checked_path, find
from tests.support import ROOT, SMALL, Desk

KEY = "sk-canary-7f3a"
CANARY = "heliotrope"
ASKED = [Message("system", "Be brief."), Message("user", f"What is the capital of France? {CANARY}")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(ROOT / ".venv/server/bin/python"), "-m", "llama_cpp.server", "--port", str(port), "--api_key", KEY]
    command += ["--model", str(checked_path(find(SMALL))), "--model_alias", "small", "--n_ctx", "512", "--n_threads", "1"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}/v1"
    try:
        for _ in range(600):
            assert server.poll() is None, "the server ended: `make test` prepares its environment"
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield base
    finally:
        server.kill()
        server.wait()


def test_a_real_server_answers(url: str) -> None:
    engine = outside.connect(f"openai:{url}#small", {outside.KEY: KEY})
    out = engine.complete(ASKED, Sampling(), 8)
    assert out.text and out.finish_reason in {"stop", "length"} and 0 < out.completion_tokens <= 8 < out.prompt_tokens
    assert engine.complete(ASKED, Sampling(), 2).finish_reason == "length"
    assert engine.name == "openai-compatible small"


def test_the_command_says_that_nothing_is_embedded_or_signed(url: str) -> None:
    args = ["try", "--engine", f"openai:{url}#small", "--prompt", "Say hi.", "--max-tokens", "4"]
    done = CliRunner().invoke(cli, args, env={outside.KEY: KEY})
    assert done.exit_code == 0, done.output
    said = json.loads(done.stdout)
    assert said["model"] == {"embedded": False, "engine": "openai-compatible small"}
    assert said["answer"]["text"] and "attestation" not in said and KEY not in done.output


def test_a_wrong_key_is_an_error_that_names_neither_key_nor_prompt(url: str) -> None:
    args = ["try", "--engine", f"openai:{url}#small", "--prompt", CANARY]
    done = CliRunner().invoke(cli, args, env={outside.KEY: "sk-wrong-canary"})
    assert done.exit_code == 69 and "status 401 (engine.unreachable)" in done.output
    assert CANARY not in done.output and "sk-" not in done.output


@pytest.mark.parametrize("name", ["IEXEC_TASK_ID", "IEXEC_OUT", "IEXEC_IN"])
def test_a_worker_s_environment_is_refused(name: str) -> None:
    with pytest.raises(AppError) as info:
        outside.connect("openai:http://127.0.0.1:9/v1#x", {name: "x"})
    assert info.value.code == "engine.not_embedded"


def test_inside_a_task_it_is_an_unknown_option(desk: Desk) -> None:
    ran = desk.run("try", "--engine", "openai:http://127.0.0.1:9/v1#x", "--prompt", "x")
    assert ran.report["error"]["code"] == "args.unknown_option" and ran.report["model"] is None


@pytest.mark.parametrize(
    "spec", ["", "openai:", "openai:http://x/v1", "openai:file:///etc/passwd#x", "openai:x#y", "transformers:", "ollama:x"]
)
def test_a_spec_that_is_none(spec: str) -> None:
    with pytest.raises(AppError) as info:
        outside.connect(spec, {})
    assert info.value.code == "option.invalid"


ODD = {
    "not json": (200, b"hello"),
    "no choices": (200, b'{"choices": [], "usage": {}}'),
    "a list": (200, b"[]"),
    "no usage": (200, b'{"choices": [{"message": {"content": "x"}, "finish_reason": "stop"}]}'),
    "too large": (200, b'{"a": "' + b"x" * (5 * 2**20)),
    "busy": (503, b"later"),
    "redirect": (302, b""),
}


@pytest.mark.parametrize("case", list(ODD))
def test_odd_servers_are_errors(case: str) -> None:
    seen: list[str | None] = []

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.headers["Authorization"])
            status, body = ODD[case]
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Odd) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        engine = outside.connect(f"openai:http://127.0.0.1:{server.server_port}/v1#x", {outside.KEY: KEY})
        with pytest.raises(AppError) as info:
            engine.complete(ASKED, Sampling(), 4)
        server.shutdown()
    assert info.value.code == ("engine.unreachable" if ODD[case][0] != 200 else "engine.failed")
    assert seen == [f"Bearer {KEY}"] and KEY not in str(info.value) and CANARY not in str(info.value)


def test_no_server_and_no_transformers() -> None:
    with pytest.raises(AppError) as info:
        outside.connect("openai:http://127.0.0.1:9/v1#x", {}).complete(ASKED, Sampling(), 4)
    assert info.value.code == "engine.unreachable"
    with pytest.raises(AppError) as info:
        outside.connect("transformers:/nowhere", {})
    assert info.value.code == "engine.missing"
