"""The house of app/: floors on which imports point down alone, no circle, faces that do nothing, an image without the desk.

Whoever adds a folder puts it into FLOORS; docs/ARCHITECTURE.md says what each is for.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from app.base.hints import HINTS
from app.base.limits import LIMITS
from dev import stage_image
from tests.support.desk import ROOT

# From the ground up: a room imports its own floor, and those before it.
FLOORS = (
    *("base", "formats", "crypto", "iexec", "net", "wallet", "llm", "sandbox", "request", "result", "jobs", "run"),
    *("desk", "verify", "simulate", "build", "cli"),
)
FACE = "app.__main__"  # the one door to both wings: it opens the desk's only where there is one
IN_THE_GUEST = "app/sandbox/harness"  # runs in the guest's own Python


@cache
def modules() -> dict[str, Path]:
    """Return every module of the program by its name, a package by that of its folder."""
    found = {}
    for path in sorted((ROOT / "app").rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def imports(name: str) -> frozenset[str]:
    """Return the modules of ours that a module imports, anywhere in it."""
    return frozenset(_imports(ast.parse(modules()[name].read_text())))


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "app":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in modules() else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in modules())


def floor(name: str) -> int:
    parts = name.split(".")
    return -1 if len(parts) == 1 else len(FLOORS) if name == FACE else FLOORS.index(parts[1])


def is_in_the_guest(name: str) -> bool:
    return modules()[name].relative_to(ROOT).as_posix().startswith(IN_THE_GUEST)


def test_every_room_is_on_a_floor() -> None:
    assert {path.name for path in (ROOT / "app").glob("*.py")} == {"__init__.py", "__main__.py"}
    assert {path.name for path in (ROOT / "app").iterdir() if path.is_dir() and path.name != "__pycache__"} == set(FLOORS)


@pytest.mark.parametrize("name", modules())
def test_imports_point_down(name: str) -> None:
    assert [other for other in imports(name) if floor(other) > floor(name)] == []


def test_there_is_no_circle() -> None:
    done: set[str] = set()
    above: list[str] = []

    def visit(name: str) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name in done:
            return
        above.append(name)
        for other in sorted(imports(name)):
            visit(other)
        done.add(above.pop())

    for name in modules():
        visit(name)


@pytest.mark.parametrize("name", [name for name, path in modules().items() if path.name == "__init__.py"])
def test_a_package_s_face_says_what_it_is_for_and_does_nothing(name: str) -> None:
    body = ast.parse(modules()[name].read_text()).body
    assert isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    assert len(body) == 1 or name == "app"  # which has the version


def test_what_a_check_of_floors_would_refuse() -> None:
    assert floor("app.base.errors") < floor("app.run.run") < floor("app.cli.main") < floor(FACE)
    assert set(_imports(ast.parse("def f():\n    from app.cli import main"))) == {"app.cli.main"}
    assert set(_imports(ast.parse("import app.run.run, os"))) == {"app.run.run"}


# what a hint lists -> the module that offers it, which whoever raises such an error has imported
OFFERS = {
    "args.unknown_option": "app.iexec.args",
    "history.invalid": "app.wallet.read.fields",
    "language.unknown": "app.request.languages",
    "option.unknown": "app.request.fields",
    "questionnaire.invalid": "app.request.questionnaire.row_types",
    "request.unknown_field": "app.request.fields",
}


@pytest.mark.parametrize("code", OFFERS)
def test_whoever_raises_an_error_has_the_list_of_its_hint(code: str) -> None:
    for name, path in modules().items():
        if f'Error("{code}"' in path.read_text():
            assert OFFERS[code] in _all_below(name), name


def test_every_list_of_a_hint_has_an_offer() -> None:
    listed = {code for code, hint in HINTS.items() if not all(hasattr(LIMITS, name) for name in re.findall(r"\{(\w+)\}", hint))}
    assert listed == OFFERS.keys()


@cache
def _all_below(name: str) -> frozenset[str]:
    return frozenset({name}).union(*map(_all_below, imports(name)))


# the image


def shipped() -> set[str]:
    """Return the modules that an image gets."""
    found = set()
    for name, path in modules().items():
        place = path.relative_to(ROOT / "app")
        above = [*reversed(place.parents), place]
        if not any(part.name in stage_image.left_behind(str(ROOT / "app" / part.parent), [part.name]) for part in above[1:]):
            found.add(name)
    return found


def reached() -> set[str]:
    """Return the modules that a task can come to import, and the faces of their packages."""
    found: set[str] = set()
    ahead = [FACE]
    while ahead:
        name = ahead.pop()
        if name in found or (name.split(".")[1:2] and name.split(".")[1] in stage_image.DESK):
            continue
        found.add(name)
        ahead += [*imports(name), *([name.rpartition(".")[0]] if "." in name else [])]
    return found


def test_an_image_has_what_a_task_imports_and_nothing_else() -> None:
    assert shipped() == reached()


def test_nothing_of_the_enclave_s_wing_imports_the_desk() -> None:
    for name in shipped() - {FACE}:
        assert not [other for other in imports(name) if other.split(".")[1:2] and other.split(".")[1] in stage_image.DESK], name
    assert {other for other in imports(FACE) if other.split(".")[1] in stage_image.DESK} == {"app.cli.main"}


def test_the_desk_is_the_upper_floors() -> None:
    assert set(FLOORS[FLOORS.index("desk") :]) == set(stage_image.DESK)
    assert FLOORS.index("run") < FLOORS.index("desk")
