"""Engines for development, against a real server: llama-cpp-python's own, with the small model, on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import click.testing
import pytest
from click.testing import CliRunner

from app.base.errors import AppError
from app.cli.main import cli
from app.formats.hex_words import ZERO_HASH
from app.llm.chat import Message
from app.llm.models import checked_path, find
from app.llm.sampling import Sampling
from app.result.answers.ask import AskAnswer
from app.result.answers.code import CodeAnswer
from app.result.envelope import read_result
from app.result.report import OutsideModel, Result
from app.simulate import outside_engines
from tests.support.chat_server import serving
from tests.support.desk import ROOT, SMALL, Desk

KEY = "sk-canary-7f3a"
CANARY = "heliotrope"
ASKED = [Message("system", "Be brief."), Message("user", f"What is the capital of France? {CANARY}")]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(ROOT / ".venv/server/bin/python"), "-m", "llama_cpp.server", "--port", str(port), "--api_key", KEY]
    command += ["--model", str(checked_path(find(SMALL))), "--model_alias", "small", "--n_ctx", "2048", "--n_threads", "1"]
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


class Ending(NamedTuple):
    """A result that was kept, and who signed it."""

    path: Path
    signer: str


Simulate = Callable[..., tuple[Result, Ending]]


def verify(ending: Ending, *args: str) -> click.testing.Result:
    return CliRunner().invoke(cli, ["verify", str(ending.path), "--signer", ending.signer, *args])


@pytest.mark.slow
def test_a_real_server_answers(url: str) -> None:
    engine = outside_engines.connect(f"openai:{url}#small", {outside_engines.KEY: KEY})
    out = engine.complete(ASKED, Sampling(), 8)
    assert out.text and out.finish_reason in {"stop", "length"} and 0 < out.completion_tokens <= 8 < out.prompt_tokens
    assert engine.complete(ASKED, Sampling(), 2).finish_reason == "length"
    assert (engine.kind, engine.name, engine.host, engine.version) == ("openai-compatible", "small", "127.0.0.1", None)


@pytest.fixture
def simulate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> Simulate:
    """Return what runs `simulate` with the server's engine, and checks that the key went nowhere else."""
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv(outside_engines.KEY, KEY)
    monkeypatch.chdir(tmp_path)

    def run(*args: str) -> tuple[Result, Ending]:
        done = CliRunner().invoke(cli, ["simulate", *args, "--json", "--engine", f"openai:{url}#small"])
        assert done.exit_code in (0, 3), done.output
        shown = json.loads(done.stdout)
        folder = tmp_path / shown["folder"]
        written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        assert shown["verified"] and KEY not in done.output and KEY.encode() not in written
        result = (folder / "result.json").read_bytes()
        assert urlsplit(url).netloc.encode() not in result
        return read_result(result), Ending(folder / "result.json", shown["signer"])

    return run


@pytest.mark.slow
def test_an_ask_says_that_no_embedded_model_answered(simulate: Simulate, tmp_path: Path) -> None:
    request = tmp_path / "request.json"
    request.write_text(json.dumps({"prompt": "What is the capital of France?", "max_tokens": 8, "temperature": 0.5}))
    result, ending = simulate("--file", str(request))
    report = result.report
    server = OutsideModel(embedded=False, engine="openai-compatible", host="127.0.0.1", name="small", version=None)
    assert report.model == server
    assert (report.status, report.kind, report.mode) == ("ok", "ask", "ai") and isinstance(report.answer, AskAnswer)
    assert report.answer.text and result.attestation.message.modelHash == ZERO_HASH
    used = report.parameters
    assert used is not None and (used.temperature_milli, used.top_p_milli, used.top_k, used.min_p_milli) == (500, 950, 0, 0)
    plain = verify(ending)
    assert plain.exit_code == 0 and "NOTE: the answer did not come from an embedded model" in plain.stderr
    shown = verify(ending, "--json")
    assert json.loads(shown.stdout)["embedded"] is False
    model = verify(ending, "--model", SMALL)
    assert model.exit_code == 1 and "result.wrong_model" in model.stderr and "not an embedded one" in model.stderr
    again = verify(ending, "--request", str(request), "--replay")
    assert again.exit_code == 1 and "engine.not_embedded" in again.stderr


@pytest.mark.slow
def test_code_is_tested_and_repaired_the_same(simulate: Simulate, tmp_path: Path) -> None:
    """The small model cannot write it: two attempts, real verdicts, and no second opinion."""
    session = ("code", "--session", str(tmp_path / "s.json"), "--args", "--max-tokens 48")
    test = ("--test", "assert answer() == 42", "--test", "assert False, 'never'")
    result, _ = simulate(*session, "--language", "python", "--prompt", "Write a function answer() that returns 42.", *test)
    said = result.report.answer
    assert isinstance(said, CodeAnswer) and result.report.outside_model is not None
    assert (said.second_opinion, len(said.attempts), said.tested.source) == (None, 4, "caller")
    assert said.status in {"ok", "tests_failed", "not_code", "unfinished"} and "```" not in said.text
    assert said.status != "ok" or [verdict.status for verdict in said.tested.verdicts][-1] != "passed"
    changed, _ = simulate(*session, "--feedback", "Return 43.")
    assert isinstance(changed.report.answer, CodeAnswer) and changed.report.answer.session is not None
    assert [turn.feedback for turn in changed.report.answer.session.turns] == [[], ["Return 43."]]


