"""Mistakes of one's own at the desk: exit code 2, one line that names the place, a hint, and never what was typed."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.formats.protected_data_writer import protect
from tests.support.results import sealed

pytestmark = pytest.mark.slow


CANARY = "heliotrope"
KEY = "0x" + "c0ffee" * 10 + "c0de"
ADDRESS = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # the first example of EIP-55

# what is typed -> the code, and words of the message
MISTAKES = {
    "simulate --file broken.json": ("json.invalid", "broken.json, line 2, column 14: expecting ',' delimiter"),
    "simulate --file comma.json": ("json.invalid", "line 1, column 14"),
    "simulate --file twice.json": ("json.invalid", "the same name twice"),
    "simulate --file list.json": ("json.invalid", "does not hold a JSON object"),
    "simulate --file latin1.json": ("json.invalid", "line 2, byte 13: not UTF-8"),
    "simulate --file utf16.json": ("json.invalid", "UTF-16"),
    "simulate --file empty.json": ("json.invalid", "line 1, column 1"),
    "simulate --file nothing.json": ("input.empty", "empty object"),
    "simulate --file null.json": ("file.wrong_kind", "field 'prompt'"),
    "simulate --file odd.json": ("file.wrong_kind", "field 'a prompt': a key has characters that dataProtector refuses"),
    "simulate --file data.zip": ("file.wrong_kind", "data.zip is a zip, but must be a JSON object"),
    "simulate --file result.json": ("file.wrong_kind", "result.json is a result, not a request"),
    "simulate --protected-data result.json": ("file.wrong_kind", "a result, not an input"),
    "simulate --protected-data delivered.zip": ("file.wrong_kind", "a result, not an input"),
    "simulate --bulk data.zip result.json": ("file.wrong_kind", "a result, not an input"),
    "simulate --prompt x --input-file result.json": ("file.wrong_kind", "a result, not an input"),
    "simulate --file gone.json": ("file.missing", "there is no gone.json"),
    "simulate --file .": ("file.unreadable", "not a regular file"),
    "simulate --file fifo": ("file.unreadable", "not a regular file"),
    "simulate --file /dev/zero": ("file.unreadable", "not a regular file"),
    "simulate --protected-data fifo": ("file.unreadable", "not a regular file"),
    "simulate --prompt x --input-file /dev/zero": ("file.unreadable", "not a regular file"),
    "simulate --prompt x --input-file large": ("file.too_large", "large is larger than"),
    "simulate --prompt x --args '--max-tokens 4 \"no end'": ("args.quotes", "the quote at column 16 of --args is never closed"),
    'simulate --prompt x --args "it\'s"': ("args.quotes", "the quote at column 3 of --args"),
    "simulate --prompt x --secret heliotrope": ("usage", "--secret takes N=TEXT"),
    "simulate --prompt x --secret 0=heliotrope": ("usage", "--secret takes N=TEXT"),
    "simulate --prompt x --secret 1=a --secret 1=heliotrope": ("usage", "--secret 1 is given twice"),
    "simulate --prompt x --secret 1=": ("usage", "--secret 1 is empty"),
    "simulate data.zip": ("usage", "without --bulk"),
    "simulate --bulk": ("usage", "--bulk needs the files"),
    "simulate --prompt heliotrope --bulk data.zip": ("usage", "give one of"),
    "simulate --wallet 0x12": ("wallet.invalid", "not 0x and 40 hex digits"),
    f"simulate --wallet {KEY}": ("address.is_a_key", "the length of a private key"),
    "simulate --prompt x --out .": ("output.unwritable", "not an empty folder"),
    "simulate --prompt x --out data.zip": ("usage", "is a file"),
    "simulate --prompt x --out data.zip/below": ("output.unwritable", "cannot be made"),
    "simulate --nonsense": ("usage", "no such option"),
    "simulate --promt x": ("usage", "--prompt"),
    "ask": ("input.empty", "there is nothing to ask"),
    "ask ' '": ("input.empty", "the words are empty"),
    "ask heliotrope data.zip": ("usage", "a word of the question is the name of a file here"),
    "ask heliotrope --max-tokens many": ("option.invalid", "max-tokens must be a number"),
    "ask heliotrope --max-tokens 0": ("option.invalid", "max-tokens: "),
    "ask heliotrope --temperature 3": ("option.invalid", "temperature: "),
    "ask heliotrope --seed -1": ("option.invalid", "seed: "),
    "ask heliotrope --threads 0": ("usage", "--threads"),
    "ask heliotrope --model gpt-9": ("model.unknown", ""),
    "ask heliotrope --system ''": ("option.invalid", "system must not be empty"),
    "ask heliotrope --file gone.csv": ("file.missing", "there is no gone.csv"),
    "ask heliotrope --file result.json": ("file.wrong_kind", "a result, not an input"),
    "ask heliotrope --engine magic": ("option.invalid", "--engine is openai:"),
    f"ask {'heliotrope' * 500} --file data.zip": ("secret.too_large", "longer than 4096 bytes"),
    "score": ("usage", "missing argument"),
    f"score {ADDRESS}": ("history.missing", "there is no history"),
    f"score {ADDRESS} /dev/null": ("file.unreadable", "not a regular file"),
    f"score {ADDRESS} none.json": ("history.missing", "a file with the history is empty"),
    "score vitalik.eth list.json": ("wallet.invalid", "not 0x and 40 hex digits"),
    f"score {ADDRESS.replace('BeA', 'Bea')} list.json": ("wallet.invalid", "checksum"),
    f"score {KEY} list.json": ("address.is_a_key", "private key"),
    f"score {ADDRESS} list.json --chain zero": ("option.invalid", "chain must be a number"),
    f"score {ADDRESS} list.json --engine openai:http://x/v1#y": ("usage", "no such option"),
    "code heliotrope": ("code.incomplete", "there is no language"),
    "code heliotrope --language klingon": ("language.unknown", "not one of the eight"),
    "code heliotrope --language java --test 'assert x'": ("request.unsupported", "tests run for python only"),
    "code heliotrope --language python --attempts 99": ("option.invalid", "attempts: "),
    "code --file snippet.py": ("code.incomplete", "nothing says what to change"),
    "code heliotrope --prompt heliotrope --language python": ("usage", "both words and --prompt"),
    "code heliotrope --name x --language python": ("usage", "--name needs --session"),
    "code --list": ("usage", "--list needs --session"),
    "code --session s.json": ("code.incomplete", "there is nothing to do"),
    "code --session s.json --feedback heliotrope": ("session.unknown", "there is no session yet"),
    "code --session s.json --name x --feedback heliotrope": ("session.unknown", "no session 'x'"),
    "code --session gone.json --list": ("session.unknown", "there is no gone.json"),
    "code --session list.json --list": ("session.unreadable", "is not a session file"),
    "code --session s.json --list --prompt heliotrope": ("usage", "--prompt would have no effect"),
    "code --session s.json --delete --rename x": ("usage", "give one of --delete and --rename"),
    f"verify result.json --signer {KEY}": ("address.is_a_key", "--signer has the length of a private key"),
    f"verify result.json --signer {KEY[2:]}": ("address.is_a_key", "--signer has the length of a private key"),
    "verify result.json --signer me.eth": ("address.invalid", "--signer is not an address"),
    "verify result.json --signer 0x1234": ("address.invalid", "--signer is not an address"),
    f"verify result.json --signer {ADDRESS.replace('BeA', 'Bea')}": ("address.invalid", "the checksum of --signer is wrong"),
    "verify result.json": ("usage", "missing option '--signer'"),
    f"verify result.json --signer {ADDRESS} --model gpt-9": ("model.unknown", ""),
    f"verify result.json --signer {ADDRESS} --replay": ("usage", "--replay needs --request"),
    f"verify result.json --signer {ADDRESS} --rpc http://x": ("usage", "--rpc has no effect without --task"),
    f"verify result.json --signer {ADDRESS} --app {ADDRESS}": ("usage", "--app has no effect without --task"),
    f"verify result.json --signer {ADDRESS} --task 0x1 --rpc http://x --app {ADDRESS}": ("usage", "--task is not a task id"),
    f"verify result.json --signer {ADDRESS} --task 0x{'ab' * 32}": ("usage", "--task needs --rpc"),
    f"verify result.json --signer {ADDRESS} --task 0x{'ab' * 32} --rpc http://x --app 0x1": ("address.invalid", "--app is not"),
    f"verify result.json --signer {ADDRESS} --request near.json": (
        "request.unknown_field",
        "'max_token' (is max_tokens meant?), 'wizard', options.'temprature' (is temperature meant?), options.'top_p' (that",
    ),
    f"verify result.json --signer {ADDRESS} --request broken.json": ("json.invalid", "line 2, column 14"),
    f"verify result.json --signer {ADDRESS} --request list.json": ("json.invalid", "does not hold a JSON object"),
    f"verify result.json --signer {ADDRESS} --request result.json": ("file.wrong_kind", "is a result, not a request"),
    f"verify result.json --signer {ADDRESS} --request fifo": ("file.unreadable", "not a regular file"),
    "model path gpt-9": ("model.unknown", ""),
    "frobnicate": ("usage", "no such command 'frobnicate'"),
    "key": ("usage", ""),
}
NO_HINT_BUT_HELP = {"key"}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    files: dict[str, bytes] = {
        "broken.json": b'{"max_tokens": 4,\n "prompt": 1 "heliotrope"}',
        "comma.json": b'{"prompt": 1,}',
        "twice.json": b'{"prompt": "heliotrope", "prompt": "b"}',
        "list.json": b"[1]",
        "latin1.json": '{"max_tokens": 4,\n"prompt": "h\xe9liotrope"}'.encode("latin-1"),
        "utf16.json": '{"prompt": "heliotrope"}'.encode("utf-16"),
        "empty.json": b"",
        "none.json": b" \n",
        "nothing.json": b"{}",
        "null.json": b'{"prompt": null}',
        "odd.json": b'{"a prompt": "heliotrope"}',
        "near.json": b'{"prompt": "heliotrope", "max_token": 3, "wizard": 1, "options": {"temprature": 1, "top_p": 1}}',
        "snippet.py": b"x = 'heliotrope'",
        "data.zip": protect({"prompt": CANARY}),
        "result.json": sealed(),
        "delivered.zip": protect({"x": "y"}),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    with (folder / "large").open("wb") as stream:
        stream.truncate(32 * 2**20 + 1)
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", "delivered.zip", "result.json", "computed.json"],
        check=bool((folder / "computed.json").write_text("{}")),
        cwd=folder,
    )
    os.mkfifo(folder / "fifo")
    return folder


def typed(here: Path, words: list[str]) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "SEALED_LLM_CACHE": str(here / "cache"), "TMPDIR": str(here)}
    command = [sys.executable, "-m", "app", *words]
    return subprocess.run(
        command, cwd=here, env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60
    )


@pytest.fixture(scope="module")
def ended(here: Path) -> dict[str, subprocess.CompletedProcess[str]]:
    """Return how each of them ended; two at a time, since each is a process of its own."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(MISTAKES, pool.map(lambda mistake: typed(here, shlex.split(mistake)), MISTAKES), strict=True))


@pytest.mark.parametrize("mistake", list(MISTAKES))
def test_a_mistake_is_named_with_its_place(
    here: Path, mistake: str, ended: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    code, words = MISTAKES[mistake]
    done = ended[mistake]
    assert done.returncode == 2, done.stderr
    assert words in done.stderr and "Traceback" not in done.stderr
    if mistake not in NO_HINT_BUT_HELP:
        lines = done.stderr.splitlines()
        assert re.fullmatch(rf"sealed-llm: error: .+ \({re.escape(code)}\)", lines[-2]), lines
        assert lines[-1].startswith("sealed-llm: hint: ")
    assert CANARY not in done.stderr + done.stdout and "c0ffee" not in done.stderr + done.stdout
    assert not (here / "sealed-result").exists()


def test_a_mistake_is_an_object_for_programs(here: Path) -> None:
    done = typed(here, ["simulate", "--file", "broken.json", "--json"])
    assert json.loads(done.stdout)["error"]["code"] == "json.invalid" and done.returncode == 2
    done = typed(here, ["ask", "x", "--json", "--nonsense"])
    assert json.loads(done.stdout)["error"]["code"] == "usage" and done.returncode == 2
