"""Show a finished simulation, for people and for programs."""

from __future__ import annotations

import os
from typing import Any

from app import strict_json
from app.answers.code import CodeAnswer
from app.report import Report, Result
from app.simulate.session import Simulated


def summary(done: Simulated) -> dict[str, Any]:
    """Return one JSON object with stable keys."""
    return {
        "verified": done.verified is not None,
        "trusted": done.trusted,
        "signer": done.verified.signer if done.verified else None,
        "refusal": str(done.refusal) if done.refusal else None,
        "result_digest": done.delivered.digest,
        "callback_data": done.delivered.callback_data,
        "milliseconds": round(done.seconds * 1000),
        "folder": os.fspath(done.folder),
        "files": done.delivered.files,
        "result": strict_json.loads(done.delivered.result),
    }


def as_text(done: Simulated) -> str:
    """Return a few lines: the answer first, then what vouches for it."""
    report = Result.model_validate_json(done.delivered.result).report
    lines = ["", *_story(report), ""]
    if report.outside_model:
        lines.append(f"model     {report.outside_model}: NOT embedded, for development only")
    elif report.model:
        lines.append(f"model     {report.model.name}")
    lines.append(f"digest    {done.delivered.digest}")
    lines.append(f"verified  {_verdict(done)}")
    lines.append(f"files     {', '.join(sorted(done.delivered.files))} in {done.folder / 'iexec_out'} ({done.seconds:.1f} s)")
    return "\n".join(lines)


def _verdict(done: Simulated) -> str:
    if not done.verified:
        return f"NO: {done.refusal}"
    origin = "" if done.trusted else " (an ephemeral key: nothing was altered, but nobody can trust it beforehand)"
    return f"yes, signed by {done.verified.signer}{origin}"


def _story(report: Report) -> list[str]:
    if report.bulk:
        counted = report.bulk
        head = f"{counted.successCount} of {counted.totalCount} answered"
        return [head, *(f"  {item.index}. {_one(item)}" for item in counted.results)]
    return [_one(report)]


def _one(part: Any) -> str:
    answer = part.answer
    if isinstance(answer, CodeAnswer):
        return _code(answer)
    if answer:
        tokens = f"{answer.prompt_tokens} prompt tokens, {answer.completion_tokens} generated, {answer.finish_reason}"
        return f"{answer.text}\n  ({tokens})"
    return f"error {part.error.code}: {part.error.message}\n  hint: {part.error.hint}"


def _code(answer: CodeAnswer) -> str:
    """Return the code, then what its tests and its readers say."""
    tested, tries = answer.tested, len(answer.attempts)
    passed = sum(verdict.status == "passed" for verdict in tested.verdicts)
    lines = [f"untested: {tested.untested}" if tested.untested else f"{passed} of {len(tested.verdicts)} tests passed"]
    lines += [f"{verdict.status}: {verdict.message}" for verdict in tested.verdicts if verdict.status != "passed"]
    lines += [f"line {found.line}: {found.kind} ({found.name})" for found in answer.warnings]
    lines.append(f"{answer.status}, {tries} attempt{'s' * (tries > 1)}; second opinion: {answer.second_opinion or 'none'}")
    return "\n".join([answer.text.rstrip(), "", *(f"  {line}" for line in lines)])
