"""Add up features transaction by transaction, so that a history can be scored as of any moment."""

from __future__ import annotations

from app.wallet.history import Transaction


class Tally:
    """Running counts of a wallet's successful and unflagged transactions, in order of time."""

    def __init__(self, wallet: str) -> None:
        self._wallet = wallet
        self._first: int | None = None
        self._last = 0
        self._first_receipt: int | None = None
        self._last_receipt = 0
        self._senders: set[str | None] = set()
        self._recipients: set[str | None] = set()
        self._sent_wei = self._received_wei = self._largest_receipt = 0
        self._created = 0
        self._sent = self._received = 0

    def add(self, row: Transaction) -> None:
        """Count the transaction `row`. Rows must come in order of time."""
        self._first = row.time if self._first is None else self._first
        self._last = row.time
        if row.sender == self._wallet and row.recipient is None:
            self._created += 1
            self._sent_wei += row.value
        elif row.sender == self._wallet:
            self._sent += 1
            self._recipients.add(row.recipient)
            self._sent_wei += row.value
        else:
            self._received += 1
            self._first_receipt = row.time if self._first_receipt is None else self._first_receipt
            self._last_receipt = row.time
            self._senders.add(row.sender)
            self._received_wei += row.value
            self._largest_receipt = max(self._largest_receipt, row.value)

    def features(self) -> dict[str, int]:
        """Return the features that the fitted half of the scorecard uses; units as in `app.wallet.features`."""
        span = 0 if self._first is None else (self._last - self._first) // 60
        receipts = 0 if self._first_receipt is None else (self._last_receipt - self._first_receipt) // 60
        senders = len(self._senders)
        return {
            "span_minutes": span,
            "sent": self._sent,
            "received": self._received,
            "repeat_received": self._received - senders,
            "receipt_gap_minutes": receipts // (self._received - 1) if self._received > 1 else 0,
            "minutes_per_receipt": span // self._received if self._received else 0,
            "recipients": len(self._recipients),
            "senders": senders,
            "senders_percent": senders * 100 // max(1, self._received),
            "contracts_created": self._created,
            "sent_percent": self._sent * 100 // max(1, self._sent + self._received),
            "received_micro": self._received_wei // 10**12,
            "sent_micro": self._sent_wei // 10**12,
            "received_per_sender_micro": self._received_wei // 10**12 // max(1, senders),
            "largest_receipt_percent": self._largest_receipt * 100 // max(1, self._received_wei),
        }
