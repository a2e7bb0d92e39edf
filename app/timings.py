"""What a run took and how it went about it: for the side file, which nothing signs and nothing depends on."""

from __future__ import annotations

import time


class Timings:
    """Milliseconds from one step to the next, and a few words."""

    def __init__(self) -> None:
        """Start the clock; what the start of the process cost the processor is the first entry."""
        self.table: dict[str, int | str] = {"start_cpu": round(time.process_time() * 1000)}
        self._last = time.monotonic()

    def mark(self, step: str) -> None:
        """Write down the milliseconds since the last step, under `step`."""
        now = time.monotonic()
        self.table[step] = round((now - self._last) * 1000)
        self._last = now

    def note(self, name: str, value: int | str) -> None:
        """Write `value` down under `name`."""
        self.table[name] = value
