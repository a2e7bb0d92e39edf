"""Write files so that they are complete or absent, and lock what two processes must not do at once.

A file is written beside its place, flushed to the disk and renamed, so that neither a full disk nor a kill nor a power cut
leaves a part of one. Locks are those of flock(2): the kernel releases them when their holder ends, however it ends.
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
    """Replace the content of `path` by `data`. Raises `OSError`; `path` then stays as it was."""
    made = _beside(path, data, mode)
    try:
        made.replace(path)
    except OSError:
        made.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def unfinished(path: Path) -> Path:
    """Return a name beside `path` that no other process uses, for a file that will be renamed to `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


@contextlib.contextmanager
def held(path: Path, doing: str) -> Iterator[None]:
    """Run the block while no other process holds the lock file `path`; print `doing` on stderr if it must wait.

    Raises `AppError` cache.unwritable if the file cannot be locked.
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
    """Run the block while no other process does the same with `folder`; without a lock if the file system has none."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def reason(err: OSError) -> str:
    """Return the reason as the system words it, without a path."""
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
    """Flush the entries of the folder to the disk, if the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
