"""Read single fields of a record from untrusted JSON.

Every function takes the value and its name for an error message. It raises `HistoryError` history.invalid for any value that it
does not say it accepts. No message repeats the value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from typing import Any, Literal, NoReturn, TypeVar, overload

from app.base import hints
from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.formats.hex_words import ADDRESS, WORD
from app.wallet.history_sources import SOURCES

hints.offer("history_sources", (SOURCES,))
T = TypeVar("T")
MAX_WEI = 2**256 - 1  # an EVM word
_MAX_TIME = 253_402_300_799  # the end of the year 9999; a larger number must be milliseconds
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WHOLE = re.compile("([0-9]{1,78})|0x([0-9a-fA-F]{1,64})")
_DECIMAL = re.compile(r"[0-9]{1,78}(\.[0-9]{0,60})?([eE][+-]?[0-9]{1,3})?")
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z| UTC|[+-][0-9]{2}:[0-9]{2})?")
_EXACT = Context(prec=300)


def invalid(message: str) -> NoReturn:
    """Raise `HistoryError` history.invalid; `message` must hold none of the input."""
    raise HistoryError("history.invalid", message)


def record(value: Any, what: str) -> dict[str, Any]:
    """Return a JSON object."""
    return value if isinstance(value, dict) else invalid(f"{what} is not an object")


def rows(value: Any, what: str) -> list[dict[str, Any]]:
    """Return an array of JSON objects. Raises history.too_large for more than `LIMITS.history_records`."""
    if not isinstance(value, list):
        invalid(f"{what} is not a list")
    if len(value) > LIMITS.history_records:
        too_large()
    if not all(isinstance(row, dict) for row in value):
        invalid(f"{what} holds something that is not an object")
    return value


def each(found: Iterable[T], read: Callable[[T], Any], what: str = "row", start: int = 1) -> list[Any]:
    """Return the results of `read` for each of `found`; an error of its own says which `what` it was, counted from `start`."""
    made = []
    for number, one in enumerate(found, start):
        try:
            made.append(read(one))
        except HistoryError as err:
            raise HistoryError(err.code, f"{what} {number}: {err.message}") from err
    return made


def is_address(value: Any) -> bool:
    """Return whether `value` is an address."""
    return isinstance(value, str) and ADDRESS.fullmatch(value) is not None


def is_hash(value: Any) -> bool:
    """Return whether `value` is a 32-byte hash."""
    return isinstance(value, str) and WORD.fullmatch(value) is not None


def has_shape(row: Any, names: Iterable[str], hashes: Iterable[str], addresses: Iterable[str]) -> bool:
    """Return whether `row` is an object with all of `names`, and with a hash or an address in one of the other fields.

    Both are needed as evidence that this is a row: field names alone may be anybody's.
    """
    if not isinstance(row, dict) or not set(names) <= row.keys():
        return False
    return any(is_hash(row.get(name)) for name in hashes) or any(is_address(row.get(name)) for name in addresses)


def too_large() -> NoReturn:
    """Raise `HistoryError` history.too_large."""
    raise HistoryError("history.too_large", f"there are more than {LIMITS.history_records} records")


@overload
def address(value: Any, what: str) -> str: ...
@overload
def address(value: Any, what: str, *, optional: Literal[True]) -> str | None: ...
def address(value: Any, what: str, *, optional: bool = False) -> str | None:
    """Return a 20-byte address in lower case; None for null and "" if `optional`. The checksum is not checked."""
    if optional and (value is None or value == ""):
        return None
    if not isinstance(value, str) or not ADDRESS.fullmatch(value):
        invalid(f"{what} is not an address")
    return value.lower()


def tx_hash(value: Any) -> str:
    """Return a 32-byte hash in lower case."""
    if not isinstance(value, str) or not WORD.fullmatch(value):
        invalid("a hash is not 32 bytes of hex")
    return value.lower()


@overload
def whole(value: Any, what: str, most: int = MAX_WEI) -> int: ...
@overload
def whole(value: Any, what: str, most: int = MAX_WEI, *, optional: Literal[True]) -> int | None: ...
def whole(value: Any, what: str, most: int = MAX_WEI, *, optional: bool = False) -> int | None:
    """Return an integer from 0 to `most`, given as an integer, in decimal or as 0x hex; None for null and "" if `optional`."""
    if type(value) is str:
        found = _WHOLE.fullmatch(value)
        if found:
            value = int(found[1]) if found[1] else int(found[2], 16)
    if type(value) is int and 0 <= value <= most:
        return value
    if optional and (value is None or value == ""):
        return None
    invalid(f"{what} is not a whole number within its range")


def block(value: Any) -> int:
    """Return a block number."""
    return whole(value, "a block number", LIMITS.json_integer)


def time(value: Any) -> int:
    """Return Unix seconds, given as such or as ISO 8601 (UTC if it names no zone); fractions of a second are dropped."""
    if isinstance(value, str) and _ISO.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.removesuffix(" UTC"))
            value = (moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) // timedelta(seconds=1)
        except (ValueError, OverflowError):
            invalid("a time is not a date")
    return whole(value, "a time", _MAX_TIME)


def units(value: Any, decimals: int, what: str) -> int:
    """Return a decimal amount in its smallest unit (wei of ether: 18 decimals), rounded down.

    It accepts an integer, a decimal text or a float. A float stands for the shortest decimal that means it, which is the text
    in the JSON if that had at most 15 digits. Nothing is computed in binary.
    """
    text = repr(value) if type(value) is float else str(value) if type(value) is int else value
    if not isinstance(text, str) or not _DECIMAL.fullmatch(text) or not 0 <= decimals <= 255:
        invalid(f"{what} is not an amount")
    amount = int(_EXACT.multiply(Decimal(text), _EXACT.power(Decimal(10), Decimal(decimals))))
    return whole(amount, what)
