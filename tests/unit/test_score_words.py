from __future__ import annotations

import itertools
import random

import pytest

from app.base.errors import ModelError
from app.base.limits import LIMITS
from app.jobs.score import scoring, wording
from app.jobs.score.facts import Fact
from app.llm.answerer import NOT_LOADED, Embedded
from app.llm.engine import Engine
from app.llm.models import find
from app.request.fields import validate
from app.request.score import Score, score_of
from app.result.answers.score import UnsignedScore
from tests.support import histories
from tests.support.desk import SMALL

FACTS = [
    Fact("strength", "sent", 12, "The wallet has sent 12 transactions itself."),
    Fact("reasoning", "score", 640, "This wallet reaches 640 points and the tier standard."),
]


def request() -> Score:
    past = histories.made_up(random.Random(7), transactions=60, first_block=5_000_000)
    return score_of(validate({"wallet": past.wallet, "history": histories.etherscan(past)}))


def answerer(engine: Engine) -> Embedded:
    return Embedded(engine, find(SMALL).context)


def slow(monkeypatch: pytest.MonkeyPatch, step: float) -> None:
    clock = itertools.count(0.0, step)
    monkeypatch.setattr("app.jobs.score.wording.time.monotonic", lambda: next(clock))


def test_a_slow_model_is_given_up(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch, LIMITS.wording_seconds + 1)
    with pytest.raises(ModelError) as info:
        wording.word(answerer(small_engine), FACTS)
    assert info.value.code == "engine.too_slow"


def test_a_model_just_fast_enough_is_not(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    slow(monkeypatch, LIMITS.wording_seconds / 1_000)
    assert len(wording.word(answerer(small_engine), FACTS).claims) == 2


def test_what_a_slow_model_leaves_is_the_same_score(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request()
    without, _, _ = scoring.answer(asked, NOT_LOADED)
    slow(monkeypatch, LIMITS.wording_seconds + 1)
    answer, mode, parameters = scoring.answer(asked, lambda: answerer(small_engine))
    assert isinstance(answer, UnsignedScore) and answer.fallback is not None
    assert (mode, parameters, answer.fallback.code) == ("fallback", wording.shaped(None), "engine.too_slow")
    assert answer.model_copy(update={"fallback": without.fallback}) == without


@pytest.mark.parametrize("seed", range(6))
def test_no_number_but_the_fact_s(small_engine: Engine, seed: int) -> None:
    value = random.Random(seed).randrange(10**6)
    fact = Fact("risk", "sent", value, f"The wallet has sent only {value} transactions itself.")
    (claim,) = wording.word(answerer(small_engine), [fact]).claims
    assert [number for number in claim.text.replace(".", "").split() if number.isdigit()] == [str(value)]


def test_a_hopeless_sentence_is_not_written_to_its_end(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request()
    cut, _, _ = scoring.answer(asked, lambda: answerer(small_engine))
    monkeypatch.setattr(wording, "hopeless", lambda *_, **__: False)
    whole, _, _ = scoring.answer(asked, lambda: answerer(small_engine))
    assert cut.completion_tokens < whole.completion_tokens
    assert cut == whole.model_copy(update={"completion_tokens": cut.completion_tokens})
