"""A hostile item of a bulk slice costs itself alone: a good item beside it gives the very bytes that it gives alone.

All of `tests/support/attack/hostile_items.py` runs in the campaign, and `python -m tests.support.attack.hostile_items` prints
the table; here one of each sort, together in one slice, under the heap that docs/reference/images.md names for the small model.
"""

from __future__ import annotations

import pytest

from tests.support.attack import hostile_items as attack
from tests.support.desk import SMALL

HEAP = 512 * 2**20


@pytest.mark.slow
def test_one_of_each_sort_beside_good_items() -> None:
    found = attack.together(attack.SHORT, goods=("ask", "score"), model=SMALL, heap=HEAP)
    assert found.identical, found
    assert found.peak <= HEAP


def test_the_table_has_what_it_says() -> None:
    assert len(attack.KINDS) >= 50 and set(attack.SHORT) < attack.KINDS.keys()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["objects no two alike", "a device without end"])
def test_alone_with_it(kind: str) -> None:
    (found,) = attack.isolation([kind], goods=("ask",), model=SMALL, heap=HEAP)
    assert found.identical, found
