"""What the sandbox asks of the system, by strace: nothing that an enclave refuses, whatever the snippet tries."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.desk import ROOT
from tests.support.system import STRACE, needs_strace

pytestmark = pytest.mark.slow


PROGRAM = """
import os, sys
from dataclasses import replace
sys.path.insert(0, sys.argv[1])
from app.base.limits import LIMITS
from tests.support.snippets.hostile import HOSTILE
os.write(1, b"load")
from app.sandbox.sandbox import Assertion, Sandbox
sandbox = Sandbox(limits=replace(LIMITS, test_fuel=50_000_000, test_memory_bytes=32 * 2**20))
sandbox.run("x = 1", [Assertion("assert x == 1")])
os.write(1, b"run")
for case in HOSTILE:
    sandbox.run(case.code, [Assertion(case.test)])
os.write(1, b"end")
"""
MEMORY = {"mmap", "munmap", "mremap", "brk", "madvise", "mprotect"}
REFUSED = {"fork", "vfork", "clone", "clone3", "execve", "socket", "connect", "kill", "memfd_create", "unlink", "rename"}


@needs_strace
def test_hostile_snippets_reach_no_system_call(tmp_path: Path) -> None:
    log = tmp_path / "trace"
    command = [str(STRACE), "-f", "-qq", "-o", str(log), sys.executable, "-c", PROGRAM, str(ROOT)]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False)
    assert (done.returncode, done.stdout) == (0, b"loadrunend"), done.stderr[-500:]
    _, load, run = (part.splitlines()[1:] for part in re.split(r'write\(1, "(?:load|run)"', log.read_text()))
    run = run[: next(index for index, line in enumerate(run) if 'write(1, "end"' in line)]
    assert run and calls(run) <= MEMORY, calls(run) - MEMORY
    assert not [line for line in run if "PROT_EXEC" in line]
    assert not calls(load) & REFUSED
    assert not [line for line in load if "PROT_EXEC" in line and ("mprotect(" in line or "PROT_WRITE" in line)]


def calls(trace: list[str]) -> set[str]:
    return {match[1] for line in trace if (match := re.match(r"\d+\s+(\w+)\(", line))}
