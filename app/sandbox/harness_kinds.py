"""The kinds of tests that define something to be run: pytest, unittest, HumanEval's check(candidate), doctest.

Read as text by `app.sandbox.build`, as harness.py is.
"""

from __future__ import annotations

import ast
import functools
import inspect
import io
import itertools
import re
import sys
import types
import unittest
from collections.abc import Callable, Iterator
from typing import Any

from app.sandbox.harness_checks import SHOWN, TALLY, shown
from app.sandbox.harness_pytest import MonkeyPatch, Raises, Skipped, Unavailable

_NAMED = re.compile(r"test(?![a-z])")  # of pytest's functions: test_add, testAdd, test1, test
_BUILTIN = ("tmp_path", "tmpdir", "tmp_path_factory", "capfd", "caplog", "recwarn", "request", "mocker", "benchmark")


class Failure(Exception):
    """A unit of a test that failed: its name and the exception."""

    def __init__(self, name: str, cause: BaseException) -> None:
        """Keep both."""
        self.name, self.cause = name, cause


def units(tree: ast.Module, scope: dict[str, Any], entry: list[str]) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what a test that has been executed in `scope` defines to be run: a name, and what runs it or raises."""
    nodes = list(_top(tree.body))
    called = {one.value.func.id for one in nodes if _is_call(one)}  # by the test itself
    fixtures = _Fixtures(scope)
    for node in nodes:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) or node.name in called:
            continue
        made = scope.get(node.name)
        if isinstance(made, type):
            yield from _of_class(made, fixtures)
        elif isinstance(made, types.FunctionType) and not _is_fixture(made):
            if _NAMED.match(node.name):
                yield from _of_function(node.name, made, fixtures)
            elif node.name == "check" and len(inspect.signature(made).parameters) == 1:
                yield node.name, functools.partial(_call, made, [candidate(scope, entry)])


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


def _top(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try | ast.With):
            yield from _top(node.body)


def _is_call(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)


def _call(test: Any, args: list[Any], words: dict[str, Any] | None = None) -> None:
    """Call a test function; run what it returns if that is a coroutine."""
    said = test(*args, **(words or {}))
    if inspect.iscoroutine(said):
        import asyncio

        asyncio.run(said)
    elif inspect.isgenerator(said):
        raise Unavailable("a test that yields does not run here")


class _Fixtures:
    """pytest's fixtures: functions of the test, and three of its own; a parameter may also name what the snippet defines."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self._scope, self._kept = scope, dict[str, Any]()
        self._own = {made.sealed_fixture[0]: made for made in scope.values() if _is_fixture(made)}

    def run(self, test: Any, row: dict[str, Any], owner: Any = None) -> None:
        ends: list[Callable[[], Any]] = []
        made: dict[str, Any] = {}
        try:
            words = {name: row[name] if name in row else self._value(name, ends, made, owner) for name in _wanted(test)}
            _call(test, [], words)
        finally:
            for end in reversed(ends):
                end()

    def _value(self, name: str, ends: list[Callable[[], Any]], made: dict[str, Any], owner: Any) -> Any:
        if name in made or name in self._kept:
            return made[name] if name in made else self._kept[name]
        method = getattr(owner, name, None)
        if _is_fixture(method) or name in self._own:
            fixture = method if _is_fixture(method) else self._own[name]
            words = {one: self._value(one, ends, made, owner) for one in _wanted(fixture)}
            (self._kept if fixture.sealed_fixture[1] != "function" else made)[name] = found = _yielded(fixture(**words), ends)
            return found
        if name in ("capsys", "monkeypatch"):
            made[name] = found = _Captured() if name == "capsys" else MonkeyPatch()
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


def _is_fixture(made: Any) -> bool:
    return isinstance(made, types.FunctionType | types.MethodType) and hasattr(made, "sealed_fixture")


