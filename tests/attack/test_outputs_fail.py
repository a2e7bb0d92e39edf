"""Calls that fail, signals at each step and clocks that jump: whatever is left is whole. A campaign does all of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bench.attack import faults
from bench.attack.faults import CALLS, ERRORS, JUMPED, JUMPS, Fault
from tests.support.desk import Desk
from tests.support.system import needs_strace

_NTH = {"openat": 4, "write": 2, "fsync": 3, "close": 5, "rename": 2, "unlink": 2}


@pytest.mark.slow
@needs_strace
@pytest.mark.parametrize("call", CALLS)
def test_an_output_call_that_fails_tears_nothing(new_desk: Callable[[str], Desk], call: str) -> None:
    """A later one for each error: the first ones are in tests/faults, and all of them in the campaign."""
    for at, error in enumerate(ERRORS):
        fault = Fault(call, error, _NTH[call] + at // 2, lasting=bool(at % 2))
        assert faults.inject(new_desk(f"{call}{at}"), fault, model=False) == ("", True), fault


@pytest.mark.slow
def test_sigterm_at_each_step_leaves_a_whole_result(new_desk: Callable[[str], Desk]) -> None:
    """The process ends by the signal, at once; what was written ahead stays, from the first write on."""
    names, states = [], []
    for nth in range(1, 60):
        desk = new_desk(f"term{nth}")
        wrong, name = faults.terminate(desk, nth, model=nth % 4 == 0)
        assert wrong == "", name
        if not name:
            break
        names.append(name)
        states.append(faults.status_of(desk))
    assert {"open_task", "write", "_read", "_single", "read", "prepare", "do", "finish", "seal", "write_timings"} <= set(names)
    ahead = names.index("write") + 1
    assert states[:ahead] == [""] * ahead  # the signal comes before the call
    assert states[ahead:-2].count("incomplete") >= 5 and "" not in states[ahead:]
    assert states[-1] in {"ok", "error"}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["both to and fro", "the steady clock back"])
def test_clocks_that_jump_change_no_byte(new_desk: Callable[[str], Desk], name: str) -> None:
    if faults.clock() is None:
        pytest.skip("there is no C compiler, or no Linux")
    right, _ = faults.jump(new_desk("still"), JUMPED[0], "")
    found, came = faults.jump(new_desk("jumping"), JUMPED[0], JUMPS[name])
    assert came == JUMPS[name].count(",") + 1
    assert found == right


@pytest.mark.parametrize(
    ("name", "data", "exit_code", "said", "wrong"),
    [
        ("result.json", b"{", 73, b"app: error: x (output.unwritable)\n", "json.invalid"),
        ("computed.json", b"{", 73, b"app: error: x (output.unwritable)\n", "simulate.failed"),
        ("nothing", b"", 0, b"", "no computed.json"),
        ("nothing", b"", 1, b"", "exit code is 1"),
        ("nothing", b"", 73, b"a\nb\n", "not one line"),
        ("nothing", b"", 73, b"", "not one line"),
    ],
)
def test_what_is_torn_is_noticed(desk: Desk, name: str, data: bytes, exit_code: int, said: bytes, wrong: str) -> None:
    (desk.out / name).write_bytes(data)
    assert wrong in faults.torn(desk, exit_code, said)
