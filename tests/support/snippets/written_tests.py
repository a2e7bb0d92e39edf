"""Tests as people write them, and what must become of each with a right snippet and with a wrong one."""

from __future__ import annotations

from typing import NamedTuple

RIGHT = '''\
import asyncio


def add(a, b):
    """Return the sum.

    >>> add(1, 2)
    3
    """
    if isinstance(a, str):
        raise TypeError("no text")
    return a + b


async def double(x):
    await asyncio.sleep(1)
    return add(x, x)


class Stack:
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(add(item, 0))

    def pop(self):
        return self.items.pop()


def main():
    print(add(2, 3))
'''
WRONG = RIGHT.replace("return a + b", "return a - b + 7").replace('raise TypeError("no text")', "return 0")


class Kind(NamedTuple):
    name: str
    text: str
    checks: int
    """That ran, with the right snippet."""


PYTEST = """\
import pytest
from solution import add


def test_add():
    assert add(2, 3) == 5


@pytest.mark.parametrize("a, b, total", [(1, 1, 2), (2, 2, 4), pytest.param(0, 0, 0, id="zero")])
def test_many(a, b, total):
    assert add(a, b) == total


@pytest.fixture
def one():
    yield 1


def test_fixture(one):
    assert add(one, one) == 2


def test_raises():
    with pytest.raises(TypeError, match="no text"):
        add("a", "b")


def test_near():
    assert add(0.1, 0.2) == pytest.approx(0.3)


@pytest.mark.skip(reason="later")
def test_later():
    assert False


@pytest.mark.slow
class TestAdd:
    def setup_method(self):
        self.n = 4

    def test_more(self):
        assert add(self.n, 1) == 5


def test_print(capsys):
    main()
    assert capsys.readouterr().out == "5\\n"
"""
UNITTEST = """\
import unittest
from my_module import add, Stack


class TestAdd(unittest.TestCase):
    def setUp(self):
        self.stack = Stack()

    def test_add(self):
        self.assertEqual(add(2, 3), 5)

    def test_stack(self):
        self.stack.push(4)
        with self.subTest("pop"):
            self.assertEqual(self.stack.pop(), 4)

    def test_raises(self):
        with self.assertRaises(TypeError):
            add("a", 1)

    def test_list(self):
        self.assertListEqual([add(1, 1)], [2])


if __name__ == "__main__":
    unittest.main()
"""
HUMANEVAL = """\
METADATA = {"author": "x"}


def check(candidate):
    assert candidate(1, 1) == 2, "Test 1"
    assert True, "This prints if this assert fails 1 (good for debugging!)"
    for n in range(3):
        assert candidate(n, n) == 2 * n
"""
KINDS = [
    Kind("assert", "assert add(2, 3) == 5", 1),
    Kind("several", "assert add(2, 3) == 5\nassert add(1, 1) == 2, 'words'\nassert not add(0, 0)", 3),
    Kind("bare", "add(2, 3) == 5", 1),
    Kind("bare-and", "add(2, 3) == 5 and add(1, 1) == 2", 1),
    Kind("bare-words", "add(2, 3) == 5, 'two and three'", 1),
    Kind("chain", "assert 4 < add(2, 3) < 6", 1),
    Kind("print-and-assert", "print(add(1, 1))\nassert add(1, 1) == 2", 1),
    Kind("loop", "for a, b, c in [(1, 1, 2), (2, 2, 4)]:\n    assert add(a, b) == c", 2),
    Kind("helper", "def same(a, b):\n    assert a == b, f'{a} is not {b}'\nsame(add(1, 1), 2)\nsame(add(2, 2), 4)", 2),
    Kind("if-raise", "if add(1, 1) != 2:\n    raise AssertionError('wrong')", 1),
    Kind("raise-other", "if add(1, 1) != 2:\n    raise Exception('wrong')", 1),
    Kind("expects", "try:\n    add('a', 'b')\n    assert False, 'no error'\nexcept TypeError:\n    pass", 1),
    Kind("expects-else", "try:\n    add('a', 1)\nexcept TypeError:\n    pass\nelse:\n    raise AssertionError('no error')", 1),
    Kind("expects-flag", "r = False\ntry:\n    add('a', 1)\nexcept TypeError:\n    r = True\nassert r", 1),
    Kind("called-function", "def test_add():\n    assert add(2, 3) == 5\n\ntest_add()", 1),
    Kind("one-function", "def test_add():\n    assert add(2, 3) == 5", 1),
    Kind("main-guard", "def tests():\n    assert add(2, 3) == 5\n\nif __name__ == '__main__':\n    tests()", 1),
    Kind("pytest", PYTEST, 9),
    Kind("pytest-main", "import pytest\ndef test_a():\n    assert add(1, 1) == 2\n"
         "if __name__ == '__main__':\n    pytest.main()", 1),
    Kind("pytest-class", "class TestIt:\n    def test_a(self):\n        assert add(1, 1) == 2", 1),
    Kind("pytest-argument", "def test_a(add):\n    assert add(1, 1) == 2", 1),
    Kind("pytest-monkeypatch", "def test_a(monkeypatch):\n    monkeypatch.setenv('A', '1')\n    assert add(1, 1) == 2", 1),
    Kind("unittest", UNITTEST, 4),
    Kind("unittest-bare", "import unittest\ntc = unittest.TestCase()\ntc.assertEqual(add(1, 1), 2)", 1),
    Kind(
        "unittest-async",
        "import unittest\nclass T(unittest.IsolatedAsyncioTestCase):\n"
        "    async def test_a(self):\n        self.assertEqual(await double(2), 4)",
        1,
    ),
    Kind("humaneval", HUMANEVAL, 4),
    Kind("humaneval-called", HUMANEVAL + "\ncheck(add)\n", 4),
    Kind("doctest", ">>> add(1, 1)\n2\n>>> x = add(2, 2)\n>>> x\n4\n", 2),
    Kind("doctest-prose", "It adds:\n\n>>> add(1, 1)\n2\n\nand refuses text:\n\n>>> add('a', 1)\n"
         "Traceback (most recent call last):\n    ...\nTypeError: no text\n", 2),
    Kind("doctest-compares", ">>> add(1, 1) == 2", 1),
    Kind("doctest-import", ">>> from solution import add\n>>> add(1, 1)\n2", 1),
    Kind("doctest-docstring", '"""\n>>> add(1, 1)\n2\n"""', 1),
    Kind("asyncio-run", "import asyncio\nassert asyncio.run(double(2)) == 4", 1),
    Kind("await", "assert await double(2) == 4", 1),
    Kind("async-function", "async def test_double():\n    assert await double(2) == 4", 1),
    Kind("async-mark", "import pytest\n@pytest.mark.asyncio\nasync def test_double():\n    assert await double(2) == 4", 1),
    Kind("async-gather", "import asyncio\nasync def go():\n    return await asyncio.gather(double(1), double(2))\n"
         "assert asyncio.run(go()) == [2, 4]", 1),
    Kind("async-loop", "import asyncio\nloop = asyncio.new_event_loop()\nassert loop.run_until_complete(double(2)) == 4", 1),
    Kind("async-timeout", "import asyncio\nassert asyncio.run(asyncio.wait_for(double(2), 5)) == 4", 1),
    Kind("from-solution", "from solution import add\nassert add(1, 1) == 2", 1),
    Kind("from-snippet", "from snippet import add as plus\nassert plus(1, 1) == 2", 1),
    Kind("from-main", "from main import *\nassert add(1, 1) == 2", 1),
    Kind("from-dunder-main", "from __main__ import add\nassert add(1, 1) == 2", 1),
    Kind("import-module", "import solution\nassert solution.add(1, 1) == 2", 1),
    Kind("import-as", "import your_module as m\nassert m.add(1, 1) == 2", 1),
    Kind("import-dotted", "import src.app.sums\nassert src.app.sums.add(1, 1) == 2", 1),
    Kind("from-dotted", "from src.app.sums import add\nassert add(1, 1) == 2", 1),
    Kind("from-package", "from src import sums\nassert sums.add(1, 1) == 2", 1),
    Kind("from-dot", "from .sums import add\nassert add(1, 1) == 2", 1),
    Kind("from-code", "from code import add\nassert add(1, 1) == 2", 1),
    Kind("real-import", "from collections import Counter\nassert Counter([add(1, 1)])[2] == 1", 1),
    Kind("mock", "from unittest.mock import patch\nwith patch('builtins.print') as p:\n    main()\n"
         "p.assert_called_once_with(5)\nassert p.call_count == 1 and add(1, 1) == 2", 2),
    Kind("mock-alone", "from unittest.mock import patch\nwith patch('builtins.print') as p:\n    main()\n"
         "p.assert_called_once_with(5)", 1),
    Kind("assert-equal", "assert_equal(add(1, 1), 2)\nassertEqual(add(2, 2), 4)", 2),
    Kind("redirect", "import io, contextlib\nout = io.StringIO()\nwith contextlib.redirect_stdout(out):\n    main()\n"
         "assert out.getvalue() == '5\\n'", 1),
    Kind("raises-assertion", "import pytest\n"
         "with pytest.raises(AssertionError):\n    assert add(1, 1) == 3\nassert add(1, 1) == 2", 3),
    Kind("dynamic", "assert globals()['add'](1, 1) == 2", 1),
]  # fmt: skip

