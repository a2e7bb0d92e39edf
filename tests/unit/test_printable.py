"""No text of a result, a session, a file name or a server acts on the terminal of whoever looks at it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import InputError
from app.desk.printable import printable
from app.request.code_session import Session, SessionTurn
from app.request.parse import parse
from app.simulate import session_file
from tests.support.desk import ROOT, SIGNER, SMALL, Desk

WRITTEN = {
    "colour": ("\x1b[31mred", "\\x1b[31mred"),
    "title": ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
    "a link of OSC 8": ("\x1b]8;;http://evil\x1b\\here\x1b]8;;\x1b\\", "\\x1b]8;;http://evil\\x1b\\here\\x1b]8;;\\x1b\\"),
    "CSI in one character of C1": ("\x9b2J", "\\x9b2J"),
    "OSC in one character of C1": ("\x9d0;x\x9c", "\\x9d0;x\\x9c"),
    "a carriage return that hides": ("all failed\rall passed", "all failed\\x0dall passed"),
    "backspaces": ("no\b\byes", "no\\x08\\x08yes"),
    "DEL and NUL": ("a\x7fb\0", "a\\x7fb\\x00"),
    "vertical tab and form feed": ("a\vb\fc", "a\\x0bb\\x0cc"),
    "a bidi override": ("\u202eevil", "\\u202eevil"),
    "bidi isolates": ("/*\u2066 x \u2069*/", "/*\\u2066 x \\u2069*/"),
    "marks of direction": ("a\u200eb\u200fc\u061c", "a\\u200eb\\u200fc\\u061c"),
    "zero width": ("pay\u200bpal\u2060\ufeff", "pay\\u200bpal\\u2060\\ufeff"),
    "a soft hyphen": ("pass\u00adword", "pass\\xadword"),
    "tags": ("a\U000e0041\U000e007f", "a\\U000e0041\\U000e007f"),
    "line separators": ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
    "half a pair": ("\ud800", "\\ud800"),
    "letters that show nothing": ("x\u3164\uffa0\u115f", "x\\u3164\\uffa0\\u115f"),
    "a joiner between letters of ASCII": ("user\u200dname", "user\\u200dname"),
}
KEPT = (
    "plain, é, 漢字, ünï",
    "a\tb\nc",
    "non-breaking\u00a0space\u3000",
    "👩\u200d💻",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
    "क्\u200dष",
    "🇩🇪 👍🏽 ❤️",
    "\\x1b",
)


@pytest.mark.parametrize("case", WRITTEN)
def test_what_could_act_is_written_out(case: str) -> None:
    text, shown = WRITTEN[case]
    assert printable(text) == shown
    assert printable(shown) == shown


@pytest.mark.parametrize("text", KEPT)
def test_ordinary_text_of_any_script_is_as_it_was(text: str) -> None:
    assert printable(text) == text


def test_no_character_at_all_gets_through_that_moves_a_cursor() -> None:
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    left = [mark for mark in printable(everything) if unicodedata.category(mark) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert set(left) <= {"\n", "\t", "\u200c", "\u200d"}


def test_there_is_one_way_to_the_screen() -> None:
    """`say`: whoever prints past it prints what a stranger wrote."""
    for path in sorted((ROOT / "app").glob("cli*.py")):
        text = path.read_text()
        if path.name == "cli_base.py":  # `say` itself, and the spinner of a label of ours
            assert text.count("click.echo(") == 3
        else:
            assert not re.search(r"click\.(s?echo|echo_via_pager)\(|\bprint\(|std(out|err)\.write", text), path.name


EVIL = "\x1b]0;owned\x07\x1b[2J\u202e\x9b31m\rok"
RAW = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069]")


def app(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "SEALED_LLM_CACHE": str(folder / "cache")}
    command = [sys.executable, "-m", "app", *words]
    done = subprocess.run(command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    out, err = (stream.decode("utf-8", "surrogateescape") for stream in (done.stdout, done.stderr))
    assert not RAW.search(out) and not RAW.search(err), (out, err)
    assert "Traceback" not in err and "internal" not in err
    return subprocess.CompletedProcess(command, done.returncode, out, err)


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    """A session file as a stranger may send it: every text of it acts on a terminal."""
    turn = SessionTurn(feedback=[f"feedback {EVIL}"], code=f"code = 1  # {EVIL}", status="ok", verdicts=[])
    path = tmp_path / "s.json"
    with session_file.changing(path) as kept:
        kept.keep(f"name {EVIL}", Session(language="python", prompt=f"prompt {EVIL}", turns=[turn]))
        kept.keep("two", Session(language="python", prompt="p", turns=[]))
    return path


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        ("--list",),
        ("--list", "--json"),
        ("--show",),
        ("--show", "--name", f"name {EVIL}"),
        ("--show", "--name", f"name {EVIL}", "--json"),
        ("--list", "--name", f"name {EVIL}"),
        ("--name", f"other {EVIL}", "--show"),
        ("--name", "two", "--rename", f"name {EVIL}"),
        ("--name", f"name {EVIL}", "--rename", f"new {EVIL}"),
        ("--name", f"name {EVIL}", "--delete"),
        ("--name", f"name {EVIL}", "--feedback", "shorter", "--model", SMALL),
    ],
    ids=lambda words: " ".join(words).encode("unicode_escape").decode(),
)
def test_a_stranger_s_session_file(sessions: Path, words: tuple[str, ...]) -> None:
    done = app(sessions.parent, "code", "--session", "s.json", *words)
    assert done.stdout or done.stderr


@pytest.mark.slow
def test_file_names_and_words_in_messages(tmp_path: Path) -> None:
    name = f"x{EVIL}.json".replace("/", "")
    request = tmp_path / name
    request.write_text(json.dumps({f"unknown{EVIL}": 1}))
    assert "request.unknown_field" in app(tmp_path, "verify", name, "--signer", SIGNER, "--request", name).stderr
    for words in (
        ("verify", name, "--signer", SIGNER),
        ("verify", f"missing{EVIL}", "--signer", SIGNER),
        ("simulate", "--file", name),
        ("simulate", f"--{EVIL}"),
        (f"command{EVIL}",),
        ("model", "path", f"m{EVIL}"),
        ("ask", "hi", "--out", name),
        ("code", "--session", name, "--list"),
        ("score", f"0x{EVIL}"),
    ):
        assert app(tmp_path, *words).returncode != 0, words


@pytest.mark.slow
def test_a_genuine_result_in_such_a_folder(desk: Desk, tmp_path: Path) -> None:
    desk.dataset({"prompt": "Hello?", "max_tokens": 2})
    named = tmp_path / f"r{EVIL}".replace("/", "")
    named.mkdir()
    (named / "result.json").write_bytes(desk.run().raw)
    assert app(tmp_path, "verify", str(named), "--signer", SIGNER).returncode == 0


TURN: dict[str, Any] = {"feedback": ["f"], "code": "c = 1", "status": "ok", "verdicts": []}
# where in a session a character stands that nobody sees -> what the refusal names
PLACES: dict[str, dict[str, Any]] = {
    "session.prompt": {"prompt": "a\x1b[2Jb"},
    "session.turns.0.feedback.0": {"turns": [TURN | {"feedback": ["a\x9bb"]}]},
    "session.turns.0.code": {"turns": [TURN | {"code": "x = 1 # \u202e"}]},
    "session.turns.1.code": {"turns": [TURN, TURN | {"code": "\0"}]},
    "session.turns.0.feedback.1": {"turns": [TURN | {"feedback": ["fine", "\u2066"]}]},
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("as_text", [False, True], ids=["object", "text"])
def test_a_task_reads_no_session_with_hidden_characters(place: str, as_text: bool) -> None:
    session = {"language": "python", "prompt": "p", "turns": [TURN]} | PLACES[place]
    with pytest.raises(InputError) as info:
        parse({"feedback": ["shorter"], "session": json.dumps(session) if as_text else session})
    assert info.value.code == "text.invalid"
    assert re.match(rf"{re.escape(place)} holds .*, U\+[0-9A-F]{{4}}, at line 1, column \d+$", info.value.message)


def test_an_ordinary_session_is_read() -> None:
    session: dict[str, Any] = {
        "language": "python",
        "prompt": "p\tq\n",
        "turns": [TURN | {"code": "def f():\r\n\treturn 'é 漢字'\f\n"}],
    }
    request, _ = parse({"feedback": ["shorter"], "session": session})
    assert request.plain()["session"]["turns"][0]["code"] == session["turns"][0]["code"]
