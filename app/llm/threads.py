"""How many threads decode. The number changes the speed of an answer but no bit of it.

llama.cpp's threads wait for each other by spinning, about ten times in each layer. While each has a processor to itself, that
is the fastest way. Where two share one, a token can take a hundred times as long. So the default asks what the machine has, and
a watchdog compares the speed with that of one thread.
"""

from __future__ import annotations

import os
from pathlib import Path

_PRESSURE = 25.0  # percent of the last 10 s in which something waited for a processor: above it, others want the processors too
_SLOWER = 1.25  # times one thread's time for a token; more threads must be faster than that
_STRIKES = 2  # slow tokens in a row


def default(root: Path = Path("/")) -> int:
    """Return min(affinity, cgroup quota); 1 if others want the processors or if nothing can be known, as in SCONE.

    `root` is the folder with proc and sys. Sources: sched(7), cgroups(7), the kernel's cgroup-v2.rst and psi.rst.
    """
    try:
        groups = (root / "proc/self/cgroup").read_text()
    except OSError:
        return 1
    return 1 if _pressure(root) > _PRESSURE else max(1, int(min(len(os.sched_getaffinity(0)), _quota(root, groups))))


def _pressure(root: Path) -> float:
    """Return `some avg10` of the processor's pressure, 0 if the kernel does not record it."""
    try:
        fields = (root / "proc/pressure/cpu").read_text().split()
        return float(dict(field.split("=") for field in fields[1:5])["avg10"])
    except (OSError, ValueError, KeyError):
        return 0.0


def _quota(root: Path, groups: str) -> float:
    """Return how many processors the cgroups in `groups` (/proc/self/cgroup) allow, infinity without a limit."""
    found = [float("inf")]
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mount = root / "sys/fs/cgroup" / controllers
        here = mount / path.lstrip("/")
        above = (parent for parent in here.parents if parent.is_relative_to(mount))
        found += [_limit(folder, version=1 if controllers else 2) for folder in (here, *above)]
    return min(found)


def _limit(folder: Path, *, version: int) -> float:
    try:
        if version == 1:
            quota, period = ((folder / f"cpu.cfs_{name}_us").read_text() for name in ("quota", "period"))
        else:
            quota, period = (folder / "cpu.max").read_text().split()
        return float(quota) / float(period) if float(quota) > 0 else float("inf")
    except (OSError, ValueError, ZeroDivisionError):
        return float("inf")


class Pace:
    """The watchdog: it drops to one thread for good if several threads are slower than one."""

    def __init__(self, threads: int) -> None:
        """Begin with `threads` threads."""
        self.threads = threads
        self._first: float | None = None
        self._alone: float | None = None
        self._strikes = 0

    def threads_for(self, tokens: int) -> int:
        """Return how many threads decode a batch of `tokens`. One thread decodes the second single token, for comparison."""
        return 1 if tokens == 1 and self._first is not None and self._alone is None else self.threads

    def took(self, tokens: int, threads: int, seconds: float) -> None:
        """Record how long a batch took."""
        if tokens != 1 or self.threads == 1:
            return
        if self._first is None:
            self._first = seconds
            return
        if threads == 1:
            self._alone, seconds = seconds, self._first
        slow = self._alone is not None and seconds > _SLOWER * self._alone
        self._strikes = self._strikes + 1 if slow else 0
        if self._strikes == _STRIKES:
            self.threads = 1
