"""Negative controls: each refusal of the rehearsal lets a small probe through outside and stops it inside."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.desk import Desk
from tests.support.enclave.inside import heap, inside
from tests.support.enclave.syscalls import PLAIN, number

pytestmark = pytest.mark.slow


PRELUDE = """
import ctypes, mmap, os, subprocess, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mprotect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
out, inp = os.environ["IEXEC_OUT"], os.environ["IEXEC_IN"]
def call(*args):
    if libc.syscall(*args) < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
"""
ENOSYS, EACCES, MEMORY = "[Errno 38]", "[Errno 13]", "MemoryError"
EXECVEAT = """
fd = os.open(sys.executable, os.O_RDONLY)
call({execveat}, fd, b'', (ctypes.c_char_p * 3)(sys.executable.encode(), b'-V'), (ctypes.c_char_p * 1)(), 0x1000)
"""
SHARED_CODE = """
fd = os.open(out + '/code', os.O_RDWR | os.O_CREAT)
os.truncate(fd, 4096)
mmap.mmap(fd, 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_EXEC)
"""
MPROTECT = """
page = libc.mmap(None, 4096, 3, mmap.MAP_PRIVATE | mmap.MAP_ANON, -1, 0)
if libc.mprotect(page, 4096, 5): raise OSError(ctypes.get_errno(), '')
"""
THREAD = """
done = []
thread = threading.Thread(target=done.append, args=[1])
thread.start()
thread.join()
assert done
"""

PROBES: dict[str, tuple[str, str]] = {
    "fork": ("if not os.fork(): os._exit(0)", ENOSYS),
    "posix_spawn": ("os.posix_spawn('/bin/true', ['true'], dict())", ENOSYS),
    "subprocess": ("subprocess.run(['/bin/true'], check=True)", ENOSYS),
    "execve": ("os.execv(sys.executable, [sys.executable, '-c', ''])", ENOSYS),
    "execveat": (EXECVEAT, ENOSYS),
    "the launcher's descriptor": ("os.dup2(os.open(sys.executable, os.O_RDONLY), 1000)", "[Errno 9]"),
    "writable code": ("mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANON, 7)", EACCES),
    "anonymous code": ("mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANON, 5)", EACCES),
    "code in a file that is also written": (SHARED_CODE, EACCES),
    "data that becomes code": (MPROTECT, EACCES),
    "a libffi closure": ("ctypes.CFUNCTYPE(ctypes.c_int)(int)", MEMORY),
    "memfd": ("os.memfd_create('x')", ENOSYS),
    "io_uring": ("params = bytes(120)\ncall({io_uring_setup}, 1, params)", ENOSYS),
    "the requester's PATH": ("os.environ['PATH']", "KeyError"),
    "another cwd": ("assert os.getcwd() != '/'", "AssertionError"),
    "proc": ("open('/proc/self/maps')", EACCES),
    "sys": ("os.listdir('/sys')", EACCES),
    "dev": ("open('/dev/null')", EACCES),
    "entropy by file": ("open('/dev/urandom')", EACCES),
    "users": ("open('/etc/passwd')", EACCES),
    "tests": ("open({here!r})", EACCES),
    "write in tmp": ("open('/tmp/sealed-llm-probe', 'w'); os.unlink('/tmp/sealed-llm-probe')", EACCES),
    "write in IEXEC_IN": ("open(inp + '/new', 'w')", EACCES),
    "write beside the code": ("name = {app!r} + '/new.pyc'; open(name, 'w'); os.unlink(name)", EACCES),
    "the whole heap": ("mmap.mmap(-1, {heap})", "[Errno 12]"),
    "a second CPU": ("assert len(os.sched_getaffinity(0)) > 1", "AssertionError"),
}
ALLOWED: dict[str, str] = {
    "a thread": THREAD,
    "IEXEC_OUT": "open(out + '/a', 'w').write('x'); os.rename(out + '/a', out + '/b'); os.unlink(out + '/b')",
    "IEXEC_IN": "os.listdir(inp)",
    "nothing but IEXEC_*": "assert all(name.startswith('IEXEC_') or name == 'LC_CTYPE' for name in os.environ), os.environ",
    "half the heap": "mmap.mmap(-1, {heap} // 2)",
}
SPIN = """
import threading
gate, said = threading.Lock(), []
gate.acquire()
threading.Thread(target=lambda: (gate.acquire(), said.append(1))).start()
gate.release()
while not said: pass
"""


def probe(desk: Desk, code: str, *, confined: bool) -> subprocess.CompletedProcess[str]:
    filled = code.format(
        execveat=number("execveat"),
        io_uring_setup=number("io_uring_setup"),
        heap=heap(),
        here=__file__,
        app=str(Path(__file__).parents[2] / "app"),
    )
    command = [sys.executable, "-c", PRELUDE + filled]
    return subprocess.run(
        inside(command) if confined else command,
        env=desk.environ | {"PATH": "/bin"},
        cwd="/tmp",  # noqa: S108  any folder but /
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("code", "refusal"), PROBES.values(), ids=PROBES.keys())
def test_a_refusal_bites(desk: Desk, code: str, refusal: str) -> None:
    free = probe(desk, code, confined=False)
    assert (free.returncode, free.stderr) == (0, "")
    held = probe(desk, code, confined=True)
    assert held.returncode == 1
    assert refusal in held.stderr.splitlines()[-1]


@pytest.mark.parametrize("code", ALLOWED.values(), ids=ALLOWED.keys())
def test_what_an_enclave_has_is_there(desk: Desk, code: str) -> None:
    held = probe(desk, code, confined=True)
    assert (held.returncode, held.stderr) == (0, "")


def test_every_plain_refusal_answers_that_the_call_does_not_exist(desk: Desk) -> None:
    """With arguments that no call accepts: outside some other error, inside always ENOSYS."""
    harmless = [name for name in PLAIN if name not in {"fork", "vfork"}]
    code = f"for number in {[number(name) for name in harmless]}:\n    try: call(number, *[ctypes.c_long(-1)] * 6)\n"
    code += "    except OSError as err: print(err.errno)\n    else: print(0)\n"
    free, held = (probe(desk, code, confined=confined).stdout.split() for confined in (False, True))
    assert held == ["38"] * len(harmless)
    assert [name for name, errno in zip(harmless, free, strict=True) if errno == "38"] == []


def test_a_thread_that_spins_is_never_preempted(desk: Desk) -> None:
    """SCONE's threads give way in a system call only; a thread that waits by spinning waits for ever."""
    may = "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))"
    if subprocess.run([sys.executable, "-c", may], capture_output=True, check=False).returncode:
        pytest.skip("this user may not ask for SCHED_FIFO: threads inside are preempted, more than SCONE's are")
    command = [sys.executable, "-c", SPIN]
    assert subprocess.run(command, env=desk.environ, timeout=20, check=False).returncode == 0
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(inside(command), env=desk.environ, timeout=2, check=False)
