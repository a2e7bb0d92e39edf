"""The valid answers of a question: the bounds of a range, or the choices of a list."""

from __future__ import annotations

import json
import math
import re
import sys
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any, TypeGuard

from app.base.errors import InputError
from app.formats import strict_json

Number = int | float
_SPAN = re.compile(r"\s*(-?[\d.]+)\s*(?:-|\u2013|\.\.+|to|,)\s*(-?[\d.]+)\s*")
_SHOWN = ("label", "text", "title", "name", "value")  # fields of a choice that is an object, the best to show first
_NAMED = ("value", "label", "text", "ref", "id")


@dataclass(frozen=True, slots=True)
class RowOptions:
    """The bounds or the choices of a question, if it has any."""

    bounds: tuple[Number, Number] | None = None
    names: tuple[tuple[str, str], ...] = ()
    """Pairs of a text that an answer may hold and the choice that it means; a choice's own words come first."""
    other: bool = False
    """Whether free words are a valid answer too."""
    _exact: dict[str, str] = field(init=False, repr=False, compare=False, default_factory=dict)
    _loose: dict[str, str | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Index the names, because a form may have many answers to many choices."""
        for name, shown in self.names:
            self._exact.setdefault(name, shown)
            bare = tidy(name)
            self._loose[bare] = shown if self._loose.get(bare, shown) == shown else None

    def meant(self, text: str) -> str | None:
        """Return the choice with these exact words, else the only choice with these words in any letter case, else None."""
        return self._exact.get(text.strip()) or self._loose.get(tidy(text))

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the choices in their order."""
        return tuple(dict.fromkeys(shown for _, shown in self.names))


def bounds(given: object, low: object, high: object, default: tuple[Number, Number] | None) -> RowOptions:
    """Return the bounds from [low, high], JSON text, "1-10" or two numbers. Raises ValueError with what is wrong."""
    if low is None and high is None:
        given = _parsed(given)
        if isinstance(given, str) and (span := _SPAN.fullmatch(given)):
            given = list(span.groups())
        values = [as_number(one) for one in given] if isinstance(given, list) else []
        if not values and given in (None, "") and default:
            return RowOptions(bounds=default)
        low, high = (values[0], values[-1]) if len(values) == 2 or _are_steps(values) else (None, None)
    least, most = as_number(low), as_number(high)
    if least is None or most is None or least > most:
        raise ValueError("needs [low, high]")
    return RowOptions(bounds=(least, most))


def limits(given: object, low: object, high: object) -> RowOptions:
    """Return the bounds of a number, which may have only one bound. Raises ValueError with what is wrong."""
    if low is None and high is None:
        return bounds(given, None, None, None)
    return bounds(None, -sys.float_info.max if low is None else low, sys.float_info.max if high is None else high, None)


def _are_steps(values: list[Number | None]) -> bool:
    """Return whether the values are all the steps of a scale, such as [1, 2, 3, 4, 5]."""
    known = [value for value in values if value is not None]
    return len(values) > 2 and known == values and all(one < two for one, two in pairwise(known))


def choices(given: object, *, other: bool) -> RowOptions:
    """Return the choices from a list, JSON text, or words separated by line ends, `|`, `;` or commas. Raises ValueError."""
    given = _parsed(given)
    if isinstance(given, str):
        mark = next((mark for mark in ("\n", "|", ";", ",") if mark in given), "\n")
        given = [part for part in given.split(mark) if part.strip()]
    listed = [_choice(one) for one in given] if isinstance(given, list) else []
    shown = [names[0] for names in listed]
    if not shown or "" in shown or len({tidy(one) for one in shown}) != len(shown):
        raise ValueError("needs a list of different choices")
    names = [(name, one[0]) for one in listed for name in dict.fromkeys(one)]
    return RowOptions(names=tuple(names), other=other)


def _choice(one: object) -> list[str]:
    """Return the words that show a choice, followed by other texts that may stand for it."""
    if isinstance(one, dict):
        texts = [as_text(one[name]) for name in (*_SHOWN, *_NAMED) if name in one]
        return [" ".join(text.split()) for text in texts if text] or [""]
    return [" ".join((as_text(one) or "").split())]


def as_text(value: object) -> str | None:
    """Return text unchanged and a number as text; None for anything else."""
    if isinstance(value, str):
        return value
    number = as_number(value)
    return None if number is None else json.dumps(number)


def tidy(text: str) -> str:
    """Return text in the form used for comparison: without letter case, and with single blanks."""
    return " ".join(text.split()).casefold()


def as_number(value: object) -> Number | None:
    """Return a finite number, also from text; whole numbers as int.

    A comma counts as a decimal comma where it can mean nothing else: "8,5" is 8.5, but "1,000" could be a thousand or one, and
    gives None.
    """
    if isinstance(value, str) and len(value) <= 64:
        text = value.strip()
        if re.fullmatch(r"[+-]?\d+,(\d{1,2}|\d{4,})", text):
            text = text.replace(",", ".")
        try:
            parsed = Decimal(text)
            value = int(parsed) if parsed == parsed.to_integral_value() and abs(parsed) < 2**53 else float(parsed)
        except (InvalidOperation, ValueError, OverflowError):
            return None
    if not _is_number(value):
        return None
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else value


def _is_number(value: object) -> TypeGuard[Number]:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond the range of floats
        return False


def _parsed(given: object) -> Any:
    """Return the value of JSON text, decoded twice if needed: the earlier contract kept JSON text of JSON text."""
    for _ in range(2):
        if isinstance(given, str) and given.lstrip()[:1] in ("[", "{", '"'):
            try:
                given = strict_json.loads(given.encode(errors="surrogatepass"))
            except InputError as err:
                raise ValueError("has options that are not JSON") from err
    return given
