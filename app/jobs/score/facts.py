"""Choose the features that speak for and against a wallet, and word each in a fixed sentence; this needs no model.

The points in the scorecard decide which facts are told, so no text can contradict the score. The only number in a fact's words
is the value of the feature that it names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.wallet.scorecard import Factor, Line, ScoredWallet

Kind = Literal["strength", "risk", "reasoning", "advice"]
STRENGTHS, RISKS, ADVICE = 3, 3, 2  # the most facts of each kind
_STRONG, _WEAK = 60, 35  # percent of the most points of a feature: a strength from the first on, a risk up to the second
_LEAST = 25  # least points at stake that make a feature worth a sentence


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact about the wallet that is worth a sentence."""

    kind: Kind
    feature: str
    """The feature whose value stands in the text, as its evidence; `score` for the reasoning."""
    value: int
    text: str
    """One fixed sentence. It shows the value in digits if it shows it at all."""


# scored feature -> (feature told, words for a strength, words for a risk); {n} is the value told
_WORDS: dict[str, tuple[str, str, str]] = {
    "span_minutes": (
        "span_days",
        "The record is long: it spans {n} days from the first to the last transaction.",
        "The record is short: it spans {n} days from the first to the last transaction.",
    ),
    "active_months": ("active_months", "The wallet was active in {n} months.", "The wallet was active in only {n} months."),
    "sent": ("sent", "The wallet has sent {n} transactions itself.", "The wallet has sent only {n} transactions itself."),
    "received": ("received", "The wallet has received {n} transactions.", "The wallet has received only {n} transactions."),
    "repeat_received": (
        "repeat_received",
        "Partners come back: {n} of its receipts came from an address that had sent before.",
        "Few partners have come back: it has only {n} receipts from addresses that had sent before.",
    ),
    "contracts_created": (
        "contracts_created",
        "The wallet has created {n} contracts.",
        "The wallet has created {n} contracts.",
    ),
    "contracts_called": ("contracts_called", "The wallet has used {n} contracts.", "The wallet has used only {n} contracts."),
    "protocols": ("protocols", "The wallet has used {n} known protocols.", "The wallet has used {n} known protocols."),
    "senders": (
        "senders",
        "Its receipts come from few addresses: {n} in all.",
        "Its receipts come from many addresses, as with accounts that collect from strangers: {n} in all.",
    ),
    "senders_percent": (
        "senders_percent",
        "Senders are well known to it: their number is {n} percent of that of the receipts.",
        "Most senders came only once: their number is {n} percent of that of the receipts.",
    ),
    "sent_percent": (
        "sent_percent",
        "Sending and receiving are in balance: {n} percent of its transactions are sent.",
        "Sending and receiving are out of balance: {n} percent of its transactions are sent.",
    ),
    "received_micro": (
        "received_coins",
        "The wallet has received {n} whole coins in all.",
        "The wallet has received little: {n} whole coins in all.",
    ),
    "received_per_sender_micro": (
        "received_per_sender_coins",
        "Senders trust it with sums: {n} whole coins from each on average.",
        "Senders trust it with little: {n} whole coins from each on average.",
    ),
    "largest_receipt_percent": (
        "largest_receipt_percent",
        "No single receipt dominates: the largest is {n} percent of all that was received.",
        "One receipt dominates: it is {n} percent of all that was received.",
    ),
    "failed_percent": ("failed_percent", "", "Of the transactions that it sent, {n} percent failed."),
    "sent_to_sanctioned": ("sent_to_sanctioned", "", "It sent {n} transactions to sanctioned addresses."),
    "sent_to_mixer": ("sent_to_mixer", "", "It sent {n} transactions to mixers."),
    "sent_to_scam": ("sent_to_scam", "", "It sent {n} transactions to addresses known for scams."),
    "received_from_flagged": ("received_from_flagged", "", "It received {n} transactions from flagged addresses."),
    "flagged_approvals": ("flagged_approvals", "", "It let flagged addresses spend its tokens with {n} approvals."),
}
# A share or an average of nothing is not worth a sentence.
_OF = {
    "senders": "received",
    "senders_percent": "received",
    "sent_percent": "transactions",
    "received_per_sender_micro": "received",
    "largest_receipt_percent": "received",
    "failed_percent": "sent",
}
_FACTORS: dict[Factor, str] = {
    "activity": "activity",
    "maturity": "maturity",
    "diversity": "diversity",
    "conduct": "flow of funds",
    "risk": "freedom from warning signs",
}
# scored feature -> advice for the owner
_ADVICE = {
    "active_months": "Further months with activity would raise the score.",
    "span_minutes": "A longer record would raise the score.",
    "sent": "Further transactions sent by the wallet itself would raise the score.",
    "repeat_received": "Further receipts from known partners would raise the score.",
    "protocols": "Use of further well-known protocols would raise the score.",
    "failed_percent": "A smaller share of failed transactions would raise the score.",
    "flagged_approvals": "Approvals of flagged addresses should be revoked, and no new ones given.",
    "sent_to_scam": "Dealings with flagged addresses should end.",
    "sent_to_mixer": "Dealings with flagged addresses should end.",
    "sent_to_sanctioned": "Dealings with flagged addresses should end.",
}


