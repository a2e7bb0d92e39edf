"""The verdict on a test. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import sys
import types
import unittest
from typing import Any

from app.sandbox import harness_lacks as lacks
from app.sandbox.harness_checks import TALLY, TEST, Checks, Failure, Tally, names
from app.sandbox.harness_doctest import doctests
from app.sandbox.harness_kinds import count_assertions, loose, units
from app.sandbox.harness_pytest import Skipped, Unavailable, module
from app.sandbox.harness_words import assertion, say, where

_DYNAMIC = {"globals", "locals", "vars", "eval", "exec", "getattr", "__import__", "sys", "inspect", "importlib", "gc"}
_UNSEEN = "assert False, 'the negative control'"
_CLASS = "class Control(unittest.TestCase):\n    def test_control(self):\n        self.assertTrue(not unittest)\n"

Said = tuple[str, str, int, str]  # status, message, checks that ran, what is not here if that is why


def said(status: str, message: str = "", lack: str = "") -> Said:
    return status, message, TALLY.count, lack


def verdict(trouble: Said | None, test: dict[str, Any], scope: dict[str, Any]) -> Said:
    """Return what became of a test, or of the snippet alone where there is no test."""
    if test["text"] is None:
        return said("passed") if trouble is None or trouble[0] == "exit" else trouble
    if trouble:
        return said("error", "the snippet ended itself") if trouble[0] == "exit" else trouble
    text = test["text"]
    try:
        tree = _parsed(text)
        program = None if tree is None else compiled(text)
    except MemoryError:
        return said("error", "the test is nested too deeply to be compiled")
    except BaseException as err:
        return said("error", say(err))
    vars(TALLY).clear()
    vars(TALLY).update(vars(Tally()))  # whatever the snippet did to it
    sys.modules["pytest"] = module()
    count_assertions()
    builtins.__import__ = lacks.importer(scope, tree)
    TALLY.uses = _uses(tree, text, scope)
    return _try(lambda: _whole(tree, program, test, scope), text)


def compiled(text: str) -> types.CodeType:
    tree = ast.fix_missing_locations(Checks(text).visit(ast.parse(text, TEST)))
    program: types.CodeType = compile(tree, TEST, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    return program


def _parsed(text: str) -> ast.Module | None:
    """Return the test as a program, None if it is a doctest. Raises `SyntaxError` and what else a parser raises."""
    prompted = any(line.lstrip().startswith(">>>") for line in text.split("\n"))
    try:
        tree = ast.parse(text, TEST)
    except SyntaxError:
        if prompted:
            return None
        raise
    texts = all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in tree.body)
    return None if prompted and texts else tree


def _whole(tree: ast.Module | None, program: types.CodeType | None, test: dict[str, Any], scope: dict[str, Any]) -> None:
    """Run a test with all that it defines. Raises what it raises, a `Failure` where that has a name."""
    kinds = set()
    if program is None or tree is None:
        kinds.add("doctest")
        doctests(test["text"], scope)
    else:
        scope |= names() | loose(tree, scope)
        kept = scope["__name__"]
        scope["__name__"] = "__main__" if _is_main(tree) else kept
        _execute(program, scope)
        scope["__name__"] = kept
        if TALLY.count:
            kinds.add("statements")
        for name, run in units(tree, scope, test["entry"]):
            kinds.add("unittest" if isinstance(scope.get(name), type) else "function")
            try:
                run()
            except Skipped:
                TALLY.skipped += 1
            except (Failure, SystemExit, Unavailable, MemoryError):
                raise
            except BaseException as err:
                raise Failure(name, err) from err
    if test["way"] == "control" and TALLY.count:
        for kind in sorted(kinds):
            _control(kind, scope)


def _is_main(tree: ast.Module) -> bool:
    """Return whether a test is written as a program: `if __name__ == "__main__":`."""
    return any(isinstance(node, ast.If) and "__main__" in ast.dump(node.test) for node in tree.body)


def _execute(program: types.CodeType, scope: dict[str, Any]) -> None:
    waiting = eval(program, scope)
    if inspect.iscoroutine(waiting):
        asyncio.run(waiting)


def _control(kind: str, scope: dict[str, Any]) -> None:
    """Run what must fail as a test of this kind. Raises `AssertionError`, unless the snippet can make anything pass."""
    before = len(TALLY.failed)
    try:
        if kind == "doctest":
            doctests(">>> 1\n2\n", scope)
        else:
            text = {"statements": _UNSEEN, "unittest": _CLASS}.get(kind, f"def test_control():\n    {_UNSEEN}\n")
            tree = ast.parse(text)
            program = compiled(text)
            space = {**scope, "unittest": unittest}
            exec(program, space)
            for _, run in units(tree, space, []):
                run()
    except BaseException:
        if len(TALLY.failed) > before:
            return
    TALLY.failed.clear()
    raise _Deceived


class _Deceived(BaseException):
    """A test passed that cannot."""


def _uses(tree: ast.Module | None, text: str, scope: dict[str, Any]) -> bool:
    """Return whether a test has to do with anything that the snippet defines: else nothing of the snippet is checked."""
    if tree is None:
        return any(name in text for name in scope if not name.startswith("__"))
    loaded = {one.id for one in ast.walk(tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    own = {one.id for node in tree.body if isinstance(node, ast.Assign) for one in node.targets if isinstance(one, ast.Name)}
    own |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    return bool(loaded & (scope.keys() - own - {"__builtins__"}) or loaded & _DYNAMIC)


def _try(run: Any, text: str) -> Said:
    try:
        run()
    except _Deceived:
        return said("passed")
    except Failure as failure:
        cause = failure.cause
        while isinstance(cause, Failure):
            cause = cause.cause
        status, message, lack = _outcome(cause, text)
        return said(status, message if lack else f"{failure.name}: {message}", lack)
    except BaseException as err:
        return said(*_outcome(err, text))
    if TALLY.failed:
        return said("failed", f"{TALLY.failed[0]} (the test goes on in spite of it)")
    if not TALLY.count or not TALLY.uses:
        why = ": the test was skipped" if TALLY.skipped else "" if not TALLY.count else ": the test uses nothing of the snippet"
        return said("error", f"nothing was checked{why}")
    return said("passed")


def _outcome(err: BaseException, text: str) -> tuple[str, str, str]:
    if isinstance(err, AssertionError):
        return "failed", assertion(err, text), ""
    if isinstance(err, Skipped):
        return "error", "nothing was checked: the test was skipped", ""
    status, message, _, lack = stopped(err)
    return status, message, lack


def stopped(err: BaseException) -> Said:
    # The parser, too, raises MemoryError, with words, when its own stack is full.
    if isinstance(err, MemoryError) and not err.args:
        return said("out_of_memory", say(err))
    lack = lacks.lack(err)
    return said("unavailable", f"{lack[1]}{where(err)}", lack[0]) if lack else said("error", say(err))
