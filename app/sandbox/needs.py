"""What a test needs that the guest lacks, found from its imports alone before anything runs or a model is asked."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from app.sandbox.harness_lacks import FOREIGN

_IMPORT = re.compile(r"^[ \t]*+(?:>>>[ \t]*+)?(?:from|import)[ \t]+(\w+)", re.MULTILINE)
_GUARDED = ast.Try | ast.TryStar | ast.FunctionDef | ast.AsyncFunctionDef | ast.If  # may never run, or has its errors caught


def lacking(test: str, missing: Sequence[str]) -> str | None:
    """Return the first missing module that `test` imports, None if there is none.

    `missing` are the modules of the standard library that the guest lacks. An unknown module does not count, because a test
    means the snippet by it.
    """
    return next((name for name in _imported(test) if name in FOREIGN or name in missing), None)


def _imported(test: str) -> Iterator[str]:
    try:
        tree = ast.parse(test)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        yield from _IMPORT.findall(test)
        return
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").partition(".")[0]
        if not isinstance(node, _GUARDED):
            waiting += ast.iter_child_nodes(node)


# Words in tests that change or inspect the interpreter of a snippet; such tests share one with the snippet.
_STATE = frozenset(
    "__builtins__ __code__ __subclasses__ __wrapped__ async asyncio await builtins cache_clear dataclasses environ exec gc "  # noqa: SIM905
    "getcontext get_type_hints importlib inspect linecache localcontext logging mock monkeypatch patch pickle platform putenv "
    "reload seed setattr setcontext setlocale signature threading traceback tracemalloc warns warnings weakref".split()
)
_WORD = re.compile(r"\w+")
_SYSTEM = re.compile(
    r"\bfrom\s+sys\b|\bsys\.(?!maxsize|path\b|float_info|int_info|version|stdout|stderr|getsizeof|exit\b|executable)"
)


def shares(test: str) -> bool:
    """Return whether a test must run in the snippet's interpreter, judged by its words alone."""
    return not _STATE.isdisjoint(_WORD.findall(test)) or _SYSTEM.search(test) is not None
