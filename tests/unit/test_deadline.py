"""How the items of a slice share its time, on a clock that stands still unless it is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from app.base.deadline import NEVER, Deadline, Shares
from app.base.errors import ModelError


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


def used(wanted: Sequence[float], seconds: float = 240.0) -> list[float]:
    """Return what each of the items takes that want so many seconds, and cut off gives up, in one round."""
    clock = Clock()
    shares = Shares(len(wanted), seconds, clock)
    took = []
    for at, wish in enumerate(wanted):
        took.append(min(wish, shares.next(len(wanted) - at).left))
        clock.now += took[-1]
    return took


ENDLESS = float("inf")


@pytest.mark.parametrize("place", [0, 1, 49, 99])
def test_one_endless_item_takes_nothing_from_honest_ones(place: int) -> None:
    wanted = [2.0] * 100
    wanted[place] = ENDLESS
    took = used(wanted)
    assert [one for at, one in enumerate(took) if at != place] == [2.0] * 99
    assert sum(took) <= 240.0


@pytest.mark.parametrize("hostile", [1, 2, 10, 50, 90, 99])
def test_however_many_are_endless_an_honest_item_has_its_part(hostile: int) -> None:
    """Half of the time in equal parts is everyone's own."""
    took = used([ENDLESS] * hostile + [1.2] * (100 - hostile))
    assert took[hostile:] == [1.2] * (100 - hostile)
    assert sum(took) <= 240.0 + 1e-6


def test_honest_items_that_fit_into_the_slice_one_after_another_all_end() -> None:
    assert used([5.0] * 40) == [5.0] * 40
    assert used([100.0, 100.0]) == [100.0, 100.0]
    assert used([240.0]) == [240.0]


def test_no_item_is_left_without_time_when_the_slice_is_too_large() -> None:
    """100 items of 5 s do not fit: most of those that were begun first end, and every other one had its part."""
    took = used([5.0] * 100)
    assert took.count(5.0) >= 25 and min(took) >= 1.2 and sum(took) <= 240.0 + 1e-6


def test_what_remains_is_for_items_that_were_cut_off() -> None:
    clock = Clock()
    shares = Shares(2, 240.0, clock)
    clock.now += 40
    assert [shares.again(2).left, shares.again(1).left] == [100.0, 200.0]
    clock.now += 300
    assert (shares.next(1).left, shares.again(1).left) == (0.0, 0.0)


def test_a_deadline() -> None:
    clock = Clock()
    deadline = Deadline(2.0, clock)
    deadline.check()
    clock.now += 2.0
    with pytest.raises(ModelError) as err:
        deadline.check()
    assert err.value.code == "engine.too_slow"
    NEVER.check()
    assert NEVER.left == float("inf")
