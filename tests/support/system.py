"""Programs of the system that some tests need, wherever they are: on the PATH, or unpacked by `make test`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

_PATH = os.pathsep.join([os.environ.get("PATH", ""), os.fspath(Path(sys.prefix) / "tools")])
_HINT = "is not here: `make test` fetches it where Debian's packages are to be had, `make system-packages` installs it"


def program(*names: str) -> str | None:
    """Return the path of the first program that is there."""
    return next((found for name in names if (found := shutil.which(name, path=_PATH))), None)


STRACE = program("strace")
QEMU = program("qemu-x86_64-static", "qemu-x86_64")
needs_strace = pytest.mark.skipif(STRACE is None, reason=f"strace {_HINT}")
needs_qemu = pytest.mark.skipif(QEMU is None, reason=f"qemu-user {_HINT}")
