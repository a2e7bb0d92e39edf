"""Read Moralis: an address's transactions, its wallet history, and its token and NFT transfers.

BigQuery's public `crypto_ethereum.transactions` has the same columns. The wallet history also lists transactions of others that
moved the wallet's tokens or coins: their token transfers count, and the rows themselves are left out. Format: docs.moralis.com,
"Get native transactions by wallet", "Get wallet history", "Get ERC20 token transfers by wallet".
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import Transaction, Transfer, Untold
from app.wallet.read import call_data, fields
from app.wallet.read.part import Part, Scope, settled, untold

_Moved = tuple[Hashable, Transfer]
_NAMES = ("block_number", "block_timestamp", "from_address", "to_address")
_MOVES = ("erc20_transfers", "nft_transfers")
_COINS = ("native_transfers", "internal_transactions")
_ENVELOPE = frozenset({"result", "cursor", "page", "page_size", "total", "limit", "block_exists", "synced_at"})


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one transaction or one transfer."""
    return fields.has_shape(value, _NAMES, ("hash", "transaction_hash"), ())


def is_answer(value: Any) -> bool:
    """Return whether `value` is a page, with rows or empty."""
    if not isinstance(value, dict) or not isinstance(value.get("result"), list):
        return False
    return any(map(is_row, value["result"])) or (not value["result"] and {"cursor", "page_size"} <= value.keys() <= _ENVELOPE)


def answer(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a page. Its cursor tells whether more pages follow, its number whether some came before."""
    rows = fields.rows(document["result"], "the rows of a page")
    if not rows:
        return Part("moralis", is_empty=True, last=not document.get("cursor"))
    number = fields.whole(document.get("page"), "a page's number", LIMITS.json_integer, optional=True)
    return replace(_part(rows, scope, first=not number, last=not document.get("cursor")), page=number)


def listed(rows: list[dict[str, Any]], scope: Scope) -> Part:
    """Return the content of rows that were taken out of their pages; a full page may not be the last."""
    return _part(rows, scope, first=True, last=len(rows) % 100 != 0)


def _part(rows: list[dict[str, Any]], scope: Scope, *, first: bool, last: bool) -> Part:
    made = fields.each(rows, lambda row: _records(row, scope))
    plain = [row for row in rows if not _is_transfer(row)]
    tells_moves = len(plain) < len(rows) or any(name in row for row in plain for name in _MOVES)
    return Part(
        "moralis",
        transactions=[one for one, _ in made if one is not None] if plain else None,
        transfers=[one for _, found in made for one in found] if tells_moves else None,
        first=first,
        last=last,
        left_out=sum(one is None and not found for one, found in made),
        untold=_untold(plain),
    )


def _untold(rows: list[dict[str, Any]]) -> frozenset[Untold]:
    calls = any(call_data.is_told(row.get("input")) for row in rows)
    outcomes = any(row.get("receipt_status") not in (None, "") for row in rows)
    return untold(calls=calls or not rows, outcomes=outcomes or not rows)


def _is_transfer(row: dict[str, Any]) -> bool:
    return "transaction_hash" in row


def _records(row: dict[str, Any], scope: Scope) -> tuple[Transaction | None, list[_Moved]]:
    if not is_row(row):
        fields.invalid("it is neither a transaction nor a transfer of Moralis's")
    if _is_transfer(row):
        return None, [_moved(row, row)]
    found = [_moved(one, row) for name in _MOVES for one in fields.rows(row.get(name) or [], name)]
    mine = [one for one in found if scope.wallet in (one[1].sender, one[1].recipient)]
    if scope.wallet in (_end(row, "from_address"), _end(row, "to_address")):
        return _transaction(row, scope), mine
    coins = [one for name in _COINS for one in fields.rows(row.get(name) or [], name)]
    ends = {_end(one, name) for one in coins for name in ("from_address", "to_address", "from", "to")}
    if not mine and scope.wallet not in ends:
        raise HistoryError("history.other_wallet", "a record is neither from nor to the wallet")
    return None, mine


def _end(row: dict[str, Any], name: str) -> str | None:
    return fields.address(row.get(name), "an address", optional=True)


def _transaction(row: dict[str, Any], scope: Scope) -> Transaction:
    status = fields.whole(row.get("receipt_status"), "receipt_status", 1, optional=True)
    raw = Transaction(
        hash=fields.tx_hash(row.get("hash")),
        block=fields.block(row["block_number"]),
        time=fields.time(row["block_timestamp"]),
        sender=fields.address(row["from_address"], "a sender"),
        recipient=_end(row, "to_address"),
        value=fields.whole(row.get("value"), "a value"),
        gas_used=fields.whole(row.get("receipt_gas_used"), "used gas", optional=True),
        gas_price=fields.whole(row.get("gas_price"), "a gas price", optional=True),
        ok=None if status is None else status == 1,
        created=_end(row, "receipt_contract_address"),
    )
    return settled(raw, row.get("input"), scope)


def _moved(moved: dict[str, Any], row: dict[str, Any]) -> _Moved:
    """Return a token transfer; its block, time and hash may stand in the transaction around it."""
    is_single = moved.get("contract_type") == "ERC721"
    amount = moved.get("amount") if "token_id" in moved else moved.get("value")
    made = Transfer(
        hash=fields.tx_hash(moved.get("transaction_hash", row.get("hash"))),
        block=fields.block(row["block_number"]),
        time=fields.time(row["block_timestamp"]),
        token=fields.address(moved.get("token_address", moved.get("address")), "a token"),
        sender=fields.address(moved.get("from_address"), "a sender"),
        recipient=fields.address(moved.get("to_address"), "a recipient"),
        value=None if is_single else fields.whole(amount, "a value", optional=True),
    )
    index = fields.whole(moved.get("log_index"), "a log index", LIMITS.json_integer, optional=True)
    return (None if index is None else (made.hash, index, str(moved.get("token_id")))), made
