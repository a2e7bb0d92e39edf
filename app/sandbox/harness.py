"""What runs inside the guest. Read as text by `app.sandbox.build`; the host never imports it.

The guest starts, imports what snippets use, says where `main` is, and stops. Every test is a copy of
that moment in which `main` is called: run the snippet, then, with the test that it could not see
before, find the verdict and leave it on standard error behind the nonce that came with the test.
"""

from __future__ import annotations

import ast
import builtins
import json
import os
import sys
import types
from typing import Any

# Imported before the image is taken, so that a snippet's import of one of them costs no fuel.
_READY = (
    "abc array base64 bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime decimal enum "
    "fractions functools hashlib heapq html inspect io itertools keyword math numbers operator queue random re secrets "
    "statistics string struct textwrap time traceback typing unicodedata unittest uuid"
)
_BUILTINS = dict(vars(builtins))  # as they are before a snippet replaces some
_SNIPPET, _TEST = "<snippet>", "<test>"
_SHOWN = 160  # characters of a value in a message
_SIDES, _EXPLAINED = ("left side", "right side"), "explain both sides"  # names that no snippet can spell

Said = tuple[str, str]  # status and message


def main() -> None:
    """Run the snippet of input 0 with input 1 as its standard input, then the test in input 2."""
    leave, write, loads, dumps, verdict = os._exit, os.write, json.loads, json.dumps, _verdict
    job = loads(_input(0))
    os.lseek(0, 1, 0)
    trouble = _run(job["code"], job["module"])
    vars(builtins).update(_BUILTINS)
    test = loads(_input(2))
    said = verdict(trouble, test["text"], sys.modules[job["module"]].__dict__)
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
    module = types.ModuleType(name)
    sys.modules[name] = module
    try:
        program = compile(code, _SNIPPET, "exec", dont_inherit=True)
    except MemoryError:
        return "error", "the snippet is nested too deeply to be compiled"
    except BaseException as err:
        return "error", _say(err)
    try:
        exec(program, module.__dict__)
    except SystemExit as err:
        return ("exit", "") if err.code in (None, 0) else ("error", "the snippet ended itself with an error")
    except BaseException as err:
        return _stopped(err)
    return None


def _verdict(trouble: Said | None, test: str | None, scope: dict[str, Any]) -> Said:
    """Return what became of a test, or of the snippet alone where there is no test."""
    if test is None:
        return ("passed", "") if trouble in (None, ("exit", "")) else trouble
    if trouble:
        return ("error", "the snippet ended itself") if trouble[0] == "exit" else trouble
    try:
        tree = _Explain(test).visit(ast.parse(test, _TEST))
        program = compile(ast.fix_missing_locations(tree), _TEST, "exec", dont_inherit=True)
    except MemoryError:
        return "error", "the test is nested too deeply to be compiled"
    except BaseException as err:
        return "error", _say(err)
    return _try(program, test, scope)


def _try(program: types.CodeType, test: str, scope: dict[str, Any]) -> Said:
    scope[_EXPLAINED] = _explained
    try:
        exec(program, scope)
    except AssertionError as err:
        return "failed", _assertion(err, test)
    except BaseException as err:
        return _stopped(err)
    return "passed", ""


def _stopped(err: BaseException) -> Said:
    # The parser, too, raises MemoryError, with words, when its own stack is full.
    return "out_of_memory" if isinstance(err, MemoryError) and not err.args else "error", _say(err)


def _place(err: BaseException) -> tuple[str, int | None]:
    """Return the file, snippet or test, and the line of it that an exception came from."""
    name, line = "", None
    if isinstance(err, SyntaxError):
        name, line = err.filename or "", err.lineno
    at = err.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename in (_SNIPPET, _TEST):
            name, line = at.tb_frame.f_code.co_filename, at.tb_lineno
        at = at.tb_next
    return name, line


def _say(err: BaseException) -> str:
    """Return the kind of an exception, its words, and where it came from."""
    try:
        words = err.msg if isinstance(err, SyntaxError) else str(err)
    except BaseException:
        words = "its message cannot be shown"
    name, line = _place(err)
    place = f" (line {line} of the {name[1:-1]})" if line and name in (_SNIPPET, _TEST) else ""
    return type(err).__name__ + (f": {words[:_SHOWN]}" if words else "") + place


def _assertion(err: AssertionError, test: str) -> str:
    """Return the assertion that failed, with the values that it compared."""
    if len(err.args) == 1 and type(err.args[0]) is _Words:
        return err.args[0].text
    name, line = _place(err)
    source = test.splitlines()[line - 1].strip() if name == _TEST and line else ""
    return source[: 2 * _SHOWN] or _say(err)


class _Words:
    """A message that `_explained` put together."""

    def __init__(self, text: str) -> None:
        self.text = text


def _explained(source: str, left: object, right: object) -> _Words:
    return _Words(f"{source}: the left side is {_shown(left)}, the right side {_shown(right)}")


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except BaseException:
        text = "a value without repr"
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


class _Explain(ast.NodeTransformer):
    """Gives `assert a == b` a message with both values, each of them evaluated once."""

    def __init__(self, source: str) -> None:
        self._source = source

    def visit_Assert(self, node: ast.Assert) -> ast.Assert:
        if not isinstance(node.test, ast.Compare) or len(node.test.ops) != 1:
            return node
        source = (ast.get_source_segment(self._source, node) or "")[: 2 * _SHOWN]
        left, right = (
            ast.NamedExpr(ast.Name(name, ast.Store()), value)
            for name, value in zip(_SIDES, [node.test.left, *node.test.comparators])
        )
        sides = [ast.Name(name, ast.Load()) for name in _SIDES]
        told = ast.Call(ast.Name(_EXPLAINED, ast.Load()), [ast.Constant(source), *sides], [])
        return ast.copy_location(ast.Assert(ast.Compare(left, node.test.ops, [right]), told), node)


if __name__ == "__main__":
    for _name in _READY.split():
        __import__(_name)
    sys.modules["random"].seed(0)
    os.write(1, f"{id(main)} {id(type(main))} {id(())}".encode())
    os._exit(0)
