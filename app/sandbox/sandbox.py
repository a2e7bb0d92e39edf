"""Run a snippet against its tests and say what became of each.

A verdict is a pure function of snippet, test and guest, down to the unit of fuel: there is no clock and
no entropy in the guest, and every test starts from the same memory.

What `passed` means. The snippet runs in a copy of the guest; the test is nowhere in it before the snippet has ended. First
both run together, which gives the words of every verdict but a pass. A pass is then confirmed apart: the snippet has run in
one copy, the test runs in another in which nothing of the snippet ever ran, and all that the snippet sees of the test is what
the test calls and hands over, one call after the other (harness_wall.py). So nothing that the snippet patches, traces, hooks
or reads decides; what it returns does. `apart` says that this was done. A test that cannot be taken apart from the snippet
(needs.py tells by its words: it patches, is async, looks at frames; or it extends a class of the snippet) is confirmed in the
same interpreter, after what judges there was put back as it was, and by a control: the same test with a false check behind it
must fail. Code that is written to deceive such a test can. What an input/output pair expects never enters the guest.

`passed` does not mean that the snippet is right beyond the test: it may know the arguments and have answers ready. An object
of a class of its own answers for itself; one that says it equals, contains or is less than whatever it is asked is found by
questions in between whose answer is known, one that guesses well is not. A helper that the test borrows from the snippet is
the snippet's.

A test passes only if something was checked: the checks that really ran are counted. What a test may be is in
harness_kinds.py, what counts as a check in harness_checks.py.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from app.base.deadline import NEVER, Deadline
from app.base.limits import LIMITS, Limits
from app.sandbox import guest, needs, runtime
from app.sandbox.clock import Clock, Pace
from app.sandbox.machine import Ended, Image, Inputs, Machine

Status = Literal["passed", "failed", "error", "out_of_fuel", "out_of_memory", "output_limit", "unavailable"]
_Way = Literal["together", "apart", "watched", "control"]  # see harness.py
_Told = Literal["passed", "failed", "error", "out_of_memory", "unavailable", "beyond"]
_Said = tuple[_Told, str, int, str]
_SAID: TypeAdapter[_Said] = TypeAdapter(_Said)
_SHOWN = 160  # characters of expected and found output in a message
_NEARLY = 2 * 2**20  # bytes below the memory limit from which an end without a verdict counts as a lack of memory


@dataclass(frozen=True, slots=True)
class Assertion:
    """Python that runs after the snippet, in its namespace.

    Assertions, bare comparisons, functions and classes of pytest and unittest, HumanEval's `check(candidate)`, or a doctest.
    """

    text: str
    entry: tuple[str, ...] = ()
    """What `candidate` may be, the likeliest name first, where the test itself does not say."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Standard input for the snippet as a program, and the standard output it must then give.

    Compared line by line, without white space at line ends and without empty lines at the end; LF or CR LF ends a line.
    """

    input: str
    output: str


Test = Assertion | Pair


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one test."""

    status: Status
    message: str
    """The assertion that failed with the values it saw, the exception, or "": words of the snippet may be in it."""
    fuel: int
    """Units used by the longest run of this test, its negative control not counted."""
    checks: int = 0
    """Checks that ran: assertions that could have failed, and the comparison of an output."""
    lacks: str | None = None
    """What is not there, of an unavailable test: a module, or "files"."""
    apart: bool = False
    """Whether a pass was found where the snippet could prepare nothing: by a test in an interpreter of its own, or outside."""


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One verdict for each test, in order."""

    tests: tuple[Verdict, ...]
    fuel: int
    """Units used by everything: both runs of a test that passes, and controls."""

    @property
    def passed(self) -> int:
        """Return how many tests passed."""
        return sum(verdict.status == "passed" for verdict in self.tests)


class Sandbox:
    """A guest that is loaded once; each test gets a fresh copy of it."""

    def __init__(self, path: Path = guest.GUEST, limits: Limits = LIMITS) -> None:
        """Check and load the guest. Raises `SandboxError` sandbox.missing, .altered or .failed."""
        code, self._image = guest.load(path)
        self._machine = Machine(code, memory_bytes=limits.test_memory_bytes)
        self._limits = limits
        self._pace = Pace()

    def run(self, code: str, tests: Sequence[Test], fuel: int | None = None, deadline: Deadline = NEVER) -> Verdicts:
        """Return the verdicts of `tests` on `code`, which may use `fuel` together if that is less than `LIMITS.run_fuel`.

        Sizes are not checked (the request was). Nothing that `code` does raises: it is in the verdict. Raises `ModelError`
        engine.too_slow after `deadline`: what the clock cuts short has no verdict.
        """
        run = _Run(self._machine, self._image, self._limits, code, Clock(self._pace, deadline))
        run.most = min(self._limits.run_fuel, self._limits.run_fuel if fuel is None else fuel)
        verdicts = tuple(self.unavailable(test) or run.verdict(index, test) for index, test in enumerate(tests))
        return Verdicts(verdicts, run.fuel)

    def unavailable(self, test: Test) -> Verdict | None:
        """Return the verdict on a test that needs a module which is not there, whatever the snippet; None if it can run."""
        lacks = needs.lacking(test.text, self.missing) if isinstance(test, Assertion) else None
        if lacks is None:
            return None
        return Verdict("unavailable", f"there is no module {lacks} here, and the test needs it", 0, 0, lacks)

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules of the standard library that a snippet and a test can import there."""
        return self._image.modules

    @property
    def missing(self) -> tuple[str, ...]:
        """Return those that cannot be imported there."""
        return self._image.missing

    def identity(self) -> dict[str, str]:
        """Return what decides the verdicts besides snippet and tests: `engine`, `guest_sha256`, `build_sha256`."""
        catalogue = guest.catalogue()
        return {
            "engine": runtime.engine_name(),
            "guest_sha256": catalogue.guest.sha256,
            "build_sha256": catalogue.build.sha256,
        }


