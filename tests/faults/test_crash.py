"""Nothing lies about after a crash: no core dump, no open memory, no secret in the environment, no file with content.

A real task is felled in the middle of its answer, with core dumps allowed by everything outside of it. What is looked for
is looked for in a process without the guard too: where the machine writes no dump even then, that is said.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.run import guard
from tests.support.desk import ROOT, SECRET, SMALL, Desk

pytestmark = pytest.mark.slow


CANARY, SAID = "the-canary-of-the-prompt-4711", "the-canary-of-a-requester-0815"
# Every signal whose default is a dump (signal(7)) and that no handler of Python's stands in the way of.
FELLING = [signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGQUIT, signal.SIGILL, signal.SIGSYS, signal.SIGXCPU]
BARE = "import sys, time; word = sys.argv[1]; print(flush=True); time.sleep(60)"
LOOK = """
import ctypes, json, os, sys
pid, found = sys.argv[1], {}
class Vec(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
many = [ctypes.POINTER(Vec), ctypes.c_ulong]
libc.process_vm_readv.argtypes = [ctypes.c_int, *many, *many, ctypes.c_ulong]
for name in ("mem", "environ", "maps", "auxv", "pagemap"):
    try: open(f"/proc/{pid}/{name}", "rb").read(0 if name in ("mem", "pagemap") else -1); found[name] = True
    except OSError: found[name] = False
try: os.listdir(f"/proc/{pid}/fd"); os.readlink(f"/proc/{pid}/fd/0"); found["fd"] = True
except OSError: found["fd"] = False
room, here = ctypes.create_string_buffer(8), Vec()
here.base, here.size = ctypes.addressof(room), 8
there = Vec(int(sys.argv[2]), 8)
found["process_vm_readv"] = libc.process_vm_readv(int(pid), ctypes.byref(here), 1, ctypes.byref(there), 1, 0) == 8
found["ptrace"] = libc.ptrace(16, int(pid), None, None) == 0  # PTRACE_ATTACH
print(json.dumps(found))
"""


# Becomes a process like any other of the same user: dumps allowed, and none of root's rights, which end at exec.
ANYONE = """
import ctypes, os, resource, sys
for capability in range(64):
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP; a user has none to drop
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
os.execv(sys.argv[1], sys.argv[1:])
"""


def by_anyone(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-c", ANYONE, *command]


@contextmanager
def started(command: Sequence[str], folder: Path, environ: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    folder.mkdir()
    pipes: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    kept = {number: signal.signal(number, signal.SIG_DFL) for number in FELLING}  # a job in the background ignores SIGQUIT
    try:
        child = subprocess.Popen(by_anyone(command), cwd=folder, env=environ, **pipes)
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


@contextmanager
def answering(tmp_path: Path) -> Iterator[tuple[Desk, subprocess.Popen[bytes]]]:
    """Yield a task that has read its inputs and is at its work: the model is mapped, and a long prompt is read."""
    desk = Desk(tmp_path / "desk")
    desk.dataset({"prompt": CANARY + " word" * 3_000, "allow": "system"})
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps({"system": SAID})
    command = [*desk.command(["--model", SMALL]), "--threads", "1"]
    with started(command, tmp_path / "cwd", {**desk.environ, "PYTHONPATH": os.fspath(ROOT)}) as child:
        deadline, mapped = time.monotonic() + 60, float("inf")
        while _seconds(child.pid) < mapped + 0.4:  # of its processor's time: the prompt takes several
            assert child.poll() is None and time.monotonic() < deadline, child.communicate()
            if mapped == float("inf") and _holds_a_model(child.pid):
                mapped = _seconds(child.pid)
            time.sleep(0.02)
        yield desk, child


def _holds_a_model(pid: int) -> bool:
    """Return whether a task has mapped its model; whoever is not root may not look, and takes it from the time."""
    return ".gguf" in Path(f"/proc/{pid}/maps").read_text() if os.geteuid() == 0 else _seconds(pid) > 1.5


def _seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def dumps(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and "core" in path.name]


@pytest.fixture(scope="module")
def writes_dumps(tmp_path_factory: pytest.TempPathFactory) -> bool:
    """Say whether this machine writes the dump of a process without the guard where it can be found: the control."""
    folder = tmp_path_factory.mktemp("control")
    with started([sys.executable, "-c", BARE, CANARY], folder / "cwd", {}) as child:
        assert child.stdout
        child.stdout.readline()
        child.send_signal(signal.SIGABRT)
        child.wait()
    found = dumps(folder)
    assert all(CANARY.encode() in path.read_bytes() for path in found)
    return bool(found)


@pytest.mark.parametrize("number", FELLING, ids=[number.name for number in FELLING])
def test_a_task_that_falls_leaves_no_dump_and_no_file_with_content(
    tmp_path: Path, number: signal.Signals, writes_dumps: bool
) -> None:
    with answering(tmp_path) as (desk, child):
        child.send_signal(number)
        assert child.wait() == -number
        stdout, stderr = child.communicate()
    assert (stdout, stderr) == (b"", b"")
    assert not dumps(tmp_path)
    words = [word.encode() for word in (CANARY, SAID, SECRET, SECRET[2:])]
    inputs = [path for path in tmp_path.rglob("*") if path.is_file() and path.parent == desk.inside]
    others = [path for path in tmp_path.rglob("*") if path.is_file() and path not in inputs]
    assert {path.name for path in others} == {"result.json", "computed.json"}  # those written ahead
    assert not [path for path in others for word in words if word in path.read_bytes()]
    if not writes_dumps:
        pytest.skip("the kernel of this machine writes no dump in the working folder (/proc/sys/kernel/core_pattern)")


def test_a_running_task_is_closed_to_its_own_user(tmp_path: Path) -> None:
    text = ctypes.create_string_buffer(8)
    with started([sys.executable, "-c", BARE, CANARY], tmp_path / "bare", {"A": "b"}) as child:
        assert child.stdout
        child.stdout.readline()
        open_ = looked_at(child.pid, int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[23]))
    if not all(open_.values()):  # Yama, a container's seccomp
        assert open_["environ"] and open_["maps"], f"nothing can be seen here even without the guard: {open_}"
    with answering(tmp_path) as (_, child):
        assert not [name for name, found in looked_at(child.pid, ctypes.addressof(text)).items() if found]
        limits = Path(f"/proc/{child.pid}/limits").read_text()
        assert [line.split()[4:6] for line in limits.splitlines() if line.startswith("Max core file")] == [["0", "0"]]
        if os.geteuid() == 0:  # pytest itself has root's right
            environ = Path(f"/proc/{child.pid}/environ").read_bytes()
            assert b"IEXEC_TASK_ID=" in environ and b"IEXEC_APP_DEVELOPER_SECRET=\0\0" in environ
            assert SECRET.encode() not in environ and SAID.encode() not in environ


def looked_at(pid: int, address: int) -> dict[str, bool]:
    """Return what another process of the same user can do to `pid`."""
    done = subprocess.run(by_anyone([sys.executable, "-c", LOOK, str(pid), str(address)]), capture_output=True, check=True)
    found: dict[str, bool] = json.loads(done.stdout)
    return found


REFUSING = """
import ctypes, errno, os, sys
sys.path.insert(0, {root!r})
from tests.support.enclave import syscalls
lib = syscalls._library()
context = lib.seccomp_init(syscalls._ALLOW)
for name in ("prlimit64", "setrlimit", "prctl"):
    syscalls._rule(lib, context, name, errno.ENOSYS)
assert lib.seccomp_load(context) == 0
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def test_where_the_calls_are_refused_the_task_goes_on(desk: Desk, new_desk: Any) -> None:
    desk.dataset({"prompt": "What is the capital of France?", "max_tokens": 4})
    plain = new_desk("plain")
    plain.dataset({"prompt": "What is the capital of France?", "max_tokens": 4})
    refused = [sys.executable, "-c", REFUSING.format(root=os.fspath(ROOT)), *desk.command(["--model", SMALL])[1:]]
    done = subprocess.run(refused, env=desk.environ, capture_output=True, check=False, cwd="/")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (desk.out / "result.json").read_bytes() == plain.run().raw


def desk_process(environ: dict[str, str]) -> tuple[int, str]:
    """Return whether a desk's process is dumpable, and its limit of core dumps, as it sees them itself."""
    code = "import ctypes, resource; from app.run import guard; guard.close(in_task={}); "
    code += "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), *resource.getrlimit(resource.RLIMIT_CORE))"
    command = by_anyone([sys.executable, "-c", code.format(environ.pop("task", False))])
    environ = {**environ, "PYTHONPATH": os.fspath(ROOT)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    dumpable, *limits = done.stdout.split()
    return int(dumpable), " ".join(limits)


def test_a_desk_may_be_opened_for_debugging_and_a_task_may_not() -> None:
    assert desk_process({}) == (0, "0 0")
    assert desk_process({guard.OPEN: "1"})[0] == 1
    assert desk_process({guard.OPEN: "1", "task": True}) == (0, "0 0")  # type: ignore[dict-item]


def test_the_secrets_are_out_of_the_environment_and_the_rest_stays() -> None:
    code = """
import json, os
from app.run import guard
environ = guard.taken()
os.system("env > /dev/null")
print(json.dumps([environ, dict(os.environ), os.popen("env").read(), open("/proc/self/environ").read()]))
"""
    secrets = {
        "IEXEC_APP_DEVELOPER_SECRET": "s1" * 9,
        "IEXEC_APP_DEVELOPER_SECRET_1": "s2" * 9,
        "IEXEC_REQUESTER_SECRET_7": "s3é" * 9,
    }
    given = {**secrets, "IEXEC_OUT": "/x", "IEXEC_REQUESTER_SECRET_8": "", "OTHER": "kept", "PYTHONPATH": os.fspath(ROOT)}
    given["PATH"] = os.environ["PATH"]
    done = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, check=True)
    environ, left, children, block = json.loads(done.stdout)
    assert environ.items() >= given.items()
    assert left["OTHER"] == "kept" and not left.keys() & {*secrets, "IEXEC_REQUESTER_SECRET_8"}
    for secret in secrets.values():
        assert secret not in children and secret not in block
    assert "OTHER=kept" in children and "OTHER=kept" in block
