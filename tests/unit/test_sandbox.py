from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.deadline import Deadline
from app.base.errors import AppError, ModelError, SandboxError
from app.base.limits import LIMITS
from app.build.guest_patch import _leb, _unleb, patch
from app.sandbox import guest, runtime
from app.sandbox.sandbox import Assertion, Pair, Sandbox, Test
from tests.support.snippets.hostile import FAKES, HOSTILE, LIVES, Hostile

pytestmark = pytest.mark.slow


# A tenth of the fuel and half of the memory: what is endless ends sooner.
SMALLER = replace(LIMITS, test_fuel=400_000_000, test_memory_bytes=64 * 2**20)
ADD = "def add(a, b):\n    return a + b\n"
CHECK = "def check(f):\n    assert f(1, 1) == 3\ncheck(add)"
ECHO = "import sys\nsys.stdout.write('x' * int(input()))"


@pytest.fixture(scope="module")
def sandbox() -> Sandbox:
    return Sandbox(limits=SMALLER)


def verdict(sandbox: Sandbox, code: str, test: Test | str) -> tuple[str, str]:
    found = sandbox.run(code, [Assertion(test) if isinstance(test, str) else test]).tests[0]
    return found.status, found.message


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_a_hostile_snippet_gets_its_verdict(sandbox: Sandbox, case: Hostile) -> None:
    before = set(os.listdir("."))
    assert verdict(sandbox, case.code, case.test)[0] == case.status
    assert set(os.listdir(".")) == before


def test_there_are_enough_of_them() -> None:
    assert len({case.code + case.test for case in HOSTILE}) >= 60
    assert not any(case.status == "passed" for case in FAKES)


def test_after_all_of_them_the_process_goes_on(sandbox: Sandbox) -> None:
    assert verdict(sandbox, ADD, "assert add(1, 2) == 3") == ("passed", "")


@pytest.mark.parametrize(
    ("code", "test", "expected"),
    [
        (ADD, "assert add(1, 2) == 4", ("failed", "assert add(1, 2) == 4: the left side is 3, the right side 4")),
        (ADD, "assert not add(1, 2)", ("failed", "assert not add(1, 2)")),
        (ADD, CHECK, ("failed", "assert f(1, 1) == 3: the left side is 2, the right side 3")),
        (ADD, "add(*[1])", ("error", "TypeError: add() missing 1 required positional argument: 'b' (line 1 of the test)")),
        (ADD, "add(1, '')", ("error", "TypeError: unsupported operand type(s) for +: 'int' and 'str' (line 2 of the snippet)")),
        ("def f(:", "pass", ("error", "SyntaxError: invalid syntax (line 1 of the snippet)")),
        ("x = 1\ny = z", "pass", ("error", "NameError: name 'z' is not defined (line 2 of the snippet)")),
        ("n = iter([1, 2])", "assert next(n) == 1\nassert next(n) == 2", ("passed", "")),
        ("if __name__ == '__main__':\n    raise ValueError", LIVES, ("passed", "")),
        ("from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int", "assert P(1) == P(1)", ("passed", "")),
        ("import typing, re, math, json, itertools", "assert math.comb(5, 2) == 10", ("passed", "")),
        ("x = 'é€😀'", "assert x == 'é€😀'", ("passed", "")),
    ],
    ids=[
        "values",
        "plain",
        "nested",
        "missing-argument",
        "raises",
        "syntax",
        "name",
        "once",
        "no-main",
        "dataclass",
        "imports",
        "unicode",
    ],
)
def test_what_an_assertion_says(sandbox: Sandbox, code: str, test: str, expected: tuple[str, str]) -> None:
    assert verdict(sandbox, code, test) == expected


@pytest.mark.parametrize(
    ("code", "pair", "status"),
    [
        ("a, b = map(int, input().split())\nprint(a + b)", Pair("1 2", "3"), "passed"),
        ("a, b = map(int, input().split())\nprint(a + b)", Pair("1 2\n", "3\n\n"), "passed"),
        ("print(1)", Pair("", "2"), "failed"),
        ("print(1)\nprint(2)", Pair("", "1"), "failed"),
        ("import sys\nprint(len(sys.stdin.read()))\nsys.exit(0)", Pair("ab\ncd\n", "6"), "passed"),
        ("import sys\nsys.exit(1)", Pair("", ""), "error"),
        ("if __name__ == '__main__':\n    print('main')", Pair("", "main"), "passed"),
        ("input()", Pair("", ""), "error"),
        ("import os\nos._exit(0)", Pair("", ""), "error"),
        ('print(\'["passed", ""]\')', Pair("", "x"), "failed"),
    ],
    ids=["sum", "newlines", "wrong", "too-much", "exit", "exit-1", "main", "eof", "os-exit", "fake"],
)
def test_input_and_output(sandbox: Sandbox, code: str, pair: Pair, status: str) -> None:
    assert verdict(sandbox, code, pair)[0] == status


