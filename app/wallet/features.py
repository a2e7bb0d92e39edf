"""The features of a wallet: whole numbers with a unit, computed from the history and the labels alone.

None means that the source does not tell. Failed transactions, and all transactions with flagged addresses, count only in
features about them, so that nothing bad can look like activity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import pairwise

from app.wallet.history import History, Summary, Transaction, Transfer, Untold
from app.wallet.labels.lists import FLAGS, LabelKind, Labels
from app.wallet.tally import Tally

MINUTE, DAY = 60, 86_400

# name -> (unit, meaning). Every table of features keeps this order.
FEATURES: dict[str, tuple[str, str]] = {
    "span_minutes": ("minutes", "from the first to the last transaction"),
    "span_days": ("days", "the same, rounded down"),
    "age_days": ("days", "from the first transaction to the as-of time"),
    "idle_days": ("days", "from the last transaction to the as-of time"),
    "active_days": ("days", "UTC days with a transaction"),
    "active_months": ("calendar months", "UTC months with a transaction"),
    "longest_gap_days": ("days", "longest time between two transactions"),
    "busiest_month_percent": ("percent", "share of all transactions in the busiest month"),
    "transactions": ("transactions", "sent, received and contract creations"),
    "sent": ("transactions", "sent, contract creations left out"),
    "received": ("transactions", "received; those from the wallet itself count as sent"),
    "last_30_days": ("transactions", "in the 30 days up to the as-of time"),
    "last_90_days": ("transactions", "in the 90 days up to the as-of time"),
    "last_365_days": ("transactions", "in the 365 days up to the as-of time"),
    "repeat_received": ("transactions", "received from an address that had sent before"),
    "receipt_gap_minutes": ("minutes", "average time from one receipt to the next; 0 below two receipts"),
    "receipt_gap_days": ("days", "the same, rounded down"),
    "minutes_per_receipt": ("minutes", "span_minutes divided by received; 0 without a receipt"),
    "recipients": ("addresses", "distinct, sent to"),
    "senders": ("addresses", "distinct, received from"),
    "senders_percent": ("percent", "senders divided by received"),
    "top_counterparty_percent": ("percent", "share of the most frequent counterparty in sent and received"),
    "counterparties": ("addresses", "distinct, sent to or received from"),
    "contracts_called": ("addresses", "distinct, sent to with call data"),
    "contracts_created": ("contracts", "created by the wallet"),
    "protocols": ("protocols", "distinct known protocols that the wallet called"),
    "tokens": ("tokens", "distinct token contracts with a transfer to or from the wallet"),
    "token_transfers": ("transfers", "of tokens, to or from the wallet"),
    "sent_percent": ("percent", "share of sent in sent and received"),
    "received_micro": ("millionths of the native coin", "sum of all receipts, rounded down"),
    "received_coins": ("native coins", "the same, rounded down"),
    "sent_micro": ("millionths of the native coin", "sum of all sent, rounded down"),
    "received_per_sender_micro": ("millionths of the native coin", "received_micro divided by senders"),
    "received_per_sender_coins": ("native coins", "the same, rounded down"),
    "largest_receipt_percent": ("percent", "share of the largest receipt in the sum of receipts"),
    "balance_micro": ("millionths of the native coin", "balance at the as-of block, rounded down"),
    "failed": ("transactions", "sent by the wallet and failed"),
    "failed_percent": ("percent", "share of failed in all that the wallet sent, flagged ones left out"),
    "sent_to_sanctioned": ("transactions", "sent to, or tokens moved to, an address on a sanctions list"),
    "sent_to_mixer": ("transactions", "sent to, or tokens moved to, a mixer"),
    "sent_to_scam": ("transactions", "sent to, or tokens moved to, an address on a scam list"),
    "received_from_flagged": ("transactions", "received from any of these; anyone can send, so it weighs little"),
    "flagged_approvals": ("approvals", "of a flagged address to spend the wallet's tokens"),
}

_UNTOLD: dict[Untold, tuple[str, ...]] = {
    "calls": ("contracts_called", "protocols", "flagged_approvals"),
    "outcomes": ("failed", "failed_percent"),
}
_ROUNDED = (
    ("span_minutes", "span_days", 1_440),
    ("receipt_gap_minutes", "receipt_gap_days", 1_440),
    ("received_micro", "received_coins", 10**6),
    ("received_per_sender_micro", "received_per_sender_coins", 10**6),
)


def features(history: History, labels: Labels) -> dict[str, int | None]:
    """Return every feature of `FEATURES`, in its order. This is a pure function with integer arithmetic only."""
    found: dict[str, int | None] = dict.fromkeys(FEATURES)
    if history.account is not None:
        found["balance_micro"] = history.account.balance // 10**12
    if history.summary is not None:
        found |= _of_summary(history.summary, history.as_of_time)
    if history.transactions is not None:
        found |= _of_transactions(history, labels)
    for kind in history.untold:
        found |= dict.fromkeys(_UNTOLD[kind])
    if history.transfers is not None:
        found["tokens"] = len({transfer.token for transfer in history.transfers})
        found["token_transfers"] = len(history.transfers)
    for fine, coarse, unit in _ROUNDED:
        value = found[fine]
        found[coarse] = None if value is None else value // unit
    return found


def months(history: History, labels: Labels) -> Iterator[tuple[Mapping[str, int], bool]]:
    """Yield, for each calendar month with a transaction, the tallied features as of its end and whether it was clean.

    A month is clean if the wallet sent no failed transaction and touched no flagged address. What others send to the wallet
    does not count against it, because it cannot prevent that.
    """
    tally, flagged = Tally(history.wallet), _flagged(history, labels)
    for _, rows in _by_month(history.transactions or ()):
        is_clean = True
        for row in rows:
            if row.ok is not False and row.hash not in flagged:
                tally.add(row)
            elif row.sender == history.wallet:
                is_clean = False
        yield tally.features(), is_clean


def _by_month(rows: tuple[Transaction, ...]) -> Iterator[tuple[tuple[int, int], list[Transaction]]]:
    groups: dict[tuple[int, int], list[Transaction]] = {}
    for row in rows:
        groups.setdefault(month_of(row.time), []).append(row)
    yield from sorted(groups.items())


def month_of(time: int) -> tuple[int, int]:
    """Return year and month of a Unix time in UTC."""
    day = datetime.fromtimestamp(time, UTC).date()
    return day.year, day.month


def _of_summary(summary: Summary, as_of: int) -> dict[str, int | None]:
    found: dict[str, int | None] = {
        "transactions": summary.total,
        "sent": summary.sent,
        "received": summary.received,
        "counterparties": summary.counterparties,
    }
    if summary.sent is not None and summary.received is not None:
        found["sent_percent"] = summary.sent * 100 // max(1, summary.sent + summary.received)
    if summary.first_time is not None and summary.last_time is not None:
        span = max(0, summary.last_time - summary.first_time)
        found["span_minutes"] = span // MINUTE
        found["age_days"] = max(0, as_of - summary.first_time) // DAY
        found["idle_days"] = max(0, as_of - summary.last_time) // DAY
        if summary.received is not None:
            found["minutes_per_receipt"] = span // MINUTE // summary.received if summary.received else 0
    return found


def _of_transactions(history: History, labels: Labels) -> dict[str, int | None]:
    rows, wallet = history.transactions or (), history.wallet
    flagged = _flagged(history, labels)
    good = [row for row in rows if row.ok is not False and row.hash not in flagged]
    tally = Tally(wallet)
    for row in good:
        tally.add(row)
    failed = sum(row.ok is False and row.sender == wallet for row in rows)
    tried = failed + sum(row.sender == wallet for row in good)
    called = {row.recipient for row in good if row.sender == wallet and row.selector and row.recipient}
    known = {label.name for address in called for label in labels.of(address, history.chain_id) if label.kind == "protocol"}
    partners = Counter(_counterparty(row, wallet) for row in good)
    found: dict[str, int | None] = {**tally.features(), **_timing(good, history.as_of_time), **_flags(history, labels)}
    return found | {
        "top_counterparty_percent": max(partners.values(), default=0) * 100 // max(1, len(good)),
        "counterparties": len(partners),
        "contracts_called": len(called),
        "protocols": len(known),
        "failed": failed,
        "failed_percent": failed * 100 // max(1, tried),
    }


def _timing(good: list[Transaction], as_of: int) -> dict[str, int]:
    times = sorted(row.time for row in good)
    days = {time // DAY for time in times}
    by_month = Counter(month_of(time) for time in times)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return {
        "transactions": len(times),
        "age_days": max(0, as_of - times[0]) // DAY if times else 0,
        "idle_days": max(0, as_of - times[-1]) // DAY if times else 0,
        "active_days": len(days),
        "active_months": len(by_month),
        "longest_gap_days": max(gaps, default=0) // DAY,
        "busiest_month_percent": max(by_month.values(), default=0) * 100 // max(1, len(times)),
        **{f"last_{span}_days": sum(as_of - span * DAY < time <= as_of for time in times) for span in (30, 90, 365)},
    }


def _counterparty(row: Transaction, wallet: str) -> str | None:
    return row.recipient if row.sender == wallet else row.sender


def _kinds(address: str | None, history: History, labels: Labels) -> set[LabelKind]:
    if address is None or address == history.wallet:
        return set()
    return {label.kind for label in labels.of(address, history.chain_id)} & set(FLAGS)


def _flagged(history: History, labels: Labels) -> frozenset[str]:
    """Return the hashes of all transactions that touch a flagged address, also through tokens and approvals."""
    found = set()
    for row in history.transactions or ():
        if any(_kinds(address, history, labels) for address in (row.sender, row.recipient, row.spender)):
            found.add(row.hash)
    for transfer in history.transfers or ():
        if any(_kinds(address, history, labels) for address in (transfer.sender, transfer.recipient)):
            found.add(transfer.hash)
    return frozenset(found)


def _flags(history: History, labels: Labels) -> dict[str, int]:
    """Return the number of transactions that touch each kind of flagged address; each hash counts once for each kind."""
    sent: dict[str, set[str]] = {kind: set() for kind in FLAGS}
    received: set[str] = set()
    rows: list[Transaction | Transfer] = [*(history.transactions or ()), *(history.transfers or ())]
    for row in rows:
        if row.sender == history.wallet:
            for kind in _kinds(row.recipient, history, labels):
                sent[kind].add(row.hash)
        elif _kinds(row.sender, history, labels):
            received.add(row.hash)
    approved = [row for row in history.transactions or () if row.spender and _kinds(row.spender, history, labels)]
    return {
        **{f"sent_to_{kind}": len(hashes) for kind, hashes in sent.items()},
        "received_from_flagged": len(received),
        "flagged_approvals": len(approved),
    }
