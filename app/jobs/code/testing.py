"""The tests of a code task: where they come from, which can be run, and which status their verdicts give an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.base.deadline import Deadline
from app.jobs.code.examples import examples, functions
from app.request.code import Code
from app.request.code_session import CodeStatus, ProgramTest
from app.result.answers.code import Guest, Tested, TestVerdict
from app.sandbox import sandbox


@dataclass(frozen=True, slots=True)
class Bench:
    """The test bench of an attempt: the tests, the sandbox if there is one, and the deadline."""

    tests: list[sandbox.Test]
    guest: sandbox.Sandbox | None
    deadline: Deadline

    def run(self, text: str, fuel: int) -> sandbox.Verdicts:
        """Return the verdicts on a snippet; none without a sandbox."""
        return self.guest.run(text, self.tests, fuel, self.deadline) if self.guest else sandbox.Verdicts((), 0)


def tests_of(request: Code) -> tuple[list[sandbox.Test], str]:
    """Return the tests and their source: the caller's tests, those of the session, or those of examples in the prompt."""
    if request.language != "python":
        return [], "none"
    entry = functions(request.asked)
    given: list[sandbox.Test] = [
        sandbox.Pair(test.input, test.output) if isinstance(test, ProgramTest) else sandbox.Assertion(test, entry)
        for test in request.tests
    ]
    if given:
        return given, "session" if request.session and list(request.tests) == request.session.tests else "caller"
    found: list[sandbox.Test] = [sandbox.Assertion(text) for text in examples(request.asked)]
    return (found, "examples") if found and not request.said() else ([], "none")


def status_of(verdicts: Sequence[sandbox.Verdict], tests: Sequence[sandbox.Test]) -> CodeStatus:
    """Return the status of code with these verdicts: failed if any test failed, else untested if any was not run, else ok."""
    if any(verdict.status not in ("passed", "unavailable") for verdict in verdicts):
        return "tests_failed"
    return "ok" if sum(verdict.status == "passed" for verdict in verdicts) == len(tests) else "untested"


def is_settled(request: Code, verdicts: Sequence[sandbox.Verdict]) -> bool:
    """Return whether another attempt cannot change the verdicts: every test passed, or needs something that stays missing.

    A module stays missing if the test or the task names it. A module that only the snippet imports does not count, since
    another attempt may do without it.
    """
    told = " ".join([request.prompt, *request.said(), request.code or ""])
    return all(_cannot_change(verdict, told) for verdict in verdicts)


def _cannot_change(verdict: sandbox.Verdict, told: str) -> bool:
    if verdict.status == "passed":
        return True
    lacks = verdict.lacks
    if verdict.status != "unavailable" or lacks is None:
        return False
    top = lacks.partition(".")[0].removesuffix("s")
    return "of the snippet)" not in verdict.message or bool(re.search(rf"\b{re.escape(top)}", told, re.IGNORECASE))


def tested(
    request: Code,
    tests: Sequence[sandbox.Test],
    source: str,
    guest: sandbox.Sandbox | None,
    found: Sequence[sandbox.Verdict],
    fuel: int,
) -> Tested:
    """Return whether and how the best attempt was tested; `fuel` is the fuel used by all attempts."""
    why = None
    if request.language != "python":
        why = "language"
    elif not tests:
        why = "no_tests"
    elif guest is None:
        why = "no_guest"
    elif not found:
        why = "no_code"
    used = Guest(**guest.identity(), fuel=fuel) if guest else None
    verdicts = tuple(
        TestVerdict(status=one.status, message=one.message, apart=one.apart, checks=one.checks, fuel=one.fuel) for one in found
    )
    return Tested.model_validate({"source": source, "untested": why, "verdicts": verdicts, "guest": used})
