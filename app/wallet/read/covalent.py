"""Read Covalent's (GoldRush's) pages of an address's transactions, `transactions_v3` and v2, with their logs.

The rows hold no call data, so it is unknown what the wallet called and approved. A page also lists transactions of others that
moved the wallet's tokens: their logs count, and the rows themselves are left out. Format: goldrush.dev, "Get paginated
transactions for address".
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import Transaction, Transfer
from app.wallet.read import fields
from app.wallet.read.part import Part, Scope, settled
from app.wallet.read.rpc import transfers

_PAGE = 100  # rows of a page


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one transaction."""
    return fields.has_shape(value, ("block_signed_at", "from_address", "to_address"), ("tx_hash",), ())


def is_answer(value: Any) -> bool:
    """Return whether `value` is a page, with transactions or empty, with or without its `data`."""
    body = value.get("data") if isinstance(value, dict) and isinstance(value.get("data"), dict) else value
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        return False
    return any(map(is_row, body["items"])) or (not body["items"] and {"address", "chain_id", "updated_at"} <= body.keys())


def answer(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a page; its links, or `has_more`, tell whether it is the only one."""
    body = document["data"] if isinstance(document.get("data"), dict) else document
    _check(body, scope)
    links, pages = body.get("links"), body.get("pagination")
    links = links if isinstance(links, dict) else {}
    pages = pages if isinstance(pages, dict) else {}
    first = not links.get("prev") and not pages.get("page_number")
    last = not links.get("next") and not pages.get("has_more")
    number = fields.whole(
        body.get("current_page", pages.get("page_number")), "a page's number", LIMITS.json_integer, optional=True
    )
    return replace(_part(fields.rows(body["items"], "the items of a page"), scope, first=first, last=last), page=number)


def listed(rows: list[dict[str, Any]], scope: Scope) -> Part:
    """Return the content of rows that were taken out of their pages; a full page may not be the last."""
    return _part(rows, scope, first=True, last=len(rows) % _PAGE != 0)


def _check(body: dict[str, Any], scope: Scope) -> None:
    """Raise `HistoryError` unless a page is about the wallet and the chain."""
    if fields.address(body.get("address"), "the address of a page", optional=True) not in (None, scope.wallet):
        raise HistoryError("history.other_wallet", "a page is about another wallet")
    if fields.whole(body.get("chain_id"), "a chain id", optional=True) not in (None, scope.chain_id):
        raise HistoryError("history.mixed_chains", "a page is of another chain")


def _part(rows: list[dict[str, Any]], scope: Scope, *, first: bool, last: bool) -> Part:
    made = fields.each(rows, lambda row: _records(row, scope), "item")
    logs = [log for _, found in made for log in found]
    plain = [one for one, _ in made if one is not None]
    tells_logs = any(isinstance(row.get("log_events"), list) for row in rows)
    return Part(
        "covalent",
        transactions=plain,
        transfers=[*logs] if tells_logs else None,
        first=first,
        last=last,
        left_out=sum(one is None and not found for one, found in made),
        untold=frozenset({"calls"}),
    )


def _records(row: dict[str, Any], scope: Scope) -> tuple[Transaction | None, list[tuple[tuple[str, int, int], Transfer]]]:
    if not is_row(row):
        fields.invalid("it is not a transaction of Covalent's")
    found = [one for log in fields.rows(row.get("log_events") or [], "the logs") for one in transfers(_log(log), {})]
    moved = [one for one in found if scope.wallet in (one[1].sender, one[1].recipient)]
    made = Transaction(
        hash=fields.tx_hash(row["tx_hash"]),
        block=fields.block(row.get("block_height")),
        time=fields.time(row["block_signed_at"]),
        sender=fields.address(row["from_address"], "a sender"),
        recipient=fields.address(row["to_address"], "a recipient", optional=True),
        value=fields.whole(row.get("value"), "a value"),
        gas_used=fields.whole(row.get("gas_spent"), "used gas", optional=True),
        gas_price=fields.whole(row.get("gas_price"), "a gas price", optional=True),
        ok=_ok(row.get("successful")),
    )
    mine = scope.wallet in (made.sender, made.recipient)
    if not mine and not found and "transfers" not in row:
        raise HistoryError("history.other_wallet", "a record is neither from nor to the wallet")
    return (settled(made, None, scope) if mine else None), moved


def _log(log: dict[str, Any]) -> dict[str, Any]:
    """Return a log in the form that a node gives it."""
    return {
        "address": log.get("sender_address"),
        "topics": log.get("raw_log_topics"),
        "data": log.get("raw_log_data") or "0x",
        "blockNumber": log.get("block_height"),
        "blockTimestamp": log.get("block_signed_at"),
        "transactionHash": log.get("tx_hash"),
        "logIndex": log.get("log_offset"),
    }


def _ok(value: Any) -> bool | None:
    if not isinstance(value, bool | None):
        fields.invalid("successful is neither true nor false")
    return value
