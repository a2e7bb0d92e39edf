"""Fixtures that every room of the tests shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.llm.engine import Engine
from app.llm.models import checked_path, find
from tests.support import SMALL, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture
def new_desk(tmp_path: Path) -> Callable[[str], Desk]:
    return lambda name: Desk(tmp_path / name)


@pytest.fixture(scope="session")
def small_engine() -> Iterator[Engine]:
    with Engine(checked_path(find(SMALL))) as engine:
        yield engine
