"""Code sessions at the desk: nothing is overwritten, forgotten or done without a word."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click.testing
import pytest
from click.testing import CliRunner

from app.cli.main import cli
from tests.support.chat_server import serving
from tests.support.desk import SMALL

ONE = "def one():\n    return 1"
Code = Callable[..., click.testing.Result]


@pytest.fixture
def code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Code:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)

    def run(*options: str) -> click.testing.Result:
        done = CliRunner().invoke(cli, ["code", "--session", "s.json", *options], prog_name="sealed-llm")
        assert "internal" not in done.output, done.output
        return done

    return run


@contextmanager
def saying(answers: list[str]) -> Iterator[str]:
    """Yield the --engine of a server that gives these answers, the last of them for ever."""
    left = [*answers]

    def complete(_: bytes, __: str | None) -> tuple[int, bytes]:
        text = left.pop(0) if len(left) > 1 else left[0]
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        return 200, json.dumps({"choices": [choice], "usage": {"prompt_tokens": 9, "completion_tokens": 9}}).encode()

    with serving(complete) as base:
        yield f"openai:{base}#x"


def kept() -> dict[str, Any]:
    sessions: dict[str, Any] = json.loads(Path("s.json").read_text())["sessions"]
    return sessions


def test_a_session_is_never_overwritten(code: Code) -> None:
    with saying([ONE]) as engine:
        begin = ("--language", "python", "--prompt", "Write one().", "--engine", engine)
        first = code(*begin)
        assert first.exit_code == 0 and "'write-one' in s.json, turn 1" in first.output
        second = code(*begin)
        assert second.exit_code == 0 and "'write-one-2' in s.json, turn 1" in second.output
        before = Path("s.json").read_bytes()
        third = code(*begin, "--name", "write-one")
        assert (third.exit_code, "session.exists" in third.output, "--feedback" in third.output) == (2, True, True)
        unnamed = code("--feedback", "Return 2.", "--engine", engine)
        assert unnamed.exit_code == 2 and "there are 2 sessions: write-one, write-one-2 (session.unnamed)" in unnamed.output
        for action in ("--delete", "--show"):
            assert "session.unnamed" in code(action).output
        assert Path("s.json").read_bytes() == before and list(kept()) == ["write-one", "write-one-2"]


@pytest.mark.slow
def test_tests_stay_in_force_until_others_are_given(code: Code) -> None:
    with saying([ONE]) as engine:
        said = code("one()", "--language", "python", "--test", "assert one() == 1", "--engine", engine)
        assert said.exit_code == 0 and said.output.startswith("1 of 1 tests passed")
        said = code("--feedback", "Return 2.", "--engine", engine)
        assert said.exit_code == 0 and said.output.startswith("1 of 1 tests passed")
        said = code("--feedback", "Return 2.", "--test", "assert one() == 2", "--attempts", "1", "--engine", engine)
        assert said.exit_code == 3 and said.output.startswith("TESTS FAILED: 1 of 1")
        said = code("--feedback", "Return 2!", "--attempts", "1", "--engine", engine)
        assert said.exit_code == 3 and said.output.startswith("TESTS FAILED: 1 of 1")
    assert [turn["verdicts"] for turn in kept()["one"]["session"]["turns"]] == [["passed"], ["passed"], ["failed"], ["failed"]]


def test_a_change_that_changed_nothing_says_so(code: Code) -> None:
    with saying([ONE, ONE, ONE.replace("1", "2")]) as engine:
        assert "NOTHING CHANGED" not in code("one()", "--language", "python", "--engine", engine).output
        assert "NOTHING CHANGED" in code("--feedback", "Return 2.", "--engine", engine).output
        assert "NOTHING CHANGED" not in code("--feedback", "Return 2.", "--engine", engine).output


@pytest.mark.parametrize(
    ("answer", "more"),
    [(ONE, ("--args", "--nonsense")), ("# ERROR: that cannot be done.", ()), ("ERROR ERROR (", ())],
    ids=["error result", "refused", "no code"],
)
def test_what_fails_leaves_the_session_as_it_was(code: Code, answer: str, more: tuple[str, ...]) -> None:
    with saying([ONE]) as engine:
        code("one()", "--language", "python", "--engine", engine)
    before = Path("s.json").read_bytes()
    with saying([answer]) as engine:
        done = code("--feedback", "Return 2.", "--engine", engine, *more)
    assert done.exit_code == (1 if more else 3) and "NOT CHANGED: s.json is as it was" in done.output
    assert Path("s.json").read_bytes() == before
    with saying([answer]) as engine:
        done = code("two()", "--language", "python", "--engine", engine, "--json", *more)
    assert json.loads(done.stdout)["session"].startswith("NOT CHANGED") and list(kept()) == ["one"]


def test_a_session_that_cannot_be_kept_hides_no_answer(code: Code) -> None:
    """The folder is gone by the time that the work is done: what was signed is shown all the same."""
    Path("sub").mkdir()
    with saying([ONE]) as engine:
        done = code("one()", "--language", "python", "--engine", engine, "--session", "nowhere/s.json", "--out", "sub/out")
    assert done.exit_code == 1 and "def one():" in done.output
    assert "NOT KEPT: nowhere/s.json cannot be written: no such file or directory" in done.output.replace("\n           ", " ")
    assert Path("sub/out/result.json").exists()


@pytest.mark.slow
def test_what_is_done_with_a_session_is_said(code: Code) -> None:
    with saying([ONE]) as engine:
        code("one()", "--language", "python", "--test", "assert one() == 1", "--engine", engine)
        code("--feedback", "Say 1.", "--engine", engine)
    line = "one: python, 2 turns, 1 of 1 tests passed, 20"
    listed = code("--list").output
    assert listed.startswith(line) and listed.endswith(', "one()"\n')
    assert json.loads(code("--list", "--json").output)["one"]["verdict"] == "1 of 1 tests passed"
    shown = code("--show").output
    assert shown.startswith(line) and shown.count("def one():") == 2 and "2. Say 1." in shown
    renamed = code("--rename", "first")
    assert (renamed.exit_code, renamed.output) == (0, f"renamed: one is now first{listed[3:]}")
    assert "session.exists" in code("--rename", "first").output
    turn = code("--delete-turn", "2").output
    assert turn.startswith("deleted: turn 2 of first: python, 2 turns")
    assert "no turn 2" in code("--delete-turn", "2").output
    assert json.loads(code("--delete", "--json").output)["deleted"] == "first"
    assert code("--list").output == "no sessions in s.json\n"
    assert (Path("s.json").stat().st_mode & 0o777) == 0o600


@pytest.mark.slow
def test_simulate_code_is_the_same_command(code: Code) -> None:
    short = ("--model", SMALL, "--max-tokens", "24")
    args = ["simulate", "code", "--session", "s.json", "--language", "python", "--prompt", "Print one.", *short]
    done = CliRunner().invoke(cli, args)
    assert done.exit_code in (0, 3) and "'print-one' in s.json, turn 1" in done.output
    assert code("--feedback", "Print two.", *short).exit_code in (0, 3)
    assert [turn["feedback"] for turn in kept()["print-one"]["session"]["turns"]][:1] == [[]]


def test_code_from_a_file_and_from_a_pipe(code: Code) -> None:
    Path("one.py").write_text(ONE)
    with saying([ONE.replace("1", "2")]) as engine:
        args = ["code", "Return 2.", "--file", "one.py", "--engine", engine, "--json"]
        done = CliRunner().invoke(cli, args)
        assert (done.exit_code, json.loads(done.stdout)["result"]["report"]["answer"]["language"]) == (0, "python")
        args = ["code", "Return 2.", "--language", "python", "--engine", engine, "--json"]
        done = CliRunner().invoke(cli, args, input=ONE)
        assert done.exit_code == 0 and "return 2" in json.loads(done.stdout)["result"]["report"]["answer"]["text"]
    assert code("--list").exit_code == 2
