"""The answer of the job `code`."""

from __future__ import annotations

from typing import Literal

from app.formats.hex_fields import Sha256
from app.formats.strict_model import Count, Strict
from app.request.code_session import CodeStatus, Language, Session, TestStatus

Opinion = Literal["on_task", "off_task"]
IS_CODE = ("ok", "tests_failed", "untested")


class TestVerdict(Strict):
    """The verdict of one test of the snippet, which ran alone in a fresh copy of the guest."""

    status: TestStatus
    """passed: the snippet passed this test there. This proves nothing beyond the test, since the snippet may hold ready-made
    answers. failed: an assertion or a comparison did not hold. error: an exception was raised, the interpreter ended, or
    nothing was checked. unavailable: the test needs a module or a file that is missing, so it remains open whether the snippet
    is right."""
    message: str
    """The assertion with the values it saw, the first difference, or the exception; "" if passed."""
    apart: bool
    """Whether the snippet could not have faked this pass: the test ran in an interpreter that the snippet never ran in, and
    called it from there, or the output was compared outside of the guest. false: the test did not pass, or it has to share an
    interpreter with the snippet (it is async, patches, or inspects the snippet), where code written to deceive it could
    succeed."""
    checks: Count
    """The number of checks that ran: assertions that could have failed, and the comparison of an output. 0 if the interpreter
    ended."""
    fuel: Count
    """Units of fuel used, one for each WebAssembly instruction with few exceptions; the same on every machine."""


class Guest(Strict):
    """The environment in which the tests ran."""

    engine: str
    """The WebAssembly engine and its version; its target pulley64 is an interpreter."""
    guest_sha256: Sha256
    """SHA-256 of the CPython WebAssembly file as published."""
    build_sha256: Sha256
    """SHA-256 of the guest that was built from that file, checked before it was loaded: app/sandbox/guest.toml."""
    fuel: Count
    """Units used by all tests of all attempts, negative controls included."""


class Tested(Strict):
    """Whether and how the code was tested."""

    source: Literal["caller", "session", "examples", "none"]
    """Where the tests came from: the request, an earlier turn of its session, the examples in its prompt, or nowhere."""
    untested: Literal["no_tests", "no_guest", "language", "no_code"] | None
    """Why no test ran; null if tests ran. language: only Python can be run. no_guest: this image has no sandbox."""
    verdicts: tuple[TestVerdict, ...]
    """One verdict for each test, in order."""
    guest: Guest | None


class Attempt(Strict):
    """One attempt of the model."""

    status: CodeStatus
    passed: Count
    """The number of tests that it passed."""
    temperature_milli: Count
    seed: Count
    reason: str | None
    """The text that the model wrote after `ERROR:`, if it did. After a refusal the model is asked once more, without the option
    to refuse."""
    finish_reason: Literal["stop", "length"]
    prompt_tokens: Count
    completion_tokens: Count
    """The number of generated tokens, including those of a refused edit."""
    edit: Literal["applied", "refused"] | None
    """How an adjustment began. applied: the model rewrote one function or more, and only those were changed. refused: its
    functions did not fit into the code, so it rewrote all of the code. null: it rewrote all of the code at once."""


class Budget(Strict):
    """The most that all attempts together could use."""

    attempts: Count
    """The most attempts; one more than the request allows, if the model refused."""
    tokens: Count
    """The most tokens that all attempts together may generate."""
    fuel: Count
    """The most units of fuel for the tests of all attempts; 0 if none can be run. No attempt begins with less fuel left than
    one test may use."""


class Finding(Strict):
    """Something in generated Python that a reader should look at before running it."""

    kind: Literal["network", "process", "dynamic_code", "file_deletion", "native_code"]
    name: str
    """The name of the module or function."""
    line: Count


class CodeAnswer(Strict):
    """The code of the best attempt, and what is known about it."""

    status: CodeStatus
    """ok: the text is code (for Python its parser agrees) and passed every test there was. tests_failed: it is code, and a test
    failed, raised an error or ran out of fuel. untested: it is code, but not all of its tests could be run here, see `tested`.
    refused: the model said that the task cannot be done, see `text`. not_code: the answer is not code in this language.
    unfinished: max_tokens was reached first. In all cases but the first, report.status is `failed`."""
    language: Language
    text: str
    """The code alone, without Markdown; for `refused` and `not_code` the model's words instead. It is model output."""
    changed: bool | None
    """For an adjustment: whether the code differs from the given code, apart from white space at line ends; otherwise null."""
    tested: Tested
    attempts: tuple[Attempt, ...]
    best: Count
    """The attempt that the code is from, counted from 0: the first of those that passed the most tests."""
    budget: Budget
    second_opinion: Opinion | None
    """A detector of answers that are not about the task (a refusal written as code, an unrelated function), not a judge of
    the code: `on_task` says nothing about whether it works; only tests do. The same model, asked of its own answer, with a
    threshold on its probabilities. What it misses, and how often it errs: docs/measured.md. null if it is no code, if
    the context has no room to ask, or from an engine outside of the image, which does not tell its probabilities."""
    warnings: tuple[Finding, ...]
    """Static findings, for Python only. An empty list proves nothing."""
    session: Session | None
    """The session with this turn at its end, if the request began or continued one. It holds the prompt and all code."""

    @property
    def is_code(self) -> bool:
        """Return whether the answer holds code, whatever the verdicts of its tests."""
        return self.status in IS_CODE