def _wanted(function: Any) -> list[str]:
    return [name for name, one in inspect.signature(function).parameters.items() if one.default is one.empty]


def _yielded(found: Any, ends: list[Callable[[], Any]]) -> Any:
    if not inspect.isgenerator(found):
        return found
    ends.append(lambda: next(found, None))
    return next(found)


class _Captured:
    """pytest's capsys."""

    def __init__(self) -> None:
        self._streams = sys.stdout, sys.stderr
        self.readouterr()

    def readouterr(self) -> Any:
        texts = [stream.getvalue() if isinstance(stream, io.StringIO) else "" for stream in (sys.stdout, sys.stderr)]
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        return _Texts(texts)

    def undo(self) -> None:
        sys.stdout, sys.stderr = self._streams


class _Texts(tuple[str, str]):
    __slots__ = ()
    out, err = property(lambda self: self[0]), property(lambda self: self[1])


def _of_function(name: str, test: Any, fixtures: _Fixtures, owner: Any = None) -> Iterator[tuple[str, Callable[[], None]]]:
    if getattr(test, "sealed_skip", False):
        TALLY.skipped += 1
        return
    for rows in itertools.product(*getattr(test, "sealed_rows", [])):
        row = {key: value for one in rows for key, value in one.items()}
        label = f"{name}[{', '.join(map(shown, row.values()))[:SHOWN]}]" if row else name
        yield label, functools.partial(fixtures.run, test, row, owner)


def _of_class(made: type, fixtures: _Fixtures) -> Iterator[tuple[str, Callable[[], None]]]:
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


def count_assertions() -> None:
    """Make the assertions of every TestCase count, one for each that the test itself calls; after the snippet has run."""
    for name, method in list(vars(unittest.TestCase).items()):
        if name.startswith("assert") and callable(method):
            setattr(unittest.TestCase, name, _counting(method, name.startswith(("assertRaises", "assertWarns", "assertLogs"))))
    unittest.main = lambda *_, **__: None  # type: ignore[assignment,misc]  the harness runs them


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


def doctests(text: str, scope: dict[str, Any]) -> None:
    """Run the examples in `text`. Raises `AssertionError` with the first whose output is another, and what one raises."""
    import doctest

    checker = doctest.OutputChecker()
    for example in doctest.DocTestParser().get_examples(text):
        source, wanted = example.source.strip(), example.want
        said = _compared(source) if not wanted else None
        found, err = _output(said or source, scope)
        if err is not None and example.exc_msg is None:
            raise Failure(source.split("\n")[0][:SHOWN], err)
        if said:
            wanted = "True\n"
        if not wanted:
            continue
        if err is not None:
            found, wanted = f"{type(err).__name__}: {err}\n", example.exc_msg or ""
        TALLY.count += 1
        flags = sum(flag for flag, on in example.options.items() if on)
        if not checker.check_output(wanted, found, flags):
            TALLY.failed.append(source)
            raise AssertionError(f"{source[:SHOWN]}: the output is {shown(found.strip())}, expected {shown(wanted.strip())}")


def _compared(source: str) -> str | None:
    """Return a comparison without an expected output as one that prints whether it holds."""
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:
        return None
    return f"bool({source})" if isinstance(node, ast.Compare) else None


def _output(source: str, scope: dict[str, Any]) -> tuple[str, BaseException | None]:
    kept, sys.stdout = sys.stdout, io.StringIO()
    hook, sys.displayhook = sys.displayhook, sys.__displayhook__
    try:
        exec(compile(source + "\n", "<test>", "single", dont_inherit=True), scope)
    except (SystemExit, Unavailable, MemoryError):
        raise
    except BaseException as err:
        return sys.stdout.getvalue(), err
    finally:
        found, sys.stdout, sys.displayhook = sys.stdout, kept, hook
    return found.getvalue(), None


__all__ = ["Failure", "Raises", "Skipped", "candidate", "count_assertions", "doctests", "units"]
