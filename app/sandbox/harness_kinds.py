"""What a test defines to be run: functions and classes of pytest, unittest's cases, HumanEval's check(candidate).

Read as text by `app.sandbox.build`, as harness.py is.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import re
import types
import unittest
from collections.abc import Callable, Iterator
from typing import Any

from app.sandbox.harness_checks import SHOWN, TALLY, Failure, shown
from app.sandbox.harness_fixtures import Fixtures, call, candidate, is_fixture

_NAMED = re.compile(r"test(?![a-z])")  # of pytest's functions: test_add, testAdd, test1, test


def units(tree: ast.Module, scope: dict[str, Any], entry: list[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what a test that has been executed in `scope` defines to be run: a name, and what runs it or raises."""
    nodes = list(_top(tree.body))
    called = {_called(one) for one in nodes}  # by the test itself
    fixtures = Fixtures(scope)
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name in called:
            continue
        made = scope.get(node.name)
        if isinstance(made, type):
            yield from _of_class(made, fixtures)
        elif isinstance(made, types.FunctionType) and not is_fixture(made):
            if _NAMED.match(node.name):
                yield from _of_function(node.name, made, fixtures)
            elif node.name == "check" and len(inspect.signature(made).parameters) == 1:
                yield node.name, functools.partial(call, made, [candidate(scope, entry)])


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _top(node.body)


def _called(node: ast.stmt) -> str:
    """Return the name that a statement calls, "" if it does anything else."""
    said = node.value if isinstance(node, ast.Expr) else None
    return said.func.id if isinstance(said, ast.Call) and isinstance(said.func, ast.Name) else ""


def _of_function(name: str, test: Any, fixtures: Fixtures, owner: Any = None) -> Iterator[tuple[str, Callable[[], None]]]:
    if getattr(test, "sealed_skip", False):
        TALLY.skipped += 1
        return
    for rows in itertools.product(*getattr(test, "sealed_rows", [])):
        row = {key: value for one in rows for key, value in one.items()}
        label = f"{name}[{', '.join(map(shown, row.values()))[:SHOWN]}]" if row else name
        yield label, functools.partial(fixtures.run, test, row, owner)


def _of_class(made: type, fixtures: Fixtures) -> Iterator[tuple[str, Callable[[], None]]]:
    if issubclass(made, unittest.TestCase):
        yield made.__name__, functools.partial(_unittest, made)
    elif made.__name__.startswith("Test") and made.__init__ is object.__init__:
        for name in [name for name in dir(made) if _NAMED.match(name) and callable(getattr(made, name))]:
            owner = made()
            for label, run in _of_function(f"{made.__name__}.{name}", getattr(owner, name), fixtures, owner):
                yield label, functools.partial(_method, owner, name, run)


def _method(owner: Any, name: str, run: Callable[[], None]) -> None:
    for setup in ("setup_class", "setup_method"):
        if hasattr(owner, setup):
            function = getattr(owner, setup)
            function(*[getattr(owner, name)][: len(inspect.signature(function).parameters)])
    try:
        run()
    finally:
        if hasattr(owner, "teardown_method"):
            function = owner.teardown_method
            function(*[getattr(owner, name)][: len(inspect.signature(function).parameters)])


class _Result(unittest.TestResult):
    """Keeps the first failure with its exception."""

    def __init__(self) -> None:
        super().__init__()
        self.failfast, self.first = True, list[Failure]()

    def _keep(self, test: Any, err: Any) -> None:
        self.first.append(Failure(".".join(test.id().split(".")[1:]) or test.id(), err[1]))
        self.stop()

    def addFailure(self, test: Any, err: Any) -> None:
        self._keep(test, err)

    addError = addFailure

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:
        if err is not None:
            self._keep(subtest, err)

    def addSkip(self, test: Any, reason: str) -> None:
        TALLY.skipped += 1

    def addExpectedFailure(self, test: Any, err: Any) -> None:
        del TALLY.failed[-1:]

    def addUnexpectedSuccess(self, test: Any) -> None:
        self._keep(test, (None, AssertionError("unexpected success")))


def _unittest(made: type[unittest.TestCase]) -> None:
    result = _Result()
    unittest.defaultTestLoader.loadTestsFromTestCase(made).run(result)
    if result.first:
        raise result.first[0]


def _counting(method: Any, is_context: bool) -> Any:
    @functools.wraps(method)
    def counted(self: Any, *args: Any, **words: Any) -> Any:
        TALLY.count += not TALLY.quiet
        try:
            return method(self, *args, **words) if is_context else TALLY.silently(method, self, *args, **words)
        except AssertionError as err:
            if not TALLY.quiet and not is_context:
                TALLY.failed.append(str(err))
            raise

    return counted


_COUNTED = {
    name: _counting(method, name.startswith(("assertRaises", "assertWarns", "assertLogs")))
    for name, method in vars(unittest.TestCase).items()
    if name.startswith("assert") and callable(method)
}


def count_assertions() -> None:
    """Make the assertions of every TestCase count, one for each that the test itself calls; after the snippet has run."""
    for name, method in _COUNTED.items():
        setattr(unittest.TestCase, name, method)
    setattr(unittest, "main", lambda *_, **__: None)  # noqa: B010  the harness runs the cases, and mypy would object


def loose(tree: ast.Module, scope: dict[str, Any]) -> dict[str, Any]:
    """Return unittest's assertions for names like `assertEqual` and `assert_equal` that a test calls and nobody defines."""
    case = unittest.TestCase()
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id.startswith("assert") and node.id not in scope:
            first, *more = node.id.split("_")
            method = getattr(case, first + "".join(part.title() for part in more), None)
            found |= {node.id: method} if method else {}
    return found
