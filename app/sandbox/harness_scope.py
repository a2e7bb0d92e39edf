"""Which names a test has from the snippet, and which it has not. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import ast
import builtins
import importlib
import operator
import re
import sys
import types
from typing import Any


class Names:
    """The names of a snippet, as each side of the wall has them."""

    def __init__(self, scope: dict[str, Any]) -> None:
        """Take the namespace that holds them."""
        self._scope, self._before, self._values = scope, dict[str, Any](), list[Any]()
        self._wanted = set[str]()
        self._hidden, self._is_settled = set[str](), False
        self._only: set[str] | None = None

    # on the side of the snippet

    def announced(self) -> tuple[str, ...]:
        """Return all of them."""
        return tuple(self._scope)

    def show(self, names: tuple[str, ...]) -> None:
        """Let the other side have these, besides functions and classes."""
        self._wanted.update(names)
        self._values.clear()
        self._before.clear()

    def changes(self) -> dict[str, Any]:
        """Return what has changed since the last time: `names` with their values, and the `lost`."""
        values = self._scope.values()
        if len(values) == len(self._values) and all(map(operator.is_, values, self._values)):
            return {}
        self._values = list(values)
        names = {name: value for name, value in self._scope.items() if name in self._wanted or _is_own(value)}
        changed = tuple((name, value) for name, value in names.items() if self._before.get(name, self) is not value)
        lost = tuple(name for name in self._before if name not in names)
        self._before = names
        return {"names": changed, "lost": lost}

    # on the side of the test

    def choose(self, test: dict[str, Any], announced: Any) -> tuple[str, ...]:
        """Return those that a test has a use for, and settle which it does not mean by their names.

        A test that uses `all` and `add` means the builtin by the one and the snippet by the other, unless it imports the one
        or the task is about it. If it uses nothing else of the snippet, it means that, and no other name is ever taken.
        `math.pi` means the module, whatever math is there.
        """
        words = {*re.findall(r"\w+", test["text"]), *test["entry"]}
        names = {name for name in announced if name in words}
        asked, dotted = _used(test["text"])
        asked |= set(test["entry"])
        self._hidden = {name for name in dotted - asked if is_library(name) or name == "pytest"}
        self._scope.update((name, importlib.import_module(name)) for name in self._hidden & names)
        shadows = (words & vars(builtins).keys()) - asked
        if names - shadows - self._hidden:
            self._hidden |= shadows
        elif names & shadows:
            self._only = names
        self._is_settled = True
        return tuple(sorted(names - self._hidden))

    def learn(self, names: Any, lost: Any) -> None:
        """Take over what has changed, where the test has no value of its own."""
        for name, value in names if self._is_settled else ():
            if not name.isidentifier() or name.startswith("__") or name in self._hidden:
                continue
            if self._only is not None and name not in self._only:
                continue
            if name not in self._scope or self._scope[name] is self._before.get(name, self):
                self._scope[name] = value
            self._before[name] = value
        for name in lost:
            if self._scope.get(name, self) is self._before.pop(name, None):
                del self._scope[name]


def _is_own(value: Any) -> bool:
    return isinstance(value, types.FunctionType | type) and value.__module__ == "snippet"


def _used(text: str) -> tuple[set[str], set[str]]:
    """Return what a test asks of the snippet by import, or as `solution.sum`, and the names with an attribute behind them."""
    nodes = _nodes(text)
    modules = {name.asname or name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    asked = {name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names}
    dotted = set[str]()
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            dotted.add(node.value.id)
            if node.value.id in modules and not is_library(node.value.id):
                asked.add(node.attr)
    return asked, dotted


def _nodes(text: str) -> list[ast.AST]:
    """Return the parts of a test; of a doctest, those of its examples."""
    for found in (text, "\n".join(line.strip()[4:] for line in text.split("\n") if line.strip().startswith((">>> ", "... ")))):
        try:
            return list(ast.walk(ast.parse(found)))
        except SyntaxError:
            continue
    return []


def is_library(module: str) -> bool:
    """Return whether a module is of the standard library."""
    return module.partition(".")[0] in sys.stdlib_module_names
