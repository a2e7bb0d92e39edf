"""Fixtures that every room of the tests shares."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.prompt_cache import PromptCache, pins
from tests.support import doors, rooms
from tests.support.desk import SMALL, Desk
from tests.support.official_sdk import Ask, serving

if TYPE_CHECKING:
    from tests.support.anvil import Past


def pytest_configure() -> None:
    doors.install()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name in doors.SLOW_FILES or not doors.SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)
    if os.environ.get("PYTEST_XDIST_WORKER"):
        rooms.longest_first(items, config.rootpath)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> rooms.Rooms:
    return rooms.Rooms(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    with doors.shut() if _is_quick(item) else nullcontext():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    with doors.shut() if _is_quick(item) else nullcontext():
        return (yield)


def _is_quick(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is None


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
def default_engine() -> Iterator[Engine]:
    """Yield the default model as a task for code has it: with its prompt states, and the last prompt kept."""
    model = find(None)
    with Engine(checked_path(model), states=PromptCache(model, pins().get(model.name, {}), recalls=True)) as engine:
        yield engine


@pytest.fixture(scope="session")
def past() -> Iterator[Past]:
    """Yield a wallet with a past on a real anvil; nobody may add to it."""
    import web3  # noqa: F401  its import takes a second or two, which tests that look at the clock do not mean

    from tests.support.anvil import ANVIL, WALLET, anvil, lived

    if shutil.which("node") is None or not ANVIL.is_file():
        pytest.skip("node, or anvil in contracts/node_modules, is not here (`make test` fills the second, on Linux x86-64)")
    with anvil() as node:
        yield lived(node, WALLET)