# Tests that check nothing of the snippet, whatever it is: never a pass.
EMPTY = {
    "nothing": "",
    "comment": "# add(1, 1) == 2",
    "pass": "pass",
    "call": "add(1, 1)",
    "print": "print(add(1, 1) == 999)",
    "constant": "assert True",
    "constant-words": "add(1, 1)\nassert 1, 'fine'",
    "constants": "add(1, 1)\nassert 1 == 1",
    "tuple": "assert (add(1, 1) == 999, 'the sum')",
    "list": "assert [add(1, 1) == 999]",
    "generator": "assert (add(n, n) == 999 for n in range(3))",
    "outcomes": "assert [add(n, n) == 999 for n in range(3)]",
    "lambda": "assert lambda: add(1, 1) == 999",
    "or-true": "assert add(1, 1) == 999 or True",
    "function": "assert add",
    "never-called": "def verify():\n    assert add(1, 1) == 999",
    "if-false": "if False:\n    assert add(1, 1) == 999",
    "no-rounds": "for n in []:\n    assert add(n, n) == 999",
    "own-copy": "def add(a, b):\n    return 999\nassert add(1, 1) == 999",
    "unrelated": "assert len('abc') == 3",
    "unrelated-variable": "x = 1\nassert x == 1",
    "unittest-constant": "import unittest\nclass T(unittest.TestCase):\n"
    "    def test_a(self):\n        add(1, 1)\n        self.assertTrue(True)",
    "unittest-empty": "import unittest\nclass T(unittest.TestCase):\n    pass\nunittest.main()",
    "mock-constant": "assertEqual(2, 2)\nadd(1, 1)",
    "pytest-returns": "def test_a():\n    return add(1, 1) == 999",
    "pytest-skipped": "import pytest\n@pytest.mark.skip\ndef test_a():\n    assert add(1, 1) == 999",
    "pytest-skips": "import pytest\ndef test_a():\n    pytest.skip('no')\n    assert add(1, 1) == 999",
    "no-parameters": "import pytest\n@pytest.mark.parametrize('n', [])\ndef test_a(n):\n    assert add(n, n) == 999",
    "doctest-silent": ">>> x = add(1, 1)",
    "async-never-awaited": "async def verify():\n    assert await double(1) == 999\nverify()",
}
# Tests whose failing check something swallows: failed, with the right snippet too.
SWALLOWED = {
    "pass": "try:\n    assert add(1, 1) == 999\nexcept AssertionError:\n    pass",
    "bare-except": "try:\n    assert add(1, 1) == 999\nexcept:\n    print('failed')",
    "trap": "try:\n    add(1, 1)\n    assert False, 'no error'\nexcept Exception:\n    pass",
    "raised": "try:\n    if add(1, 1) != 999:\n        raise AssertionError('wrong')\nexcept Exception:\n    pass",
    "suppress": "import contextlib\nwith contextlib.suppress(AssertionError):\n    assert add(1, 1) == 999",
    "unittest": "import unittest\ntry:\n    unittest.TestCase().assertEqual(add(1, 1), 999)\nexcept AssertionError:\n    pass",
    "finally": "def f():\n    try:\n        assert add(1, 1) == 999\n    finally:\n        return 1\nassert f() == add(1, 0)",
}
# Test -> status, and what the message must hold.
MESSAGES = {
    "def test_add():\n    assert add(2, 3) == 5\n\ndef test_impossible():\n    assert add(1, 1) == 999\n": (
        "failed",
        "test_impossible: assert add(1, 1) == 999: the left side is 2, the right side 999",
    ),
    "add(1, 1) == 999": ("failed", "add(1, 1) == 999: the left side is 2, the right side 999"),
    ">>> add(1, 1)\n0": ("failed", "add(1, 1): the output is '2', expected '0'"),
    "from solution import subtract\nassert subtract(1, 1) == 0": ("error", "the snippet does not define subtract"),
    "from snippet import subtract": ("error", "subtract"),
    "import solution\nassert solution.subtract(1, 1) == 0": ("error", "subtract"),
    "import unittest\nclass T(unittest.TestCase):\n    def test_a(self):\n        self.assertEqual(add(1, 1), 3)": (
        "failed",
        "T.test_a: self.assertEqual(add(1, 1), 3): 2 != 3",
    ),
    "import pytest\ndef test_a():\n    with pytest.raises(ValueError):\n        add(1, 1)": (
        "failed",
        "test_a: DID NOT RAISE ValueError",
    ),
    "import pytest\n@pytest.mark.parametrize('n', [1, 2])\ndef test_a(n):\n    assert add(n, n) == 2": (
        "failed",
        "test_a[2]: ",
    ),
    "def test_a():\n    add('x', 1)": ("error", "test_a: TypeError: no text"),
    "def test_a(nothing):\n    pass": ("error", "fixture 'nothing' not found"),
    "def check(candidate):\n    assert candidate(1, 1) == 3": ("error", "check(name)"),
    "await double(2) == 5": ("failed", "await double(2) == 5: the left side is 4"),
}
# Test -> the module in the message of `unavailable`.
UNAVAILABLE = {
    "import threading\nt = threading.Thread(target=add, args=(1, 1))\nt.start()\nassert add(1, 1) == 2": "threads",
    "import subprocess\nassert subprocess.run(['echo']).returncode == add(0, 0)": "subprocess",
    "import socket\nassert socket.socket().fileno() > add(0, 0)": "socket",
    "import multiprocessing\nassert add(1, 1) == 2": "multiprocessing",
    "import os\nassert os.fork() == add(0, 0)": "os.fork",
    "import urllib.request\nassert urllib.request.urlopen('http://localhost').status == add(100, 100)": "socket",
    "import asyncio\nassert asyncio.run(asyncio.to_thread(add, 1, 1)) == 2": "concurrent.futures",
    "import asyncio\nasync def go():\n    await asyncio.open_connection('a', 80)\nassert asyncio.run(go()) == add(1, 1)": "",
    "import tempfile\nwith tempfile.TemporaryDirectory() as d:\n    assert add(1, 1) == 2": "files",
    "with open('x.txt', 'w') as f:\n    f.write(str(add(1, 1)))\nassert open('x.txt').read() == '2'": "files",
    "def test_a(tmp_path):\n    assert add(1, 1) == 2": "tmp_path",
    "import pytest\n@pytest.mark.xfail\ndef test_a():\n    assert add(1, 1) == 3": "xfail",
    "import pytest\nnp = pytest.importorskip('numpy')\nassert add(1, 1) == 2": "numpy",
    "import importlib\nnp = importlib.import_module('numpy')\nassert add(1, 1) == 2": "numpy",
}
