"""code: a task in, code out that was run where it could be.

Generate or adjust, test, and while tests fail try again within the budget, by turns afresh and with the failed test
as feedback; the attempt that passes most is the answer.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.answers.code import Attempt, Budget, CodeAnswer, Guest, Tested, TestVerdict
from app.document import ProgramTest
from app.errors import SandboxError
from app.limits import LIMITS
from app.llm.answering import Answerer
from app.llm.chat import Message
from app.llm.engine import Generation, Sampling
from app.llm.prompts import code as words
from app.report import Parameters
from app.request.code import Code
from app.sandbox import run as sandbox
from app.session import CodeStatus, Session, SessionTurn
from app.tasks import code_prompt as prompt
from app.tasks import edits
from app.tasks.examples import examples
from app.tasks.findings import findings, parse
from app.tasks.parameters import parameters


@dataclass(frozen=True, slots=True)
class _Try:
    """One attempt: what came out, and what its tests said."""

    asked: list[Message]
    status: CodeStatus
    text: str
    out: Generation
    sampling: Sampling
    edit: edits.Edited | None
    verdicts: tuple[sandbox.Verdict, ...]
    fuel: int

    @property
    def passed(self) -> int:
        return sum(verdict.status == "passed" for verdict in self.verdicts)


def answer(answerer: Answerer, request: Code) -> tuple[CodeAnswer, Parameters]:
    """Return the code with everything that is known about it, and every parameter that shaped it.

    Raises `InputError` prompt.too_long if task and answer do not fit the context, `SandboxError` if there is
    a sandbox but an altered one.
    """
    tests, source = _tests(request)
    guest = _sandbox() if tests else None
    chances = 1 if guest is None else request.attempts or LIMITS.default_attempts
    parts = edits.choices(answerer, request)
    tries: list[_Try] = []
    while len(tries) < chances and not _is_done(tries):
        tries.append(_attempt(answerer, request, tries, parts, tests, guest))
    best = max(range(len(tries)), key=lambda index: (tries[index].status == "ok", tries[index].passed, -index))
    said = CodeAnswer(
        status=tries[best].status,
        language=request.language,
        text=tries[best].text,
        tested=_tested(request, tests, source, guest, tries, best),
        attempts=tuple(_told(one) for one in tries),
        best=best,
        budget=Budget(attempts=chances, tokens=(chances + bool(parts)) * _max_tokens(request)),
        second_opinion=_opinion(answerer, request, tries[best]),
        warnings=findings(tries[best].text) if request.language == "python" and tries[best].status == "ok" else (),
        session=_session(request, tries[best]),
    )
    return said, _parameters(answerer, request)


@functools.cache
def _sandbox() -> sandbox.Sandbox | None:
    """Return the sandbox, None in an image without one."""
    try:
        return sandbox.Sandbox()
    except SandboxError as err:
        if err.code == "sandbox.missing":
            return None
        raise


def _tests(request: Code) -> tuple[list[sandbox.Test], str]:
    """Return the caller's tests, or those that the prompt's examples make, and which of them they are."""
    if request.language != "python":
        return [], "none"
    given: list[sandbox.Test] = [
        sandbox.Pair(test.input, test.output) if isinstance(test, ProgramTest) else sandbox.Assertion(test)
        for test in request.tests
    ]
    found: list[sandbox.Test] = [sandbox.Assertion(text) for text in examples(request.prompt)]
    return (given, "caller") if given else (found, "examples") if found and not request.said() else ([], "none")


def _is_done(tries: list[_Try]) -> bool:
    """Return whether nothing is left to be repaired: all tests pass, or the model refused."""
    return bool(tries) and (tries[-1].status == "refused" or tries[-1].passed == len(tries[-1].verdicts) > 0)


def _max_tokens(request: Code) -> int:
    return request.max_tokens or LIMITS.default_max_tokens


def _attempt(
    answerer: Answerer,
    request: Code,
    tries: list[_Try],
    parts: Sequence[edits.Part],
    tests: list[sandbox.Test],
    guest: sandbox.Sandbox | None,
) -> _Try:
    """Return the next attempt, tested."""
    wrong = (tries[-1].text, _complaint(tries[-1])) if len(tries) in words.MENDING else None
    sampling = Sampling(
        temperature_milli=words.RETRY_TEMPERATURE_MILLI if tries else request.temperature_milli, seed=request.seed + len(tries)
    )
    edit = None if tries else edits.edit(answerer, request, parts, sampling, _max_tokens(request))
    status: CodeStatus = "ok"
    if edit and edit.code is not None:
        asked, text, out = prompt.messages(request, wrong, edit=True), edit.code, edit.out
    else:
        asked = prompt.messages(request, wrong)
        status, text, out = _whole(answerer, request, sampling, asked)
        out = replace(out, completion_tokens=out.completion_tokens + (edit.out.completion_tokens if edit else 0))
    found = guest.run(text, tests) if guest and status == "ok" else None
    return _Try(asked, status, text, out, sampling, edit, found.tests if found else (), found.fuel if found else 0)


def _whole(answerer: Answerer, request: Code, sampling: Sampling, asked: list[Message]) -> tuple[CodeStatus, str, Generation]:
    """Return the whole code as the model writes it, and what became of it."""
    opening, opened = prompt.start(request)
    out = answerer.complete(asked, sampling, _max_tokens(request), opening=opening, stop=words.CLOSING)
    if not answerer.embedded:
        out, opened = prompt.block(out), ""
    return *_read(request, opened, out), out


def _read(request: Code, opened: str, out: Generation) -> tuple[CodeStatus, str]:
    """Return what became of an attempt, and its text without the Markdown around it."""
    text = (opened + out.text).strip("\n").removesuffix(words.OPENING).rstrip() + "\n"
    refusal = f"{words.COMMENTS[request.language]} {words.REFUSAL}"
    if text.startswith(refusal):
        return "refused", text.removeprefix(refusal).strip()
    if out.finish_reason == "length":
        return "unfinished", text
    text = prompt.definitions(text) if opened else text
    is_code = parse(text) is not None if request.language == "python" else prompt.looks_like_code(text)
    return ("ok" if is_code and text.strip() else "not_code"), text


def _opinion(answerer: Answerer, request: Code, one: _Try) -> Literal["yes", "no"] | None:
    """Return what the model itself says of an attempt, None if it came to no code."""
    written = one.edit.out.text if one.edit and one.edit.code is not None else one.text
    return prompt.opinion(answerer, request, one.asked, written) if one.status == "ok" else None


def _complaint(one: _Try) -> str:
    """Return what is wrong with an attempt, in words for the model."""
    if one.status == "unfinished":
        return "It is too long."
    if one.status == "not_code":
        return "It is not valid code."
    return next((verdict.message for verdict in one.verdicts if verdict.status != "passed"), "")


def _tested(
    request: Code, tests: list[sandbox.Test], source: str, guest: sandbox.Sandbox | None, tries: list[_Try], best: int
) -> Tested:
    why = None
    if request.language != "python":
        why = "language"
    elif not tests:
        why = "no_tests"
    elif guest is None:
        why = "no_guest"
    elif not tries[best].verdicts:
        why = "no_code"
    used = Guest(**guest.identity(), fuel=sum(one.fuel for one in tries)) if guest else None
    verdicts = tuple(TestVerdict(status=one.status, message=one.message, fuel=one.fuel) for one in tries[best].verdicts)
    return Tested.model_validate({"source": source, "untested": why, "verdicts": verdicts, "guest": used})


def _told(one: _Try) -> Attempt:
    return Attempt(
        status=one.status,
        passed=one.passed,
        temperature_milli=one.sampling.temperature_milli,
        seed=one.sampling.seed,
        finish_reason=one.out.finish_reason,
        prompt_tokens=one.out.prompt_tokens,
        completion_tokens=one.out.completion_tokens,
        edit=None if one.edit is None else "refused" if one.edit.code is None else "applied",
    )


def _session(request: Code, chosen: _Try) -> Session | None:
    """Return the session with this turn added, None if the request has none."""
    if request.session is None:
        return None
    turn = SessionTurn(
        feedback=list(request.feedback),
        code=chosen.text,
        status=chosen.status,
        verdicts=[verdict.status for verdict in chosen.verdicts],
    )
    return request.session.model_copy(update={"turns": [*request.session.turns, turn]})


def _parameters(answerer: Answerer, request: Code) -> Parameters:
    sampling = Sampling(temperature_milli=request.temperature_milli, seed=request.seed)
    fixed = {"chat_template": answerer.chat_template, **words.fixed()}
    return parameters(fixed, answerer.heeded(sampling), _max_tokens(request))
