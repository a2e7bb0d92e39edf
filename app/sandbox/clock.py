"""A deadline for the guest.

WebAssembly is not stopped from outside without another build of the guest, so its fuel is cut to the time that is left.
"""

from __future__ import annotations

import time

from app.base.deadline import Deadline
from app.sandbox.machine import Ended, Image, Inputs, Machine

_TELLING = 10**8  # units of a run from which its time says how fast this machine is


class Pace:
    """How many units of fuel a second can use here, with half as much again: a run that could end in time is not cut."""

    def __init__(self) -> None:
        """Begin with more than any machine does."""
        self.most = 2e9

    def took(self, fuel: int, seconds: float) -> None:
        """Take note of a run."""
        if fuel > _TELLING and seconds > 0:
            self.most = 1.5 * fuel / seconds


class Clock:
    """The time that the runs of one snippet have."""

    def __init__(self, pace: Pace, deadline: Deadline) -> None:
        """Take the machine's pace, which the runs keep true."""
        self._pace, self._deadline = pace, deadline

    def enter(self, machine: Machine, image: Image, inputs: Inputs, fuel: int) -> Ended:
        """Return as `machine.enter`. Raises `ModelError` engine.too_slow where the time, and not `fuel`, was used up."""
        self._deadline.check()
        affordable = int(min(fuel, self._deadline.left * self._pace.most))
        began = time.monotonic()
        ended = machine.enter(image, inputs, affordable)
        self._pace.took(ended.fuel, time.monotonic() - began)
        if ended.cause == "out_of_fuel" and affordable < fuel:
            raise self._deadline.passed()
        return ended
