"""Read and write JSON strictly: each text has one meaning, and each value has one text."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from app.base.errors import InputError
from app.base.limits import LIMITS

_BRACKET_OR_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_MARK_OR_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{,:]', re.DOTALL)
_STEP = {b"[": 1, b"{": 1, b"]": -1, b"}": -1}
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class _FaultError(ValueError):
    """A fault that `json` accepts and this module refuses."""


def loads(data: bytes) -> Any:
    """Return the value of one UTF-8 JSON text; floats come back as `float`.

    It refuses what `json.loads` accepts: a BOM, other encodings, duplicate keys, NaN and the infinities (also as 1e999), lone
    surrogates, nesting beyond `LIMITS.json_depth`, and more than `LIMITS.json_nodes` values and names. Depth and number are
    checked before anything is parsed. Raises `InputError` json.invalid, with the place if there is one and never with any of
    the content, or json.too_large.
    """
    check_nodes(data)
    if is_too_deep(data):
        raise InputError("json.invalid", f"the document is nested more than {LIMITS.json_depth} levels deep")
    try:
        text = data.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_refuse, parse_float=_finite)
    except json.JSONDecodeError as err:
        said = err.msg.partition(" (")[0].removesuffix(" at")
        place = f"line {err.lineno}, column {err.colno}"
        raise InputError("json.invalid", f"the document is not strict JSON: {said[:1].lower()}{said[1:]} ({place})") from err
    except _FaultError as err:
        raise InputError("json.invalid", f"the document is not strict JSON: {err}") from err
    except (ValueError, RecursionError) as err:
        raise InputError("json.invalid", "the document is not strict JSON in UTF-8") from err
    if _SURROGATE.search(data):
        _check_texts(value)
    return value


def dumps(value: Any) -> bytes:
    """Return the canonical form (RFC 8785) of `value`: no floats, no integer beyond 2^53-1.

    Raises ValueError for a value without such a form. It is meant for our own values only.
    """
    import rfc8785

    _no_floats(value)
    return rfc8785.dumps(value)


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _FaultError("an object has the same name twice")
    return made


def _refuse(_: str) -> NoReturn:
    raise _FaultError("NaN and Infinity are not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _FaultError("a number is out of range")
    return value


def is_too_deep(data: bytes) -> bool:
    """Return whether brackets outside of strings nest beyond `LIMITS.json_depth`; call it before anything recurses.

    Python's own limit does not help: py_ecc, which eth-account imports, raises it so far that a document of 100,000 brackets
    overflows the C stack and ends the process.
    """
    if data.count(b"[") + data.count(b"{") <= LIMITS.json_depth:
        return False
    depth = 0
    for found in _BRACKET_OR_STRING.finditer(data):
        depth += _STEP.get(found[0], 0)
        if depth > LIMITS.json_depth:
            return True
    return False


def check_nodes(data: bytes) -> None:
    """Raise `InputError` json.too_large if the JSON text or texts in `data` have more than `LIMITS.json_nodes` nodes."""
    if nodes(data, LIMITS.json_nodes) > LIMITS.json_nodes:
        raise InputError("json.too_large", f"there are more than {LIMITS.json_nodes} values and names in the JSON")


def nodes(data: bytes, enough: int) -> int:
    """Return an upper bound of the values and names in the JSON texts in `data`: the objects that a parser would make.

    It counts the marks that begin or separate them, `[{,:`, so an empty list or object counts twice. If that is more than
    `enough`, marks inside strings are left out, and the count stops at one more than `enough`. It uses no memory.
    """
    marks = sum(map(data.count, (b"[", b"{", b",", b":")))
    if marks <= enough:
        return marks
    count = 0
    for found in _MARK_OR_STRING.finditer(data):
        count += found.end() - found.start() == 1 and found[0] != b'"'
        if count > enough:
            break
    return count


def _check_texts(value: Any) -> None:
    """Raise `InputError` if a string holds half a surrogate pair, which no encoder accepts."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as err:
        raise InputError("json.invalid", "a string holds half a surrogate pair") from err


def _no_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("a float has no place in a signed document")  # noqa: TRY004  rfc8785 raises ValueError too
    if isinstance(value, dict):
        for child in value.values():
            _no_floats(child)
    elif isinstance(value, list | tuple):
        for child in value:
            _no_floats(child)
