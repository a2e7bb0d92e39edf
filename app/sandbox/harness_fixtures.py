"""What a test function is called with: pytest's fixtures, and the function that is tested. Read as text, as harness.py is."""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable
from typing import Any

from app.sandbox.harness_checks import TALLY
from app.sandbox.harness_patching import Captured, MonkeyPatch
from app.sandbox.harness_pytest import Unavailable

_BUILTIN = ("tmp_path", "tmpdir", "tmp_path_factory", "capfd", "caplog", "recwarn", "request", "mocker", "benchmark")


def candidate(scope: dict[str, Any], entry: list[str]) -> Any:
    """Return the snippet's function that the task names, or its only one."""
    TALLY.uses = True
    own = {
        name: made
        for name, made in scope.items()
        if callable(made) and getattr(made, "__module__", "") == scope["__name__"]
        and getattr(getattr(made, "__code__", None), "co_filename", "<snippet>") == "<snippet>"
    }  # fmt: skip
    named = [own[name] for name in entry if name in own]
    public = [made for name, made in own.items() if not name.startswith("_") and isinstance(made, types.FunctionType)]
    if not named and len(public) != 1:
        raise NameError("which function check(candidate) is for: call check(name) at the end of the test")
    return named[0] if named else public[0]


def call(test: Any, args: list[Any], words: dict[str, Any] | None = None) -> None:
    """Call a test function; run what it returns if that is a coroutine."""
    said = test(*args, **(words or {}))
    if inspect.iscoroutine(said):
        import asyncio

        asyncio.run(said)
    elif inspect.isgenerator(said):
        raise Unavailable("a test that yields does not run here")


class Fixtures:
    """pytest's fixtures: functions of the test, and three of its own; a parameter may also name what the snippet defines."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self._scope, self._kept = scope, dict[str, Any]()
        self._own = {made.sealed_fixture[0]: made for made in scope.values() if is_fixture(made)}

    def run(self, test: Any, row: dict[str, Any], owner: Any = None) -> None:
        ends: list[Callable[[], Any]] = []
        made: dict[str, Any] = {}
        try:
            words = {name: row[name] if name in row else self._value(name, ends, made, owner) for name in _wanted(test)}
            call(test, [], words)
        finally:
            for end in reversed(ends):
                end()

    def _value(self, name: str, ends: list[Callable[[], Any]], made: dict[str, Any], owner: Any) -> Any:
        if name in made or name in self._kept:
            return made[name] if name in made else self._kept[name]
        method = getattr(owner, name, None)
        if is_fixture(method) or name in self._own:
            fixture: Any = method if is_fixture(method) else self._own[name]
            words = {one: self._value(one, ends, made, owner) for one in _wanted(fixture)}
            (self._kept if fixture.sealed_fixture[1] != "function" else made)[name] = found = _yielded(fixture(**words), ends)
            return found
        if name in ("capsys", "monkeypatch"):
            made[name] = found = Captured() if name == "capsys" else MonkeyPatch()
            ends.append(found.undo)
            return found
        if name in _BUILTIN:
            raise Unavailable(f"pytest's {name} does not work here")
        if name in ("candidate", "func", "function", "fn", "solution"):
            return candidate(self._scope, [name])
        if name in self._scope:
            TALLY.uses = True
            return self._scope[name]
        raise NameError(f"fixture '{name}' not found")


def is_fixture(made: Any) -> bool:
    return type(made) in (types.FunctionType, types.MethodType) and hasattr(made, "sealed_fixture")


def _wanted(function: Any) -> list[str]:
    return [name for name, one in inspect.signature(function).parameters.items() if one.default is one.empty]


def _yielded(found: Any, ends: list[Callable[[], Any]]) -> Any:
    if not inspect.isgenerator(found):
        return found
    ends.append(lambda: next(found, None))
    return next(found)
