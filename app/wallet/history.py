"""One wallet's past: the shape that every source is brought into.

Addresses are lower-case 0x hex, amounts wei or a token's smallest unit, times Unix seconds. What a
source does not tell is None, never zero: no failures and unknown failures are different things.
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
"""calls: what the wallet called and approved; outcomes: whether a transaction failed."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that the wallet sent or received, or a genesis allocation."""

    hash: str
    """0x and 64 hex digits; of a genesis allocation what the explorer calls it, in lower case."""
    block: int
    time: int
    sender: str | None
    """None for a genesis allocation."""
    recipient: str | None
    """None where a contract was created."""
    value: int
    gas_used: int | None = None
    gas_price: int | None = None
    ok: bool | None = None
    """None before Byzantium (block 4,370,000), when receipts had no status, and where the source does not tell."""
    selector: str | None = None
    """First four bytes of the call data, 0x hex; None for a plain transfer, and where the source does not tell."""
    spender: str | None = None
    """Who may spend the wallet's tokens from now on, if this is an ERC-20 or ERC-721 approval of more than nothing."""
    created: str | None = None
    """Address of the contract that was created."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A token transfer to or from the wallet."""

    hash: str
    block: int
    time: int
    token: str
    sender: str
    """The zero address mints."""
    recipient: str
    """The zero address burns."""
    value: int | None
    """Smallest units of an ERC-20 or ERC-1155 token; None for an ERC-721 one, and where the source does not tell."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a source tells that counts instead of listing."""

    total: int
    """Transactions, or whatever the source counts as one."""
    sent: int | None = None
    received: int | None = None
    counterparties: int | None = None
    first_time: int | None = None
    last_time: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """The account itself at the as-of block."""

    kind: Literal["owned", "delegated", "contract"] | None
    """owned: no code; delegated: an owned account with EIP-7702 code; contract: any other code; None: not told."""
    balance: int
    nonce: int | None
    """None where the source does not tell."""


@dataclass(frozen=True, slots=True)
class History:
    """Everything a score may be based on. `transactions` and `transfers` are sorted by block, time, hash, then the rest."""

    wallet: str
    chain_id: int
    source: HistoryFormat
    """How it is written, never who wrote it."""
    as_of_time: int
    """When the data was taken if the source tells, else the newest record's time; 0 if there is no record either."""
    as_of_block: int | None = None
    """The block of the same moment; None if neither the source nor a record tells."""
    transactions: tuple[Transaction, ...] | None = None
    """None where the source does not list them."""
    transfers: tuple[Transfer, ...] | None = None
    """None where the source does not list them."""
    summary: Summary | None = None
    """Only where `transactions` is None."""
    account: Account | None = None
    truncated: bool = False
    """The source had more than it gave: counts are lower bounds."""
    left_out: int = 0
    """Rows that are no records of the wallet's: internal, pending, removed, or of a kind that nothing is read from."""
    untold: frozenset[Untold] = frozenset()
    """What the source tells of no transaction: features of it are unknown, not zero."""

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
        """Return the newest record's time, 0 if there is none: no word of the history's about itself."""
        records: list[Transaction | Transfer] = [*(self.transactions or ()), *(self.transfers or ())]
        last = self.summary.last_time if self.summary else None
        return max((record.time for record in records), default=last or 0)

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON of all records, 64 hex digits: the same records, the same digest."""
        parts: dict[str, Any] = {"wallet": self.wallet, "chain_id": self.chain_id}
        for name in ("transactions", "transfers"):
            rows = getattr(self, name)
            parts[name] = None if rows is None else [_row(row) for row in rows]
        parts["summary"] = None if self.summary is None else _row(self.summary)
        return hashlib.sha256(strict_json.dumps(parts)).hexdigest()


def _row(record: Transaction | Transfer | Summary) -> dict[str, str | bool | None]:
    """Return the record with its integers as decimal strings: wei does not fit a JSON number."""
    values = ((name, getattr(record, name)) for name in record.__slots__)
    return {name: str(value) if type(value) is int else value for name, value in values}