def test_an_expected_output_never_enters_the_guest(sandbox: Sandbox) -> None:
    seek = "import gc, os\nfor n in range(3):\n    os.lseek(0, n, 0)\n    print(os.read(0, 65536))"
    status, message = verdict(sandbox, seek, Pair("in", "a-canary"))
    assert status == "failed" and "a-canary" in message  # the host's words
    assert "a-canary" not in message.split("expected")[0]


def test_a_repetition_is_the_same_to_the_unit_of_fuel(sandbox: Sandbox) -> None:
    quick = [case for case in HOSTILE if case.status != "out_of_fuel"][::2]
    again = Sandbox(limits=SMALLER)
    assert len(quick) >= 30
    for case in quick:
        assert sandbox.run(case.code, [Assertion(case.test)]) == again.run(case.code, [Assertion(case.test)])


def test_what_was_used_is_enough_and_less_is_not() -> None:
    used = Sandbox().run(ADD, [Assertion("assert add(1, 2) == 3")]).tests[0].fuel
    for fuel, status in ((used - 10_000, "out_of_fuel"), (used, "passed")):  # it is looked at in loops and calls only
        control = replace(LIMITS, test_fuel=fuel)
        found = Sandbox(limits=control).run(ADD, [Assertion("assert add(1, 2) == 3")]).tests[0]
        assert found.status == status, found


def test_the_run_has_a_budget_too() -> None:
    tight = replace(LIMITS, test_fuel=100_000_000, run_fuel=150_000_000)
    found = Sandbox(limits=tight).run("def f():\n    while True: pass", [Assertion("f()")] * 3)
    assert [verdict.status for verdict in found.tests] == ["out_of_fuel"] * 3
    assert [verdict.fuel for verdict in found.tests] == [100_000_000, 50_000_000, 0] and found.fuel == 150_000_000


def test_all_attempts_together_have_a_budget() -> None:
    found = Sandbox(limits=replace(LIMITS, test_fuel=100_000_000)).run(
        "x = 1", [Assertion("while True: pass")] * 3, 150_000_000
    )
    assert [verdict.fuel for verdict in found.tests] == [100_000_000, 50_000_000, 0]


def test_a_deadline_is_an_error_and_no_verdict(sandbox: Sandbox) -> None:
    """A test that the clock cuts short is not known to be endless: the fuel is cut to the time, and that is no verdict."""
    for seconds in (0.0, 0.05):
        with pytest.raises(ModelError) as err:
            sandbox.run("x = 1", [Assertion("while True: pass")], deadline=Deadline(seconds))
        assert err.value.code == "engine.too_slow"
    assert sandbox.run("x = 1", [Assertion("assert x == 1")], deadline=Deadline(60.0)) == sandbox.run(
        "x = 1", [Assertion("assert x == 1")]
    )


@pytest.mark.parametrize(
    ("size", "status"), [(LIMITS.test_output_bytes, "passed"), (LIMITS.test_output_bytes + 1, "output_limit")]
)
def test_output_up_to_the_limit(sandbox: Sandbox, size: int, status: str) -> None:
    assert verdict(sandbox, ECHO, Pair(str(size), "x" * size))[0] == status


@pytest.mark.parametrize(("mebibytes", "status"), [(40, "passed"), (64, "out_of_memory")])
def test_memory_up_to_the_limit(sandbox: Sandbox, mebibytes: int, status: str) -> None:
    assert verdict(sandbox, f"x = bytearray({mebibytes} << 20)", LIVES)[0] == status


def test_tests_do_not_see_each_other(sandbox: Sandbox) -> None:
    counter = "n = 0\ndef up():\n    global n\n    n += 1\n    return n"
    assert [found.status for found in sandbox.run(counter, [Assertion("assert up() == 1")] * 2).tests] == ["passed"] * 2


def test_a_sandbox_names_guest_and_engine(sandbox: Sandbox) -> None:
    found, named = sandbox.run(ADD, []), sandbox.identity()
    assert (found.tests, found.fuel, found.passed) == ((), 0, 0)
    assert named["guest_sha256"] == guest.catalogue().guest.sha256 and named["engine"] == runtime.engine_name()


def test_another_guest_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as missing:
        Sandbox(tmp_path / "none")
    data = bytearray(guest.GUEST.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "altered").write_bytes(data)
    with pytest.raises(SandboxError) as altered:
        Sandbox(tmp_path / "altered")
    assert (missing.value.code, altered.value.code) == ("sandbox.missing", "sandbox.altered")


@given(st.integers(0, 2**32 - 1))
def test_leb128_there_and_back(number: int) -> None:
    assert _unleb(_leb(number), 0) == (number, len(_leb(number)))


@pytest.mark.parametrize("junk", [b"", b"\0asm\1\0\0\0", b"\x7fELF" + bytes(60), b"\0asm\1\0\0\0\x05\x03\x02\x00\x01"], ids=len)
def test_what_is_no_guest_is_refused(junk: bytes) -> None:
    with pytest.raises(AppError) as refused:
        patch(junk)
    assert refused.value.code == "sandbox.altered"
