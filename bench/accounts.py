"""Labelled accounts in the format of Farrugia's set, as the features of `app.wallet.features`.

Only columns that an explorer's txlist gives are read: those on ERC-20 tokens are empty for many fraudulent
accounts and for no other one, so that their being empty gives the label away.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import Decimal
from itertools import groupby
from pathlib import Path

Row = tuple[dict[str, int | None], bool]


def read(path: Path) -> list[Row]:
    """Return (features, is legitimate) of each account in a CSV file, each address once."""
    with path.open(newline="") as file:
        rows = {row["Address"].strip().lower(): row for row in _stripped(csv.DictReader(file))}
    return [(_features(row), row["FLAG"].strip() == "0") for row in rows.values()]


def _stripped(reader: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    for row in reader:
        yield {(name or "").strip(): value for name, value in row.items()}


def _features(row: dict[str, str]) -> dict[str, int | None]:
    """Return what app/wallet/tally.py would, in the same units."""

    def whole(name: str) -> int:
        return int(Decimal(row[name]))

    def micro(name: str) -> int:
        return int(Decimal(row[name]) * 10**6)

    sent, received = whole("Sent tnx"), whole("Received Tnx")
    span, senders = whole("Time Diff between first and last (Mins)"), whole("Unique Received From Addresses")
    total = micro("total ether received")
    return {
        "span_minutes": span,
        "transactions": whole("total transactions (including tnx to create contract"),
        "sent": sent,
        "received": received,
        "repeat_received": received - senders,
        "receipt_gap_minutes": whole("Avg min between received tnx"),
        "minutes_per_receipt": span // received if received else 0,
        "recipients": whole("Unique Sent To Addresses"),
        "senders": senders,
        "senders_percent": senders * 100 // max(1, received),
        "contracts_created": whole("Number of Created Contracts"),
        "sent_percent": sent * 100 // max(1, sent + received),
        "received_micro": total,
        "sent_micro": micro("total Ether sent"),
        "received_per_sender_micro": total // max(1, senders),
        "largest_receipt_percent": micro("max value received") * 100 // max(1, total),
    }


def auroc(scored: list[tuple[int, bool]]) -> float:
    """Return the share of (legitimate, fraudulent) pairs in which the legitimate account has the higher score."""
    below = wins = legit = 0
    for _, group in groupby(sorted(scored), key=lambda pair: pair[0]):
        labels = [label for _, label in group]
        good, bad = sum(labels), len(labels) - sum(labels)
        wins += good * (2 * below + bad)
        below, legit = below + bad, legit + good
    return wins / (2 * legit * below)
