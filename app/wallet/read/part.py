"""What one document adds to a history, and the rules that every source's records follow."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from app.wallet.history import Account, HistoryFormat, Summary, Transaction, Transfer, Untold
from app.wallet.read.call_data import selector, spender

_BYZANTIUM = {1: 4_370_000}  # EIP-658 put the status into receipts; chains without an entry always had it


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose history it is, and on which chain."""

    wallet: str
    """Lower case."""
    chain_id: int


@dataclass(frozen=True, slots=True)
class Part:
    """What one document says."""

    source: HistoryFormat | None
    """None where the document cannot tell its source: an empty answer looks the same everywhere."""
    transactions: list[Transaction] | None = None
    transfers: list[tuple[Hashable, Transfer]] | None = None
    """Each with what identifies it within its chain; None where the source numbers no logs."""
    summary: Summary | None = None
    account: Account | None = None
    first: bool = True
    """Nothing newer was left out before this page."""
    last: bool = True
    """Nothing was left out after this page."""
    page: int | None = None
    """Number of this page where the source counts them: one that is missing in between was left out."""
    is_empty: bool = False
    """The source says that there is nothing, not of what."""
    left_out: int = 0
    """Rows that are no records of the wallet's, such as internal or pending ones."""
    untold: frozenset[Untold] = frozenset()
    """What the document tells of none of its transactions."""


def untold(*, calls: bool, outcomes: bool) -> frozenset[Untold]:
    """Return what a document tells of none of its transactions: `calls` and `outcomes` say what it does tell."""
    told: dict[Untold, bool] = {"calls": calls, "outcomes": outcomes}
    return frozenset(kind for kind, is_told in told.items() if not is_told)


def settled(raw: Transaction, data: Any, scope: Scope, method_id: Any = None) -> Transaction:
    """Return the transaction as every source tells it, from the fields that each words in its own way.

    `raw` has in `ok` and `created` what the source says; `data` is the call data, or init code, as the source has it.
    Before Byzantium receipts had no status, so what explorers claim (Etherscan a success, Blockscout a failure) is not
    taken over. Failures create nothing and approve nothing.
    """
    has_status = raw.sender is not None and raw.block >= _BYZANTIUM.get(scope.chain_id, 0)
    ok = raw.ok if has_status else None
    if raw.recipient is None:
        return replace(raw, ok=ok, created=None if ok is False else raw.created)
    approves = raw.sender == scope.wallet and ok is not False
    return replace(raw, ok=ok, created=None, selector=selector(data, method_id), spender=spender(data) if approves else None)
