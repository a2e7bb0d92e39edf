"""The model's part of a score: it writes one sentence for each fact; a sentence that fails is tried again or replaced."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.base.errors import ModelError
from app.base.limits import LIMITS
from app.jobs.parameters import parameters
from app.jobs.score import facts as fixed_words
from app.jobs.score import sentence_check, words
from app.jobs.score.facts import Fact
from app.jobs.score.sentence_check import fault, hopeless
from app.llm.answerer import Embedded
from app.llm.chat import Message
from app.llm.infill import Filled, Slot
from app.llm.sampling import Sampling
from app.result.answers.score import Claim
from app.result.report import Parameters


@dataclass(frozen=True, slots=True)
class Worded:
    """The claims in the order of the facts, and the cost of wording them."""

    claims: tuple[Claim, ...]
    parameters: Parameters
    sampled_tokens: int


def word(answerer: Embedded, facts: Sequence[Fact]) -> Worded:
    """Return `facts` (strengths, then risks, then the reasoning) in the model's words where they pass `fault`.

    Each sentence has `words.ATTEMPTS` attempts; an attempt ends once it can no longer pass. After them the fixed sentence
    stands. The model does not word advice. Raises `ModelError` engine.* if llama.cpp fails, and engine.too_slow after the
    deadline of the answerer or `LIMITS.wording_seconds`.
    """
    user = words.question([(fact.kind, fact.text) for fact in facts])
    messages = [Message("system", words.SYSTEM), Message("user", user)]
    until = time.monotonic() + LIMITS.wording_seconds
    greedy = Sampling()
    judge, hopeless = _judge(facts, greedy, until), functools.partial(_hopeless, facts)
    filling = answerer.fill(messages, _parts(facts), greedy, judge, hopeless)
    told = tuple(_claim(facts, slot) for slot in filling.slots)
    return Worded(told, shaped(answerer.chat_template), filling.sampled_tokens)


def _parts(facts: Sequence[Fact]) -> list[str | Slot]:
    """Return the JSON that the model completes; only the sentences are left open."""
    parts: list[str | Slot] = []
    for place, fact in enumerate(facts):
        opening = words.OPENING.format(kind=fact.kind, feature=fact.feature, value=fact.value)
        parts.append((words.NEXT if place else words.BEGIN) + opening)
        parts.append(Slot(words.grammar(fact.value, fact.text), words.SENTENCE_TOKENS))
        parts.append(words.CLOSING)
    return [*parts, words.END]


def _judge(facts: Sequence[Fact], first: Sampling, until: float) -> Callable[[Filled], Sampling | None]:
    """Return the function that judges each attempt: it returns None to keep it, or a sampling to try again."""

    def judge(filled: Filled) -> Sampling | None:
        if time.monotonic() > until:
            raise ModelError("engine.too_slow", f"the model took longer than {LIMITS.wording_seconds} seconds")
        if _fits(facts, filled) or filled.attempt == words.ATTEMPTS:
            return None
        return replace(first, temperature_milli=words.RETRY_TEMPERATURE_MILLI, seed=filled.attempt)

    return judge


def _fits(facts: Sequence[Fact], filled: Filled) -> bool:
    fact, others = facts[filled.slot], _others(facts, filled.slot)
    return filled.finish_reason == "stop" and fault(filled.text, fact.text, others, praises=fact.kind == "strength") is None


def _hopeless(facts: Sequence[Fact], filled: Filled) -> bool:
    """Return whether an attempt can end here. The last attempt runs to its end, because the sentences after it read it."""
    fact, others = facts[filled.slot], _others(facts, filled.slot)
    return filled.attempt < words.ATTEMPTS and hopeless(filled.text, fact.text, others, praises=fact.kind == "strength")


def _others(facts: Sequence[Fact], slot: int) -> list[str]:
    return [other.text for place, other in enumerate(facts) if place != slot]


def _claim(facts: Sequence[Fact], filled: Filled) -> Claim:
    fact, by_model = facts[filled.slot], _fits(facts, filled)
    return Claim(
        kind=fact.kind,
        text=filled.text if by_model else fact.text,
        evidence=evidence(fact),
        by="model" if by_model else "template",
    )


def evidence(fact: Fact) -> tuple[str, ...]:
    """Return the features that the fact rests on. The reasoning rests on the score, which all features make."""
    return () if fact.kind == "reasoning" else (fact.feature,)


def shaped(template: str | None) -> Parameters:
    """Return the parameters of a score's texts; `template` is None if no model wrote any of them."""
    return parameters(_fixed(template), Sampling(), words.SENTENCE_TOKENS)


def _fixed(template: str | None) -> dict[str, Any]:
    """Return everything that decides the texts besides model and facts: the words around them, and the rules of the check."""
    return {
        "attempts": words.ATTEMPTS,
        "chat_template": template,
        "claims": sentence_check.rules(),
        "facts": fixed_words.rules(),
        "grammar": [words.grammar(0, "It: is, "), *words.ARTICLES, *words.GAPS],
        "id": words.ID,
        "question": words.question([("strength", "")]),
        "retry_temperature_milli": words.RETRY_TEMPERATURE_MILLI,
        "sentence_tokens": words.SENTENCE_TOKENS,
        "skeleton": [words.BEGIN, words.OPENING, words.CLOSING, words.NEXT, words.END],
        "system": words.SYSTEM,
        "wording_seconds": LIMITS.wording_seconds,
    }
