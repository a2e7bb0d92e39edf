"""Until when one item of a task may take its time, and how the items of a slice share theirs.

The clock decides which error an item has, and whether a score's sentences are the model's or fixed ones, which the score
then says; it never decides a bit of what is answered.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from app.base.errors import ModelError

_CODE = "engine.too_slow"


class Deadline:
    """A moment after which nothing more is begun; handed to whatever takes long."""

    __slots__ = ("_clock", "_end")

    def __init__(self, seconds: float = math.inf, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count; without `seconds`, there is no end."""
        self._clock = clock
        self._end = seconds if math.isinf(seconds) else clock() + seconds

    @property
    def left(self) -> float:
        """Return the seconds that are left, zero or less when it has passed."""
        return self._end if math.isinf(self._end) else self._end - self._clock()

    def check(self) -> None:
        """Raise `ModelError` engine.too_slow if it has passed."""
        if self.left <= 0:
            raise self.passed()

    def passed(self) -> ModelError:
        """Return what is said of an item that it has cut short."""
        return ModelError(_CODE, "the item took longer than its share of the slice's time")


NEVER = Deadline()


class Shares:
    """The seconds of a slice. Half of them belong to all items in equal parts; the other half is for those that need more.

    An item gets its part, and a quarter of what is spare besides, if it is the last all of it: the other half, and all that
    the items before it left of theirs. So an honest item that takes longer is not cut off, the parts of those after it stay
    untouched whatever it does, and any number of endless items leaves something of the spare time to the next. What remains
    in the end is for items that were cut off, half of it for each and all of it for the last.
    """

    def __init__(self, items: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count."""
        self._clock = clock
        self._whole = Deadline(seconds, clock)
        self._part = seconds / 2 / max(1, items)

    def next(self, left: int) -> Deadline:
        """Return the deadline of the next item, with which there are `left` to come."""
        time_left = max(0.0, self._whole.left)
        spare = max(0.0, time_left - left * self._part)
        part = min(self._part, time_left / left)
        return Deadline(part + spare / min(4, left), self._clock)

    def again(self, left: int) -> Deadline:
        """Return the deadline of an item that was cut off, with which there are `left` such."""
        time_left = max(0.0, self._whole.left)
        return Deadline(time_left / min(2, left), self._clock)
