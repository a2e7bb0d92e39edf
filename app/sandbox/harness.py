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
import gc
import inspect
import os
import sys
import types
import unittest
from typing import Any

from app.sandbox import harness_lacks as lacks
from app.sandbox import harness_loop as loop
from app.sandbox.harness_checks import SNIPPET, TALLY, TEST, Checks, Failure, Tally, names
from app.sandbox.harness_doctest import doctests
from app.sandbox.harness_kinds import count_assertions, loose, units
from app.sandbox.harness_pytest import Skipped, Unavailable, module
from app.sandbox.harness_restore import remember
from app.sandbox.harness_wall import Wall, know
from app.sandbox.harness_wire import Garbled, from_json, to_json
from app.sandbox.harness_words import assertion, say, where

# Imported before the image is taken, so that a snippet's import of one of them costs no fuel.
READY = (
    "abc array base64 bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime decimal doctest enum "
    "fractions functools hashlib heapq html inspect io itertools keyword math numbers operator queue random re secrets "
    "statistics string struct textwrap time traceback typing unicodedata unittest uuid"
)
_DYNAMIC = {"globals", "locals", "vars", "eval", "exec", "getattr", "__import__", "sys", "inspect", "importlib", "gc"}
_UNSEEN = "assert False, 'the negative control'"
_CLASS = "class Control(unittest.TestCase):\n    def test_control(self):\n        self.assertTrue(not unittest)\n"

Said = tuple[str, str, int, str]  # status, message, checks that ran, what is not here if that is why


def main() -> None:
    """Run the snippet of input 0, with input 1 as its standard input."""
    job = from_json(_input(0))
    os.lseek(0, 1, 0)
    _RUN[:] = [job["module"], _run(job["code"], job["module"])]


def pinned_judge(spaces: list[dict[str, Any]]) -> int:
    """Return where the function is that runs the test in input 2 where the snippet has run; no name or frame leads to it.

    If that input begins with "!", what judges is first put back as it was before the snippet.
    """
    put_back, run, kept, builtin = remember(spaces), _RUN, dict(vars(builtins)), vars(builtins)
    seek, read = os.lseek, os.read

    def judge() -> None:
        name, trouble = run
        seek(0, 2, 0)
        text = b""
        while more := read(0, 65536):
            text += more
        builtin.update(kept)
        if text[:1] == b"!":
            put_back()
        test = from_json(text[1:])
        _leave(test, _verdict(trouble, test, sys.modules[name].__dict__))

    cycle: list[Any] = [judge]
    cycle.append(cycle)  # nobody collects what gc.freeze takes aside
    return id(judge)


def confirm() -> None:
    """Run the test in input 0 on a snippet on the other side of the wall; leave the verdict."""
    test = from_json(_input(0)[1:])
    made = sys.modules["snippet"] = types.ModuleType("snippet")
    wall = Wall(of_test=True, scope=made.__dict__)
    _WALLS.append(wall)
    try:
        wall.meet(test)
        said = _verdict(None, test, made.__dict__)
    except Garbled:
        said = _said("error", "the snippet garbled its answer")
    if wall.lie and said[0] in ("passed", "failed"):
        said = _said("failed", wall.lie)
    _leave(test, _said("unavailable", str(wall.beyond), "apart") if wall.beyond else said)


def answer() -> None:
    """Answer what the other side of the wall asks."""
    if not _WALLS:
        _WALLS.append(Wall(of_test=False, scope=sys.modules["snippet"].__dict__))
    _WALLS[0].answer()


def _leave(test: dict[str, Any], said: Said) -> None:
    sys.stdout.flush()
    os.write(2, test["nonce"].encode() + to_json(said))
    os._exit(0)


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
        return _said("error", say(err))
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
        program = None if tree is None else _compiled(text)
    except MemoryError:
        return _said("error", "the test is nested too deeply to be compiled")
    except BaseException as err:
        return _said("error", say(err))
    vars(TALLY).clear()
    vars(TALLY).update(vars(Tally()))  # whatever the snippet did to it
    sys.modules["pytest"] = module()
    count_assertions()
    builtins.__import__ = lacks.importer(scope, tree)
    TALLY.uses = _uses(tree, text, scope)
    return _try(lambda: _whole(tree, program, test, scope), text)


def _compiled(text: str) -> types.CodeType:
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
            program = _compiled(text)
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
        return "failed", assertion(err, text), ""
    if isinstance(err, Skipped):
        return "error", "nothing was checked: the test was skipped", ""
    status, message, _, lack = _stopped(err)
    return status, message, lack


def _stopped(err: BaseException) -> Said:
    # The parser, too, raises MemoryError, with words, when its own stack is full.
    if isinstance(err, MemoryError) and not err.args:
        return _said("out_of_memory", say(err))
    lack = lacks.lack(err)
    return _said("unavailable", f"{lack[1]}{where(err)}", lack[0]) if lack else _said("error", say(err))


_RUN, _WALLS = list[Any](), list[Wall]()
# The modules that a test is judged with, besides those of this folder.
_JUDGES = (
    "ast asyncio asyncio.events asyncio.runners contextlib doctest functools inspect io re types unittest unittest.case "
    "unittest.loader unittest.result unittest.suite unittest.util"
)

if __name__ == "__main__":
    for _name in READY.split():
        __import__(_name)
    sys.modules["random"].seed(0)
    sys.modules["pytest"] = module()
    loop.install()
    lacks.install()
    _spaces = [vars(sys.modules[_name]) for _name in _JUDGES.split()] + [globals()]
    for _name in [name for name in sys.modules if name.startswith("app.")]:
        _spaces.append(vars(sys.modules.pop(_name)))
    know()
    _compiled("assert f(1) == 2")  # what a first time takes is taken here
    gc.collect()
    gc.disable()
    _judge = pinned_judge(_spaces)
    gc.freeze()
    gc.enable()
    os.write(1, f"{id(type(main))} {id(())} {id(main)} {_judge} {id(confirm)} {id(answer)}".encode())
    os._exit(0)
