"""What an image gets of app/ is enough for every job, and gives the checkout's very bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dev import stage_image
from tests.support.desk import ROOT, SMALL, Desk

WALLET = "0x" + "1" * 40
ROW = {
    "blockNumber": "5000000", "timeStamp": "1517319693", "hash": "0x" + "ab" * 32, "from": WALLET, "to": "0x" + "9" * 40,
    "value": "1", "isError": "0", "txreceipt_status": "1", "input": "0x", "contractAddress": "", "gasUsed": "21000",
    "gasPrice": "1", "transactionIndex": "1", "nonce": "0",
}  # fmt: skip
JOBS: dict[str, dict[str, Any]] = {
    "ask": {"prompt": "What is the capital of France?", "max_tokens": 8},
    "code": {
        "language": "python", "prompt": "a function one that returns 1", "tests": ["assert one() == 1"],
        "max_tokens": 40, "attempts": 2,
    },
    "score": {"wallet": WALLET, "history": [ROW]},
    "nothing": {"wallet": "0x1"},
}  # fmt: skip


@pytest.fixture(scope="module")
def wing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what an image gets of the program, and the parts that other layers of it bring."""
    folder = tmp_path_factory.mktemp("image")
    shutil.copytree(ROOT / "app", folder / "app", ignore=stage_image.left_behind, symlinks=True)
    assert not (folder / "app/cli").exists() and not (folder / "app/sandbox/harness.py").exists()
    return folder


def start(wing: Path, desk: Desk, *args: str) -> subprocess.CompletedProcess[bytes]:
    code = (
        f"import sys, runpy; sys.path.insert(0, {str(wing)!r}); sys.argv[1:] = {list(args)!r}; "
        "runpy.run_module('app', run_name='__main__', alter_sys=True)"
    )
    command = [sys.executable, "-I", "-B", "-c", code]
    return subprocess.run(command, env=desk.environ, cwd="/", capture_output=True, check=False, stdin=subprocess.DEVNULL)


@pytest.mark.parametrize("job", JOBS)
def test_the_wing_alone_gives_the_same_bytes(wing: Path, new_desk: Callable[[str], Desk], job: str) -> None:
    alone, whole = new_desk("alone"), new_desk("whole")
    for desk in (alone, whole):
        desk.dataset(json.dumps(JOBS[job]).encode())
    done = start(wing, alone, "--model", SMALL)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (alone.out / "result.json").read_bytes() == whole.run().raw


def test_the_wing_has_no_commands(wing: Path, desk: Desk) -> None:
    del desk.environ["IEXEC_OUT"]
    done = start(wing, desk, "doctor")
    assert done.returncode == 73 and done.stdout == b""
    assert done.stderr.startswith(b"app: error: IEXEC_OUT is not set to a folder (env.iexec_out)")
