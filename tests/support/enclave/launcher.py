"""Start a program as SCONE would, with its refusals and without SGX: test equipment, no root needed.

    python tests/support/enclave/launcher.py --heap BYTES [--read PATH]... [--list PATH]... program [argument]...

Everything is in force before the program's first instruction: only IEXEC_* in the environment, cwd /,
an address space of BYTES, one CPU, the files of `files.py`, the system calls of `syscalls.py`. Where the
machine lets it, threads of that CPU do not preempt each other (SCHED_FIFO), as SCONE's do not.

It rehearses the interface. It shows nothing of attestation, EPC paging, SCONE's C library or speed.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import sys
from pathlib import Path
from typing import NoReturn

if __name__ == "__main__":
    sys.path.insert(0, os.fspath(Path(__file__).resolve().parents[3]))

from tests.support.enclave import files, syscalls

SYSTEM = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/hosts", "/etc/resolv.conf")
_OPEN_FILES = 256  # below EXEC_FD, so that no descriptor of that number can ever be opened again


def start(program: list[str], heap: int, read: list[str], listed: list[str]) -> NoReturn:
    """Become `program` inside. Raises `OSError` if a refusal cannot be put in force."""
    environ = {name: value for name, value in os.environ.items() if name.startswith("IEXEC_")}
    os.chdir("/")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    os.dup2(os.open(program[0], os.O_RDONLY), syscalls.EXEC_FD, inheritable=False)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    exchange = [environ[name] for name in ("IEXEC_IN",) if name in environ]
    files.restrict([*SYSTEM, *read, *exchange], listed, [environ[name] for name in ("IEXEC_OUT",) if name in environ])
    argv, envp = _strings(program), _strings([f"{name}={value}" for name, value in environ.items()])
    execveat, libc = syscalls.number("execveat"), ctypes.CDLL(None, use_errno=True)
    syscalls.refuse()
    resource.setrlimit(resource.RLIMIT_AS, (heap, heap))
    libc.syscall(execveat, syscalls.EXEC_FD, b"", argv, envp, syscalls.AT_EMPTY_PATH)
    raise OSError(ctypes.get_errno(), "execveat")


def _strings(values: list[str]) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(values) + 1))(*map(os.fsencode, values), None)


def main() -> NoReturn:
    """Read the command line and start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heap", type=int, required=True, metavar="BYTES")
    parser.add_argument("--read", action="append", default=[], metavar="PATH")
    parser.add_argument("--list", action="append", default=[], metavar="PATH", dest="listed")
    parser.add_argument("program", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    start(options.program, options.heap, options.read, options.listed)


if __name__ == "__main__":
    main()
