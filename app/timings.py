"""What a run took and how it went about it: for the side file, which nothing signs and nothing depends on."""

from __future__ import annotations

import time


class Timings:
    """Milliseconds from one step to the next, and a few words."""

    def __init__(self) -> None:
        """Start the clock; what the start of the process cost the processor is the first entry."""
        self.table: dict[str, int | str] = {"start_cpu": round(time.process_time() * 1000)}
        self._sums: dict[str, float] = {}
        self._last = time.monotonic()

    def mark(self, step: str) -> None:
        """Add the milliseconds since the last step to those of `step`, which each item of a slice may take once more."""
        now = time.monotonic()
        self._sums[step] = self._sums.get(step, 0.0) + (now - self._last) * 1000
        self.table[step] = round(self._sums[step])
        self._last = now

    def note(self, name: str, value: int | str) -> None:
        """Write `value` down under `name`."""
        self.table[name] = value
