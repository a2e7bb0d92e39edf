"""What a run took and how it went about it: for the side file, which nothing signs and nothing depends on."""

from __future__ import annotations

import time

# What no content of an input has a part in: with protected data in the task, nothing else is told. How long reading and
# answering took, how many tokens were spared and how the threads fared is for whoever owns all of the input.
_OF_ALL = frozenset({"start_cpu", "write_ahead", "check_model", "load_model", "threads"})
_OF_FILES = "prompt_state_"  # and a job: why the state of its fixed words is not used


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

    def told(self, *, private: bool) -> dict[str, int | str]:
        """Return what may be told; with `private`, nothing that depends on what was read."""
        if not private:
            return self.table
        return {name: value for name, value in self.table.items() if name in _OF_ALL or name.startswith(_OF_FILES)}
