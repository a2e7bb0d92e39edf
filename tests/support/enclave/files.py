"""The files that an enclave has, as a Landlock rule set: the measured image to read, IEXEC_OUT to write.

Landlock refuses to open, list, make, remove and start; `stat` of a hidden path still works, which an
enclave would not allow. Numbers and structures: linux/landlock.h.
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH, _VERSION = 1, 1
_PR_SET_NO_NEW_PRIVS = 38
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_FILE, _MAKE_REG, _TRUNCATE = 1 << 5, 1 << 8, 1 << 14
_RIGHTS = {3: (1 << 15) - 1, 4: (1 << 15) - 1}  # by ABI; a later one also governs ioctl on devices
_RIGHTS_NOW = (1 << 16) - 1

_libc = ctypes.CDLL(None, use_errno=True)


def restrict(read: Iterable[str], listed: Iterable[str], write: Iterable[str]) -> None:
    """Leave this process `read` to read and start, `listed` to list, `write` to write; nothing else.

    A path that does not exist is passed over. Raises `OSError`, also where the kernel has no Landlock
    of ABI 3 (Linux 6.2) or later.
    """
    abi = _call(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if abi < 3:
        raise OSError(f"Landlock ABI 3 is needed to refuse truncation, this kernel has {abi}")
    rules = _call(_CREATE_RULESET, struct.pack("Q", _RIGHTS.get(abi, _RIGHTS_NOW)), ctypes.c_size_t(8), 0)
    for paths, rights in (
        (read, _EXECUTE | _READ_FILE | _READ_DIR),
        (listed, _READ_DIR),
        (write, _READ_FILE | _READ_DIR | _WRITE_FILE | _MAKE_REG | _REMOVE_FILE | _TRUNCATE),
    ):
        for path in filter(os.path.exists, paths):
            _allow(rules, path, rights if os.path.isdir(path) else rights & (_EXECUTE | _READ_FILE))
    if _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "PR_SET_NO_NEW_PRIVS")
    _call(_RESTRICT_SELF, rules, 0)
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        _call(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, descriptor), 0)
    finally:
        os.close(descriptor)


def _call(number: int, *args: object) -> int:
    result = int(_libc.syscall(number, *args))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"system call {number}: {os.strerror(ctypes.get_errno())}")
    return result
