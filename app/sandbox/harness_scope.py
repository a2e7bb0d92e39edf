"""Which names a test has from the snippet, and which it has not. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Sequence


def hidden(text: str, names: set[str], entry: Sequence[str]) -> tuple[set[str], set[str]]:
    """Return the names of the snippet that a test does not mean by them, and those of modules that it means instead.

    A test that uses `all` and `add` means the builtin by the one and the snippet by the other, unless it imports the one or the
    task is about it. If it uses nothing else of the snippet, it means that. `math.pi` means the module, whatever math is there.
    """
    nodes = _nodes(text)
    asked = {name.name for node in nodes if isinstance(node, ast.ImportFrom) for name in node.names} | set(entry)
    dotted = {node.value.id for node in nodes if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)}
    modules = {name for name in dotted & names - asked if is_library(name) or name == "pytest"}
    shadows = {name for name in names if name in vars(builtins)} - asked
    return modules | (shadows if names - shadows - modules else set()), modules


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
