"""The content of one document, and the rules that apply to the records of every source."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

from app.wallet.history import Account, HistoryFormat, Summary, Transaction, Transfer, Untold
from app.wallet.read.call_data import selector, spender

_BYZANTIUM = {1: 4_370_000}  # EIP-658 added the status to receipts; chains without an entry here always had it


@dataclass(frozen=True, slots=True)
class Scope:
    """The wallet and the chain that a history must be of."""

    wallet: str
    """In lower case."""
    chain_id: int


@dataclass(frozen=True, slots=True)
class Part:
    """The content of one document."""

    source: HistoryFormat | None
    """None if the document cannot tell its source: an empty answer looks the same for all sources."""
    transactions: list[Transaction] | None = None
    transfers: list[tuple[Hashable, Transfer]] | None = None
    """Each with the data that identifies it on its chain; None if the source does not number its logs."""
    summary: Summary | None = None
    account: Account | None = None
    first: bool = True
    """Whether nothing newer was left out before this page."""
    last: bool = True
    """Whether nothing was left out after this page."""
    page: int | None = None
    """The number of this page if the source counts pages; a missing number in between means a missing page."""
    is_empty: bool = False
    """Whether the source says that there is nothing, without saying of what."""
    left_out: int = 0
    """The number of rows that are not records of the wallet, such as internal or pending ones."""
    untold: frozenset[Untold] = frozenset()
    """Facts that the document tells of none of its transactions."""


def untold(*, calls: bool, outcomes: bool) -> frozenset[Untold]:
    """Return the facts that a document tells of none of its transactions; `calls` and `outcomes` say which ones it tells."""
    told: dict[Untold, bool] = {"calls": calls, "outcomes": outcomes}
    return frozenset(kind for kind, is_told in told.items() if not is_told)


def settled(raw: Transaction, data: Any, scope: Scope, method_id: Any = None) -> Transaction:
    """Return the transaction in the common form, from the fields that each source words in its own way.

    `raw` holds in `ok` and `created` what the source says; `data` is the call data, or init code, as the source gives it.
    Before Byzantium receipts had no status, so the claims of explorers (Etherscan a success, Blockscout a failure) are not
    used. A failed transaction creates nothing and approves nothing.
    """
    has_status = raw.sender is not None and raw.block >= _BYZANTIUM.get(scope.chain_id, 0)
    ok = raw.ok if has_status else None
    if raw.recipient is None:
        return replace(raw, ok=ok, created=None if ok is False else raw.created)
    approves = raw.sender == scope.wallet and ok is not False
    return replace(raw, ok=ok, created=None, selector=selector(data, method_id), spender=spender(data) if approves else None)
