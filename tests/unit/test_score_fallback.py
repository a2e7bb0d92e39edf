"""A score in fixed words says why, and whatever decides its texts is under its parameters."""

from __future__ import annotations

import dataclasses
import random
import re
from types import ModuleType
from typing import Any

import pytest

from app.base.errors import ModelError
from app.base.hints import HINTS
from app.base.limits import LIMITS
from app.jobs.dispatch import answer_to
from app.jobs.score import facts, scoring, sentence_check, wording, words
from app.llm.answerer import NOT_LOADED, Embedded, lacking
from app.llm.engine import Engine
from app.llm.models import find
from app.request.fields import validate
from app.request.score import Score, score_of
from app.result.answers.score import UnsignedScore
from tests.support import histories
from tests.support.desk import SMALL
from tests.support.histories.documents import HASH, OTHER, WALLET, row

MODULES = (words, sentence_check, facts)


def request() -> Score:
    rows = [row(), row(hash=HASH[:-2] + "00", blockNumber="5000001", timeStamp="1517319706", **{"from": OTHER, "to": WALLET})]
    return score_of(validate({"wallet": WALLET, "history": rows}))


@pytest.mark.parametrize("code", ["model.missing", "model.altered", "engine.failed", "engine.missing", "engine.wrong_build"])
def test_a_model_that_is_not_to_be_had_is_named(code: str) -> None:
    answer, mode, parameters = answer_to(request(), lacking(ModelError(code, "it is so")))
    assert mode == "fallback" and parameters == wording.shaped(None)
    assert isinstance(answer, UnsignedScore) and answer.fallback is not None
    assert (answer.fallback.code, answer.fallback.message, answer.fallback.hint) == (code, "it is so", HINTS[code])
    plain, _, _ = scoring.answer(request(), NOT_LOADED)
    assert answer.model_copy(update={"fallback": None}) == plain.model_copy(update={"fallback": None})


def test_a_model_that_fails_on_the_way_is_named(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> None:
        raise ModelError("engine.failed", "llama.cpp failed")

    monkeypatch.setattr(Embedded, "fill", fails)
    answer, mode, _ = scoring.answer(request(), lambda: Embedded(small_engine, find(SMALL).context))
    assert mode == "fallback" and answer.fallback is not None
    assert (answer.fallback.code, answer.fallback.message) == ("engine.failed", "llama.cpp failed")


def test_a_model_that_writes_nothing_usable_is_named(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wording, "fault", lambda *_, **__: "wanders")
    answer, mode, parameters = scoring.answer(request(), lambda: Embedded(small_engine, find(SMALL).context))
    assert mode == "fallback" and answer.fallback is not None and answer.completion_tokens > 0
    assert answer.fallback.code == "claims.rejected"
    assert parameters != wording.shaped(None)  # the model's chat template was in use


def test_a_model_that_words_something_needs_no_excuse(small_engine: Engine) -> None:
    past = histories.made_up(random.Random(7), transactions=60, first_block=5_000_000)
    asked = score_of(validate({"wallet": past.wallet, "history": histories.etherscan(past)}))
    answer, mode, _ = scoring.answer(asked, lambda: Embedded(small_engine, find(SMALL).context))
    assert mode == "ai" and answer.fallback is None


def test_a_bare_count_has_nothing_to_word() -> None:
    counted = score_of(validate({"wallet": WALLET, "history": {"transaction_count": 3}}))
    answer, mode, parameters = scoring.answer(counted, NOT_LOADED)
    assert (mode, answer.score, answer.fallback) == ("count", 30, None)
    assert parameters == wording.shaped(None)


def constants() -> list[tuple[ModuleType, str]]:
    return [(module, name) for module in MODULES for name in vars(module) if re.fullmatch("_?[A-Z][A-Z_]*", name)]


def another(value: Any) -> Any:
    """Return a value of the same type that decides otherwise."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return value + " really"
    if isinstance(value, re.Pattern):
        return re.compile(value.pattern + "x?")
    if isinstance(value, frozenset):
        return value | {"really"}
    if isinstance(value, tuple):
        return (*value, "really")
    assert isinstance(value, dict), type(value)
    first = next(iter(value))
    return {**value, first: another(value[first])}


@pytest.mark.parametrize(("module", "name"), constants(), ids=[name for _, name in constants()])
def test_every_constant_is_under_the_parameters(module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = wording.shaped(None).prompt_template.sha256
    monkeypatch.setattr(module, name, another(getattr(module, name)))
    assert wording.shaped(None).prompt_template.sha256 != before


def test_the_time_to_word_in_is_too(monkeypatch: pytest.MonkeyPatch) -> None:
    before = wording.shaped(None)
    monkeypatch.setattr(wording, "LIMITS", dataclasses.replace(LIMITS, wording_seconds=LIMITS.wording_seconds + 1))
    assert wording.shaped(None).prompt_template.sha256 != before.prompt_template.sha256
    assert wording.shaped("another template").prompt_template.sha256 != before.prompt_template.sha256


def test_the_table_of_constants_is_not_empty() -> None:
    names = {name for _, name in constants()}
    assert {"SYSTEM", "OPENING", "SENTENCE_TOKENS", "_NEW_WORDS", "LONGEST", "_STRONG", "_WORDS", "COUNT_ONLY"} <= names
