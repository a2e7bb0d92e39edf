"""The history of one wallet, in the one form into which every source is converted.

Addresses are lower-case 0x hex, amounts are in wei or in a token's smallest unit, and times are Unix seconds. A value that a
source does not tell is None and never zero: no failures differ from unknown failures.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal

from app.formats import strict_json

HistoryFormat = Literal[
    "etherscan",
    "etherscan_csv",
    "blockscout",
    "blockscout_csv",
    "covalent",
    "moralis",
    "dune",
    "bitquery",
    "alchemy",
    "rpc",
    "aggregator",
    "count",
]
Untold = Literal["calls", "outcomes"]
"""calls: which functions the wallet called and what it approved; outcomes: whether a transaction failed."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that the wallet sent or received, or a genesis allocation."""

    hash: str
    """0x and 64 hex digits; for a genesis allocation the explorer's name for it, in lower case."""
    block: int
    time: int
    sender: str | None
    """None for a genesis allocation."""
    recipient: str | None
    """None if the transaction created a contract."""
    value: int
    gas_used: int | None = None
    gas_price: int | None = None
    ok: bool | None = None
    """Whether the transaction succeeded. None before Byzantium (block 4,370,000), when receipts had no status, and if the
    source does not tell."""
    selector: str | None = None
    """The first four bytes of the call data, 0x hex; None for a plain transfer, and if the source does not tell."""
    spender: str | None = None
    """The address that may spend the wallet's tokens from now on, if this is an ERC-20 or ERC-721 approval of more than
    nothing."""
    created: str | None = None
    """The address of the contract that was created."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A token transfer to or from the wallet."""

    hash: str
    block: int
    time: int
    token: str
    sender: str
    """The zero address for newly minted tokens."""
    recipient: str
    """The zero address for burnt tokens."""
    value: int | None
    """In the smallest unit of an ERC-20 or ERC-1155 token; None for an ERC-721 token, and if the source does not tell."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The totals of a source that counts transactions instead of listing them."""

    total: int
    """The number of transactions, or of whatever the source counts as one."""
    sent: int | None = None
    received: int | None = None
    counterparties: int | None = None
    first_time: int | None = None
    last_time: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The account itself at the as-of block."""

    kind: Literal["owned", "delegated", "contract"] | None
    """owned: no code; delegated: an owned account with EIP-7702 code; contract: any other code; None: unknown."""
    balance: int
    nonce: int | None
    """None if the source does not tell."""


@dataclass(frozen=True, slots=True)
class History:
    """Everything that a score may rest on.

    `transactions` and `transfers` are sorted by block, time, hash, then the other fields.
    """

    wallet: str
    chain_id: int
    source: HistoryFormat
    """The format of the history; it does not tell who wrote it."""
    as_of_time: int
    """The time of the data if the source tells it, else the newest record's time; 0 if there is no record either."""
    as_of_block: int | None = None
    """The block of the same moment; None if neither the source nor a record tells."""
    transactions: tuple[Transaction, ...] | None = None
    """None if the source does not list them."""
    transfers: tuple[Transfer, ...] | None = None
    """None if the source does not list them."""
    summary: Summary | None = None
    """Set only if `transactions` is None."""
    account: Account | None = None
    truncated: bool = False
    """Whether the source had more records than it gave; counts are then lower bounds."""
    left_out: int = 0
    """The number of rows that are not records of the wallet: internal, pending, removed, or of a kind that is not used."""
    untold: frozenset[Untold] = frozenset()
    """Facts that the source tells of no transaction; features about them are unknown, not zero."""

    @property
    def only_counts(self) -> bool:
        """Return whether a number of transactions is all that is known."""
        told = self.summary
        return self.transactions is None and told is not None and (told.sent, told.received, told.first_time) == (None,) * 3

    @property
    def records(self) -> int:
        """Return the number of records."""
        return len(self.transactions or ()) + len(self.transfers or ())

    @property
    def newest_time(self) -> int:
        """Return the newest record's time, 0 if there is no record. It does not use what the history says about itself."""
        records: list[Transaction | Transfer] = [*(self.transactions or ()), *(self.transfers or ())]
        last = self.summary.last_time if self.summary else None
        return max((record.time for record in records), default=last or 0)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON of all records, 64 hex digits; equal records give equal digests."""
        parts: dict[str, Any] = {"wallet": self.wallet, "chain_id": self.chain_id}
        for name in ("transactions", "transfers"):
            rows = getattr(self, name)
            parts[name] = None if rows is None else [_row(row) for row in rows]
        parts["summary"] = None if self.summary is None else _row(self.summary)
        return hashlib.sha256(strict_json.dumps(parts)).hexdigest()


def _row(record: Transaction | Transfer | Summary) -> dict[str, str | bool | None]:
    """Return the record with its integers as decimal strings, because a JSON number cannot hold wei exactly."""
    values = ((name, getattr(record, name)) for name in record.__slots__)
    return {name: str(value) if type(value) is int else value for name, value in values}
