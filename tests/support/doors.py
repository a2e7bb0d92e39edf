"""Doors that a quick test leaves shut: child processes, models, the sandbox's guest, and hosts beyond this machine.

`make quick` runs all tests that are not marked `slow`. One of them that opens a door fails, and not in a quick run alone,
so no mark can be forgotten. Child processes and connections are heard of from Python itself (PEP 578).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.llm.engine import Engine
from app.llm.models import WEIGHTS
from app.sandbox.guest import GUEST
from app.sandbox.sandbox import Sandbox

SLOW_FIXTURES = frozenset({"default_engine", "life", "official", "past", "small_engine"})
"""What uses one of these is slow, whether it is marked or not."""

SLOW_FILES = frozenset({"test_commands.py", "test_docs.py", "test_drift.py", "test_enclave_wing.py", "test_score_gate.py"})
"""Whole files that ask git or start the program in every test."""

_CHILDREN = frozenset({"os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen"})
_EMBEDDED = (f"{WEIGHTS}/", str(GUEST))
_HERE = ("127.", "localhost", "::1", "0.0.0.0", "/")  # noqa: S104  nothing listens there, it is compared with


class _Doors:
    """Whether the doors are shut now, and which were opened all the same."""

    def __init__(self) -> None:
        self.shut = False
        self.opened: list[str] = []

    def open(self, what: str) -> None:
        if self.shut:
            self.opened.append(what)
            pytest.fail(f"a quick test {what}: mark it `slow`")

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if not self.shut:
            return
        if event in _CHILDREN:
            self.open(f"starts a child process ({event})")
        elif event == "open" and str(args[0]).startswith(_EMBEDDED):
            self.open("reads a model or the guest")
        elif event == "ctypes.dlopen" and "llama" in str(args[0]):
            self.open("loads llama.cpp")
        elif event == "socket.connect" and not _is_here(args[1]):
            self.open("connects to another machine")


def _is_here(address: Any) -> bool:
    host = address[0] if isinstance(address, tuple) else address
    return not isinstance(host, str) or host.startswith(_HERE)


_DOORS = _Doors()


def install() -> None:
    """Hear of every door from now on. There is no way back: call it once for a process."""
    sys.addaudithook(_DOORS.hear)
    for kind, what in ((Engine, "loads a model"), (Sandbox, "loads the sandbox's guest")):
        _watch(kind, functools.partial(_DOORS.open, what))


def _watch(kind: type, told: Callable[[], None]) -> None:
    name = "__init__"
    begin = getattr(kind, name)

    @functools.wraps(begin)
    def init(*args: Any, **options: Any) -> None:
        told()
        begin(*args, **options)

    setattr(kind, name, init)


@contextmanager
def shut() -> Iterator[None]:
    """Fail, at once and again at the end, where a door is opened within the block."""
    before: tuple[bool, list[str]] = (_DOORS.shut, _DOORS.opened)
    opened: list[str] = []
    _DOORS.shut, _DOORS.opened = True, opened
    try:
        yield
    finally:
        _DOORS.shut, _DOORS.opened = before
    if opened:
        pytest.fail(f"a quick test {opened[0]}, and something caught the failure: mark it `slow`")