class _Run:
    """The tests of one snippet, and the fuel they may use together."""

    def __init__(self, machine: Machine, image: Image, limits: Limits, code: str, clock: Clock) -> None:
        self._machine, self._image, self._limits, self._code, self._clock = machine, image, limits, code, clock
        self.fuel, self.most = 0, limits.run_fuel
        self._is_beyond = False  # whether the last run found that its test cannot be taken apart

    def verdict(self, index: int, test: Test) -> Verdict:
        if isinstance(test, Pair):
            verdict, stdout = self._once(index, None, test.input)
            if verdict.status != "passed":
                return verdict
            difference = _difference(test.output, stdout)
            return Verdict("failed" if difference else "passed", difference or "", verdict.fuel, 1, apart=not difference)
        shares = needs.shares(test.text)
        verdict, _ = self._once(index, test, "", way="watched" if shares else "together")
        if verdict.status == "passed" and not shares:
            confirmed, _ = self._once(index, test, "", way="apart")
            if not self._is_beyond:
                fuel = max(confirmed.fuel, verdict.fuel)
                return replace(confirmed, fuel=fuel, apart=confirmed.status == "passed")
            verdict, _ = self._once(index, test, "", way="watched")
        if verdict.status != "passed":
            return verdict
        control, _ = self._once(index, test, "", way="control")
        if control.status == "passed":
            return Verdict("error", "the snippet passes a test that nothing can pass", verdict.fuel)
        return verdict

    def _once(self, index: int, given: Assertion | None, stdin: str, *, way: _Way = "together") -> tuple[Verdict, bytes]:
        """Return the verdict on one run, and the standard output of the snippet; as a control, of one that must fail."""
        text = given.text if given else None
        fuel = min(self._limits.test_fuel, self.most - self.fuel)
        if fuel <= 0:
            return Verdict("out_of_fuel", "earlier tests used up the fuel of the whole run", 0), b""
        nonce = hashlib.sha256(f"{index}\0{way}\0{text}\0{self._code}".encode(errors="surrogatepass")).hexdigest()
        job = {"code": self._code, "module": "__main__" if text is None else "snippet"}
        test = {"nonce": nonce, "text": text, "entry": given.entry if given else (), "way": way}
        mark = b"!" if way in ("watched", "control") else b" "
        inputs = Inputs([json.dumps(job).encode(), stdin.encode()], mark + json.dumps(test).encode(), apart=way == "apart")
        ended = self._clock.enter(self._machine, self._image, inputs, fuel)
        self.fuel += ended.fuel
        status, message, checks, lacks = _read(ended, nonce, self._limits)
        self._is_beyond = status == "beyond"
        status = "error" if status == "beyond" else status
        return Verdict(status, message, ended.fuel, checks, lacks or None), ended.stdout


def _read(ended: Ended, nonce: str, limits: Limits) -> tuple[Status | Literal["beyond"], str, int, str]:
    """Return status and message of a finished run, the checks it made, and what it lacked."""
    _, found, said = ended.stderr.rpartition(nonce.encode())
    if ended.cause == "out_of_fuel":
        return "out_of_fuel", "the test ran for too long", 0, ""
    if ended.cause == "output_limit":
        return "output_limit", f"more than {limits.test_output_bytes} bytes on one stream", 0, ""
    if not found and ended.memory_bytes > limits.test_memory_bytes - _NEARLY:
        return "out_of_memory", "the interpreter ran out of memory", 0, ""
    if ended.cause == "trap" or not found:
        return "error", f"the {'interpreter crashed' if ended.cause == 'trap' else 'snippet ended the interpreter'}", 0, ""
    try:
        return _SAID.validate_json(said)
    except ValidationError:
        return "error", "the snippet garbled its verdict", 0, ""


def _difference(expected: str, stdout: bytes) -> str | None:
    """Return None if the outputs agree, else the first difference in words."""
    found = stdout.decode(errors="replace")
    wanted_lines, found_lines = _lines(expected), _lines(found)
    if wanted_lines == found_lines:
        return None
    for number, (wanted, got) in enumerate(zip(wanted_lines, found_lines, strict=False), 1):
        if wanted != got:
            return f"line {number} of the output is {got[:_SHOWN]!r}, expected {wanted[:_SHOWN]!r}"
    return f"the output has {len(found_lines)} lines, expected {len(wanted_lines)}"


def _lines(text: str) -> list[str]:
    """Return the lines of an output as a person sees them: no other character ends one."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