@pytest.mark.slow
def test_a_free_answer_is_read_tested_and_repaired(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A server that begins its answers as it likes: prose and fences go, the test's message comes back to it."""
    wrong, right = "def answer():\n    return 41", "import socket\ndef answer():\n    return 42"
    answers = [f"Sure:\n```python\n{wrong}\n```\nThere."] * 2 + [f"```py\n{right}\n```"]
    seen: list[str] = []

    def complete(body: bytes, _: str | None) -> tuple[int, bytes]:
        seen.append(json.loads(body)["messages"][1]["content"])
        choice = {"message": {"content": answers[len(seen) - 1]}, "finish_reason": "stop"}
        return 200, json.dumps({"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}).encode()

    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    with serving(complete) as base:
        args = ["simulate", "code", "--session", str(tmp_path / "s.json"), "--language", "python", "--prompt", "answer() is 42"]
        args += ["--test", "assert answer() == 42", "--engine", f"openai:{base}#x", "--json"]
        done = CliRunner().invoke(cli, args)
    said = json.loads(done.stdout)["result"]["report"]["answer"]
    assert (said["status"], said["text"]) == ("ok", right + "\n")
    assert [attempt["passed"] for attempt in said["attempts"]] == [0, 0, 1] and said["second_opinion"] is None
    assert [finding["kind"] for finding in said["warnings"]] == ["network"]
    assert seen[1] == seen[0] and "41" in seen[2] and "verdict" in seen[2]  # afresh, then with what failed


@pytest.mark.slow
def test_a_wrong_key_is_an_error_that_names_neither_key_nor_prompt(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    args = ["simulate", "--engine", f"openai:{url}#small", "--prompt", CANARY]
    done = CliRunner().invoke(cli, args, env={outside_engines.KEY: "sk-wrong-canary"})
    assert done.exit_code == 1 and "ERROR engine.unreachable: the server answered with status 401" in done.output
    assert CANARY not in done.output and "sk-" not in done.output


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["--prompt", "x", "--args", f"--model {SMALL}"], "request.contradiction"),
        (["--file", "FILE"], "engine.not_embedded"),
        (["--prompt", "x", "--args", "--engine openai:http://127.0.0.1:9/v1#x"], "engine.not_embedded"),
        (["--prompt", "x"], "engine.unreachable"),
    ],
    ids=["two models", "score", "engine in args", "no server"],
)
def test_what_an_engine_cannot_do_is_an_error_result(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, args: list[str], code: str
) -> None:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "FILE").write_text(json.dumps({"wallet": "0x" + "1" * 40, "history": {"transaction_count": 3}}))
    named = [str(tmp_path / arg) if arg == "FILE" else arg for arg in args]
    done = CliRunner().invoke(cli, ["simulate", *named, "--engine", "openai:http://127.0.0.1:9/v1#x", "--json"])
    shown = json.loads(done.stdout)
    assert shown["verified"] and shown["result"]["report"]["error"]["code"] == code


@pytest.mark.parametrize("name", ["IEXEC_TASK_ID", "IEXEC_OUT", "IEXEC_IN", "IEXEC_APP_DEVELOPER_SECRET"])
def test_a_worker_s_environment_is_refused(name: str) -> None:
    """Neither a task nor the key of a real app can have to do with such an answer."""
    with pytest.raises(AppError) as info:
        outside_engines.connect("openai:http://127.0.0.1:9/v1#x", {name: "x"})
    assert info.value.code == "engine.not_embedded"


@pytest.mark.slow
@pytest.mark.parametrize("form", [("--engine", "openai:http://127.0.0.1:9/v1#x"), ("--engine=transformers:/x",)])
def test_inside_a_task_it_is_refused(desk: Desk, form: tuple[str, ...]) -> None:
    ran = desk.run(*form, "x")
    assert ran.report["error"]["code"] == "engine.not_embedded" and ran.report["model"] is None


@pytest.mark.parametrize(
    "spec",
    ["", "openai:", "openai:http://x/v1", "openai:file:///etc/passwd#x", "openai:x#y", "transformers:", "ollama:x"]
    + [f"openai:http://{host}/v1#x" for host in ("user:sk-1@h", "sk-1@h", "[", "h:x", "h:0", "")]
    + ["openai:http://h/v1?key=sk-1#x"],
)
def test_a_spec_that_is_none(spec: str) -> None:
    with pytest.raises(AppError) as info:
        outside_engines.connect(spec, {})
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

    def odd(_: bytes, key: str | None) -> tuple[int, bytes]:
        seen.append(key)
        return ODD[case]

    with serving(odd) as base:
        engine = outside_engines.connect(f"openai:{base}#x", {outside_engines.KEY: KEY})
        with pytest.raises(AppError) as info:
            engine.complete(ASKED, Sampling(), 4)
    assert info.value.code == ("engine.unreachable" if ODD[case][0] != 200 else "engine.failed")
    assert seen == [f"Bearer {KEY}"] and KEY not in str(info.value) and CANARY not in str(info.value)


def test_no_server_and_no_transformers() -> None:
    with pytest.raises(AppError) as info:
        outside_engines.connect("openai:http://127.0.0.1:9/v1#x", {}).complete(ASKED, Sampling(), 4)
    assert info.value.code == "engine.unreachable"
    with pytest.raises(AppError) as info:
        outside_engines.connect("transformers:/nowhere", {})
    assert info.value.code == "engine.missing"
