"""A deadline for the guest.

Stopping WebAssembly from outside would need another build of the guest. Instead, its fuel is limited to what it can use in the
time that is left.
"""

from __future__ import annotations

import time

from app.base.deadline import Deadline
from app.sandbox.machine import Ended, Image, Inputs, Machine

_TELLING = 10**8  # fuel of a run that is long enough to tell how fast this machine is


class FuelPace:
    """The fuel that the guest can use in a second here, plus a half, so that no run is cut that could end in time."""

    def __init__(self) -> None:
        """Begin with a pace above that of any machine."""
        self.most = 2e9

    def took(self, fuel: int, seconds: float) -> None:
        """Record the fuel and the time of a run."""
        if fuel > _TELLING and seconds > 0:
            self.most = 1.5 * fuel / seconds


class Clock:
    """The time that the runs of one snippet have."""

    def __init__(self, pace: FuelPace, deadline: Deadline) -> None:
        """Take the pace of the machine, which the runs keep up to date."""
        self._pace, self._deadline = pace, deadline

    def enter(self, machine: Machine, image: Image, inputs: Inputs, fuel: int) -> Ended:
        """Return as `machine.enter`. Raises `ModelError` engine.too_slow if the time was used up, and not `fuel`."""
        self._deadline.check()
        affordable = int(min(fuel, self._deadline.left * self._pace.most))
        began = time.monotonic()
        ended = machine.enter(image, inputs, affordable)
        self._pace.took(ended.fuel, time.monotonic() - began)
        if ended.cause == "out_of_fuel" and affordable < fuel:
            raise self._deadline.passed()
        return ended
