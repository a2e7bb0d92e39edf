"""Start a program, take its wall time and its peak resident memory; run contenders in turns."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """One run: seconds of wall time, MiB of peak resident memory, and what it said on stdout."""

    seconds: float
    mebibytes: float
    stdout: bytes


def run(command: Sequence[str | Path], environ: Mapping[str, str]) -> Cost:
    """Return the cost of `command` with only `environ`; a non-zero exit ends the benchmark with its last words."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        child = subprocess.Popen(command, env=dict(environ), cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=errors)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise SystemExit(f"{command[0]} ended with {child.returncode}: {said[-1] if said else 'no word'}")
        out.seek(0)
        return Cost(seconds, usage.ru_maxrss / 1024, out.read())


def in_turns(contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Return `rounds` outcomes of each contender, taken in turns so that a slow moment hits all alike."""
    found: dict[str, list[T]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, contend in contenders.items():
            found[name].append(contend())
    return found


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)
