"""examples/deploy/*.mjs as a person has them: what they store, what they say to a mistake. tests/iexec runs them on a chain."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.formats.protected_data_writer import protect
from app.iexec.args import split_args
from app.request.parse import parse
from app.request.sources.pieces import Origin, read_source
from app.simulate import order
from tests.support.desk import ROOT

DEPLOY, PEERS = ROOT / "examples/deploy", ROOT / "tests/peers"
APP, USER, DATA = "0x" + "11" * 20, "0x" + "22" * 20, "0x" + "33" * 20
KEY = "0x" + "4c" * 32
PASSWORD = "a canary of a password"
PATH = {"PATH": os.environ["PATH"]}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("node") is None
        or not (DEPLOY / "node_modules/lossless-json").is_dir()
        or not (PEERS / "node_modules").is_dir(),
        reason="node, or examples/deploy/node_modules and tests/peers/node_modules, are not here (`make test` fills both)",
    ),
]


def node(script: Path, *words: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run a script; standard input is a file's content where `cwd` has one of that name, else nothing."""
    command, stdin = ["node", os.fspath(script), *words], cwd / "stdin"
    given = stdin.read_bytes() if stdin.exists() else b""
    return subprocess.run(command, cwd=cwd, input=given, capture_output=True, check=False, timeout=60, env={**PATH, **environ})


def written(folder: Path, request: Mapping[str, Any] | str | bytes, name: str = "request.json") -> Path:
    path = folder / name
    raw = request if isinstance(request, bytes) else (request if isinstance(request, str) else json.dumps(request)).encode()
    path.write_bytes(raw)
    return path