_REASONING = "This wallet reaches {total} points and the tier {tier}: best is its {best}, weakest its {worst}."
_PLURAL = re.compile(r"\{n\} ((?:known |whole )?)(\w+)s\b")
COUNT_ONLY = "Only a number of transactions is known: the score is ten points for each, up to the maximum."


def rules() -> dict[str, Any]:
    """Return everything that decides which facts are told and how, as JSON values."""
    return {
        "count_only": COUNT_ONLY,
        "limits": [STRENGTHS, RISKS, ADVICE, _STRONG, _WEAK, _LEAST],
        "patterns": [_PLURAL.pattern],
        "words": {
            "advice": _ADVICE,
            "factors": dict(_FACTORS),
            "facts": {name: list(words) for name, words in _WORDS.items()},
            "of": _OF,
            "reasoning": _REASONING,
        },
    }


def facts_of(values: Mapping[str, int | None], score: ScoredWallet) -> list[Fact]:
    """Return the facts: strengths, risks, the reasoning, advice; strengths and risks are ordered by the points at stake."""
    told = [line for line in score.lines if line.feature in _WORDS and values.get(line.feature) is not None]
    told = [line for line in told if values.get(_OF.get(line.feature, ""), 1) != 0]
    strong = [line for line in told if line.points >= _LEAST and 100 * line.points >= _STRONG * line.most]
    weak = [line for line in told if _lost(line) >= _LEAST and 100 * line.points <= _WEAK * line.most]
    strong.sort(key=lambda line: (-line.points, line.feature))
    weak.sort(key=lambda line: (line.most > 0, -_lost(line), line.feature))  # deductions first
    chosen = [_fact("strength", line, values) for line in strong[:STRENGTHS]]
    chosen += [_fact("risk", line, values) for line in weak[:RISKS]]
    chosen.append(_reasoning(score))
    room = sorted(
        (line for line in told if line.feature in _ADVICE and _lost(line)), key=lambda line: (-_lost(line), line.feature)
    )
    texts = dict.fromkeys(_ADVICE[line.feature] for line in room)
    by_text = {_ADVICE[line.feature]: line for line in reversed(room)}
    return chosen + [_fact("advice", by_text[text], values) for text in list(texts)[:ADVICE]]


def _reasoning(score: ScoredWallet) -> Fact:
    """Return a summary in one sentence: the score, its tier, the strongest and the weakest factor."""
    ranked = sorted(score.factors.items(), key=lambda item: (item[1], item[0]))
    best, worst = _FACTORS[ranked[-1][0]], _FACTORS[ranked[0][0]]
    text = _REASONING.format(total=score.total, tier=score.tier, best=best, worst=worst)
    return Fact("reasoning", "score", score.total, text)


def _lost(line: Line) -> int:
    return line.most - line.points


def _fact(kind: Kind, line: Line, values: Mapping[str, int | None]) -> Fact:
    feature, strength, risk = _WORDS[line.feature]
    value = values[feature] or 0
    words = {"strength": strength, "risk": risk, "advice": _ADVICE.get(line.feature, "")}[kind]
    return Fact(kind, feature, value, _singular(words) if value == 1 else words.replace("{n}", str(value)))


def _singular(words: str) -> str:
    """Return `words` in the singular: the noun after {n} loses its s."""
    return _PLURAL.sub(r"1 \1\2", words).replace("{n}", "1")
