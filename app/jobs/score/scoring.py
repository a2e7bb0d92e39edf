"""The job score: take a wallet's history and return a score with its reasons.

The number comes from the scorecard alone. The model words the reasons. Its sentences are checked against the features, and
fixed sentences replace those that fail.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.base.deadline import NEVER, Deadline
from app.base.errors import HistoryError, ModelError
from app.base.limits import LIMITS
from app.jobs.score.facts import COUNT_ONLY, Fact, facts_of
from app.jobs.score.wording import Worded, evidence, shaped, word
from app.llm.answerer import Embedded, OpenAnswerer
from app.request.score import Score, read_history
from app.result.answers.answer import Mode
from app.result.answers.score import Breakdown, Claim, Fallback, Metadata, Points, Provenance, ScorecardUsed, UnsignedScore
from app.result.report import Parameters
from app.wallet.features import features, months
from app.wallet.fetch.source import fetch
from app.wallet.history import History
from app.wallet.labels.lists import Labels
from app.wallet.scorecard import Scorecard, ScoredWallet


def answer(request: Score, open_answerer: OpenAnswerer, deadline: Deadline = NEVER) -> tuple[UnsignedScore, Mode, Parameters]:
    """Return the scored wallet, not yet signed, the mode of its texts, and the parameters that shaped them.

    A failing model is not an error: the mode is then `fallback`, the score stays the same, and the answer says why. Raises
    `AppError` if the history cannot be fetched, also when `deadline` passes before that.
    """
    history = request.history or _fetched(request, deadline)
    values = features(history, request.labels)
    if history.only_counts:
        claim = Claim(kind="reasoning", text=COUNT_ONLY, evidence=("transactions",), by="template")
        return _answer(request, history, values, [claim], None), "count", shaped(None)
    scored = Scorecard.packaged().score(values, months(history, request.labels))
    facts = facts_of(values, scored)
    fixed = [Claim(kind=fact.kind, text=fact.text, evidence=evidence(fact), by="template") for fact in facts]
    try:
        worded = _worded(open_answerer, [fact for fact in facts if fact.kind != "advice"])
    except ModelError as err:
        return _saying_why(_answer(request, history, values, fixed, scored), err), "fallback", shaped(None)
    claims = [*worded.claims, *(claim for claim in fixed if claim.kind == "advice")]
    told = _answer(request, history, values, claims, scored, worded.sampled_tokens)
    if any(claim.by == "model" for claim in claims):
        return told, "ai", worded.parameters
    why = ModelError("claims.rejected", "the model wrote no sentence that states the facts and nothing else")
    return _saying_why(told, why), "fallback", worded.parameters


def _saying_why(told: UnsignedScore, why: ModelError) -> UnsignedScore:
    return told.model_copy(update={"fallback": Fallback(code=why.code, message=why.message, hint=why.hint)})


def _worded(open_answerer: OpenAnswerer, facts: list[Fact]) -> Worded:
    """Return the facts in the model's words. Raises `ModelError` with the reason if that fails."""
    answerer = open_answerer()
    if not isinstance(answerer, Embedded):
        raise ModelError("engine.not_embedded", "a score is worded by the embedded model alone")
    return word(answerer, facts)


def _fetched(request: Score, deadline: Deadline) -> History:
    """Return the history from its source. Raises `HistoryError`, or `ModelError` if only this slice's time cut it short.

    If a source on this very machine fails, the error does not say how.
    """
    if request.live is None:
        raise HistoryError("history.missing", "there is no history of the wallet to score")
    wallet = request.wallet.lower()
    seconds = min(LIMITS.live_seconds, deadline.left)
    try:
        document = fetch(request.live, wallet, request.chain_id, seconds)
        history = read_history(document, wallet, request.chain_id)
    except HistoryError as err:
        if seconds < LIMITS.live_seconds:
            deadline.check()
        if not request.live.is_here or err.code == "history.host_not_allowed":
            raise
        # the requester must not learn what listens here and on which port: closed, open and refusing ports look the same
        raise HistoryError("history.unreachable", "the source on this machine gives no history") from None
    if document.get("truncated") and seconds < LIMITS.live_seconds and deadline.left < seconds / 8:
        raise deadline.passed()
    return history


def _answer(
    request: Score,
    history: History,
    values: Mapping[str, int | None],
    claims: list[Claim],
    scored: ScoredWallet | None,
    spent: int = 0,
) -> UnsignedScore:
    texts = {kind: tuple(claim.text for claim in claims if claim.kind == kind) for kind in ("reasoning", "risk", "strength")}
    table = Scorecard.packaged()
    total = scored.total if scored else min(1000, 10 * (values["transactions"] or 0))
    return UnsignedScore(
        score=total,
        wallet_address=request.wallet,
        address_form=request.address_form,
        timestamp_ms=1000 * (history.newest_time if request.live is None else history.as_of_time),
        tier=table.tier(total),
        claims=tuple(claims),
        metadata=Metadata(
            scoreBreakdown=None if scored is None else _breakdown(request, scored),
            reasoning=" ".join(texts["reasoning"]),
            risk_factors=texts["risk"],
            strengths=texts["strength"],
            features={name: None if value is None else min(value, LIMITS.json_integer) for name, value in values.items()},
        ),
        scorecard=None if scored is None else _scorecard(table, scored),
        data=_provenance(request, history),
        fallback=None,
        completion_tokens=spent,
    )


def _breakdown(request: Score, scored: ScoredWallet) -> Breakdown:
    factors = scored.factors
    survey = request.survey
    answered = None if survey is None else 100 * sum(bool(pair.answer.strip()) for pair in survey) // len(survey)
    return Breakdown(
        activity=factors["activity"],
        maturity=factors["maturity"],
        diversity=factors["diversity"],
        conduct=factors["conduct"],
        riskBehavior=factors["risk"],
        surveyMatch=answered,
    )


def _scorecard(table: Scorecard, scored: ScoredWallet) -> ScorecardUsed:
    points = (Points(feature=line.feature, factor=line.factor, points=line.points, most=line.most) for line in scored.lines)
    return ScorecardUsed(version=table.version, sha256=table.digest(), base=scored.base, points=tuple(points), kept=scored.kept)


def _provenance(request: Score, history: History) -> Provenance:
    live, given = request.live, request.given
    return Provenance(
        origin="enclave" if live else given.history,
        host=live.host if live else None,
        format=history.source,
        chain_id=history.chain_id,
        chain_checked=live is not None and live.tells_chain,
        as_of_block=history.as_of_block,
        as_of_time=history.as_of_time,
        records=history.records,
        left_out=history.left_out,
        truncated=history.truncated,
        sha256=history.digest() if live or given.is_public else None,
        labels_sha256=Labels.packaged().digest(),
        own_labels=given.labels if request.labels.has_own else None,
    )
