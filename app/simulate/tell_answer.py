"""Describe an answer in lines for a person: failures first, then the answer, then what it rests on."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from app.base.limits import LIMITS
from app.result.answers.ask import AskAnswer
from app.result.answers.code import CodeAnswer
from app.result.answers.score import Claim, ScoreAnswer
from app.result.report import BulkItem, Input, Report

WIDTH = 78
OutcomeWord = Literal["ok", "failed", "error", "incomplete"]

_STATUS = {
    "refused": "REFUSED BY THE MODEL; it said:",
    "not_code": "NO CODE: the model wrote something else",
    "unfinished": "CUT OFF: --max-tokens was reached before the code was complete",
}
_UNTESTED = {
    "no_tests": "not tested: there are no tests",
    "no_guest": "NOT TESTED: the sandbox is not here",
    "language": "not tested: only Python runs here",
    "no_code": "not tested: there is no code",
}
_REQUESTS = ("prompt", "email", "chat", "form", "code", "wallet")
_OWN = "a request in the dataset decides its own options: put them into it, or let its `allow` name them"
_CLAIMS = (("reasoning", "Why"), ("strength", "Strengths"), ("risk", "Risks"), ("advice", "Advice"))


def outcome(report: Report) -> OutcomeWord:
    """Return the outcome of a task: `failed` is a valid answer that is not what was asked for."""
    status: Any = report.status
    if status != "ok":
        return status if status in ("failed", "incomplete") else "error"
    parts = report.bulk.results if report.bulk else (report,)
    return "failed" if any(has_failed(part) for part in parts) else "ok"


def has_failed(part: Report | BulkItem) -> bool:
    """Return whether there is an answer that is not what was asked for."""
    answer = part.answer
    if not isinstance(answer, CodeAnswer):
        return False
    return answer.status != "ok" or any(verdict.status not in ("passed", "unavailable") for verdict in answer.tested.verdicts)


def tell(part: Report | BulkItem) -> list[str]:
    """Return the lines about one answer or error."""
    answer = part.answer
    if part.error is not None and answer is None:
        loud = "INCOMPLETE" if part.error.code == "incomplete" else f"ERROR {part.error.code}"
        return [*wrap(f"{loud}: {part.error.message}"), *wrap(f"hint: {part.error.hint}", "  ")]
    if isinstance(answer, CodeAnswer):
        return list(_code(answer))
    if isinstance(answer, ScoreAnswer):
        return list(_score(answer, part.mode))
    return list(_ask(answer)) if isinstance(answer, AskAnswer) else []


def inputs(found: Iterable[Input]) -> list[tuple[str, str]]:
    """Return what was used of each source and what was left aside, as labelled facts."""
    sides: dict[str, list[str]] = {}
    found = list(found)
    for one in found:
        name = one.source.replace("_", " ")
        source = f"the {name}" if one.number is None else f"{name} {one.number}"
        sides.setdefault("used" if one.used else "NOT USED", []).append(f"{one.kind} in {source}")
    facts = [(side, ", ".join(kinds)) for side, kinds in sides.items()]
    asked = any(one.used and one.source == "dataset" and one.kind in _REQUESTS for one in found)
    others = any(not one.used and one.source != "dataset" and one.kind == "options" for one in found)
    return [*facts, *([("why", _OWN)] if asked and others else [])]


def wrap(text: str, indent: str = "", first: str | None = None) -> list[str]:
    """Return `text` in lines of at most `WIDTH` characters, keeping its own line ends."""
    head = indent if first is None else first
    lines = [
        textwrap.fill(
            line, WIDTH, initial_indent=head, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
        )
        for line in text.splitlines()
    ]
    return "\n".join(lines).split("\n")


def _ask(answer: AskAnswer) -> Iterator[str]:
    yield from answer.text.splitlines() or ["(the model said nothing)"]
    if answer.finish_reason == "length":
        yield ""
        yield f"CUT OFF after {answer.completion_tokens} tokens: --max-tokens says how many there may be"


def _code(answer: CodeAnswer) -> Iterator[str]:
    yield from wrap(_headline(answer))
    if answer.changed is False:
        yield "NOTHING CHANGED: the code is what it was before"
    yield ""
    yield from answer.text.rstrip().splitlines()
    yield ""
    for number, verdict in enumerate(answer.tested.verdicts, 1):
        counted = f", {verdict.checks} checks" if verdict.checks > 1 else ""
        said = f": {verdict.message}" if verdict.message else ""
        how = " beside the snippet" if verdict.status == "passed" and not verdict.apart else ""
        yield from wrap(f"test {number} {verdict.status.replace('_', ' ')}{how}{counted}{said}", "    ", "  ")
    for found in answer.warnings:
        yield f"  look at line {found.line} before you run it: {found.kind.replace('_', ' ')} ({found.name})"
    for number, attempt in enumerate(answer.attempts, 1):
        if attempt.reason:
            yield from wrap(f"attempt {number} was refused by the model: {attempt.reason}", "    ", "  ")
    tries = len(answer.attempts)
    yield f"  {tries} attempt{'s' * (tries > 1)} of at most {answer.budget.attempts}, this is number {answer.best + 1}"
    guest = answer.tested.guest
    if tries < answer.budget.attempts and guest and guest.fuel > answer.budget.fuel - LIMITS.test_fuel:
        yield "  there were no more attempts: the tests used up the fuel of all of them"
    if answer.second_opinion == "off_task":
        yield "  the model itself does not take this for an answer to the task"


def _headline(answer: CodeAnswer) -> str:
    """Return what a reader must know before reading a line of the code."""
    statuses: list[str] = [verdict.status for verdict in answer.tested.verdicts]
    status: str = answer.status
    if status in _STATUS:
        return _STATUS[status]
    passed, barred = statuses.count("passed"), statuses.count("unavailable")
    bad = len(statuses) - passed - barred
    source = {"examples": " (the examples in the prompt)", "session": " (those of an earlier turn)"}.get(
        answer.tested.source, ""
    )
    if bad or status == "tests_failed":
        return f"TESTS FAILED: {bad} of {len(statuses)}{source}"
    if barred or status == "untested":
        return f"TESTS COULD NOT RUN: {barred} of {len(statuses)}; {passed} passed{source}"
    if statuses:
        return f"{passed} of {len(statuses)} tests passed{source}"
    return _UNTESTED.get(answer.tested.untested or "", f"not tested: {answer.tested.untested}")


def _score(answer: ScoreAnswer, mode: str | None) -> Iterator[str]:
    yield f"Score {answer.score} of 1000, tier {answer.tier}"
    yield from wrap(f"ORIGIN: {answer.data.where_from()}")
    if mode == "count":
        yield from wrap("COUNT ONLY: min(1000, 10 x transactions), since nothing but a number of transactions was given")
    if mode == "fallback":
        yield from _fallback(answer)
    yield ""
    yield from wrap(f"wallet {answer.wallet_address}", "  ")
    yield from wrap(_data(answer), " " * 9, "  ")
    if answer.data.left_out:
        rows = "1 row is no record" if answer.data.left_out == 1 else f"{answer.data.left_out:,} rows are no records"
        yield from wrap(f"{rows} of its own, left out", " " * 9, " " * 9)
    if answer.data.truncated:
        yield from wrap("TRUNCATED: the source had more than it gave, so the score rests on a part", "  ")
    yield from _factors(answer)
    for kind, title in _CLAIMS:
        claims = [claim for claim in answer.claims if claim.kind == kind]
        if claims:
            yield from ("", title, *(line for claim in claims for line in _claim(claim)))


def _fallback(answer: ScoreAnswer) -> Iterator[str]:
    why = answer.fallback
    reason = f" ({why.code}: {why.message})" if why else ""
    yield from wrap(f"FALLBACK: fixed words stand where the model's should{reason}; the number is the same")
    if why:
        yield from wrap(f"hint: {why.hint}", "  ")


def _data(answer: ScoreAnswer) -> str:
    data = answer.data
    block = f"block {data.as_of_block:,}" if data.as_of_block is not None else "an unknown block"
    when = f"{datetime.fromtimestamp(data.as_of_time, UTC):%Y-%m-%d %H:%M} UTC" if data.as_of_time else "an unknown time"
    return f"data   in the format of {data.format}, chain {data.chain_id}, {data.records:,} records, as of {block}, {when}"


def _factors(answer: ScoreAnswer) -> Iterator[str]:
    if answer.metadata.scoreBreakdown is None:
        return
    yield from ("", "Factors, each 0 to 100")
    for name, value in answer.metadata.scoreBreakdown.model_dump().items():
        if value is not None:
            yield f"  {_words(name):<14} {value:>3}  {'#' * (value // 5)}"


def _words(name: str) -> str:
    return {"riskBehavior": "risk behaviour", "surveyMatch": "survey"}.get(name, name)


def _claim(claim: Claim) -> list[str]:
    fixed = " (fixed words)" if claim.by == "template" else ""
    return wrap(f"{claim.text}{fixed}", "    ", "  - ")
