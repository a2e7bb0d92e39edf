"""The job code: take a task and return code, tested in the sandbox where possible.

It generates or adjusts the code and tests it. While tests fail it tries again within the budget, alternately from scratch and
with the failed test as feedback. The attempt that passes the most tests is the answer. A refusal does not use up an attempt:
the model is asked again without the option to refuse, and if it still refuses, the answer is a refusal.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.base.deadline import NEVER, Deadline
from app.base.errors import SandboxError
from app.base.limits import LIMITS
from app.jobs.code import edits, prompt, words
from app.jobs.code import examples as rules
from app.jobs.code.findings import findings, syntax_tree
from app.jobs.code.opinion import opinion
from app.jobs.code.testing import Bench, is_settled, status_of, tested, tests_of
from app.jobs.parameters import constants, parameters
from app.llm.answerer import Answerer
from app.llm.chat import Message
from app.llm.engine import Generation
from app.llm.sampling import Sampling
from app.request.code import Code
from app.request.code_session import CodeStatus, Session, SessionTurn
from app.result.answers.code import IS_CODE, Attempt, Budget, CodeAnswer, Opinion
from app.result.report import Parameters
from app.sandbox import sandbox

# The values besides the words that decide an answer: defaults, and the limits of a test.
_LIMITS = (
    *("default_attempts", "default_max_tokens", "tests", "test_fuel", "run_fuel", "item_fuel", "test_memory_bytes"),
    "test_output_bytes",
)


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt: the model's output, and the verdicts of its tests."""

    asked: list[Message]
    status: CodeStatus
    text: str
    reason: str | None
    """The text after the word for a refusal."""
    out: Generation
    sampling: Sampling
    edit: edits.Edited | None
    verdicts: tuple[sandbox.Verdict, ...]
    fuel: int

    @property
    def passed(self) -> int:
        return sum(verdict.status == "passed" for verdict in self.verdicts)


def answer(answerer: Answerer, request: Code, deadline: Deadline = NEVER) -> tuple[CodeAnswer, Parameters]:
    """Return the code with everything that is known about it, and every parameter that shaped it.

    Raises `InputError` prompt.too_long if task and answer do not fit into the context, `SandboxError` if the sandbox is
    altered, and `ModelError` engine.too_slow after `deadline`.
    """
    tests, source = tests_of(request)
    guest = _sandbox() if tests else None
    can_fail = guest is not None and not all(map(guest.unavailable, tests))
    chances = (request.attempts or LIMITS.default_attempts) if can_fail else 1
    parts = edits.choices(answerer, request)
    tries: list[_Try] = []
    while len(tries) < chances and not _is_done(request, tries):
        tries.append(_attempt(answerer, request, tries, parts, Bench(tests, guest, deadline)))
        chances += tries[-1].status == "refused" and _refusals(tries) == 1
    best = max(range(len(tries)), key=lambda index: (_worth(tries[index]), tries[index].passed, -index))
    said = CodeAnswer(
        status=tries[best].status,
        language=request.language,
        text=tries[best].text,
        changed=_changed(request, tries[best]),
        tested=tested(request, tests, source, guest, tries[best].verdicts, sum(one.fuel for one in tries)),
        attempts=tuple(_told(one) for one in tries),
        best=best,
        budget=Budget(
            attempts=chances, tokens=(chances + bool(parts)) * _max_tokens(request), fuel=LIMITS.item_fuel if can_fail else 0
        ),
        second_opinion=_opinion(answerer, request, tries[best]),
        warnings=findings(tries[best].text) if request.language == "python" and tries[best].status in IS_CODE else (),
        session=_session(request, tries[best]),
    )
    return said, _parameters(answerer, request)


@functools.cache
def _sandbox() -> sandbox.Sandbox | None:
    """Return the sandbox, None if the image has none."""
    try:
        return sandbox.Sandbox()
    except SandboxError as err:
        if err.code == "sandbox.missing":
            return None
        raise


def _is_done(request: Code, tries: list[_Try]) -> bool:
    """Return whether to stop: every test that can run passes, or the model refused twice.

    It also stops when the fuel that is left may not suffice for one more test.
    """
    if not tries:
        return False
    is_spent = _fuel_left(tries) < LIMITS.test_fuel
    return is_spent or _refusals(tries) > 1 or (bool(tries[-1].verdicts) and is_settled(request, tries[-1].verdicts))


def _fuel_left(tries: list[_Try]) -> int:
    return LIMITS.item_fuel - sum(one.fuel for one in tries)


def _worth(one: _Try) -> int:
    """Return a rank for how close an attempt is to code."""
    return 3 if one.status in IS_CODE else ("refused", "not_code", "unfinished").index(one.status)


def _refusals(tries: list[_Try]) -> int:
    return sum(one.status == "refused" for one in tries)


def _max_tokens(request: Code) -> int:
    return request.max_tokens or LIMITS.default_max_tokens