FORM = {
    "title": "t",
    "questions": [["", "prompt", "Be brief."], ["How old?", "number"], ["Which?", "multiselect", ["A", "é, \u2028"]]],
}
REQUESTS: dict[str, dict[str, Any]] = {
    "a prompt": {"prompt": "What is 2+2?", "max_tokens": 16, "temperature": 0.5, "seed": 7},
    "a questionnaire": {"questionnaire": FORM, "answers": ["34", ["A"]]},
    "its rows alone, answers by title": {"questionnaire": FORM["questions"], "answers": {"How old?": 34, "Which?": "A"}},
    "options of their own": {"prompt": "Hi", "options": {"max_tokens": 16, "system": "Be brief."}},
    "a chat": {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": 'a "quoted" é'}], "max_tokens": 8},
    "a code job": {
        "language": "python",
        "prompt": "twice(x)",
        "tests": ["assert twice(2) == 4", {"input": "1\n", "output": "2\n"}],
        "attempts": 2,
    },
    "a wallet": {
        "wallet": USER,
        "chain": 1,
        "history": {"status": "1", "message": "OK", "result": []},
        "survey": [{"question": "Why?", "answer": "So"}],
        "labels": {"scam": ["0x" + "44" * 20]},
    },
    "numbers beyond a double, inside": {"wallet": USER, "history": {"result": [{"value": 123456789012345678901}, 1.1]}},
    "material": {"prompt": "Sum up", "material": ["one", "two"]},
}


def meant(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields with JSON text read: blanks in it mean nothing."""
    return {
        name: json.loads(value) if isinstance(value, str) and value[:1] in ("[", "{") else value
        for name, value in fields.items()
    }


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_stores_what_simulate_stores(tmp_path: Path, request_: dict[str, Any]) -> None:
    """The SDK's own zip of what request.mjs makes of a file holds the fields that `simulate --file` protects."""
    written(tmp_path, request_)
    done = node(PEERS / "storable.mjs", "request.json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr.decode()
    ours = protect({name: order._storable(value) for name, value in request_.items()})
    theirs = read_source(Origin("dataset"), done.stdout).fields
    assert meant(theirs) == meant(read_source(Origin("dataset"), ours).fields)
    if "history" not in request_:
        assert parse(theirs) == parse(request_)


BAD_REQUESTS: dict[str, tuple[bytes | str, str, str]] = {
    "a comma too many": ('{\n  "prompt": "x",\n}', "request.json, line 3, column 1: ", "one JSON object"),
    "no end": ('{"prompt": "x', "request.json, line 1, column 14: ", "one JSON object"),
    "a key twice": ('{"prompt": "x",\n "prompt": "y"}', "request.json, line 2, column 3: Duplicate key", "one JSON object"),
    "a list": ('["x"]', "request.json is no JSON object", '{"prompt": "…"}'),
    "text": ('"x"', "request.json is no JSON object", '{"prompt": "…"}'),
    "nothing in it": ("{}", "request.json asks nothing", '{"prompt": "…"}'),
    "an empty file": ("", "request.json is empty", "holds the request"),
    "no UTF-8": (b'{"prompt": "\xff"}', "request.json is no UTF-8 text", "save it as UTF-8"),
    "a near miss": ('{"prompt": "x", "max_token": 3}', "request.json: max_token is no field", "did you mean max_tokens?"),
    "a near miss of another case": ('{"Prompt": "x"}', "request.json: Prompt is no field", "did you mean prompt?"),
    "another field": ('{"prompt": "x", "bulgaria": true}', "request.json: bulgaria is no field", "known: "),
    "a near miss in options": ('{"prompt": "x", "options": {"sed": 1}}', "request.json: options.sed is no option", "seed?"),
    "null": ('{"prompt": "x", "seed": null}', "request.json: seed is null", "leave the field out"),
    "null in options": (
        '{"prompt": "x", "options": {"seed": null}}',
        "request.json: options.seed is null",
        "leave the field out",
    ),
    "too large": ('{"prompt": "x", "seed": 12345678901234567890}', "request.json: seed is too large", "write it as text"),
    "half a pair": (r'{"prompt": "\ud800"}', "request.json: half a surrogate pair in prompt", "one JSON object"),
    "a secret's": ('{"wallet": "x", "source": {}}', "request.json: source does not count", "a requester secret"),
}


def said(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    """Return the two lines of a refusal."""
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 2, lines
    assert done.stdout == b""
    assert [line.partition(": ")[0] for line in lines] == ["error", "hint"], lines
    return [line.partition(": ")[2] for line in lines]


@pytest.mark.parametrize(("text", "message", "hint"), BAD_REQUESTS.values(), ids=BAD_REQUESTS)
def test_names_the_fault_of_a_request(tmp_path: Path, text: bytes | str, message: str, hint: str) -> None:
    written(tmp_path, text)
    for script, *words in (("protect.mjs", "request.json", APP, USER), ("ask.mjs", APP, "request.json")):
        what, help_ = said(node(DEPLOY / script, *words, cwd=tmp_path, PRIVATE_KEY=KEY))
        assert what.startswith(message)
        assert hint in help_


def test_a_bom_and_standard_input_change_nothing(tmp_path: Path) -> None:
    written(tmp_path, b'\xef\xbb\xbf{"prompt": "x"}')
    written(tmp_path, '{"prompt": "x"}', "stdin")
    plain = node(PEERS / "storable.mjs", "-", cwd=tmp_path)
    marked = node(PEERS / "storable.mjs", "request.json", cwd=tmp_path)
    assert (
        read_source(Origin("dataset"), plain.stdout).fields
        == read_source(Origin("dataset"), marked.stdout).fields
        == {"prompt": "x"}
    )


MISTAKES: dict[str, tuple[tuple[str, ...], dict[str, str], str, str]] = {
    "no app": (("ask.mjs", "What is it?"), {}, "0xAPP is no address", "40 hex digits"),
    "a name for an app": (("ask.mjs", "app.eth", "What?"), {}, "0xAPP is no address", "no ENS name"),
    "no question": (("ask.mjs", APP), {}, "there is no question", "--help"),
    "an empty one": (("ask.mjs", APP, " "), {}, "there is no question", "--help"),
    "no such file": (("ask.mjs", APP, "requst.json"), {}, "requst.json is not there", "into quotes"),
    "no such text": (("ask.mjs", APP, "notes.txt", "What?"), {}, "notes.txt is not there", "into quotes"),
    "a text without a question": (("ask.mjs", APP, "a.csv"), {}, "a.csv is a text", "add a question"),
    "words without quotes": (("ask.mjs", APP, "What", "is", "it?"), {}, "too many words: it?", "into quotes"),
    "an open quote": (("ask.mjs", APP, "Hi", "--system it's"), {}, "the args have a quote that is never closed", "drops all"),
    "one for all": (("bulk.mjs", APP, DATA), {"ARGS": "it's"}, "the args have a quote that is never closed", "drops all"),
    "a folder": (("ask.mjs", APP, "folder", "What?"), {}, "folder cannot be read (EISDIR)", "name a file"),
    "no wallet": (("ask.mjs", APP, "Hi"), {"PRIVATE_KEY": ""}, "there is no wallet", "read -rs PRIVATE_KEY"),
    "half a key": (("ask.mjs", APP, "Hi"), {"PRIVATE_KEY": "0x12"}, "PRIVATE_KEY is no key", "64 hex digits"),
    "no pool": (("ask.mjs", APP, "Hi"), {"WORKERPOOL": "tdx"}, "WORKERPOOL is no address", "40 hex digits"),
    "a price in RLC": (("ask.mjs", APP, "Hi"), {"MAX_NRLC": "0.1"}, "MAX_NRLC is no whole number", "nRLC"),
    "no JSON": (("ask.mjs", APP, "Hi"), {"OPTIONS": "{"}, "OPTIONS is no JSON", "constructor"),
    "no user": (("protect.mjs", "a.csv", APP), {}, "0xUSER is no address", "40 hex digits"),
    "another word": (("protect.mjs", "a.csv", APP, USER, "bulck"), {}, "bulck means nothing here", "bulk"),
    "a missing file": (("protect.mjs", "b.json", APP, USER), {}, "b.json cannot be read (ENOENT)", "name a file"),
    "no data": (("bulk.mjs", APP), {}, "no protected data is named", "protect.mjs"),
    "no address": (("bulk.mjs", APP, DATA, "0x33"), {}, "0x33 is no address", "40 hex digits"),
    "too many a task": (("bulk.mjs", APP, DATA), {"PER_TASK": "101"}, "PER_TASK is no number from 1 to 100", "PER_TASK"),
}


@pytest.mark.parametrize(("words", "environ", "message", "hint"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_line_and_a_hint(
    tmp_path: Path, words: tuple[str, ...], environ: dict[str, str], message: str, hint: str
) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "folder").mkdir()
    what, help_ = said(node(DEPLOY / words[0], *words[1:], cwd=tmp_path, **{"PRIVATE_KEY": KEY} | environ))
    assert what == message
    assert hint in help_


ARGS = [
    "--system it's",
    """--system "it's" """,
    r"--system 'it\'s'",
    r"--system it\'s",
    '--system "a',
    "--system 'a\"'",
    r'--system "\"',
    "-- \\",
]


@pytest.mark.parametrize("args", ARGS)
def test_args_are_refused_when_a_worker_would_drop_them(tmp_path: Path, args: str) -> None:
    what, _ = said(node(DEPLOY / "ask.mjs", APP, "Hi", args, cwd=tmp_path, PRIVATE_KEY=KEY, WORKERPOOL="x"))
    assert what == ("WORKERPOOL is no address" if split_args(args) else "the args have a quote that is never closed")


@pytest.mark.parametrize("script", ["ask.mjs", "bulk.mjs", "protect.mjs"])
def test_help(tmp_path: Path, script: str) -> None:
    asked, bare = (node(DEPLOY / script, *words, cwd=tmp_path) for words in (["--help"], []))
    assert (asked.returncode, bare.returncode) == (0, 2)
    assert asked.stdout == bare.stdout
    assert asked.stdout.startswith(f"node {script} ".encode())
    assert max(map(len, asked.stdout.decode().splitlines())) <= 128


def test_a_failure_of_the_network_is_one_line(tmp_path: Path) -> None:
    """Nobody listens at port 9; without DEBUG there is no stack trace, and never the key."""
    settings = {"PRIVATE_KEY": KEY, "RPC": "http://127.0.0.1:9"}
    services = {
        "smsURL": "http://127.0.0.1:9",
        "iexecGatewayURL": "http://127.0.0.1:9",
        "pocoSubgraphURL": "http://127.0.0.1:9",
    }
    options = {
        "iexecOptions": services | {"hubAddress": APP},
        "ipfsNode": "http://127.0.0.1:9",
        "subgraphUrl": "http://127.0.0.1:9",
    }
    done = node(DEPLOY / "ask.mjs", APP, DATA, cwd=tmp_path, OPTIONS=json.dumps(options), **settings)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1, lines
    assert not any(re.match(r"\s+at ", line) or KEY[2:] in line for line in lines)
    assert lines[-2].startswith("error: ")
    assert lines[-1].startswith("hint: ")


@pytest.fixture(scope="module")
def keystore(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encrypted wallet as `iexec wallet create` writes it, made by ethers; cheap to open, for it guards nothing."""
    path = tmp_path_factory.mktemp("wallet") / "UTC--2026-11-25T03-00-00Z--11"
    code = (
        "import { encryptKeystoreJson, Wallet } from 'ethers';"
        f"const wallet = new Wallet('{KEY}');"
        f"console.log(await encryptKeystoreJson(wallet, '{PASSWORD}', {{ scrypt: {{ N: 1024 }} }}));"
    )
    command = ["node", "--input-type=module", "-e", code]
    path.write_bytes(subprocess.run(command, cwd=DEPLOY, capture_output=True, check=True, timeout=60).stdout)
    return path


# stops where the wallet is open: the pool is no address
BAD_POOL = {"WORKERPOOL": DATA, "RPC": "http://127.0.0.1:9"}


def test_a_keystore_opens_with_its_password_alone(tmp_path: Path, keystore: Path) -> None:
    settings = {"KEYSTORE": os.fspath(keystore), "WALLET_PASSWORD": PASSWORD, **BAD_POOL}
    opened = node(DEPLOY / "ask.mjs", APP, DATA, cwd=tmp_path, **settings)
    assert opened.returncode == 1  # it went on to the network, which is not there
    wrong = node(DEPLOY / "ask.mjs", APP, DATA, cwd=tmp_path, **settings | {"WALLET_PASSWORD": "x"})
    assert said(wrong)[0] == "KEYSTORE: incorrect password"
    other = node(DEPLOY / "ask.mjs", APP, DATA, cwd=tmp_path, **settings | {"KEYSTORE": os.fspath(written(tmp_path, "{}"))})
    assert said(other)[0].startswith("KEYSTORE: ")
    gone = node(DEPLOY / "ask.mjs", APP, DATA, cwd=tmp_path, **settings | {"KEYSTORE": "nowhere"})
    assert said(gone)[0] == "KEYSTORE: nowhere is not there"
    without = node(DEPLOY / "ask.mjs", APP, DATA, cwd=tmp_path, KEYSTORE=os.fspath(keystore), **BAD_POOL)
    assert said(without) == ["there is no terminal to ask for the password", "WALLET_PASSWORD holds it"]


def test_a_password_at_the_terminal_is_not_shown(tmp_path: Path, keystore: Path) -> None:
    ours, its = pty.openpty()
    command = ["node", os.fspath(DEPLOY / "ask.mjs"), APP, DATA]
    environ = {**PATH, "KEYSTORE": os.fspath(keystore), **BAD_POOL, "TERM": "xterm"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as child:
        os.close(its)
        shown, deadline = b"", time.monotonic() + 60
        while b"password of" not in shown and time.monotonic() < deadline:
            shown += os.read(ours, 4096)
        os.write(ours, f"{PASSWORD}\r".encode())
        while True:
            try:
                more = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not more:
                break
            shown += more
        assert child.wait(60) == 1, shown
    os.close(ours)
    assert b"incorrect password" not in shown
    assert PASSWORD.encode() not in shown


@pytest.mark.parametrize("key", [b"\x03", b"\x04"], ids=["ctrl-c", "ctrl-d"])
def test_the_question_for_a_password_can_be_left(tmp_path: Path, keystore: Path, key: bytes) -> None:
    ours, its = pty.openpty()
    command = ["node", os.fspath(DEPLOY / "ask.mjs"), APP, DATA]
    environ = {**PATH, "KEYSTORE": os.fspath(keystore), **BAD_POOL, "TERM": "xterm"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdin=its, stdout=its, stderr=its, start_new_session=True
    ) as child:
        os.close(its)
        shown = b""
        while b"password of" not in shown:
            shown += os.read(ours, 4096)
        os.write(ours, key)
        assert child.wait(60) == 130
    os.close(ours)


def test_no_documented_command_has_a_key_in_it() -> None:
    for path in (*DEPLOY.glob("*.mjs"), ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        assert not re.search(r"PRIVATE_KEY=(0x|\S+ node)", path.read_text()), path.name


def test_the_scripts_are_short() -> None:
    """They are there to copy from."""
    for name in ("ask.mjs", "bulk.mjs", "protect.mjs"):
        assert len((DEPLOY / name).read_text().splitlines()) <= 66, name


def desk_mjs(folder: Path, code: str) -> subprocess.CompletedProcess[bytes]:
    """Run code that has everything of desk.mjs as `desk`."""
    whole = f"import * as desk from {json.dumps((DEPLOY / 'desk.mjs').as_uri())};\n{code}"
    return subprocess.run(["node", "--input-type=module", "-e", whole], cwd=folder, capture_output=True, check=False, env=PATH)


EVIL = "\x1b]0;owned\x07\x9b2J\r\b\u202e\u2066\u200b\ud83d\U000e0041"


def test_no_server_and_no_result_acts_on_the_terminal(tmp_path: Path) -> None:
    """What iExec's services answer and what a result says is foreign text; it is told, written out."""
    report = {"report": {"status": "error", "error": {"code": f"c{EVIL}", "message": EVIL, "hint": EVIL}}}
    (tmp_path / "given.json").write_text(json.dumps(report))
    done = desk_mjs(
        tmp_path,
        "import { readFileSync } from 'node:fs';"
        f"const evil = {json.dumps(EVIL)};"
        "desk.tell(evil); desk.print({ error: evil });"
        "process.exitCode = desk.keep(readFileSync('given.json'), { taskId: '0x' + 'ab'.repeat(32), app: evil, rpc: evil });",
    )
    assert done.returncode == 1, done.stderr
    shown = (done.stdout + done.stderr).decode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2066-\u2069\U000e0041]", shown)
    assert json.loads(done.stdout.splitlines()[0]) == {"error": EVIL} and r"\u{1b}]0;owned\u{7}" in shown


def test_a_result_is_whole_and_never_in_the_place_of_another(tmp_path: Path) -> None:
    put = "console.log(desk.putAside('result.json', 'abcd', Buffer.from(text)))"
    done = desk_mjs(tmp_path, f"for (const text of ['one', 'two', 'three', 'four']) {put};")
    names = ["result.json", "result-abcd.json", "result-abcd-2.json", "result-abcd-3.json"]
    assert done.stdout.decode().split() == names, done.stderr
    assert [(tmp_path / name).read_text() for name in names] == ["one", "two", "three", "four"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_a_full_disk_leaves_no_part_of_a_result(tmp_path: Path) -> None:
    code = "desk.putAside('result.json', 'abcd', Buffer.alloc(100_000))"
    whole = f"import * as desk from {json.dumps((DEPLOY / 'desk.mjs').as_uri())};\n{code}"
    limited = f"ulimit -f 8; trap '' XFSZ; exec node --input-type=module -e {shlex.quote(whole)}"  # no file over 8 KiB
    done = subprocess.run(["bash", "-c", limited], cwd=tmp_path, capture_output=True, check=False, env=PATH)
    assert done.returncode and b"EFBIG" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_was_left_aside_is_told(tmp_path: Path) -> None:
    def report(*inputs: tuple[str, int | None, str, bool], answered: bool = True) -> dict[str, Any]:
        rows = [dict(zip(("source", "number", "kind", "used"), one, strict=True)) for one in inputs]
        return {"answer": {} if answered else None, "inputs": rows, "bulk": None}

    single = report(("dataset", None, "prompt", True), ("dataset", None, "email", False), ("args", None, "options", False))
    twice: dict[str, Any] = {
        "answer": None,
        "inputs": [],
        "bulk": {"results": [single, single, report(("secret", 2, "email", False))]},
    }
    none = report(("args", None, "prompt", False), answered=False)
    said = f"console.log(JSON.stringify({json.dumps([single, twice, none])}.map(leftAside)));"
    script = written(tmp_path, f"import {{ leftAside }} from {json.dumps(os.fspath(DEPLOY / 'desk.mjs'))};{said}", "told.mjs")
    why = "; a request in protected data decides what goes with it (docs/reference/protected-data.md)"
    assert json.loads(node(script, cwd=tmp_path).stdout) == [
        [f"NOT USED: options in the args{why}"],
        [f"NOT USED: options in the args, email in the secret 2{why}"],
        [],
    ]
