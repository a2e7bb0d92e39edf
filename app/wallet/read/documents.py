"""Find which source a document comes from, and read it. The rows decide, and never the name of a field alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from app.base.errors import HistoryError
from app.wallet.read import (
    alchemy,
    bitquery,
    blockscout,
    counts,
    covalent,
    dune,
    etherscan,
    fields,
    moralis,
    rpc,
    table,
    unread,
)
from app.wallet.read.part import Part, Scope


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of document."""

    fits: Callable[[Any], bool]
    """Whether a value has the form of this kind; it may be empty or an error."""
    read: Callable[[dict[str, Any], Scope], Part | list[Part]]
    is_told: Callable[[Any], bool]
    """Whether such a value holds evidence of its own: a row, or the address of a wallet."""


def _in(*path: str) -> Callable[[Any], bool]:
    """Return a function that tells whether there is a row in the list under `path`."""

    def has_row(document: Any) -> bool:
        for name in path:
            document = document.get(name) if isinstance(document, dict) else None
        return is_rows(document)

    return has_row


def _always(_: Any) -> bool:
    return True


_KINDS = (
    _Kind(etherscan.is_answer, etherscan.answer, lambda value: _in("result")(value) or etherscan.is_refusal(value)),
    _Kind(etherscan.is_recorded, etherscan.recorded, _in("res")),
    _Kind(blockscout.is_page, blockscout.page, _in("items")),
    _Kind(blockscout.is_account, blockscout.account, _always),
    _Kind(covalent.is_answer, covalent.answer, lambda value: _in("data", "items")(value) or _in("items")(value)),
    _Kind(moralis.is_answer, moralis.answer, _in("result")),
    _Kind(dune.is_answer, dune.answer, _in("result", "rows")),
    _Kind(bitquery.is_answer, bitquery.answer, bitquery.is_told),
    _Kind(rpc.is_page, rpc.page, lambda value: bool(value["txs"])),
    _Kind(rpc.is_logs, lambda document, _: rpc.logs(document), _in("logs")),
    _Kind(alchemy.is_answer, lambda document, _: alchemy.answer(document), _in("transfers")),
    _Kind(table.is_table, table.read_table, lambda value: table.knows(value["columns"])),
    _Kind(counts.is_aggregate, counts.aggregate, _always),
    _Kind(counts.is_count, counts.count, lambda value: fields.is_address(value.get("wallet"))),
)
# rows of one source that were taken out of its answers
_ROWS: tuple[tuple[Callable[[Any], bool], Callable[[list[dict[str, Any]], Scope], Part]], ...] = (
    (etherscan.is_row, etherscan.listed),
    (rpc.is_log, lambda rows, _: rpc.logs({"logs": rows})),
    (blockscout.is_row, blockscout.listed),
    (covalent.is_row, covalent.listed),
    (moralis.is_row, moralis.listed),
    (dune.is_row, dune.listed),
    (bitquery.is_row, bitquery.listed),
    (alchemy.is_row, lambda rows, _: alchemy.answer({"transfers": rows})),
)
LOOKED_AT = 1_000  # how many rows are searched for evidence; all rows are read, or refused
_ERROR = frozenset({"message", "status", "statusCode", "code", "name", "detail", "title", "result", "error_code", "success"})


def is_row(value: Any) -> bool:
    """Return whether `value` is a row of any source."""
    return isinstance(value, dict) and any(fits(value) for fits, _ in _ROWS)


def is_rows(value: Any) -> bool:
    """Return whether `value` is a list that makes one document: it holds a row of an explorer, a node or an indexer."""
    return isinstance(value, list) and any(map(is_row, islice(value, LOOKED_AT)))


def is_history(value: Any, *, wallet: bool) -> bool:
    """Return whether the content of one document shows that it is a history; with `wallet`, its envelope alone suffices."""
    if is_rows(value) or is_row(value) or _is_rpc_error(value):
        return True
    inner = _inner(value)
    if inner is not value and (is_rows(inner) or (isinstance(inner, dict) and is_history(inner, wallet=wallet))):
        return True
    if any(kind.fits(value) and (wallet or kind.is_told(value)) for kind in _KINDS):
        return True
    if not wallet:
        return False
    return _is_error(value) or unread.name(value) is not None or inner is not value


def parts(document: Any, scope: Scope) -> list[Part]:
    """Return the content of a document. Raises `HistoryError`, which names the source if it is known but not supported."""
    if document is None or isinstance(document, str) or _is_error(document):
        raise HistoryError("history.refused_by_source", "the source answered with an error")
    if is_rows(document):
        return [_listed(document, scope)]
    if is_row(document):
        return [_listed([document], scope)]
    for kind in _KINDS:
        if kind.fits(document):
            made = kind.read(document, scope)
            return made if isinstance(made, list) else [made]
    inner = _inner(document)
    if inner is not document:
        return parts(inner, scope) if inner != [] else [Part("rpc", transfers=[])]  # an empty list of a node's logs
    if whose := unread.name(document):
        return fields.invalid(f"this is {whose} format, which is not supported")
    return fields.invalid("this is not a known format")


def _listed(rows: list[Any], scope: Scope) -> Part:
    """Return the content of rows of one source. Raises `HistoryError` history.invalid if one is of another source or none."""
    found = fields.rows(rows, "a list of rows")
    evidence = next(filter(is_row, found))
    return next(read for fits, read in _ROWS if fits(evidence))(found, scope)


def _inner(value: Any) -> Any:
    """Return the result of a JSON-RPC answer, with or without its envelope; return any other value unchanged."""
    if not isinstance(value, dict) or "result" not in value or any(kind.fits(value) for kind in _KINDS):
        return value
    is_answer = "jsonrpc" in value or (value.keys() <= {"id", "result"} and isinstance(value["result"], dict | list))
    is_answer = is_answer or is_rows(value["result"])  # of an envelope whose other fields were removed
    return value["result"] if is_answer else value


def _is_error(value: Any) -> bool:
    """Return whether `value` is an error that a source gives instead of an answer."""
    if not isinstance(value, dict) or etherscan.is_answer(value):
        return False
    if value.get("error") or value.get("errors"):
        return True
    return isinstance(value.get("message"), str) and value.keys() <= _ERROR and not isinstance(value.get("result"), list | dict)


def _is_rpc_error(value: Any) -> bool:
    """Return whether `value` is exactly an error of JSON-RPC 2.0."""
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or not value.keys() <= {"jsonrpc", "id", "error"}:
        return False
    error = value.get("error")
    return isinstance(error, dict) and {"code", "message"} <= error.keys()
