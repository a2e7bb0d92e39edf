"""Read text that is a history: a CSV export, or NDJSON with one row or one answer on each line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

from app.base.errors import HistoryError, InputError
from app.base.limits import LIMITS
from app.formats import strict_json
from app.wallet.read import fields, table

_LEAST = 2  # least lines of NDJSON; a single line is JSON
_SEPARATORS = (",", ";", "\t")
_HEADER = 4_096  # characters of the longest header that is examined
_SEP_LINE = re.compile(r"sep=.\r?\n", re.IGNORECASE)  # the line that Excel puts before the header


def parsed(text: str, is_row: Callable[[Any], bool], is_history: Callable[[Any], bool], *, wallet: bool) -> Any | None:
    """Return the table, or the list of rows or answers, that `text` holds; None if it holds neither.

    With `wallet`, a table of transactions from elsewhere is returned too, because the reader names it when it refuses it.

    The header, or the first line of NDJSON, decides. A fault in a later line raises `HistoryError` history.invalid.
    """
    text = text.removeprefix("\ufeff")
    text = (text[found.end() :] if (found := _SEP_LINE.match(text)) else text).lstrip("\r\n")
    first = text.split("\n", 1)[0]
    if first.startswith("{"):
        return _lines(text, is_history)
    if first.startswith("[") or len(first) > _HEADER:
        return None
    for separator in _SEPARATORS:
        if separator in first:
            columns = _cells(first, separator)
            if table.knows(columns):
                return _table(text, separator)
            if separator == "," and (rows := _rows(text, columns, is_row)):
                return rows
            if wallet and table.may_be(columns):
                return _table(text, separator)
    return None


def _lines(text: str, is_history: Callable[[Any], bool]) -> list[Any] | None:
    """Return the JSON values of the lines; None if the first is not a history, or if there is only one."""
    strict_json.check_nodes(text.encode(errors="surrogatepass"))
    lines = [line for line in text.split("\n") if line.strip()]
    if len(lines) < _LEAST:
        return None
    try:
        first = strict_json.loads(lines[0].encode())
    except InputError:
        return None
    if not is_history(first):
        return None
    if len(lines) > LIMITS.history_records:
        fields.too_large()
    return fields.each(lines, _value, "line")


def _value(line: str) -> Any:
    try:
        return strict_json.loads(line.encode())
    except InputError as err:
        raise HistoryError("history.invalid", "it is not JSON") from err


def _cells(line: str, separator: str) -> list[str]:
    """Return the cells of one line; none if it is not a line of a CSV."""
    try:
        return next(csv.reader([line.rstrip("\r")], delimiter=separator), [])
    except csv.Error:
        return []


def _read(text: str, separator: str) -> list[list[str]]:
    if text.count(separator) + text.count("\n") + text.count("\r") > LIMITS.table_cells:
        fields.too_large()
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as err:
        raise HistoryError("history.invalid", "a CSV export breaks off, or its quotes do not match") from err


def _table(text: str, separator: str) -> dict[str, Any]:
    columns, *rows = _read(text, separator)
    made: dict[str, Any] = {"columns": [name.strip() for name in columns], "rows": rows}
    return made if separator == "," else {**made, "rows": [], "separator": separator}


def _rows(text: str, columns: list[str], is_row: Callable[[Any], bool]) -> list[dict[str, str]] | None:
    """Return the rows of a CSV whose columns are the fields of rows that also come as JSON, such as Dune's."""
    second = text.split("\n", 2)[1:2]
    cells = _cells(second[0], ",") if second else []
    if len(cells) != len(columns) or not is_row(dict(zip(columns, cells, strict=True))):
        return None
    rows = [row for row in _read(text, ",")[1:] if row]
    if any(len(row) != len(columns) for row in rows):
        fields.invalid("a line of a CSV does not have as many cells as its header")
    return [dict(zip(columns, row, strict=True)) for row in rows]
