"""The wall: a snippet on one side of it, its test on the other, each in an interpreter of its own.

Standard input leads across (wasi.wat). The test calls the snippet with `ask`, the snippet calls what the test gave it in the
same way, and `answer` is what the other side calls. The side of the test believes nothing: it names its own objects one by one,
lets them be called and looked at from outside only, and does not take a value's word for what it equals (harness_lies.py).
Read as text by `app.sandbox.build`, as harness.py is.
"""

from __future__ import annotations

import copy
import io
import os
import random
import sys
import time
import types
import unittest
from typing import Any

from app.sandbox.harness_describe import describe, value_of
from app.sandbox.harness_known import allow, found_here
from app.sandbox.harness_lies import SAYS, questioned
from app.sandbox.harness_mirror import MARK, Beyond, Mirrors, is_mirror, number_of
from app.sandbox.harness_scope import Names, is_library
from app.sandbox.harness_wire import Garbled, Wire

_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)
_INNER = (types.FrameType, types.CodeType, types.TracebackType)
_OWN = (types.ModuleType, unittest.TestCase)
_PIECE = 1 << 16  # bytes read at once


class Wall(Wire):
    """One side of it."""

    def __init__(self, *, of_test: bool, scope: dict[str, Any]) -> None:
        """Stand on the side of the test, or on that of the snippet; `scope` holds the names of the snippet."""
        super().__init__(of_test=of_test)
        self.names = Names(scope)
        self._mirrors = Mirrors(self.ask, self._compare)
        self._described = set[int]()
        self._read, self._write, self._call = os.read, os.write, time.time  # what calls the other: see wasi.wat
        if of_test:
            sys.set_int_max_str_digits(0)
        self._out = sys.stdout, sys.stderr
        self._captured: tuple[Any, Any] | None = None
        self._chance = random.Random(0)  # noqa: S311  seeded with what the snippet cannot know
        self._answers = False
        self.lie = ""  # what a value of the snippet was caught at

    def meet(self, test: dict[str, Any]) -> None:
        """Fetch the names of the snippet that a test has a use for; take the order of questions from its nonce."""
        self._chance.seed(test["nonce"])
        self.ask("show", None, self.names.choose(test, self.ask("names")))

    @property
    def beyond(self) -> Beyond | None:
        """Return what the test did that cannot be done across the wall, if it did."""
        return self._mirrors.beyond

    # both ways

    def ask(self, what: str, number: int | None = None, *parts: Any) -> Any:
        """Return what the other side makes of a question, or raise what it raises. Raises `Garbled`."""
        said = [what, number, *map(self.pack, parts)]
        del parts
        self._send(said)
        del said
        self._call()
        kind, _, value = self._receive()
        if kind == "raise" and isinstance(value, BaseException):
            raise value
        if kind != "return":
            raise Garbled
        return value

    def answer(self) -> None:
        """Answer the question that has come."""
        try:
            said = self._answered()
        except BaseException as err:
            said = ["raise", None, self.pack(RuntimeError(type(err).__name__))]
        self._send(said)

    def _answered(self) -> Any:
        try:
            what, number, *parts = self._receive()
            made = None if number is None else self._mine[number]
            if self._of_test:
                allow(what, made, parts)
            value = _DO[what](self, made, *parts)
            self._answers = True
            return ["return", None, self.pack(value)]
        except BaseException as err:
            return ["raise", None, self.pack(err.with_traceback(None))]
        finally:
            self._answers = False

    def _send(self, said: list[Any]) -> None:
        letter = self.write(said, (sys.stdout, sys.stderr) != self._out if self._of_test else self._beside())
        if self._write(0, letter) != len(letter):
            raise Garbled

    def _receive(self) -> list[Any]:
        letter = self._read(0, _PIECE)
        while len(letter) % _PIECE == 0 and (more := self._read(0, _PIECE)):
            letter += more
        said, beside = self.read(letter)
        if self._of_test:
            if beside:
                self._learn(beside)
        elif beside and self._captured is None:
            self._captured = sys.stdout, sys.stderr
            sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        return said

    def _beside(self) -> dict[str, Any]:
        """Return what the snippet printed, where somebody listens, and which of its names changed."""
        made = {key: self.pack(part) for key, part in self.names.changes().items()}
        if self._captured is not None:
            streams = (sys.stdout, sys.stderr)
            made["printed"] = self.pack(tuple(one.getvalue() if isinstance(one, io.StringIO) else "" for one in streams))
            (sys.stdout, sys.stderr), self._captured = self._captured, None
        return made

    def _learn(self, beside: dict[str, Any]) -> None:
        self.names.learn(beside.get("names", ()), beside.get("lost", ()))
        for stream, text in zip((sys.stdout, sys.stderr), beside.get("printed", ())):
            if text:
                stream.write(text)

    # objects

    def pack_object(self, value: Any) -> Any:
        kind: Any = type(value)
        if issubclass(kind, type):
            return self._pack_class(value)
        if kind is types.ModuleType and _is_common(value):
            return ["module", value.__name__]
        if is_mirror(value):
            return ["yours", number_of(value)]
        if issubclass(kind, BaseException):
            if MARK in vars(value):
                return ["yours", vars(value)[MARK]]
            extra = {name: one for name, one in vars(value).items() if not self._of_test or not name.startswith("_")}
            pairs = tuple(extra.items())
            return ["error", self.number(value), self._pack_class(kind), self.pack(value.args), self.pack(pairs)]
        if kind in _FUNCTIONS and found_here(value.__module__, value.__qualname__) is value:
            return ["known", value.__module__, value.__qualname__]
        if issubclass(kind, _INNER):
            return None  # what leads from an object to the code around it stays at home
        if issubclass(kind, _OWN) and self._of_test and self._answers:
            raise AttributeError("that cannot be had of what a test hands over")
        if issubclass(kind, _OWN) and self._of_test:
            self._mirrors.refuse(f"a {kind.__name__} is handed to the snippet")
        return ["object", self.number(value), self._pack_class(kind), *map(self.pack, value_of(value))]

    def _pack_class(self, kind: type) -> Any:
        number = self._mirrors.kind(kind)
        if number is not None:
            return ["yours", number]
        if found_here(kind.__module__, kind.__qualname__) is kind:
            return ["known", kind.__module__, kind.__qualname__]
        number = self.number(kind)
        if number in self._described:
            return ["class", number]
        self._described.add(number)
        return ["class", number, describe(kind, self.pack)]

    def unpack_object(self, tag: str, parts: list[Any]) -> Any:
        if tag == "yours":
            return self._mine[parts[0]]
        if tag == "known":
            return found_here(*parts)
        if tag == "module" and is_library(parts[0]):
            __import__(parts[0])
            return sys.modules[parts[0]]
        number = parts[0]
        made: Any = self._kept.get(number, self._theirs.get(number))
        if made is not None:
            return made
        if tag == "class":
            made = self._mirrors.of_class(number, parts[1], [self.unpack(base) for base in parts[1]["bases"]])
        elif tag == "error":
            made = self._error(number, self.unpack(parts[1]), self.unpack(parts[2]), self.unpack(parts[3]))
        else:
            made = self._mirrors.of_object(number, self.unpack(parts[1]), self.unpack(parts[2]) if parts[2:] else None)
            try:
                self._theirs[number] = made
            except TypeError:  # of tuple and int, which cannot be referred to weakly
                self._kept[number] = made
            return made
        self._kept[number] = made
        return made

    def _error(self, number: int, kind: Any, args: Any, extra: Any) -> BaseException:
        if not issubclass(kind, BaseException):
            raise Garbled
        made: BaseException
        try:
            made = kind(*args) if self._mirrors.kind(kind) is None else kind.__new__(kind, *args)
        except TypeError:
            made = kind.__new__(kind)
        made.args = args
        vars(made).update(extra)
        vars(made)[MARK] = number
        return made

    # values that say themselves how they stand to others

    def _compare(self, name: str, number: int, other: Any) -> Any:
        """Return what a value of the snippet's own making says of another; False, and remember it, if it lies."""
        if not self._of_test:
            return self.ask("operate", number, name, (other,))
        said, lies = questioned(
            lambda what, value: self.ask("operate", number, what, (value,)), self._chance.shuffle, name, other
        )
        if lies:
            self.lie = f"what the snippet gives says that it {SAYS[name]} whatever it is compared with"
        return not lies and said


def _is_common(module: types.ModuleType) -> bool:
    return is_library(module.__name__) and sys.modules.get(module.__name__) is module


def _operate(wall: Wall, made: Any, name: str, args: tuple[Any, ...]) -> Any:
    return getattr(type(made), name)(made, *args)


def _show(wall: Wall, _: Any, names: tuple[str, ...]) -> None:
    wall.names.show(names)


_DO: dict[str, Any] = {
    "names": lambda wall, _: wall.names.announced(),
    "show": _show,
    "call": lambda wall, made, args, words: made(*args, **dict(words)),
    "operate": _operate,
    "get": lambda wall, made, name: getattr(made, name),
    "set": lambda wall, made, name, value: setattr(made, name, value),
    "delete": lambda wall, made, name: delattr(made, name),
    "copy": lambda wall, made, deep: (copy.deepcopy if deep else copy.copy)(made),
    "is": lambda wall, made, kind: isinstance(made, wall._mine[kind]),
    "dir": lambda wall, made: sorted(dir(made)),
}
