"""pytest's monkeypatch and capsys. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import functools
import io
import os
import sys
from collections.abc import Callable
from typing import Any


class MonkeyPatch:
    """Changes that are undone after a test."""

    def __init__(self) -> None:
        """Begin with none."""
        self._undo: list[Callable[[], Any]] = []

    def setattr(self, target: Any, name: Any, *value: Any, raising: bool = True) -> None:
        """Set an attribute, of an object or by its dotted name."""
        if isinstance(target, str):
            value, (owner, _, name) = (name,), target.rpartition(".")
            __import__(owner)
            target = sys.modules[owner]
        if hasattr(target, name):
            self._undo.append(functools.partial(setattr, target, name, getattr(target, name)))
        elif raising:
            raise AttributeError(name)
        else:
            self._undo.append(lambda: delattr(target, name))
        setattr(target, name, *value)

    def delattr(self, target: Any, name: str, raising: bool = True) -> None:
        """Delete an attribute."""
        if hasattr(target, name) or raising:
            self._undo.append(functools.partial(setattr, target, name, getattr(target, name)))
            delattr(target, name)

    def setitem(self, target: Any, key: Any, value: Any) -> None:
        """Set an item of a mapping."""
        if key in target:
            self._undo.append(functools.partial(target.__setitem__, key, target[key]))
        else:
            self._undo.append(lambda: target.pop(key, None))
        target[key] = value

    def delitem(self, target: Any, key: Any, raising: bool = True) -> None:
        """Delete an item of a mapping."""
        if key in target or raising:
            self._undo.append(functools.partial(target.__setitem__, key, target[key]))
            del target[key]

    def setenv(self, name: str, value: Any, **_: Any) -> None:
        """Set a variable of the environment."""
        self.setitem(os.environ, name, str(value))

    def delenv(self, name: str, raising: bool = True) -> None:
        """Delete a variable of the environment."""
        self.delitem(os.environ, name, raising)

    def undo(self) -> None:
        """Undo it all, the last first."""
        while self._undo:
            self._undo.pop()()


class Captured:
    """pytest's capsys."""

    def __init__(self) -> None:
        self._streams = sys.stdout, sys.stderr
        self.readouterr()

    def readouterr(self) -> Any:
        texts = [stream.getvalue() if isinstance(stream, io.StringIO) else "" for stream in (sys.stdout, sys.stderr)]
        sys.stdout, sys.stderr = io.StringIO(), io.StringIO()
        return Texts(texts)

    def undo(self) -> None:
        sys.stdout, sys.stderr = self._streams


class Texts(tuple[str, str]):
    __slots__ = ()
    out, err = property(lambda self: self[0]), property(lambda self: self[1])
