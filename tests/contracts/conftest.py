"""One chain for each module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.contracts.chain import Chain, alive, end, started


@pytest.fixture(scope="module")
def chain() -> Iterator[Chain]:
    with started() as peer:
        yield peer
        assert (end(peer), alive(peer.facts["anvil"])) == (0, False)
