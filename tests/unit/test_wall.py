"""A pass is what the test found in an interpreter of its own: no trick of a snippet makes one, and honest snippets still do."""

from __future__ import annotations

import json

import pytest

from app.sandbox import needs
from app.sandbox.machine import Inputs
from app.sandbox.sandbox import Assertion, Pair, Sandbox, Test
from tests.support.snippets.cheats import ADD, BESIDE, CHEATS, FALSE, TRUE
from tests.support.snippets.honest import ACROSS, LOOK_ALIKES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox()


@pytest.mark.parametrize("name", CHEATS)
def test_no_trick_passes_a_false_test(sandbox: Sandbox, name: str) -> None:
    found = sandbox.run(ADD + CHEATS[name], [Assertion(text, ("add",)) for text in FALSE.values()])
    assert {verdict.status for verdict in found.tests} <= {"failed", "error"}, found


@pytest.mark.parametrize(
    "trick",
    [
        "import unittest\ndef skip(): raise unittest.SkipTest('no')",
        "import pytest\ndef skip(): pytest.skip('no')",
        "import unittest.case\ndef skip(): raise unittest.case._ShouldStop",
        "import sys\ndef skip(): raise [one for one in Exception.__subclasses__() if one.__name__ == 'Skipped'][0]",
    ],
)
def test_what_a_snippet_raises_skips_no_test(sandbox: Sandbox, trick: str) -> None:
    code = f"{trick}\ncalls = []\ndef add(a, b):\n    calls.append(1)\n    return a + b if len(calls) == 1 else skip()"
    text = "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(add(1, 1), 2)\n"
    text += "    def test_b(self):\n        self.assertEqual(add(1, 1), 3)\n"
    functions = "def test_a():\n    assert add(1, 1) == 2\ndef test_b():\n    assert add(1, 1) == 3\n"
    assert all(one.status != "passed" for one in sandbox.run(code, [Assertion(text), Assertion(functions)]).tests)


def test_without_a_trick_the_false_tests_fail_and_the_true_ones_pass(sandbox: Sandbox) -> None:
    assert {one.status for one in sandbox.run(ADD, [Assertion(text, ("add",)) for text in FALSE.values()]).tests} == {"failed"}
    passed = sandbox.run(ADD, [Assertion(text, ("add",)) for text in TRUE.values()]).tests
    assert [(one.status, one.apart) for one in passed] == [("passed", True)] * len(TRUE) and len(TRUE) == len(FALSE)


@pytest.mark.parametrize("name", sorted(BESIDE))
def test_a_false_test_that_shares_the_interpreter_is_no_pass_apart(sandbox: Sandbox, name: str) -> None:
    """docs/explanation/sandbox.md lists what can still deceive such a test; the verdict says how it was found."""
    text = "import asyncio\nassert add(1, 1) == 3"
    found = sandbox.run(ADD + CHEATS[name], [Assertion(text)]).tests[0]
    assert needs.shares(text) and not found.apart


@pytest.mark.parametrize("name", [name for name in CHEATS if name not in BESIDE])
def test_most_tricks_fail_where_the_interpreter_is_one(sandbox: Sandbox, name: str) -> None:
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
    tests: list[Test] = [Pair("", "1"), Pair("", "2"), Assertion("assert add(1, 1) == 3")]
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


def apart(sandbox: Sandbox, code: str, text: str) -> str:
    """Return what the second run says, whatever the first would."""
    job, test = {"code": code, "module": "snippet"}, {"nonce": "", "text": text, "entry": [], "way": "apart"}
    inputs = Inputs([json.dumps(job).encode(), b""], b" " + json.dumps(test).encode(), apart=True)
    return sandbox._machine.enter(sandbox._image, inputs, 10**9).stderr.decode()


HANDED = """
secret = 7
def g(x):
    return x + secret
def numbers():
    yield secret
class Item:
    price = 2
assert looks(g, numbers(), Item()) == "nothing" and g(1) == 8
"""
LOOKS = [
    "g.__globals__",
    "g.__code__.co_consts",
    "type(g).__init__.__globals__['secret']",
    "g.__self__",
    "n.gi_frame.f_globals",
    "n.gi_code.co_consts",
    "i.__class__.__init__.__globals__['secret']",
    "i.__dict__",
    "setattr(g, 'x', 1) or g",
    "[one for one in __import__('gc').get_objects() if isinstance(one, dict) and 'secret' in one][0]",
    "[f for f in frames() if 'secret' in f.f_globals][0]",
]


@pytest.mark.parametrize("look", LOOKS)
def test_what_a_test_hands_over_is_seen_from_outside_only(sandbox: Sandbox, look: str) -> None:
    code = f"""
import sys
def frames():
    frame = sys._getframe()
    while frame:
        yield frame
        frame = frame.f_back
def looks(g, n, i):
    try:
        found = {look}
    except (AttributeError, KeyError, IndexError):
        return "nothing"
    return "nothing" if found is None or "secret" not in repr(found) and "7" not in repr(found) else repr(found)
"""
    assert apart(sandbox, code, HANDED).startswith('["passed"')


def test_a_public_attribute_of_what_a_test_hands_over_is_there(sandbox: Sandbox) -> None:
    code = "def price(i):\n    i.price += 1\n    return i.price * 2"
    text = "class Item:\n    price = 2\ni = Item()\nassert price(i) == 6 and i.price == 3 and Item.price == 2"
    assert apart(sandbox, code, text) == '["passed","",1,""]'


def test_an_answer_that_is_no_letter_is_an_error(sandbox: Sandbox) -> None:
    code = """
import sys
def f():
    frame = sys._getframe(1)
    while frame:
        if hasattr(frame.f_locals.get("self"), "meet"):
            frame.f_locals["self"].write = lambda *a: b"junk"
        frame = frame.f_back
    return 1
"""
    found = sandbox.run(code, [Assertion("assert f() == 1")]).tests[0]
    assert (found.status, "garbled" in found.message.lower()) == ("error", True), found
