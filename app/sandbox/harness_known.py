"""What the two sides of the wall may name to each other. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import sys
import types
import unittest
from typing import Any

from app.sandbox.harness_describe import SPECIAL
from app.sandbox.harness_scope import is_library

_FUNCTIONS = types.FunctionType | types.BuiltinFunctionType
_INSIDE = ("_", "gi_", "cr_", "ag_", "f_", "tb_", "co_", "func_")  # of what leads from an object to its code
_SHOWN = ("__name__", "__qualname__", "__doc__")  # of what the test hands over, besides its public names
# Modules whose functions, and builtins that, do nothing but compute.
_PURE = frozenset(
    "bisect cmath fractions functools heapq itertools math _operator operator re statistics string textwrap".split()
)
_PURE_BUILTINS = frozenset(
    "abs all any ascii bin callable chr divmod format hash hex isinstance issubclass iter len max min next oct ord pow repr "
    "round sorted sum".split()
)
_KNOWN: dict[tuple[str, str], type] = {}  # classes that both sides have


def allow(what: str, made: Any, parts: list[Any]) -> None:
    """Let a snippet call and look at what a test hands over, from outside. Raises `AttributeError` for anything else."""
    name = parts[0] if parts and type(parts[0]) is str else ""
    own = type(made).__module__ in ("snippet", "__main__", "types") and not isinstance(made, _FUNCTIONS | unittest.TestCase)
    fine = {
        "call": True,
        "operate": name in SPECIAL,
        "get": name in _SHOWN or not name.startswith(_INSIDE),
        "set": own and not name.startswith("_"),
        "delete": own and not name.startswith("_"),
        "copy": True,
        "is": True,
        "dir": True,
    }
    if not fine.get(what):
        raise AttributeError(f"{name} cannot be had of what a test hands over")


def found_here(module: Any, qualname: str) -> Any:
    """Return a class that both sides have, or a function that only computes. None if there is none."""
    kind = _KNOWN.get((module, qualname))
    if kind is not None or type(module) is not str or not is_library(module):
        return kind
    is_pure = module in _PURE or (module == "builtins" and qualname in _PURE_BUILTINS)
    try:
        __import__(module)
    except ImportError:
        return None
    made: Any = sys.modules.get(module)
    for name in qualname.split("."):
        made = getattr(made, name, None)
    is_class = isinstance(made, type) and not _skips(made)
    return made if is_class or (is_pure and isinstance(made, _FUNCTIONS)) else None


def _skips(kind: type) -> bool:
    """Return whether a class means something to unittest: what the snippet raises skips no test."""
    return issubclass(kind, BaseException) and kind.__module__.startswith("unittest")


def know() -> None:
    """Remember the classes that both sides have: those that are there before any snippet is."""
    waiting: list[type] = [object]
    while waiting:
        below: list[type] = type.__subclasses__(waiting.pop())
        for kind in below:
            is_ours = kind.__module__.startswith(("app.", "__main__"))
            if (kind.__module__, kind.__qualname__) not in _KNOWN and not is_ours and not _skips(kind):
                _KNOWN[kind.__module__, kind.__qualname__] = kind
                waiting.append(kind)
    _KNOWN["builtins", "object"] = object
