"""What a process that holds secrets leaves behind when it falls: nothing to read.

The first thing that `python -m app` does, before it looks at its environment. No core dump, whatever limit the process came
with and wherever the kernel would send one (core(5): a program behind a pipe gets a dump in spite of RLIMIT_CORE, but never of
a process that is not dumpable); no look into its memory, environment and descriptors by another process of the same user
(PR_SET_DUMPABLE in prctl(2), "Ptrace access mode checking" in ptrace(2)). Root on the host, outside of an enclave, still can.

Where a call is refused, as enclaves refuse many, the task goes on: an enclave's memory is not in the host's dump anyway.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource

OPEN = "SEALED_LLM_DEBUGGABLE"
_PR_SET_DUMPABLE = 4


def close(*, in_task: bool) -> None:
    """Close this process; at the desk not if the variable `OPEN` is set, whose person may debug what is their own."""
    if not in_task and os.environ.get(OPEN):
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if in_task:
        import faulthandler

        faulthandler.disable()  # what stderr says is public


def taken() -> dict[str, str]:
    """Return the environment, and drop the secrets in it: from `os.environ`, and from the block that the kernel shows.

    /proc/PID/environ, a child and a dump of the stack no longer have them. What Python cannot do is forget the strings
    returned: they are copied where they are decoded, and freed without being overwritten (docs/explanation/enclaves.md).
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
