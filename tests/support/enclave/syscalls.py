"""The system calls that SCONE refuses, as a seccomp filter (libseccomp writes the BPF).

Sources: docs/explanation/enclaves.md, "What SCONE refuses" (no fork, exec only after vfork, threads are lthreads,
membarrier and mbind unsupported, and what else no enclave can have). `rseq` stays: glibc ends a process whose rseq begins
to fail.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
from typing import Any

EXEC_FD = 1_000  # the one descriptor that execveat may start: the launcher's, closed by that very call
AT_EMPTY_PATH = 0x1000

PLAIN = (
    *("fork", "vfork", "clone3", "execve"),  # glibc goes from a missing clone3 to clone, so threads still start
    *("memfd_create", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("membarrier", "mbind", "set_mempolicy", "get_mempolicy", "migrate_pages", "move_pages"),
    *("mlock", "mlock2", "mlockall", "userfaultfd", "perf_event_open", "bpf", "ptrace", "process_vm_readv"),
    *("shmget", "semget", "msgget", "unshare", "setns", "mount", "personality", "pidfd_open"),
)
"""Refused with ENOSYS whatever their arguments."""

_CLONE_THREAD = 0x10000
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000
_NE, _MASKED_EQ = 1, 7
_EXEC, _WRITE = mmap.PROT_EXEC, mmap.PROT_WRITE


class _Compare(ctypes.Structure):
    """`struct scmp_arg_cmp` of libseccomp."""

    _fields_ = (("arg", ctypes.c_uint), ("op", ctypes.c_int), ("a", ctypes.c_uint64), ("b", ctypes.c_uint64))


def refuse() -> None:
    """Install the filter for this process and all that it becomes. Raises `OSError`."""
    lib = _library()
    context = lib.seccomp_init(_ALLOW)
    for name in PLAIN:
        _rule(lib, context, name, errno.ENOSYS)
    _rule(lib, context, "clone", errno.ENOSYS, _Compare(0, _MASKED_EQ, _CLONE_THREAD, 0))
    _rule(lib, context, "execveat", errno.ENOSYS, _Compare(0, _NE, EXEC_FD))
    _rule(lib, context, "execveat", errno.ENOSYS, _Compare(4, _NE, AT_EMPTY_PATH))
    # Code pages come from private mappings of files (a library's text) and from nowhere else.
    _rule(lib, context, "mmap", errno.EACCES, _all_of(2, _EXEC | _WRITE))
    for flag in (mmap.MAP_ANON, mmap.MAP_SHARED):
        _rule(lib, context, "mmap", errno.EACCES, _all_of(2, _EXEC), _all_of(3, flag))
    for name in ("mprotect", "pkey_mprotect"):
        _rule(lib, context, name, errno.EACCES, _all_of(2, _EXEC))
    if code := lib.seccomp_load(context):
        raise OSError(-code, "seccomp_load")
    lib.seccomp_release(context)


def number(name: str) -> int:
    """Return the number of a system call on this machine. Raises `OSError` if libseccomp does not know it."""
    found = int(_library().seccomp_syscall_resolve_name(name.encode()))
    if found < 0:
        raise OSError(errno.ENOSYS, name)
    return found


def _all_of(arg: int, bits: int) -> _Compare:
    return _Compare(arg, _MASKED_EQ, bits, bits)


def _rule(lib: Any, context: Any, name: str, code: int, *when: _Compare) -> None:
    array = (_Compare * len(when))(*when)
    if failed := lib.seccomp_rule_add_array(context, _ERRNO | code, number(name), len(when), array):
        raise OSError(-failed, f"seccomp_rule_add_array {name}")


def _library() -> Any:
    lib = ctypes.CDLL("libseccomp.so.2")
    lib.seccomp_init.restype = ctypes.c_void_p
    lib.seccomp_init.argtypes = [ctypes.c_uint32]
    lib.seccomp_rule_add_array.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p]
    lib.seccomp_load.argtypes = lib.seccomp_release.argtypes = [ctypes.c_void_p]
    return lib
