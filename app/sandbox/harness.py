"""What runs inside the guest. Read as text by `app.sandbox.build`; the host never imports it.

The guest starts, imports what snippets use, says where `main` is, and stops. Every test is a copy of
that moment in which `main` is called: run the snippet, then, with the test that it could not see
before, find the verdict and leave it on standard error behind the nonce that came with the test.
What counts as a check is in harness_checks.py, what defines something to be run in harness_kinds.py.
"""

from __future__ import annotations

import builtins
import gc
import os
import sys
import types
from typing import Any

from app.sandbox import harness_lacks as lacks
from app.sandbox import harness_loop as loop
from app.sandbox.harness_checks import SNIPPET
from app.sandbox.harness_known import know
from app.sandbox.harness_pytest import module
from app.sandbox.harness_restore import remember
from app.sandbox.harness_values import from_json, to_json
from app.sandbox.harness_verdict import Said, compiled, said, stopped, verdict
from app.sandbox.harness_wall import Wall
from app.sandbox.harness_wire import Garbled
from app.sandbox.harness_words import say

# Imported before the image is taken, so that a snippet's import of one of them costs no fuel.
READY = (
    "abc array base64 bisect calendar cmath collections collections.abc contextlib copy csv dataclasses datetime decimal "
    "doctest enum fractions functools hashlib heapq html inspect io itertools keyword math numbers operator queue random re "
    "secrets statistics string struct textwrap time traceback typing unicodedata unittest uuid"
)


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
        _leave(test, verdict(trouble, test, sys.modules[name].__dict__))

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
        found = verdict(None, test, made.__dict__)
    except Garbled:
        found = said("error", "the snippet garbled its answer")
    if wall.lie and found[0] in ("passed", "failed"):
        found = said("failed", wall.lie)
    _leave(test, said("beyond", str(wall.beyond)) if wall.beyond else found)


def answer() -> None:
    """Answer what the other side of the wall asks."""
    if not _WALLS:
        _WALLS.append(Wall(of_test=False, scope=sys.modules["snippet"].__dict__))
    _WALLS[0].answer()


def _leave(test: dict[str, Any], found: Said) -> None:
    sys.stdout.flush()
    os.write(2, test["nonce"].encode() + to_json(found))
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
        return said("error", "the snippet is nested too deeply to be compiled")
    except BaseException as err:
        return said("error", say(err))
    try:
        exec(program, made.__dict__)
    except SystemExit as err:
        return said("exit" if err.code in (None, 0) else "error", "the snippet ended itself with an error")
    except BaseException as err:
        return stopped(err)
    return None


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
    _spaces += [vars(sys.modules.pop(_name)) for _name in list(sys.modules) if _name.startswith("app.")]
    know()
    compiled("assert f(1) == 2")  # what a first time takes is taken here
    gc.collect()
    gc.disable()
    _judge = pinned_judge(_spaces)
    gc.freeze()
    gc.enable()
    os.write(1, f"{id(type(main))} {id(())} {id(main)} {_judge} {id(confirm)} {id(answer)}".encode())
    os._exit(0)
