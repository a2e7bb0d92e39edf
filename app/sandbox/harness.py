"""What runs inside the guest. Read as text by `app.sandbox.build`; the host never imports it.

The guest starts, imports what snippets use, says where `main` is, and stops. Every test is a copy of
that moment in which `main` is called: run the snippet, then, with the test that it could not see
before, find the verdict and leave it on standard error behind the nonce that came with the test.
What counts as a check is in harness_checks.py, what defines something to be run in harness_kinds.py.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import json
import os
import sys
import types
import unittest
from typing import Any

from app.sandbox import harness_lacks as lacks
from app.sandbox import harness_loop as loop
from app.sandbox.harness_checks import SHOWN, SNIPPET, TALLY, TEST, Checks, Words, names
from app.sandbox.harness_kinds import Failure, count_assertions, doctests, units
from app.sandbox.harness_pytest import Skipped, Unavailable, module

# Imported before the image is taken, so that a snippet's import of one of them costs no fuel.
READY = (
    "abc array base64 bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime decimal enum "
    "fractions functools hashlib heapq html inspect io itertools keyword math numbers operator queue random re secrets "
    "statistics string struct textwrap time traceback typing unicodedata unittest uuid"
)
_DYNAMIC = {"globals", "locals", "vars", "eval", "exec", "getattr", "__import__", "sys", "inspect", "importlib", "gc"}
_UNSEEN = "assert False, 'the negative control'"
_CLASS = "class Control(unittest.TestCase):\n    def test_control(self):\n        self.assertTrue(not unittest)\n"

Said = tuple[str, str, int, str]  # status, message, checks that ran, what is not here if that is why


def main() -> None:
    """Run the snippet of input 0 with input 1 as its standard input, then the test in input 2."""
    leave, write, loads, dumps, verdict = os._exit, os.write, json.loads, json.dumps, _verdict
    job = loads(_input(0))
    os.lseek(0, 1, 0)
    trouble = _run(job["code"], job["module"])
    vars(builtins).update(_BUILTINS)
    test = loads(_input(2))
    said = verdict(trouble, test, sys.modules[job["module"]].__dict__)
    sys.stdout.flush()
    write(2, (test["nonce"] + dumps(said)).encode())
    leave(0)


def _input(number: int) -> bytes:
    os.lseek(0, number, 0)
    data = b""
    while more := os.read(0, 65536):
        data += more
    return data


def _run(code: str, name: str) -> Said | None:
    """Return None, or what stopped the snippet."""
    made = types.ModuleType(name)
    sys.modules[name] = made
    try:
        program = compile(code, SNIPPET, "exec", dont_inherit=True)
    except MemoryError:
        return _said("error", "the snippet is nested too deeply to be compiled")
    except BaseException as err:
        return _said("error", _say(err))
    try:
        exec(program, made.__dict__)
    except SystemExit as err:
        return _said("exit" if err.code in (None, 0) else "error", "the snippet ended itself with an error")
    except BaseException as err:
        return _stopped(err)
    return None


def _said(status: str, message: str = "", lack: str = "") -> Said:
    return status, message, TALLY.count, lack


def _verdict(trouble: Said | None, test: dict[str, Any], scope: dict[str, Any]) -> Said:
    """Return what became of a test, or of the snippet alone where there is no test."""
    if test["text"] is None:
        return _said("passed") if trouble is None or trouble[0] == "exit" else trouble
    if trouble:
        return _said("error", "the snippet ended itself") if trouble[0] == "exit" else trouble
    text = test["text"]
    try:
        tree = _parsed(text)
        program = (
            compile(ast.fix_missing_locations(Checks(text).visit(_parsed(text))), TEST, "exec", _AWAIT, True) if tree else None
        )
    except MemoryError:
        return _said("error", "the test is nested too deeply to be compiled")
    except BaseException as err:
        return _said("error", _say(err))
    TALLY.__init__()  # type: ignore[misc]  whatever the snippet did to it
    sys.modules["pytest"] = module()
    count_assertions()
    builtins.__import__ = lacks.importer(scope, tree)
    TALLY.uses = _uses(tree, text, scope)
    return _try(lambda: _whole(tree, program, test, scope), text)


_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT


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


def _shown_text(text: str) -> str:
    """Return a doctest without the quotes around it, if that is how it was given."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    return "\n".join(
        str(node.value.value) for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _whole(tree: ast.Module | None, program: types.CodeType | None, test: dict[str, Any], scope: dict[str, Any]) -> None:
    """Run a test with all that it defines. Raises what it raises, a `Failure` where that has a name."""
    kinds = set()
    if program is None or tree is None:
        kinds.add("doctest")
        doctests(_shown_text(test["text"]), scope)
    else:
        scope |= names()
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
    if test["control"] and TALLY.count:
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
            program = compile(ast.fix_missing_locations(Checks(text).visit(ast.parse(text))), TEST, "exec", dont_inherit=True)
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
        return _said("passed")
    except Failure as failure:
        cause = failure.cause
        while isinstance(cause, Failure):
            cause = cause.cause
        status, message, lack = _outcome(cause, text)
        return _said(status, message if lack else f"{failure.name}: {message}", lack)
    except BaseException as err:
        return _said(*_outcome(err, text))
    if TALLY.failed:
        return _said("failed", f"{TALLY.failed[0]} (the test goes on in spite of it)")
    if not TALLY.count or not TALLY.uses:
        why = ": the test was skipped" if TALLY.skipped else "" if not TALLY.count else ": the test uses nothing of the snippet"
        return _said("error", f"nothing was checked{why}")
    return _said("passed")


