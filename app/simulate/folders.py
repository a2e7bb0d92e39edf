"""The folders of a simulation: results go below the current folder, and decrypted inputs are soon removed."""

from __future__ import annotations

import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NoReturn

from app.base.errors import UsageError
from app.simulate import leftovers

FOLDER = Path("sealed-result")
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def results(out: Path | None, *, keep: bool) -> Iterator[Path]:
    """Yield a new folder for the result: `out`, or the next number below ./sealed-result. Nothing is ever overwritten.

    If there is no result in the end, the files in it are removed again, unless `keep`. Raises `UsageError` output.unwritable.
    """
    folder, made = (_named(out), not out.exists()) if out else (_next(), True)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise UsageError("output.unwritable", f"{folder} cannot be made") from err
    try:
        yield folder
    except BaseException:
        if not keep:
            _empty(folder, gone=made)
        raise


@contextmanager
def private(*, keep_in: Path | None) -> Iterator[Path]:
    """Yield a folder for decrypted inputs that nobody else can read. It is removed in the end, whatever ends the block.

    With `keep_in` it stays there instead, as iexec_in. After SIGKILL, which no program can catch, it stays until the next
    simulation.
    """
    leftovers.sweep()
    with (
        tempfile.TemporaryDirectory(prefix=leftovers.PREFIX, ignore_cleanup_errors=True) as name,
        leftovers.marked(Path(name)),
    ):
        inside = Path(name) / "iexec_in"
        inside.mkdir()
        try:
            yield inside
        finally:
            if keep_in:
                shutil.copytree(inside, keep_in / "iexec_in")


@contextmanager
def orderly() -> Iterator[None]:
    """Make the first signal raise KeyboardInterrupt or SystemExit, so that everything is cleaned up, and ignore later ones."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def leave(number: int, _: FrameType | None) -> NoReturn:
        for other in _SIGNALS:
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:  # under nohup
                signal.signal(number, leave)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred() -> Iterator[None]:
    """Delay a signal that would end the program until the end of the block, whose work must not be interrupted."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    late: list[int] = []
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    try:
        for number, handler in before.items():
            if callable(handler):
                signal.signal(number, lambda told, _: late.append(told))
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if late:
        signal.raise_signal(late[0])


def _named(out: Path) -> Path:
    try:
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as err:
        raise UsageError("output.unwritable", f"{out} cannot be read") from err
    if taken:
        raise UsageError("output.unwritable", f"{out} is there already and not an empty folder")
    return out


def _next() -> Path:
    """Return the folder with the next free number, newly made; two processes at a time never get the same."""
    try:
        FOLDER.mkdir(exist_ok=True)
        number = max((int(path.name) for path in FOLDER.iterdir() if path.name.isascii() and path.name.isdecimal()), default=0)
        while True:
            number += 1
            try:
                (FOLDER / str(number)).mkdir()
            except FileExistsError:
                continue
            return FOLDER / str(number)
    except OSError as err:
        raise UsageError("output.unwritable", f"./{FOLDER} cannot be made here: name a folder with --out") from err


def _empty(folder: Path, *, gone: bool) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    if gone:
        folder.rmdir()
        if folder.parent == FOLDER and not any(FOLDER.iterdir()):
            FOLDER.rmdir()
