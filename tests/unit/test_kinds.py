"""Every kind of test that people write is run, and what checks nothing never passes."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.sandbox import needs
from app.sandbox.sandbox import Assertion, Pair, Sandbox, Verdict
from tests.support.desk import ROOT
from tests.support.snippets.written_tests import EMPTY, KINDS, MESSAGES, RIGHT, SWALLOWED, UNAVAILABLE, WRONG, Kind

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox()


def verdict(sandbox: Sandbox, code: str, text: str, entry: tuple[str, ...] = ()) -> Verdict:
    return sandbox.run(code, [Assertion(text, entry)]).tests[0]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_kind_of_test_tells_right_from_wrong(sandbox: Sandbox, kind: Kind) -> None:
    right, wrong = (verdict(sandbox, code, kind.text, ("add",)) for code in (RIGHT, WRONG))
    assert (right.status, right.message, right.checks) == ("passed", "", kind.checks)
    assert wrong.status == ("error" if kind.name == "raise-other" else "failed") and wrong.message


@pytest.mark.parametrize("name", EMPTY)
def test_a_test_that_checks_nothing_never_passes(sandbox: Sandbox, name: str) -> None:
    found = verdict(sandbox, RIGHT, EMPTY[name])
    assert found.status == "error" and found.message.startswith("nothing was checked"), found


@pytest.mark.parametrize("name", SWALLOWED)
def test_a_failing_check_stays_one(sandbox: Sandbox, name: str) -> None:
    assert verdict(sandbox, RIGHT, SWALLOWED[name]).status == "failed"


@pytest.mark.parametrize(("text", "expected"), MESSAGES.items(), ids=range(len(MESSAGES)))
def test_what_is_said(sandbox: Sandbox, text: str, expected: tuple[str, str]) -> None:
    found = verdict(sandbox, RIGHT, text)
    assert found.status == expected[0] and expected[1] in found.message, found
    assert found.status != "failed" or not found.message.startswith("AssertionError")


@pytest.mark.parametrize(("text", "module"), UNAVAILABLE.items(), ids=range(len(UNAVAILABLE)))
def test_what_cannot_run_there_says_what_is_missing(sandbox: Sandbox, text: str, module: str) -> None:
    found = verdict(sandbox, RIGHT, text)
    assert found.status == "unavailable" and module in found.message and found.lacks, found


@pytest.mark.parametrize(
    ("code", "lacks"),
    [
        ("import numpy as np", "numpy"),
        ("import pygame", "pygame"),
        ("import tkinter", "tkinter"),
        ("def add(a, b):\n    import numpy\n    return numpy.add(a, b)", "numpy"),
        ("import socket\nsocket.create_connection(('a', 1))", "socket"),
        ("import os\nos.system('ls')", "os"),
        ("import os\nos.lisdir('.')", None),
        ("raise ImportError('numpy')", None),
        ("open('missing.txt')", None),
        ("open('new.txt', 'w')", "files"),
    ],
)
def test_what_a_snippet_lacks_is_told_from_what_it_does_wrong(sandbox: Sandbox, code: str, lacks: str | None) -> None:
    for test in (
        (Assertion("assert add(1, 1) == 2"), Pair("", "x")) if "def" not in code else (Assertion("assert add(1, 1) == 2"),)
    ):
        found = sandbox.run(code, [test]).tests[0]
        assert (found.status, found.lacks) == ("unavailable" if lacks else "error", lacks), found


@pytest.mark.parametrize(
    ("test", "lacks"),
    [
        ("import numpy as np\nassert np.array([1])", "numpy"),
        ("from requests import get", "requests"),
        ("import os, pandas", "pandas"),
        ("import ctypes", "ctypes"),
        (">>> import numpy\n>>> f(1)\n2", "numpy"),
        ("try:\n    import numpy\nexcept ImportError:\n    numpy = None\nassert f() == 1", None),
        ("x = 'import numpy'\nassert f(x) == 1", None),
        ("from solution import f\nassert f() == 1", None),
        ("from .numpy import f", None),
        ("import asyncio, threading, json", None),
    ],
)
def test_what_a_test_lacks_is_known_before_anything_runs(sandbox: Sandbox, test: str, lacks: str | None) -> None:
    assert needs.lacking(test, sandbox.missing) == lacks
    if lacks:
        found = sandbox.run("while True: pass", [Assertion(test)])
        assert (found.tests[0].status, found.fuel) == ("unavailable", 0) and lacks in found.tests[0].message


@pytest.mark.parametrize(
    ("printed", "wanted", "status"),
    [
        ("a\\nb", "a\nb", "passed"),
        ("a\\nb", "a\r\nb\r\n", "passed"),
        ("a  \\nb\\t\\n\\n", "a\nb", "passed"),
        ("a\\x0bb", "a\nb", "failed"),
        ("a\\x0bb", "a\x0bb", "passed"),
        ("a\\x0cb", "a\nb", "failed"),
        ("a\\x1cb\\u2028c", "a\nb\nc", "failed"),
        ("a\\u2028b", "a\u2028b", "passed"),
        ("a\\x85b", "a\nb", "failed"),
        ("a\\rb", "a\nb", "failed"),
        ("\\n a", "a", "failed"),
        ("a\\n\\nb", "a\nb", "failed"),
        ("", "\n\n", "passed"),
    ],
)
def test_outputs_are_compared_by_lines(sandbox: Sandbox, printed: str, wanted: str, status: str) -> None:
    found = sandbox.run(f"print('{printed}')", [Pair("", wanted)]).tests[0]
    assert (found.status, found.checks) == (status, 1), found


def test_candidate_is_the_function_that_the_task_names(sandbox: Sandbox) -> None:
    code = "def helper(x):\n    return 0\n\ndef twice(x):\n    return 2 * x\n"
    test = "def check(candidate):\n    assert candidate(2) == 4"
    assert [verdict(sandbox, code, test, entry).status for entry in (("twice",), ("helper",), ("other", "twice"), ())] == [
        "passed",
        "failed",
        "passed",
        "error",
    ]


def test_a_repetition_costs_the_same(sandbox: Sandbox) -> None:
    tests = [Assertion(kind.text, ("add",)) for kind in KINDS]
    assert sandbox.run(RIGHT, tests[::5]) == Sandbox().run(RIGHT, tests[::5])


def test_the_modules_that_are_missing_are_those_in_the_docs(sandbox: Sandbox) -> None:
    line = next(
        line
        for line in Path(ROOT / "docs/reference/code.md").read_text().split("\n\n")
        if "standard library of CPython" in line
    )
    assert {"numpy", "json"} & set(sandbox.missing) == set() and {"json", "asyncio", "unittest"} <= set(sandbox.modules)
    named = set(line.partition("all but")[2].partition(".")[0].replace("`", "").replace("\n", " ").split())
    windows = {"msilib", "msvcrt", "nt", "winreg", "winsound"}
    assert named == set(sandbox.missing) - windows
