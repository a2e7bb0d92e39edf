"""Plain values, and how they are written where they cross the wall. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import array
import collections
import datetime as dt
import decimal
import fractions
import json.encoder
import json.scanner
import marshal
import pathlib
import re
import sys
import uuid
from collections.abc import Callable
from typing import Any

SCALARS = {bool, int, float, str, type(None)}
# Values that never change: how each is taken apart, and put together.
VALUES: dict[type, tuple[Callable[[Any], Any], Callable[..., Any]]] = {
    bytes: (lambda made: (made.hex(),), bytes.fromhex),
    complex: (lambda made: (made.real, made.imag), complex),
    range: (lambda made: (made.start, made.stop, made.step), range),
    slice: (lambda made: (made.start, made.stop, made.step), slice),
    frozenset: (tuple, lambda *parts: frozenset(parts)),
    type(...): (lambda _: (), lambda: ...),
    type(NotImplemented): (lambda _: (), lambda: NotImplemented),
    decimal.Decimal: (lambda made: (str(made),), decimal.Decimal),
    fractions.Fraction: (lambda made: (made.numerator, made.denominator), fractions.Fraction),
    dt.date: (lambda made: (made.year, made.month, made.day), dt.date),
    dt.time: (lambda made: (made.hour, made.minute, made.second, made.microsecond, made.tzinfo), dt.time),
    dt.datetime: (lambda made: (*made.timetuple()[:6], made.microsecond, made.tzinfo), dt.datetime),
    dt.timedelta: (lambda made: (made.days, made.seconds, made.microseconds), dt.timedelta),
    dt.timezone: (lambda made: (made.utcoffset(None),), dt.timezone),
    pathlib.PurePosixPath: (lambda made: (str(made),), pathlib.PurePosixPath),
    pathlib.PosixPath: (lambda made: (str(made),), pathlib.PosixPath),
    re.Pattern: (lambda made: (made.pattern, made.flags), re.compile),
    uuid.UUID: (lambda made: (str(made),), uuid.UUID),
}
NAMES = {kind: kind.__qualname__ for kind in VALUES}
BY_NAME = {kind.__qualname__: make for kind, (_, make) in VALUES.items()}
_LISTS, _DICTS = (list, collections.deque), (dict, collections.OrderedDict, collections.Counter, collections.defaultdict)
JOINT: dict[type, Callable[..., Any]] = {kind: kind for kind in (*_LISTS, *_DICTS, set, bytearray)}
JOINT_BY_NAME = {kind.__qualname__: kind for kind in JOINT}


MANY = 32  # numbers from which a list of them is written in one piece, as marshal writes it; no marshal reads it
_STRIDES = {"i": 5, "g": 9}


def to_json(said: Any) -> bytes:
    """Return plain data as JSON, whatever the snippet has done to json."""
    try:
        return "".join(_JSON(said, 0)).encode()
    except ValueError:  # an integer that is too long for text
        limit = sys.get_int_max_str_digits()
        sys.set_int_max_str_digits(0)
        try:
            return "".join(_JSON(said, 0)).encode()
        finally:
            sys.set_int_max_str_digits(limit)


def from_json(text: bytes) -> Any:
    """Return the data in JSON. Raises `ValueError`, `StopIteration`."""
    return _SCAN(text.decode(), 0)[0]


def _no_json(_: Any) -> Any:
    raise TypeError


# The parts of json without what a snippet may have put into its place.
_JSON = json.encoder.c_make_encoder(  # type: ignore[attr-defined]
    None, _no_json, json.encoder.encode_basestring_ascii, None, ":", ",", False, False, True
)
_SCAN = json.scanner.c_make_scanner(json.JSONDecoder())  # type: ignore[attr-defined]


def contents(made: Any) -> list[Any]:
    """Return what is in one of those that both sides hold, as it is now."""
    return [part for pair in made.items() for part in pair] if isinstance(made, dict) else list(made)


def dense(parts: list[Any]) -> tuple[str, bytes] | None:
    """Return a list of nothing but numbers of 32 bits, or of floats, as bytes; None if it is no such list."""
    try:
        text = marshal.dumps(parts, 2)
    except ValueError:
        return None
    for kind, stride in _STRIDES.items():
        if len(text) == 5 + stride * len(parts) and text[5::stride].count(kind.encode()) == len(parts):
            return kind, text
    return None


def sparse(kind: str, text: bytes) -> list[Any]:
    """Return the list."""
    stride, width = _STRIDES[kind], _STRIDES[kind] - 1
    plain = bytearray((len(text) - 5) // stride * width)
    for place in range(width):
        plain[place::width] = text[6 + place :: stride]
    made = array.array({"i": "i", "g": "d"}[kind])
    made.frombytes(plain)
    return made.tolist()
