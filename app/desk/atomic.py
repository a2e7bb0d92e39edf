"""Files that are whole or not there, and what two processes of this machine must not do at once.

A file is written beside its place, flushed to the disk and renamed: neither a full disk nor a kill nor a power cut leaves a
part of one. Locks are flock(2)'s: the kernel lets go of them when their holder ends, however it ends.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from app.base.errors import AppError


def write(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` by `data`. Raises `OSError`, and `path` is as it was."""
    made = _beside(path, data, mode)
    try:
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def unfinished(path: Path) -> Path:
    """Return a name beside `path` that no other process uses, for what is to be renamed to it."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


@contextlib.contextmanager
def held(path: Path, doing: str) -> Iterator[None]:
    """Do the block while no other process holds `path`, a file made for this; say `doing` on stderr if it must wait.

    Raises `AppError` cache.unwritable if there is no such lock to be had.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as err:
        raise AppError("cache.unwritable", f"{path.parent} cannot be written: {reason(err)}") from err
    try:
        _lock(descriptor, path, doing)
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Do the block while no other process does the same with `folder`; where a file system has no locks, without one."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def reason(err: OSError) -> str:
    """Return why, as the system says it, without a path."""
    return (err.strerror or type(err).__name__).lower()


def _lock(descriptor: int, path: Path, doing: str) -> None:
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.stderr.write(f"sealed-llm: another process is {doing}; waiting for it\n")
            sys.stderr.flush()
            fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as err:
        raise AppError("cache.unwritable", f"{path.parent} has no locks: {reason(err)}") from err


def _beside(path: Path, data: bytes, mode: int) -> Path:
    made = unfinished(path)
    try:
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with open(descriptor, "wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())
    except OSError:
        made.unlink(missing_ok=True)
        raise
    return made


def _flush(folder: Path) -> None:
    """Write the folder's entries to the disk, where it can be done."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
