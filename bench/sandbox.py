"""The sandbox: a fresh process to its first verdict, its memory, and a further test against starting CPython for it.

python -m bench.sandbox

Targets: start and a trivial snippet in 1.5 s, at most 150 MiB. The peer is the usual way: the same interpreter, started
anew for each snippet on the same engine.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial

from app.base.limits import LIMITS
from app.sandbox import guest
from app.sandbox.machine import Machine
from app.sandbox.sandbox import Assertion, Sandbox
from bench.measure import in_turns, median, run

ROUNDS = 7
FIRST = """
from app.sandbox.sandbox import Assertion, Sandbox
assert Sandbox().run("x = 1 + 1", [Assertion("assert x == 2")]).passed == 1
"""
PROGRAMS = {"first": FIRST, "nothing": "import app.sandbox.sandbox"}


def main() -> None:
    """Print the figures."""
    environ = {"PATH": os.environ["PATH"]}
    programs = {name: partial(run, [sys.executable, "-c", code], environ) for name, code in PROGRAMS.items()}
    whole = in_turns(programs, ROUNDS)
    first, nothing = (median([cost.seconds for cost in whole[name]]) for name in ("first", "nothing"))
    peak, bare = (median([cost.mebibytes for cost in whole[name]]) for name in ("first", "nothing"))
    print(f"process to first verdict {first:.2f} s, of which imports {nothing:.2f} s (target 1.5)")
    print(f"peak resident memory {peak:.0f} MiB, {peak - bare:.0f} MiB of it the sandbox's (target 150)")
    sandbox, machine = Sandbox(), Machine(guest.load_guest()[0], memory_bytes=LIMITS.test_memory_bytes)
    seconds = in_turns({"copy": partial(_timed_copy, sandbox), "start": partial(_timed_start, machine)}, ROUNDS)
    copy, start = median(seconds["copy"]), median(seconds["start"])
    says = f"a further test with its control {copy * 1000:.0f} ms, a start of CPython {start * 1000:.0f} ms"
    print(f"{says}: ratio {copy / start:.3f}")


def _timed_copy(sandbox: Sandbox) -> float:
    began = time.perf_counter()
    if sandbox.run("x = 1 + 1", [Assertion("assert x == 2")]).passed != 1:
        raise SystemExit("the snippet did not pass")
    return time.perf_counter() - began


def _timed_start(machine: Machine) -> float:
    began = time.perf_counter()
    args = [b"python", b"-S", b"-s", b"-B", b"-c", b"x = 1 + 1\nassert x == 2"]
    ended, _, _ = machine.boot(args, [b"PYTHONHASHSEED=0"], LIMITS.test_fuel)
    if (ended.cause, ended.status) not in (("returned", -1), ("exit", 0)):
        raise SystemExit("CPython did not start")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
