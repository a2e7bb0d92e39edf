"""Show a finished simulation, for people and for programs."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from app.base.errors import EXIT_FAILED, EXIT_OK, EXIT_REFUSED
from app.desk.printable import printable
from app.formats import strict_json
from app.result.answers.ask import AskAnswer
from app.result.report import Report, Result
from app.simulate.explain_error import explain, fields_of
from app.simulate.simulation import Simulated
from app.simulate.tell_answer import has_failed, inputs, outcome, tell, wrap

Facts = Iterable[tuple[str, str]]


def exit_code(done: Simulated) -> int:
    """Return 0 for a verified answer, 3 for a verified answer that is not what was asked for, else 1."""
    if done.verified is None:
        return EXIT_REFUSED
    return {"ok": EXIT_OK, "failed": EXIT_FAILED}.get(outcome(done.verified.result.report), EXIT_REFUSED)


def summary(done: Simulated, program: str) -> dict[str, Any]:
    """Return one JSON object with stable keys. `program` is the command that started this program."""
    result = strict_json.loads(done.delivered.result)
    report = Result.model_validate_json(done.delivered.result).report
    return {
        "verified": done.verified is not None,
        "outcome": outcome(report),
        "about": dict(_places(done, report)),
        "trusted": done.trusted,
        "signer": done.verified.signer if done.verified else None,
        "simulation_key": done.order.simulated_key,
        "refusal": str(done.refusal) if done.refusal else None,
        "result_digest": done.delivered.digest,
        "callback_data": done.delivered.callback_data,
        "milliseconds": round(done.seconds * 1000),
        "folder": os.fspath(done.folder),
        "files": done.delivered.files,
        "verify": next_command(done, program),
        "result": result,
    }


def as_text(done: Simulated, program: str, more: Facts = ()) -> str:
    """Return the answer, then the evidence for it with the facts in `more`, then the next command."""
    report = Result.model_validate_json(done.delivered.result).report
    lines = [*story(report), ""]
    for label, fact in (*_facts(done, report), *more):
        lines += wrap(fact, " " * 11, f"{label:<11}")
    return printable("\n".join([*lines, "", *_next(done, report, program)]))


def next_command(done: Simulated, program: str) -> str | None:
    """Return the command that checks the result, ready to be pasted; None if the result did not verify."""
    if done.verified is None:
        return None
    path = Path(done.folder) / "result.json"
    return f"{program} verify {shlex.quote(os.fspath(path))} --signer {done.verified.signer}"


def story(report: Report) -> list[str]:
    """Return the answer; in bulk how many items succeeded, and then each of them."""
    if not report.bulk:
        return tell(report)
    counted = report.bulk
    missed = sum(has_failed(item) for item in counted.results)
    counts = ((counted.errorCount, "WITH AN ERROR"), (missed, "NOT AS ASKED FOR"), (counted.successCount - missed, "answered"))
    lines = [", ".join(f"{count} of {counted.totalCount} {what}" for count, what in counts if count)]
    for item in counted.results:
        told = [*tell(item), *(f"({label}: {fact})" for label, fact in inputs(item.inputs))]
        lines += ["", f"{item.index}. {told[0]}", *(f"   {line}".rstrip() for line in told[1:])]
    return lines


def _places(done: Simulated, report: Report) -> Iterator[tuple[str, str]]:
    """Yield the subject of each error in the person's own words, because a public result gives only a number."""
    failed = [(item.index, item.error) for item in report.bulk.results] if report.bulk else [(1, report.error)]
    for index, error in failed:
        dataset = done.order.datasets[index - 1] if error and index <= len(done.order.datasets) else None
        if error and (place := explain(fields_of(dataset), error.code)):
            yield f"item {index}" if report.bulk else "about", place


def _facts(done: Simulated, report: Report) -> Iterator[tuple[str, str]]:
    yield from _places(done, report)
    if report.outside_model:
        yield "model", f"{report.outside_model}: NOT embedded, for development only"
    elif report.model:
        yield "model", f"{report.model.name}{_tokens(report)}"
    yield from inputs(report.inputs)
    if done.verified is None:
        yield "verified", f"NO: {done.refusal}"
    else:
        yield "verified", "yes: schema, hashes and signature"
        yield "signed by", f"{done.verified.signer}, {_whose(done)}"
    yield "result", f"{done.folder / 'result.json'}, after {done.seconds:.1f} seconds"
    if (done.folder / "iexec_in").exists():
        yield "KEPT", f"{done.folder / 'iexec_in'}: what the task read, decrypted"
    yield "digest", done.delivered.digest
    yield "made by", f"sealed-llm {report.version}"


def _whose(done: Simulated) -> str:
    if not done.trusted:
        return "an ephemeral key: nothing was altered, but nobody can trust it beforehand"
    if done.order.simulated_key:
        return "this machine's simulation key: no enclave has it"
    return "the key in IEXEC_APP_DEVELOPER_SECRET"


def _tokens(report: Report) -> str:
    answer = report.answer
    return f", {answer.prompt_tokens} tokens read, {answer.completion_tokens} written" if isinstance(answer, AskAnswer) else ""


def _next(done: Simulated, report: Report, program: str) -> list[str]:
    command = next_command(done, program)
    if command is None:
        return [f"Next: `{program} doctor` names what is missing on this machine."]
    advice = {
        "error": "the result is signed all the same, and says why; check it with:",
        "incomplete": "the result is signed all the same, and says how far it came; check it with:",
        "failed": "other words, more tries (--attempts) or --max-tokens may do; check it with:",
        "ok": "anyone who has the file and trusts the signer can check it:",
    }[outcome(report)]
    return [f"Next: {advice}", "  " + command.replace(" --signer", " \\\n    --signer")]
