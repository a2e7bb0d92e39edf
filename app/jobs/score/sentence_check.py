"""Check whether a sentence about a wallet says the same as its fact, and nothing more.

This is a sieve and not a proof of meaning: numbers are checked exactly, words by lists. A sentence that passes carries its
evidence, so that a reader can compare. A small model is most likely to say something false when it adds to a fact (", which
means that ..."). So the sentence must repeat most of the fact's words, and hardly any others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NUMBER = re.compile(r"\d+")
_WORD = re.compile(r"[a-z']+")
# Numbers in words cannot be compared with the value of a feature, so a text may contain one only if the fact does.
_NUMERALS = _words(
    """zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands
    million millions billion dozen dozens half third quarter double triple twice thrice pair single percent"""
)
_PRAISE = _words("""strong excellent great good reliable trustworthy impressive positive healthy safe secure ideal perfect""")
_BLAME = _words(
    """weak poor bad risk risky risks danger dangerous suspicious unreliable negative unsafe short fails failed only few little
    hardly barely limited low small"""
)
_DENIAL = _words("""not no never none cannot can't don't doesn't isn't aren't hasn't haven't without nothing neither nor""")
# Conclusions, promises, advice, and words of the model about itself.
_OUT_OF_PLACE = _words(
    """which mean means meaning indicate indicates indicating suggest suggests suggesting show shows showing imply implies
    ensure ensures therefore thus because so considered significant important more most less least better worse high higher
    large guarantee guaranteed guarantees invest investment loan loans credit buy sell recommend should must please sorry
    strength strengths reasoning model prompt instruction instructions json fact facts score scores i me we us our assistant
    owner's sentence"""
)
_COMMON = _words(
    """the a an of in it its is are was were has have had been from to and or that which with by all only this than as
    at for on wallet there them their your you between"""
)
SHORTEST, LONGEST = 20, 240  # characters
_NEW_WORDS = 3  # the most content words that the fact does not have
_SHARE = 2  # at least one in this many content words of a fact must be repeated
_UNFINISHED = re.compile(r"[A-Za-z'\d]*\Z")


def rules() -> dict[str, Any]:
    """Return everything that decides which sentences pass, as JSON values."""
    lists = {
        "blame": _BLAME,
        "common": _COMMON,
        "denial": _DENIAL,
        "numerals": _NUMERALS,
        "odd": _OUT_OF_PLACE,
        "praise": _PRAISE,
    }
    return {
        "limits": [SHORTEST, LONGEST, _NEW_WORDS, _SHARE],
        "patterns": [_NUMBER.pattern, _WORD.pattern, _UNFINISHED.pattern],
        "words": {name: sorted(words) for name, words in lists.items()},
    }


def fault(text: str, fact: str, others: Iterable[str] = (), *, praises: bool) -> str | None:
    """Return why `text` must not replace the fixed sentence `fact`, None if it may.

    `others` are the fixed sentences of the neighbouring facts, whose words the text must not borrow. `praises` tells whether
    the fact speaks for the wallet. The answer is one of: length, number, numeral, tone, denial, out_of_place, borrowed,
    off_topic, wanders.
    """
    if not SHORTEST <= len(text) <= LONGEST or not text.endswith(".") or not text.isascii():
        return "length"
    if _NUMBER.findall(text) != _NUMBER.findall(fact):
        return "number"
    said, given = _said(text), _said(fact)
    if added := _added(said, given, others, praises=praises):
        return added
    if (given - said) & _DENIAL:
        return "denial"
    return "off_topic" if _SHARE * len((said & given) - _COMMON) < len(given - _COMMON) else None


def hopeless(text: str, fact: str, others: Iterable[str] = (), *, praises: bool) -> bool:
    """Return whether `fault` would refuse every text that begins with `text`, judged by its whole words."""
    whole = _UNFINISHED.sub("", text)
    numbers = _NUMBER.findall(whole)
    if len(whole) > LONGEST or numbers != _NUMBER.findall(fact)[: len(numbers)]:
        return True
    return _added(_said(whole), _said(fact), others, praises=praises) is not None


def _said(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))


def _added(said: set[str], given: set[str], others: Iterable[str], *, praises: bool) -> str | None:
    """Return the fault in words that the fact does not have; no further word can mend such a fault."""
    new = said - given
    found = {
        "numeral": new & _NUMERALS,
        "tone": new & (_BLAME if praises else _PRAISE),
        "denial": new & _DENIAL,
        "out_of_place": new & _OUT_OF_PLACE,
        "borrowed": (new & _said(" ".join(others))) - _COMMON,
        "wanders": len(new - _COMMON) > _NEW_WORDS,
    }
    return next((name for name, hit in found.items() if hit), None)
