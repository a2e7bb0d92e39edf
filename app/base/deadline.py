"""The deadline of one item of a task, and how the items of a bulk slice share the time of the slice.

The clock decides which error an item has, and whether the sentences of a score are the model's or fixed ones, which the score
then says. It never changes a bit of an answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from app.base.errors import ModelError

_CODE = "engine.too_slow"


class Deadline:
    """A moment after which no further step begins. It is passed to every function that may take long."""

    __slots__ = ("_clock", "_end")

    def __init__(self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock. Without `seconds`, the deadline never passes."""
        self._clock = clock
        self._end = seconds if math.isinf(seconds) else clock() + seconds

    @property
    def left(self) -> float:
        """Return how many seconds are left: zero or less once the deadline has passed."""
        return self._end if math.isinf(self._end) else self._end - self._clock()

    def check(self) -> None:
        """Raise `ModelError` engine.too_slow if the deadline has passed."""
        if self.left <= 0:
            raise self.passed()

    def passed(self) -> ModelError:
        """Return the error of an item that this deadline has cut short."""
        return ModelError(_CODE, "the item took longer than its share of the slice's time")


NEVER = Deadline()


class Shares:
    """The seconds of a slice. Half of them belong to all items in equal parts; the other half is spare time for slow items.

    Each item gets its equal part and a quarter of the spare time; the last item gets all of the spare time. Spare time is the
    other half, and what earlier items left of their parts. So an honest item that takes longer is not cut off. Whatever an item
    does, the equal parts of later items stay untouched, and any number of endless items still leaves some spare time for the
    next one. The time that remains in the end goes to the items that were cut off: half of it to each, and all of it to the
    last.
    """

    def __init__(self, items: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock for this many items."""
        self._clock = clock
        self._whole = Deadline(seconds, clock)
        self._part = seconds / 2 / max(1, items)

    def next(self, left: int) -> Deadline:
        """Return the deadline of the next item; `left` counts the items still to come, this one included."""
        time_left = max(0.0, self._whole.left)
        spare = max(0.0, time_left - left * self._part)
        part = min(self._part, time_left / left)
        return Deadline(part + spare / min(4, left), self._clock)

    def again(self, left: int) -> Deadline:
        """Return the deadline for the second try of an item that was cut off; `left` counts such items, this one included."""
        time_left = max(0.0, self._whole.left)
        return Deadline(time_left / min(2, left), self._clock)
