"""The inputs that are kept in the tree: for each target a file of lines in base64, because a repository holds no binaries.

tests/attack/corpus/<target>.txt has an input for each way through the code; <target>.crashes.txt those that once broke the
contract, for good.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable

from bench.attack.places import KEPT

FOLDER = KEPT / "corpus"


def ways(name: str) -> list[bytes]:
    """Return the inputs for the ways through a target's code."""
    return _read(f"{name}.txt")


def crashes(name: str) -> list[bytes]:
    """Return the inputs that once crashed a target."""
    return _read(f"{name}.crashes.txt")


def inputs(name: str) -> list[bytes]:
    """Return both."""
    return crashes(name) + ways(name)


def keep(name: str, data: Iterable[bytes]) -> None:
    """Write the inputs for the ways through a target's code, in the place of those before."""
    _write(f"{name}.txt", data)


def add_crash(name: str, data: bytes) -> bool:
    """Add an input that crashed; return whether it was not there yet."""
    known = crashes(name)
    if data in known:
        return False
    _write(f"{name}.crashes.txt", [*known, data])
    return True


def _read(name: str) -> list[bytes]:
    path = FOLDER / name
    return [base64.b64decode(line, validate=True) for line in path.read_text().splitlines()] if path.exists() else []


def _write(name: str, data: Iterable[bytes]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / name).write_text("".join(f"{base64.b64encode(one).decode()}\n" for one in data))
