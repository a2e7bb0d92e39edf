"""Fixtures that every room of the tests shares."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from app.llm.engine import Engine
from app.llm.models import checked_path, find
from tests.sdk import Ask, serving
from tests.support import SMALL, Desk

if TYPE_CHECKING:
    from tests.anvil import Past


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


@pytest.fixture
def new_desk(tmp_path: Path) -> Callable[[str], Desk]:
    return lambda name: Desk(tmp_path / name)


@pytest.fixture(scope="session")
def official() -> Iterator[Ask]:
    """Yield iExec's own code, to protect an object or to read a zip of ours."""
    with serving() as ask:
        yield ask


@pytest.fixture(scope="session")
def small_engine() -> Iterator[Engine]:
    with Engine(checked_path(find(SMALL))) as engine:
        yield engine


@pytest.fixture(scope="session")
def past() -> Iterator[Past]:
    """Yield a wallet with a past on a real anvil; nobody may add to it."""
    import web3  # noqa: F401  its import takes a second or two, which tests that look at the clock do not mean

    from tests.anvil import ANVIL, WALLET, anvil, lived

    if shutil.which("node") is None or not ANVIL.is_file():
        pytest.skip("node, or anvil in contracts/node_modules, is not here (`make test` fills the second, on Linux x86-64)")
    with anvil() as node:
        yield lived(node, WALLET)
