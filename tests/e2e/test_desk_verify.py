"""`verify` at the desk: what it reads, what it lists, and that it ends at once."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.base.limits import LIMITS
from app.cli.main import cli
from app.result.report import Bulk, BulkItem, OutsideModel
from app.verify.verifier import verify
from tests.support.results import ASKED, FAILURE, KEY, NOTHING, PARAMETERS, sealed

ITEM = BulkItem(
    index=1,
    dataset=None,
    success=True,
    kind="ask",
    mode="ai",
    answer=ASKED.answer,
    error=None,
    parameters=PARAMETERS,
    inputs=(),
    commitment=None,
)


def run(*args: str | Path, stdin: bytes | None = None) -> Any:
    return CliRunner().invoke(cli, ["verify", *map(str, args), "--signer", KEY.address], input=stdin)


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def twice(data: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("result.json", data)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("result.json", data)
    return out.getvalue()


def locked(data: bytes) -> bytes:
    """Return a zip whose entries say that they are encrypted: bit 0 of the flags, in both headers."""
    raw = bytearray(zipped({"result.json": data}, zipfile.ZIP_STORED))
    for mark, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        raw[raw.index(mark) + offset] |= 1
    return bytes(raw)


DELIVERED = {"computed.json": b"{}", "result.json": sealed(), "stdout.txt": b"", "timings.json": b"{}"}


@pytest.mark.parametrize(
    "data",
    [sealed(), zipped(DELIVERED), zipped({"iexec_out.zip": zipped(DELIVERED)}), zipped(DELIVERED, zipfile.ZIP_STORED)],
    ids=["result.json", "zip", "zip in a zip", "stored zip"],
)
@pytest.mark.parametrize("piped", [False, True], ids=["file", "pipe"])
def test_the_file_and_the_zip_that_iexec_delivers(tmp_path: Path, data: bytes, piped: bool) -> None:
    path = tmp_path / "0xTASK.zip"
    path.write_bytes(data)
    done = run("-", "--json", stdin=data) if piped else run(path, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["sha256"] == verify(sealed(), KEY.address).sha256


BOMB = zipped({"result.json": bytes(LIMITS.result_bytes + 1)})
ODD = {
    "no result": (zipped({"computed.json": b"{}"}), "the zip holds no result.json"),
    "encrypted": (zipped({"iexec_out.zip.aes": b"x", "aes-key.rsa": b"y"}), "still encrypted"),
    "encrypted inside": (zipped({"iexec_out.zip": zipped({"iexec_out.zip.aes": b"x"})}), "still encrypted"),
    "zip in a zip in a zip": (zipped({"iexec_out.zip": zipped({"iexec_out.zip": zipped(DELIVERED)})}), "no result.json"),
    "bomb": (BOMB, "result.json in the zip is larger than"),
    "bomb inside": (zipped({"iexec_out.zip": bytes(LIMITS.delivered_bytes + 1)}), "iexec_out.zip in the zip is larger than"),
    "damaged": (zipped(DELIVERED)[:-40], "the zip is damaged"),
    "PK alone": (b"PK", "the zip is damaged"),
    "two results": (twice(sealed()), "two files of the same name"),
    "password": (locked(sealed()), "has a password"),
    "empty": (b"", "not strict JSON"),
    "a request": (b'{"prompt": "x"}', "does not follow the schema"),
    "text": (b"hello", "not strict JSON"),
    "large": (b"[" + b" " * LIMITS.result_bytes, "larger than"),
}


@pytest.mark.parametrize("case", list(ODD))
def test_what_is_no_result_is_refused_with_a_hint(tmp_path: Path, case: str) -> None:
    data, words = ODD[case]
    path = tmp_path / "result.json"
    path.write_bytes(data)
    done = run(path)
    assert done.exit_code == 1 and done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith(f"REFUSED: {path}: at the step ") and words in first and second.startswith("hint: ")
    shown = json.loads(run(path, "--json").stdout)
    assert shown["verified"] is False and shown["hint"] == second.removeprefix("hint: ") and shown["step"] in first


def test_the_folder_of_a_result_will_do(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_bytes(sealed())
    assert run(tmp_path, "--json").exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fifo", "/dev/zero", "/dev/stdin", "gone.json", "."])
def test_it_ends_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    command = [sys.executable, "-m", "app", "verify", name, "--signer", KEY.address]
    read, _ = os.pipe()  # an open pipe that nobody writes to
    done = subprocess.run(
        command, cwd=tmp_path, env={"PATH": ""}, capture_output=True, text=True, stdin=read, check=False, timeout=30
    )
    os.close(read)
    assert done.returncode == 1 and "result.unreadable" in done.stderr and "Traceback" not in done.stderr


def test_what_was_checked_is_numbered_and_the_rest_is_named(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(sealed())
    lines = run(path, "--model", "12" * 32).stderr.splitlines()
    assert lines[0].startswith("OK: ") and max(map(len, lines[2:])) <= 80
    begin, left = lines.index("checked"), lines.index("not checked")
    assert [line.split()[:2] for line in lines[begin + 1 : left]] == [
        ["1", "schema"],
        ["2", "hashes"],
        ["3", "signature"],
        ["4", "signer"],
        ["5", "model"],
    ]
    assert [line.split()[1] for line in lines[left + 1 :]] == ["request", "replay", "chain", "enclave", "truth"]
    shown = json.loads(run(path, "--json").stdout)
    assert list(shown["checked"]) == ["schema", "hashes", "signature", "signer"] and "model" in shown["not_checked"]


LOUD: dict[str, tuple[dict[str, Any], str]] = {
    "ephemeral": ({"key_origin": "ephemeral"}, "EPHEMERAL: "),
    "incomplete": (
        {**NOTHING, "status": "incomplete", "error": FAILURE.model_copy(update={"code": "incomplete"})},
        "INCOMPLETE incomplete: ",
    ),
    "error": ({**NOTHING, "status": "error"}, "ERROR input.missing: there is no prompt; hint: give one"),
    "outside": (
        {"model": OutsideModel(embedded=False, engine="openai-compatible", host="h", name="m", version=None)},
        "NOTE: the answer did not come from an embedded model",
    ),
    "another version": ({"version": "0.0.0"}, "NOTE: made by sealed-llm 0.0.0; this is "),
    "bulk": (
        {
            "answer": None,
            "mode": None,
            "kind": None,
            "parameters": None,
            "status": "error",
            "error": FAILURE.model_copy(update={"code": "bulk.partial"}),
            "bulk": Bulk(totalCount=1, successCount=1, errorCount=0, results=(ITEM,)),
        },
        "ERROR bulk.partial: ",
    ),
}


@pytest.mark.parametrize("case", list(LOUD))
def test_what_must_not_be_missed_is_said_aloud(tmp_path: Path, case: str) -> None:
    update, words = LOUD[case]
    path = tmp_path / "result.json"
    path.write_bytes(sealed(**update))
    done = run(path)
    assert done.exit_code == 0
    assert [line for line in done.stderr.splitlines() if line.startswith(words)], done.stderr
