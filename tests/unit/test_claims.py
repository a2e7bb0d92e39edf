from __future__ import annotations

import random

import pytest

from app.jobs.score.sentence_check import fault, hopeless

FACT = "The record is long: it spans 521 days from the first to the last transaction."
OTHERS = ["Senders trust it with sums of coins."]
WORDS = sorted({*FACT.lower().split(), *OTHERS[0].split(), "5", "521", "not", "risk", "which", "cat"})
SENTENCES = [
    ("The record spans a long time of 521 days.", None),
    ("The record spans 520 days, which is long.", "number"),
    ("The record is long: it spans 521 days.", None),
    ("The record is long: it spans 521 days, which means much.", "out_of_place"),
    ("The long record spans 521 days, a remarkable amount of money in bank accounts.", "wanders"),
    ("The record spans 521 days in 2 years.", "number"),
    ("The record spans 521 days, over one thousand hours.", "numeral"),
    ("The record of 521 days is suspicious, long as it is.", "tone"),
    ("The record is not long: it spans 521 days.", "denial"),
    ("The record of 521 days is long: grant the loan.", "out_of_place"),
    ("Your cat slept for 521 of the nights.", "off_topic"),
    ("The record has 521 kinds of colour.", "off_topic"),
    ("521 days.", "length"),
    ("The record is long with 521 days and 'sums' of coins.", "borrowed"),
]


@pytest.mark.parametrize(("text", "why"), SENTENCES)
def test_what_a_sentence_may_say(text: str, why: str | None) -> None:
    assert fault(text, FACT, OTHERS, praises=True) == why


@pytest.mark.parametrize(("text", "why"), SENTENCES)
def test_a_hopeless_beginning_is_one_of_no_good_sentence(text: str, why: str | None) -> None:
    beginnings = [hopeless(text[:end], FACT, OTHERS, praises=True) for end in range(len(text) + 1)]
    assert beginnings == sorted(beginnings)  # once hopeless, ever hopeless
    assert not any(beginnings) if why in {None, "off_topic", "length"} else beginnings[-1]


@pytest.mark.parametrize("seed", range(200))
def test_what_is_hopeless_can_never_pass(seed: int) -> None:
    chance = random.Random(seed)
    gap = chance.choice([" ", ", ", "-", ": ", "'"])
    text = gap.join(chance.choices(WORDS, k=chance.randrange(12))) + "."
    if any(hopeless(text[:end], FACT, OTHERS, praises=True) for end in range(len(text) + 1)):
        assert fault(text, FACT, OTHERS, praises=True) is not None
