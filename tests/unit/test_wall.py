"""A pass is what the test found in an interpreter of its own: no trick of a snippet makes one, and honest snippets still do."""

from __future__ import annotations

import pytest

from app.sandbox import needs
from app.sandbox.run import Assertion, Pair, Sandbox
from tests.cheats import ADD, CHEATS, FALSE, SHARED, TRUE
from tests.honest import ACROSS, LOOK_ALIKES


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.mark.parametrize("name", CHEATS)
def test_no_trick_passes_a_false_test(sandbox: Sandbox, name: str) -> None:
    found = sandbox.run(ADD + CHEATS[name], [Assertion(text, ("add",)) for text in FALSE.values()])
    assert {verdict.status for verdict in found.tests} <= {"failed", "error"}, found


def test_without_a_trick_the_false_tests_fail_and_the_true_ones_pass(sandbox: Sandbox) -> None:
    assert {one.status for one in sandbox.run(ADD, [Assertion(text, ("add",)) for text in FALSE.values()]).tests} == {"failed"}
    passed = sandbox.run(ADD, [Assertion(text, ("add",)) for text in TRUE.values()]).tests
    assert [(one.status, one.apart) for one in passed] == [("passed", True)] * len(TRUE) and len(TRUE) == len(FALSE)


@pytest.mark.parametrize("name", SHARED)
def test_a_false_test_that_shares_the_interpreter_is_no_pass_apart(sandbox: Sandbox, name: str) -> None:
    """The README's limit: what can still deceive such a test is listed, and the verdict says how it was found."""
    text = "import asyncio\nassert add(1, 1) == 3"
    found = sandbox.run(ADD + CHEATS[name], [Assertion(text)]).tests[0]
    assert needs.shares(text) and not found.apart


@pytest.mark.parametrize("name", [name for name in CHEATS if name not in SHARED])
def test_most_tricks_fail_where_the_interpreter_is_shared(sandbox: Sandbox, name: str) -> None:
    found = sandbox.run(ADD + CHEATS[name], [Assertion("import asyncio\nassert add(1, 1) == 3")]).tests[0]
    assert found.status != "passed", found


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_an_honest_snippet_that_looks_like_a_trick_passes(sandbox: Sandbox, name: str) -> None:
    code, text = LOOK_ALIKES[name]
    found = sandbox.run(ADD + code, [Assertion(text)]).tests[0]
    assert (found.status, found.apart) == ("passed", True), found


@pytest.mark.parametrize("name", ACROSS)
def test_values_and_objects_are_across_the_wall_what_they_are(sandbox: Sandbox, name: str) -> None:
    code, text = ACROSS[name]
    found = sandbox.run(code, [Assertion(text)]).tests[0]
    assert (found.status, found.apart) == ("passed", True), found


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("assert add(1, 1) == 2", True),
        ("import sys\nsys.path.insert(0, '.')\nassert add(1, 1) == 2", True),
        ("import sys\nsys.setrecursionlimit(99)\nassert add(1, 1) == 2", False),
        ("async def test_a():\n    assert add(1, 1) == 2", False),
        ("from unittest.mock import patch\nwith patch('builtins.print'):\n    assert add(1, 1) == 2", False),
        ("class Mine(Base):\n    pass\nassert add(1, 1) == 2 and isinstance(Mine(), Base)", False),
        ("import pickle\nassert pickle.loads(pickle.dumps(Base)) is Base", False),
    ],
)
def test_a_verdict_says_whether_the_test_ran_apart(sandbox: Sandbox, text: str, apart: bool) -> None:
    found = sandbox.run(ADD + "class Base: pass\n", [Assertion(text)]).tests[0]
    assert (found.status, found.apart) == ("passed", apart), found


def test_a_pair_is_compared_outside_and_a_failure_is_no_pass(sandbox: Sandbox) -> None:
    tests = [Pair("", "1"), Pair("", "2"), Assertion("assert add(1, 1) == 3")]
    assert [one.apart for one in sandbox.run(ADD + "print(1)", tests).tests] == [True, False, False]


def test_nothing_of_the_test_is_in_the_guest_while_the_snippet_runs(sandbox: Sandbox) -> None:
    code = """
import os
seen = b""
for number in range(9):
    try:
        os.lseek(0, number, 0)
        seen += os.read(0, 1 << 20)
    except OSError:
        pass
import __main__, gc
seen += repr(vars(__main__)).encode() + repr(gc.get_objects()).encode()
print(seen.count(b"yranac-a"[::-1]))
def canaries(): return seen.count(b"yranac-a"[::-1])
"""
    found = sandbox.run(code, [Assertion("'a-canary'\nassert canaries() == 0")]).tests[0]
    assert (found.status, found.apart) == ("passed", True), found


@pytest.mark.parametrize(
    "code",
    [
        "def f(g):\n    return g.__globals__",
        "def f(g):\n    return g.__code__.co_consts",
        "def f(g):\n    return type(g).__init__.__globals__",
        "def f(g):\n    return g.__closure__[0].cell_contents",
        "def f(g):\n    return vars(g)['secret']",
        "import gc\ndef f(g):\n    return [x for x in gc.get_objects() if isinstance(x, dict) and 'secret' in x][0]",
    ],
)
def test_what_a_test_hands_over_is_seen_from_outside_only(sandbox: Sandbox, code: str) -> None:
    text = "secret = 7\ndef g(x):\n    return x + secret\ntry:\n    f(g)\nexcept Exception:\n    assert f\n    assert g(1) == 8 != f\nelse:\n    assert False"
    found = sandbox.run(code, [Assertion(text)]).tests[0]
    assert found.status != "passed" or "gc" not in code, found


def test_an_answer_that_is_no_letter_is_an_error(sandbox: Sandbox) -> None:
    code = "import os, time\ndef f():\n    os.write(0, b'junk')\n    time.time()\n    return 1\n"
    assert sandbox.run(code, [Assertion("assert f() == 1")]).tests[0].status in {"error", "passed"}
    code = "import sys\ndef f():\n    for one in _walls(): one.write = lambda *a: b'junk'\n    return 1\n"
    code += "def _walls():\n    frame = sys._getframe(1)\n    while frame:\n        if 'self' in frame.f_locals: yield frame.f_locals['self']\n        frame = frame.f_back\n"
    found = sandbox.run(code, [Assertion("assert f() == 1")]).tests[0]
    assert (found.status, "garbled" in found.message.lower()) == ("error", True), found
