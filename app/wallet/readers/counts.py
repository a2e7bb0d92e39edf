"""Sources that count instead of listing: an aggregator's document, Bitquery's events, a bare transaction count.

The aggregator's own judgement (mixers, spam, prices, protocols) and every text it repeats is left alone.
"""

from __future__ import annotations

from typing import Any

from app.errors import HistoryError
from app.limits import LIMITS
from app.wallet.history import Account, Summary
from app.wallet.readers import fields
from app.wallet.readers.part import Part, Scope

_WINDOWS = frozenset({1_000, 5_000, 10_000, 25_000})  # rows that Bitquery gives at most, by plan and by default


def is_aggregate(value: Any) -> bool:
    """Return whether `value` is shaped like an aggregator's document."""
    return isinstance(value, dict) and "wallet_metadata" in value


def is_events(value: Any) -> bool:
    """Return whether `value` is shaped like Bitquery's answer, with or without its `data`."""
    return isinstance(value, dict) and ("EVM" in value or is_events(value.get("data")))


def is_count(value: Any) -> bool:
    """Return whether `value` is a bare transaction count."""
    return isinstance(value, dict) and "transaction_count" in value


def aggregate(document: dict[str, Any], scope: Scope) -> Part:
    """Return what an aggregator counts, and the balance it saw; its account has no kind and no nonce."""
    if fields.address(document.get("wallet"), "the wallet of an aggregator's document") != scope.wallet:
        raise HistoryError("history.other_wallet", "the aggregator's document is about another wallet")
    told = fields.record(document["wallet_metadata"], "wallet_metadata")
    if told.get("error"):
        raise HistoryError("history.refused_by_source", "the aggregator had an error from its own source")
    dates = [told.get(f"{which}_transaction_date") for which in ("first", "last")]
    first, last = [None if date is None else fields.time(date) for date in dates]
    summary = Summary(
        total=_count(told.get("total_transactions")),
        sent=_count_or_none(told.get("outgoing_transactions")),
        received=_count_or_none(told.get("incoming_transactions")),
        counterparties=_count_or_none(told.get("unique_counterparties")),
        first_time=first,
        last_time=last,
    )
    if (first or last) and (summary.total == 0 or (first or 0) > (last or first or 0)):
        raise HistoryError("history.contradictory", "the aggregator's dates and its count do not agree")
    ether = document.get("eth_balance")
    balance = None if ether is None else Account(None, fields.units(ether, 18, "the balance"), None)
    return Part("aggregator", summary=summary, account=balance)


def events(document: dict[str, Any]) -> Part:
    """Return how many transactions the events belong to; events without `Transaction.Hash` count one each.

    Two answers in one history are added up: events carry nothing that would show an overlap.
    """
    body = document if "EVM" in document else fields.record(document["data"], "data")
    found = fields.record(body["EVM"], "EVM").get("Events") if body["EVM"] is not None else None
    if found is None:
        raise HistoryError("history.refused_by_source", "Bitquery gave no list of events")
    rows = fields.rows(found, "the events")
    times = [_event_time(row) for row in rows]
    hashes = [fields.record(row.get("Transaction") or {}, "the transaction of an event").get("Hash") for row in rows]
    total = len({fields.tx_hash(value) for value in hashes}) if all(hashes) else len(rows)
    summary = Summary(total, first_time=min(times, default=None), last_time=max(times, default=None))
    return Part("bitquery", summary=summary, last=len(rows) not in _WINDOWS)


def count(document: dict[str, Any], scope: Scope) -> Part:
    """Return a bare count; a `wallet` beside it must be the right one."""
    wallet = fields.address(document.get("wallet"), "the wallet of a count", optional=True)
    if wallet not in (None, scope.wallet):
        raise HistoryError("history.other_wallet", "the count is of another wallet")
    return Part("count", summary=Summary(_count(document["transaction_count"])))


def _event_time(row: dict[str, Any]) -> int:
    block = fields.record(row.get("Block"), "the block of an event")
    return fields.time(block.get("Timestamp", block.get("Time")))


def _count(value: Any) -> int:
    return fields.whole(value, "a count", LIMITS.json_integer)


def _count_or_none(value: Any) -> int | None:
    return fields.whole(value, "a count", LIMITS.json_integer, optional=True)
