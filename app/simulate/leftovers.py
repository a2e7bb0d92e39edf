"""Folders with decrypted inputs that a killed simulation could not remove: the next one does.

Each has a file that its simulation holds a lock on. The kernel lets go of it when that process ends, however it ends, so
whoever can have the lock knows that nobody is left who needs the folder.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

PREFIX = "sealed-llm-"
_MARK = "held"


@contextlib.contextmanager
def marked(folder: Path) -> Iterator[None]:
    """Hold `folder`, which is this process's own, until the end of the block or of the process."""
    descriptor = os.open(folder / _MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):  # no locks here: then nobody can have it either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep() -> None:
    """Remove such folders of this user that nobody holds. What cannot be removed stays, without a word: it is not ours."""
    for mark in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_MARK}"):
        with contextlib.suppress(OSError):
            if mark.parent.is_symlink() or mark.parent.stat().st_uid != os.geteuid():
                continue
            descriptor = os.open(mark, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(mark.parent, ignore_errors=True)
            finally:
                os.close(descriptor)
