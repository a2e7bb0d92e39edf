"""Make sure that a process with secrets leaves nothing readable behind when it crashes.

`python -m app` does this first, before it reads its environment. It disables core dumps, whatever limit the process started
with and wherever the kernel would send the dump. (core(5): a program behind a pipe gets a dump in spite of RLIMIT_CORE, but
never of a process that is not dumpable.) It also keeps other processes of the same user from reading its memory, environment
and descriptors (PR_SET_DUMPABLE in prctl(2), "Ptrace access mode checking" in ptrace(2)). Root on the host can still read them,
outside of an enclave.

If a call is refused, as enclaves refuse many, the task goes on: the memory of an enclave is not in the host's dump anyway.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource

OPEN = "SEALED_LLM_DEBUGGABLE"
_PR_SET_DUMPABLE = 4


def close(*, in_task: bool) -> None:
    """Protect this process from dumps and debuggers. Outside of a task, the variable `OPEN` turns this off for debugging."""
    if not in_task and os.environ.get(OPEN):
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if in_task:
        import faulthandler

        faulthandler.disable()  # stderr is public


def taken() -> dict[str, str]:
    """Return the environment and remove its secrets from `os.environ` and from the block that the kernel shows.

    After that, /proc/PID/environ, a child process and a dump of the stack no longer hold them. Python cannot erase the strings
    that are returned: they are copied when they are decoded, and freed without being overwritten
    (docs/explanation/enclaves.md).
    """
    environ = dict(os.environ)
    libc = ctypes.CDLL(None)
    libc.getenv.restype, libc.getenv.argtypes = ctypes.c_void_p, [ctypes.c_char_p]
    for name, value in environ.items():
        if name.startswith("IEXEC_") and "SECRET" in name:
            if where := libc.getenv(os.fsencode(name)):
                ctypes.memset(where, 0, len(os.fsencode(value)))
            del os.environ[name]
    return environ
