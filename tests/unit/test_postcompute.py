"""The judge must be as strict as the platform: each broken rule has a folder that breaks it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.base.errors import SimulationError
from app.simulate.postcompute import judge


def fill(folder: Path, computed: bytes | None = None) -> None:
    (folder / "result.json").write_bytes(b"{}")
    good = json.dumps({"deterministic-output-path": str(folder / "result.json")}).encode()
    (folder / "computed.json").write_bytes(good if computed is None else computed)


def test_a_good_folder(tmp_path: Path) -> None:
    fill(tmp_path)
    delivered = judge(tmp_path)
    assert delivered.digest == "0x" + hashlib.sha256(b"{}").hexdigest()
    assert sorted(delivered.files) == ["computed.json", "result.json"]
    assert (delivered.result, delivered.files["result.json"], delivered.error_message) == (b"{}", 2, None)


def named(value: object) -> bytes:
    return json.dumps({"deterministic-output-path": value}).encode()


COMPUTED: dict[str, Callable[[Path], bytes]] = {
    "empty": lambda _: b"",
    "no path": lambda _: b"{}",
    "bom": lambda folder: b"\xef\xbb\xbf" + named(str(folder / "result.json")),
    "nan": lambda folder: named(str(folder / "result.json"))[:-1] + b', "callback-data": NaN}',
    "duplicate": lambda folder: named(str(folder / "result.json"))[:-1] + b', "error-message": "a", "error-message": "b"}',
    "unknown key": lambda folder: named(str(folder / "result.json"))[:-1] + b', "task-id": "0x"}',
    "null": lambda _: named(None),
    "number": lambda _: named(1),
    "list": lambda _: b"[]",
    "relative": lambda _: named("iexec_out/result.json"),
    "outside": lambda _: named("/etc/hostname"),
    "the folder itself": lambda folder: named(str(folder)),
    "not there": lambda folder: named(str(folder / "other.json")),
    "traversal": lambda folder: named(str(folder / ".." / folder.name / "result.json")),
}


@pytest.mark.parametrize("make", COMPUTED.values(), ids=COMPUTED.keys())
def test_a_bad_computed_json(tmp_path: Path, make: Callable[[Path], bytes]) -> None:
    fill(tmp_path, make(tmp_path))
    with pytest.raises(SimulationError):
        judge(tmp_path)


def test_bad_files(tmp_path: Path) -> None:
    def long(folder: Path) -> None:
        (folder / ("a" * 32)).touch()

    def link(folder: Path) -> None:
        (folder / "link").symlink_to("result.json")

    def reserved(folder: Path) -> None:
        (folder / "stdout.txt").touch()

    def empty(folder: Path) -> None:
        (folder / "result.json").write_bytes(b"")

    def huge(folder: Path) -> None:
        os.truncate(folder / "result.json", 50 * 10**6)

    def absent(folder: Path) -> None:
        (folder / "computed.json").unlink()

    for spoil in (long, link, reserved, empty, huge, absent):
        folder = tmp_path / spoil.__name__
        folder.mkdir()
        fill(folder)
        judge(folder)
        spoil(folder)
        with pytest.raises(SimulationError):
            judge(folder)


def test_callback_data_and_its_digest(tmp_path: Path) -> None:
    """The vector is keccak256(uint256(1)): docs/reference/iexec-protocol.md, "What the app leaves"."""
    fill(tmp_path)
    computed = json.loads((tmp_path / "computed.json").read_text())
    one = "0x" + f"{1:064x}"
    (tmp_path / "computed.json").write_text(json.dumps(computed | {"callback-data": one}))
    delivered = judge(tmp_path)
    assert delivered.callback_data == one
    assert delivered.callback_digest == "0xb10e2d527612073b26eecdfd717e6a320cf44b4afac2b0732d9fcbe2b7fa0cf6"
    for bad in ("0x0", "0X00", "00", "0xzz", "0x"):
        (tmp_path / "computed.json").write_text(json.dumps(computed | {"callback-data": bad}))
        with pytest.raises(SimulationError):
            judge(tmp_path)
