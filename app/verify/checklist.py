"""The checks that a verification made and those that it left out, in words; the list ends with what no check can show."""

from __future__ import annotations

from dataclasses import dataclass

from app import __version__
from app.result.answers.score import ScoreAnswer
from app.result.report import BulkItem, Report
from app.verify.on_chain import OnChain
from app.verify.verifier import Verified

# code of a refusal -> the step that it ends in
STEPS = {
    "result.unreadable": "file",
    "json.invalid": "schema",
    "result.schema": "schema",
    "result.not_canonical": "schema",
    "result.hash_mismatch": "hashes",
    "result.signature": "signature",
    "result.wrong_signer": "signer",
    "result.wrong_model": "model",
    "result.wrong_request": "request",
    "result.not_reproduced": "replay",
    "result.no_answer": "replay",
    "result.other_engine": "replay",
    "engine.not_embedded": "replay",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """The further checks that were asked for and made."""

    model: bool = False
    request: bool = False
    opened: bool = False
    """Whether the commitment was opened; a replay may have compared the answer alone."""
    replay: bool = False
    on_chain: OnChain | None = None


def checked(verified: Verified, asked: Asked) -> list[tuple[str, str]]:
    """Return the steps that a result passed, in order, each with what it shows."""
    report = verified.result.report
    steps = [
        ("schema", "the exact canonical JSON of a result, and nothing else"),
        ("hashes", "all five words that are signed, computed anew from the report"),
        ("signature", "EIP-712, in canonical form"),
        ("signer", "the address that you trust"),
    ]
    if scores := len(_scores(report)):
        steps.append(("sui", f"all Sui signatures of {scores} score{'s' * (scores > 1)} and of the report, by one key"))
        steps.append(("evm", f"the EIP-712 signature of {'each' if scores > 1 else 'the'} score, by the same key"))
    if asked.model and report.embedded_model:
        steps.append(("model", f"{report.embedded_model.name}, by the SHA-256 of its file"))
    if asked.opened:
        steps.append(("request", "the salted commitment opens with it, and with no other"))
    if asked.replay:
        steps.append(("replay", "model, engine build and request give the same answer here, byte for byte"))
    if asked.on_chain:
        steps.append(("chain", f"task, digest and app, as chain {asked.on_chain.chain_id} has them"))
    return steps


def unchecked(verified: Verified, asked: Asked) -> list[tuple[str, str]]:
    """Return the checks that were left out, each with how to request it, and then what no check of a result can show."""
    report = verified.result.report
    salted = any(part.commitment for part in (report.bulk.results if report.bulk else (report.request,)))
    left = [
        (not asked.model, "model", "--model NAME, which one you expect"),
        (not asked.opened, "request", "--request FILE, what was asked" if salted else "what was asked: it had no salt"),
        (not asked.replay, "replay", "--request FILE --replay, whether it gives this answer again"),
        (not asked.on_chain, "chain", "--task, --app and --rpc, whether iExec delivered it"),
        (True, "enclave", "whether only an enclave has the key: that is for iExec to attest"),
        (bool(_scores(report)), "history", "whether it is true: see above where it came from"),
        (True, "truth", "whether the answer is right: nobody can sign that"),
    ]
    return [(name, what) for is_left, name, what in left if is_left]


def aloud(report: Report) -> list[str]:
    """Return the facts about a genuine result that a reader must not miss, one on each line."""
    found = []
    status: str = report.status
    if status != "ok":
        why = f" {report.error.code}: {report.error.message}; hint: {report.error.hint}" if report.error else ""
        found.append(f"{status.upper()}{why}")
    if report.key_origin == "ephemeral":
        found.append("EPHEMERAL: the key was made for this one run: nothing was altered, but anyone could have made it")
    if report.version != __version__:
        found.append(f"NOTE: made by sealed-llm {report.version}; this is {__version__}")
    if report.outside_model:
        found.append(f"NOTE: the answer did not come from an embedded model, but from {report.outside_model}")
    return [
        *found,
        *(f"ORIGIN of score {one.score} of {one.wallet_address}: {one.data.where_from()}" for one in _scores(report)),
    ]


def _scores(report: Report) -> list[ScoreAnswer]:
    return [part.answer for part in _parts(report) if isinstance(part.answer, ScoreAnswer)]


def _parts(report: Report) -> tuple[Report | BulkItem, ...]:
    return report.bulk.results if report.bulk else (report,)
