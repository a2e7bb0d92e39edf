"""The timings of a run and other technical notes, for the side file. It is not signed, and no result depends on it."""

from __future__ import annotations

import time

# The entries that no content of an input influences; with protected data in the task, only these are told. The others, such as
# the time for reading and answering, the tokens saved and the state of the threads, are for those who own all of the input.
_OF_ALL = frozenset({"start_cpu", "write_ahead", "check_model", "load_model", "threads"})
_OF_FILES = "prompt_state_"  # followed by a job: why the prompt state of its fixed words is not used


class Timings:
    """Milliseconds from one step to the next, and a few notes."""

    def __init__(self) -> None:
        """Start the clock. The first entry is the processor time that the start of the process took."""
        self.table: dict[str, int | str] = {"start_cpu": round(time.process_time() * 1000)}
        self._sums: dict[str, float] = {}
        self._last = time.monotonic()

    def mark(self, step: str) -> None:
        """Add the milliseconds since the last step to `step`; in a slice, each item may add to the same step."""
        now = time.monotonic()
        self._sums[step] = self._sums.get(step, 0.0) + (now - self._last) * 1000
        self.table[step] = round(self._sums[step])
        self._last = now

    def note(self, name: str, value: int | str) -> None:
        """Record `value` under `name`."""
        self.table[name] = value

    def told(self, *, private: bool) -> dict[str, int | str]:
        """Return the entries that may be told; if `private`, only those that do not depend on the input."""
        if not private:
            return self.table
        return {name: value for name, value in self.table.items() if name in _OF_ALL or name.startswith(_OF_FILES)}