def _attempt(
    answerer: Answerer,
    request: Code,
    tries: list[_Try],
    parts: Sequence[edits.Editable],
    bench: Bench,
) -> _Try:
    """Return the next attempt, tested."""
    place, escape = len(tries) - _refusals(tries), not _refusals(tries)  # a refused attempt does not take a place
    tried = tries and tries[-1].status != "refused"
    wrong = (tries[-1].text, _complaint(tries[-1])) if tried and place in words.MENDING else None
    temperature = words.RETRY_TEMPERATURE_MILLI if place else request.temperature_milli
    sampling = Sampling(temperature_milli=temperature, seed=request.seed + place)
    edit = None if tries else edits.edit(answerer, request, parts, sampling, _max_tokens(request))
    status: CodeStatus = "ok"
    reason = None
    if edit and edit.code is not None:
        asked, text, out = prompt.messages(request, wrong, edit=True), edit.code, edit.out
    else:
        asked = prompt.messages(request, wrong, escape=escape)
        status, text, reason, out = _whole(answerer, request, sampling, asked)
        out = replace(out, completion_tokens=out.completion_tokens + (edit.out.completion_tokens if edit else 0))
    found = bench.run(text, _fuel_left(tries)) if status == "ok" else sandbox.Verdicts((), 0)
    if status == "ok":
        status = status_of(found.tests, bench.tests)
    return _Try(asked, status, text, reason, out, sampling, edit, found.tests, found.fuel)


def _whole(
    answerer: Answerer, request: Code, sampling: Sampling, asked: list[Message]
) -> tuple[CodeStatus, str, str | None, Generation]:
    """Return the status of the whole code that the model wrote, the code, the reason of a refusal, and the generation."""
    opening, opened = prompt.start(request)
    out = answerer.complete(asked, sampling, _max_tokens(request), opening=opening, stop=words.CLOSING)
    if not answerer.embedded:
        out, opened = prompt.block(out), ""
    return *_read(request, opened, out), out


def _read(request: Code, opened: str, out: Generation) -> tuple[CodeStatus, str, str | None]:
    """Return the status of an attempt, its text without the Markdown around it, and the text after `ERROR:`.

    Code that follows such a line counts as code, because the model may use the line as a heading. Comments alone do not count.
    """
    text = (opened + out.text).strip("\n").removesuffix(words.OPENING).rstrip() + "\n"
    reason, text = prompt.refusal(request, text)
    if reason is not None and not prompt.has_code(request, text):
        return "refused", reason, reason
    if out.finish_reason == "length":
        return "unfinished", text, reason
    text = prompt.definitions(text) if opened else text
    is_code = syntax_tree(text) is not None if request.language == "python" else prompt.looks_like_code(text)
    if not is_code and reason is not None:
        return "refused", f"{reason}\n{text}".strip(), reason
    return ("ok" if is_code and prompt.has_code(request, text) else "not_code"), text, reason


def _changed(request: Code, one: _Try) -> bool | None:
    """Return whether an adjustment changed more than white space at line ends.

    None if it is not an adjustment, or if it came to no code.
    """
    if request.code is None or one.status not in IS_CODE:
        return None
    before, after = ([line.rstrip() for line in text.rstrip().split("\n")] for text in (request.code, one.text))
    return before != after


def _opinion(answerer: Answerer, request: Code, one: _Try) -> Opinion | None:
    """Return whether the model itself takes an attempt for one at the task, None if it came to no code."""
    written = one.edit.out.text if one.edit and one.edit.code is not None else one.text
    return opinion(answerer, request, one.asked, written) if one.status in IS_CODE else None


def _complaint(one: _Try) -> str:
    """Return the fault of an attempt, in words for the model."""
    if one.status == "unfinished":
        return "It is too long."
    if one.status == "not_code":
        return "It is not valid code."
    return next((verdict.message for verdict in one.verdicts if verdict.status != "passed"), "")


def _told(one: _Try) -> Attempt:
    return Attempt(
        status=one.status,
        passed=one.passed,
        reason=one.reason,
        temperature_milli=one.sampling.temperature_milli,
        seed=one.sampling.seed,
        finish_reason=one.out.finish_reason,
        prompt_tokens=one.out.prompt_tokens,
        completion_tokens=one.out.completion_tokens,
        edit=None if one.edit is None else "refused" if one.edit.code is None else "applied",
    )


def _session(request: Code, chosen: _Try) -> Session | None:
    """Return the session with this turn added, None if the request has no session."""
    if request.session is None:
        return None
    turn = SessionTurn(
        feedback=list(request.feedback),
        code=chosen.text,
        status=chosen.status,
        verdicts=[verdict.status for verdict in chosen.verdicts],
    )
    return request.session.model_copy(update={"tests": list(request.tests), "turns": [*request.session.turns, turn]})


def _parameters(answerer: Answerer, request: Code) -> Parameters:
    sampling = Sampling(temperature_milli=request.temperature_milli, seed=request.seed)
    rooms = {
        name: constants(module) for name, module in (("words", words), ("reading", prompt), ("edits", edits), ("tests", rules))
    }
    limits = {name: getattr(LIMITS, name) for name in _LIMITS}
    fixed = {"id": words.ID, "chat_template": answerer.chat_template, "limits": limits, **rooms}
    return parameters(fixed, answerer.heeded(sampling), _max_tokens(request))
