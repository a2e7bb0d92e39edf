"""Run a snippet against its tests and return a verdict for each.

A verdict depends on snippet, test and guest alone, down to the unit of fuel: the guest has no clock and no entropy, and every
test starts from the same memory.

What `passed` means: The snippet runs in a copy of the guest, and the test is not in that copy before the snippet has ended.
First both run together; this run gives the message of every verdict except a pass. A pass is then confirmed apart: the snippet
runs in one copy, and the test runs in another copy in which nothing of the snippet ever ran. All that the snippet sees of the
test are its calls and their arguments, one after the other (harness_wall.py). So nothing that the snippet patches, traces,
hooks or reads can decide the verdict; only its return values do. `apart` says that this was done. Some tests cannot be
separated from the snippet: needs.py tells by their words that they patch, are async or look at frames, or they extend a class
of the snippet. These are confirmed in the same interpreter, after the judging code was restored, and by a control: the same
test followed by a false check must fail. Code that is written to deceive such a test can succeed. The expected output of an
input/output pair never enters the guest.

`passed` does not mean that the snippet is right beyond the test: it may know the arguments and have ready-made answers. An
object of a class of the snippet answers for itself. If it claims to equal, contain or be less than anything it is compared
with, questions with known answers in between find it out; an object that guesses well is not found. A helper that the test
borrows from the snippet belongs to the snippet.

A test passes only if something was checked: the checks that really ran are counted. harness_kinds.py tells what a test may be,
harness_checks.py what counts as a check.
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
from app.sandbox.clock import Clock, FuelPace
from app.sandbox.machine import Ended, Image, Inputs, Machine

Status = Literal["passed", "failed", "error", "out_of_fuel", "out_of_memory", "output_limit", "unavailable"]
_Way = Literal["together", "apart", "watched", "control"]  # see harness.py
_Told = Literal["passed", "failed", "error", "out_of_memory", "unavailable", "beyond"]
_Said = tuple[_Told, str, int, str]
_SAID: TypeAdapter[_Said] = TypeAdapter(_Said)
_SHOWN = 160  # the most characters of expected and found output in a message
_NEARLY = 2 * 2**20  # a run without a verdict that ends this close to the memory limit, in bytes, counts as out of memory


@dataclass(frozen=True, slots=True)
class Assertion:
    """Python that runs after the snippet, in its namespace.

    It may be assertions, bare comparisons, functions and classes of pytest and unittest, HumanEval's `check(candidate)`, or a
    doctest.
    """

    text: str
    entry: tuple[str, ...] = ()
    """The names that `candidate` may stand for, the likeliest first, if the test itself does not say."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Standard input for the snippet as a program, and the standard output that it must print.

    Outputs are compared line by line, without white space at line ends and without empty lines at the end; LF or CR LF ends a
    line.
    """

    input: str
    output: str


Test = Assertion | Pair


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict on one test."""

    status: Status
    message: str
    """The assertion that failed with the values it saw, the exception, or "". It may contain words of the snippet."""
    fuel: int
    """Units used by the longest run of this test, without its negative control."""
    checks: int = 0
    """The number of checks that ran: assertions that could have failed, and the comparison of an output."""
    lacks: str | None = None
    """For an unavailable test, the missing thing: a module, or "files"."""
    apart: bool = False
    """Whether the snippet could not have influenced the pass: the test had an interpreter of its own, or ran outside of the
    guest."""


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
        code, self._image = guest.load_guest(path)
        self._machine = Machine(code, memory_bytes=limits.test_memory_bytes)
        self._limits = limits
        self._pace = FuelPace()

    def run(self, code: str, tests: Sequence[Test], fuel: int | None = None, deadline: Deadline = NEVER) -> Verdicts:
        """Return the verdicts of `tests` on `code`, which may use `fuel` together if that is less than `LIMITS.run_fuel`.

        Sizes are not checked, because the request was. Nothing that `code` does raises an error: it becomes part of the
        verdict. Raises `ModelError` engine.too_slow after `deadline`, because a run that is cut short has no verdict.
        """
        run = _Run(self._machine, self._image, self._limits, code, Clock(self._pace, deadline))
        run.most = min(self._limits.run_fuel, self._limits.run_fuel if fuel is None else fuel)
        verdicts = tuple(self.unavailable(test) or run.verdict(index, test) for index, test in enumerate(tests))
        return Verdicts(verdicts, run.fuel)

    def unavailable(self, test: Test) -> Verdict | None:
        """Return the verdict on a test that needs a missing module, whatever the snippet; None if the test can run."""
        lacks = needs.lacking(test.text, self.missing) if isinstance(test, Assertion) else None
        if lacks is None:
            return None
        return Verdict("unavailable", f"there is no module {lacks} here, and the test needs it", 0, 0, lacks)

    @property
    def modules(self) -> tuple[str, ...]:
        """Return the modules of the standard library that a snippet and a test can import."""
        return self._image.modules

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the modules of the standard library that they cannot import."""
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
        self._is_beyond = False  # whether the last run found that its test cannot be separated from the snippet

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
        """Return the verdict on one run, and the standard output of the snippet. A control run must fail."""
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
    """Return status and message of a finished run, the number of its checks, and the missing module if any."""
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
    """Return None if the outputs agree, else a description of the first difference."""
    found = stdout.decode(errors="replace")
    wanted_lines, found_lines = _lines(expected), _lines(found)
    if wanted_lines == found_lines:
        return None
    for number, (wanted, got) in enumerate(zip(wanted_lines, found_lines, strict=False), 1):
        if wanted != got:
            return f"line {number} of the output is {got[:_SHOWN]!r}, expected {wanted[:_SHOWN]!r}"
    return f"the output has {len(found_lines)} lines, expected {len(wanted_lines)}"


def _lines(text: str) -> list[str]:
    """Return the lines of an output as a person sees them: only LF and CR LF end a line."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
