"""The tests' own house: what they have in common is in tests/support, and a quick test is quick by what it leaves alone."""

from __future__ import annotations

import ast
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from app.llm.engine import Engine
from app.sandbox.guest import GUEST
from app.sandbox.sandbox import Sandbox
from tests.support import doors, rooms
from tests.support.desk import ROOT

TESTS = ROOT / "tests"


def sources(*folders: str) -> Iterator[Path]:
    """Yield the project's own Python files below some folders."""
    for folder in folders:
        yield from (path for path in sorted((ROOT / folder).rglob("*.py")) if "node_modules" not in path.parts)


def imported(path: Path) -> Iterator[str]:
    """Yield each module that a file imports, and each name that it imports of one, dotted."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_no_test_is_imported() -> None:
    modules = {path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".") for path in TESTS.rglob("test_*.py")}
    assert len(modules) > 100
    for path in sources("app", "bench", "scripts", "tests"):
        if "test_" not in path.read_text():
            continue
        of_tests = {name for name in imported(path) if name in modules or name.rpartition(".")[0] in modules}
        assert not of_tests, path


def test_what_is_no_test_is_in_support() -> None:
    others = [path for path in sources("tests") if not path.name.startswith("test_") and path.name != "conftest.py"]
    assert {path.relative_to(TESTS).parts[0] for path in others} == {"support"}
    assert not [path for path in sources("tests/support") if path.name.startswith("test_")]


def test_each_file_that_is_ordered_or_marked_by_name_is_there() -> None:
    assert [name for name in rooms.LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(rooms.LONGEST)) == len(rooms.LONGEST)
    assert (ROOT / rooms.TOGETHER).is_dir()
    assert {path.name for path in sources("tests")} >= doors.SLOW_FILES


def connect() -> None:
    with socket.socket() as one:
        one.settimeout(0.1)
        one.connect(("192.0.2.1", 9))  # an address for documents (RFC 5737): nobody has it, and the door is shut


@pytest.mark.parametrize(
    "touch",
    [
        lambda: subprocess.run([sys.executable, "-c", ""], check=True),
        lambda: Engine(Path("no.gguf")),
        Sandbox,
        GUEST.open,
        connect,
    ],
    ids=["a child", "a model", "the guest", "a file that is embedded", "another machine"],
)
def test_a_quick_test_that_opens_a_door_fails(touch: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match="mark it `slow`"), doors.shut():
        touch()


def test_and_so_does_one_that_hides_it() -> None:
    with pytest.raises(pytest.fail.Exception, match="something caught the failure"), doors.shut(), suppress(BaseException):
        subprocess.run([sys.executable, "-c", ""], check=True)


def test_this_machine_is_no_other_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname(), 5):
        pass


@pytest.mark.slow
def test_a_slow_test_may() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)
