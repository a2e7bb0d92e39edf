"""Read sources that count transactions instead of listing them: an aggregator's document, or a bare count.

The aggregator's own judgement (mixers, spam, prices, protocols) and all texts that it repeats are ignored.
"""

from __future__ import annotations

from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import Account, Summary
from app.wallet.read import fields
from app.wallet.read.part import Part, Scope


def is_aggregate(value: Any) -> bool:
    """Return whether `value` has the shape of an aggregator's document."""
    return fields.has_shape(value, ("wallet_metadata",), (), ("wallet",)) and isinstance(value["wallet_metadata"], dict)


def is_count(value: Any) -> bool:
    """Return whether `value` is a bare transaction count, with nothing beside it but the wallet."""
    return isinstance(value, dict) and "transaction_count" in value and value.keys() <= {"transaction_count", "wallet"}


def aggregate(document: dict[str, Any], scope: Scope) -> Part:
    """Return the counts of an aggregator and the balance that it saw; its account has no kind and no nonce."""
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


def count(document: dict[str, Any], scope: Scope) -> Part:
    """Return a bare count. Raises `HistoryError` if a `wallet` beside it is another one."""
    wallet = fields.address(document.get("wallet"), "the wallet of a count", optional=True)
    if wallet not in (None, scope.wallet):
        raise HistoryError("history.other_wallet", "the count is of another wallet")
    return Part("count", summary=Summary(_count(document["transaction_count"])))


def _count(value: Any) -> int:
    return fields.whole(value, "a count", LIMITS.json_integer)


def _count_or_none(value: Any) -> int | None:
    return fields.whole(value, "a count", LIMITS.json_integer, optional=True)
