"""The part of pytest that tests use, for a guest that has no pytest. Read as text by `app.sandbox.build`, as harness.py is.

raises, approx, fail, skip, importorskip, param, fixture and the marks parametrize, skip, skipif and asyncio do what pytest's
do (https://docs.pytest.org/en/stable/reference/reference.html); other marks mean nothing. Any other name is `Unavailable`.
"""

from __future__ import annotations

import cmath
import re
import sys
import types
from collections.abc import Callable
from typing import Any

from app.sandbox.harness_checks import TALLY
from app.sandbox.harness_patching import MonkeyPatch


class Unavailable(BaseException):
    """The test needs something that is not here."""


class Failed(AssertionError):
    """What `fail` raises, and `raises` where nothing came."""


class Skipped(Exception):
    """The test shall not run."""


class Raises:
    """The context of `raises`; afterwards, what it caught."""

    def __init__(self, wanted: Any, match: str | None) -> None:
        """Wait for an exception of a kind, or of one of several."""
        self.wanted, self.match_text, self.value = wanted, match, None

    def __enter__(self) -> Raises:
        """Return self."""
        return self

    def __exit__(self, kind: Any, value: Any, at: Any) -> bool:
        """Fail if nothing came; swallow what was expected."""
        TALLY.count += 1
        if kind is None:
            fail(f"DID NOT RAISE {_named(self.wanted)}")
        if not issubclass(kind, self.wanted):
            return False
        self.value, self.type, self.tb = value, kind, at
        if self.match_text is not None:
            self.match(self.match_text)
        return True

    def match(self, pattern: str) -> bool:
        """Fail if the exception's words do not match."""
        if not re.search(pattern, str(self.value)):
            fail(f"{pattern!r} does not match {str(self.value)!r}")
        return True


def _named(wanted: Any) -> str:
    return " or ".join(one.__name__ for one in (wanted if isinstance(wanted, tuple) else (wanted,)))


def raises(wanted: Any, *call: Any, match: str | None = None, **words: Any) -> Any:
    """Return the context, or what a call raised."""
    context = Raises(wanted, match)
    if not call:
        return context
    with context:
        call[0](*call[1:], **words)
    return context


class approx:
    """A value that equals what is near it: numbers, and lists and mappings of them."""

    def __init__(self, expected: Any, rel: float | None = None, abs: float | None = None, nan_ok: bool = False) -> None:
        """Take the tolerances: a millionth of the expected, or 1e-12, whichever is more."""
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

    def __repr__(self) -> str:
        """Return it as pytest shows it, without the tolerance."""
        return f"approx({self.expected!r})"

    def __eq__(self, actual: object) -> bool:
        """Return whether `actual` is near."""
        return self._near(self.expected, actual)

    __hash__ = None  # type: ignore[assignment]

    def _near(self, expected: Any, actual: Any) -> bool:
        if isinstance(expected, dict):
            same = isinstance(actual, dict) and expected.keys() == actual.keys()
            return same and all(self._near(expected[key], actual[key]) for key in expected)
        if isinstance(expected, list | tuple):
            same = isinstance(actual, list | tuple) and len(expected) == len(actual)
            return same and all(map(self._near, expected, actual))
        if expected == actual:
            return True
        try:
            if cmath.isnan(expected) or cmath.isnan(actual):
                return self.nan_ok and cmath.isnan(expected) and cmath.isnan(actual)
            if cmath.isinf(expected) or cmath.isinf(actual):
                return False
            distance = _absolute(expected - actual)
            return bool(distance <= self._tolerance(_absolute(expected)))
        except TypeError:
            return False

    def _tolerance(self, size: Any) -> Any:
        absolute = 1e-12 if self.abs is None else self.abs
        relative = 0 if self.rel is None and self.abs is not None else size * (1e-6 if self.rel is None else self.rel)
        return max(absolute, relative)


_absolute = abs


def fail(reason: str = "", pytrace: bool = True) -> None:
    """Fail."""
    TALLY.failed.append(reason or "Failed")
    raise Failed(reason)


def skip(reason: str = "", **_: Any) -> None:
    """Leave the test."""
    raise Skipped(reason)


def importorskip(name: str, *_: Any, **__: Any) -> Any:
    """Return a module; say that the test cannot run here if there is none."""
    try:
        __import__(name)
    except ImportError as err:
        raise Unavailable(f"there is no module {name} here") from err
    return sys.modules[name]


class Param:
    """Arguments with an id."""

    def __init__(self, *values: Any, **_: Any) -> None:
        """Keep the arguments."""
        self.values = values


def _parametrize(names: Any, values: Any, **_: Any) -> Callable[[Any], Any]:
    split = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)

    def mark(test: Any) -> Any:
        rows = []
        for value in values:
            row = value.values if isinstance(value, Param) else (value,) if len(split) == 1 else tuple(value)
            if len(row) != len(split):
                raise ValueError(f"parametrize: {len(split)} names, {len(row)} values")
            rows.append(dict(zip(split, row)))
        test.sealed_rows = [*getattr(test, "sealed_rows", []), rows]
        return test

    return mark


def _skipping(condition: Any = True, *_: Any, **__: Any) -> Any:
    def mark(test: Any) -> Any:
        test.sealed_skip = bool(condition)
        return test

    if isinstance(condition, types.FunctionType | type):  # @pytest.mark.skip without brackets
        test, condition = condition, True
        return mark(test)
    return mark


class _Marks:
    parametrize = staticmethod(_parametrize)
    skipif = staticmethod(_skipping)

    @staticmethod
    def skip(*args: Any, **_: Any) -> Any:
        return _skipping(*(arg for arg in args if not isinstance(arg, str)))

    def __getattr__(self, name: str) -> Any:
        if name in ("xfail", "usefixtures"):
            raise Unavailable(f"pytest.mark.{name} does not work here")
        return lambda *args, **_: args[0] if args and callable(args[0]) else lambda test: test


def fixture(function: Any = None, *, name: str | None = None, scope: str = "function", params: Any = None, **_: Any) -> Any:
    """Mark a function as a fixture, as a decorator with or without arguments."""
    if params is not None:
        raise Unavailable("pytest.fixture(params=…) does not work here")

    def mark(made: Any) -> Any:
        made.sealed_fixture = (name or made.__name__, scope)
        return made

    return mark if function is None else mark(function)


def module() -> types.ModuleType:
    """Return what `import pytest` gives."""
    made = types.ModuleType("pytest")
    own = (raises, approx, fail, skip, importorskip, fixture)
    vars(made).update({one.__name__: one for one in own}, mark=_Marks(), param=Param, main=lambda *_, **__: 0)
    vars(made).update(FixtureRequest=object, ExceptionInfo=Raises, MonkeyPatch=MonkeyPatch)

    def missing(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise Unavailable(f"pytest.{name} does not work here")

    vars(made)["__getattr__"] = missing
    return made