def _outcome(err: BaseException, text: str) -> tuple[str, str, str]:
    if isinstance(err, AssertionError):
        return "failed", _assertion(err, text), ""
    if isinstance(err, Skipped):
        return "error", "nothing was checked: the test was skipped", ""
    status, message, _, lack = _stopped(err)
    return status, message, lack


def _stopped(err: BaseException) -> Said:
    # The parser, too, raises MemoryError, with words, when its own stack is full.
    if isinstance(err, MemoryError) and not err.args:
        return _said("out_of_memory", _say(err))
    lack = lacks.lack(err)
    return _said("unavailable", f"{lack[1]}{_where(err)}", lack[0]) if lack else _said("error", _say(err))


def _place(err: BaseException) -> tuple[str, int | None]:
    """Return the file, snippet or test, and the line of it that an exception came from."""
    name, line = "", None
    if isinstance(err, SyntaxError):
        name, line = err.filename or "", err.lineno
    at = err.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename in (SNIPPET, TEST):
            name, line = at.tb_frame.f_code.co_filename, at.tb_lineno
        at = at.tb_next
    return name, line


def _where(err: BaseException) -> str:
    name, line = _place(err)
    return f" (line {line} of the {name[1:-1]})" if line and name in (SNIPPET, TEST) else ""


def _say(err: BaseException) -> str:
    """Return the kind of an exception, its words, and where it came from."""
    try:
        words = err.msg if isinstance(err, SyntaxError) else str(err)
    except BaseException:
        words = "its message cannot be shown"
    return type(err).__name__ + (f": {words[:SHOWN]}" if words else "") + _where(err)


def _assertion(err: AssertionError, test: str) -> str:
    """Return the assertion that failed, with the values that it compared."""
    if len(err.args) == 1 and type(err.args[0]) is Words:
        return err.args[0].text
    name, line = _place(err)
    source = test.split("\n")[line - 1].strip() if name == TEST and line else ""
    try:
        words = str(err)
    except BaseException:
        words = ""
    if words and type(err) is AssertionError and name == TEST and not source.startswith(("assert", "raise")):
        return f"{source[:SHOWN]}: {words.strip()[: 2 * SHOWN]}"  # of unittest
    return (
        words[: 2 * SHOWN] if words and name == TEST and not source.startswith("assert") else source[: 2 * SHOWN] or _say(err)
    )


_BUILTINS: dict[str, Any]  # as they are before a snippet replaces some

if __name__ == "__main__":
    for _name in READY.split():
        __import__(_name)
    sys.modules["random"].seed(0)
    sys.modules["pytest"] = module()
    loop.install()
    lacks.install()
    for _name in [name for name in sys.modules if name.startswith("app.")]:
        del sys.modules[_name]
    _BUILTINS = dict(vars(builtins))
    os.write(1, f"{id(main)} {id(type(main))} {id(())}".encode())
    os._exit(0)
