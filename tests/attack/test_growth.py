"""Twice the input, twice the steps: in lines of Python that are counted, and in what once took too long."""

from __future__ import annotations

import importlib
import pkgutil
import random
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest

import app
from bench.attack import growth, replay
from bench.attack.growth import Repetition
from bench.attack.targets import TARGETS, attempt
from tests.support.desk import ROOT

_APP = f"{ROOT}/app/"
_SIZE = 4_096


def steps(one: Repetition, size: int) -> int:
    """Return how many lines of ours run on it: a number that no machine and no load changes."""
    count = 0

    def line(_: Any, event: str, __: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: Any, _: str, __: Any) -> Any:
        return line if frame.f_code.co_filename.startswith(_APP) else None

    data = one.made(size)
    before = sys.gettrace()
    sys.settrace(call)
    try:
        attempt(one.target, data)
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("name", TARGETS)
def test_lines_run_no_faster_than_the_input_grows(name: str) -> None:
    for seed in TARGETS[name].seeds():
        attempt(name, seed)  # imports, and fills what is kept
    for one in islice(growth.candidates(name, random.Random(5)), 12):
        assert steps(one, 2 * _SIZE) <= 2.2 * steps(one, _SIZE) + 500, one


@pytest.mark.slow
@pytest.mark.parametrize("one", growth.known(), ids=lambda one: f"{one.target}-{one.unit[:20]!r}")
def test_what_once_grew_faster_than_its_size_does_not(one: Repetition) -> None:
    assert replay.grows(one) == ""


def test_what_grows_with_the_square_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.formats import strict_json

    def square(data: bytes) -> None:
        for at in range(len(data) // 128):
            data.count(b"\xff", at)

    monkeypatch.setattr(strict_json, "loads", square)
    assert growth.judge(Repetition("json", "", "a", "!")) is not None


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Yield every compiled pattern that a module of the product holds."""
    for found in pkgutil.walk_packages(app.__path__, "app."):
        if found.name.startswith("app.sandbox.harness") or found.name == "app.__main__":
            continue  # runs in the guest, where fuel is the limit; runs at import
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, re.Pattern):
                yield f"{found.name}.{name}", value


def nested(parsed: Any, *, inside: bool = False) -> bool:
    """Return whether a repeat without end holds another one without end, neither of them possessive: (a+)+ and its kind."""
    constants, parser = importlib.import_module("re._constants"), importlib.import_module("re._parser")

    for kind, argument in parsed:
        is_repeat = kind in (constants.MAX_REPEAT, constants.MIN_REPEAT)
        endless = is_repeat and argument[1] is constants.MAXREPEAT
        if endless and inside:
            return True
        held = argument if isinstance(argument, tuple | list) else (argument,)
        parts = [part for part in held if isinstance(part, parser.SubPattern)]
        parts += [part for group in held if isinstance(group, list) for part in group if isinstance(part, parser.SubPattern)]
        if any(nested(part, inside=inside or endless) for part in parts):
            return True
    return False


# Endless in endless, and harmless: between two rounds of the outer stands something that the inner cannot be.
SEPARATED = {
    "app.formats.protected_data._PATH": "a slash before each round",
}


def test_no_pattern_repeats_a_repetition() -> None:
    parser = importlib.import_module("re._parser")

    assert nested(parser.parse("(?:a+b*)+")) and not nested(parser.parse("(?:a++b)*+"))
    found = {name for name, pattern in patterns() if nested(parser.parse(pattern.pattern, pattern.flags))}
    assert found == set(SEPARATED)
