"""Remove folders with decrypted inputs that a killed simulation could not remove; the next simulation does it.

Each folder has a file that its simulation locks. The kernel releases the lock when that process ends, however it ends. So
whoever gets the lock knows that nobody needs the folder any more.
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
    """Hold `folder`, which belongs to this process, until the end of the block or of the process."""
    descriptor = os.open(folder / _MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with contextlib.suppress(OSError):  # without locks here nobody else can lock it either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep() -> None:
    """Remove such folders of this user that nobody holds. Folders that cannot be removed stay, without a message."""
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
