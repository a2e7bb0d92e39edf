"""Read Alchemy's `alchemy_getAssetTransfers`, which lists movements of value and not transactions.

It tells no gas, no call data and no failures, and by default leaves out calls without value. Its counts are lower bounds, so
its histories are always truncated. Format: docs.alchemy.com, "alchemy_getAssetTransfers".
"""

from __future__ import annotations

from typing import Any

from app.wallet.history import Transaction, Transfer
from app.wallet.read import fields
from app.wallet.read.part import Part

_TOKENS = frozenset({"erc20", "erc721", "erc1155"})
_LEFT_OUT = frozenset({"internal", "specialnft"})  # movements of a contract, not of the wallet; and tokens without a standard


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one movement."""
    return fields.has_shape(value, ("blockNum",), ("hash",), ("from", "to"))


def is_answer(value: Any) -> bool:
    """Return whether `value` is the result of one call in one direction, with movements or empty."""
    if not isinstance(value, dict) or not isinstance(value.get("transfers"), list):
        return False
    return any(map(is_row, value["transfers"])) or (not value["transfers"] and value.keys() <= {"transfers", "pageKey"})


def answer(document: dict[str, Any]) -> Part:
    """Return the content of one call's result. The call must have used `withMetadata`, which adds the times."""
    transactions: list[Transaction] = []
    transfers: list[tuple[tuple[str, int], Transfer]] = []
    rows = fields.rows(document["transfers"], "the transfers")
    for made in fields.each(rows, _records, "transfer"):
        if isinstance(made, Transaction):
            transactions.append(made)
        else:
            transfers += made
    left_out = sum(row["category"] in _LEFT_OUT for row in rows)
    return Part(
        "alchemy",
        transactions if transactions or not rows else None,
        [*transfers] if transfers else None,
        last=False,
        left_out=left_out,
        untold=frozenset({"calls", "outcomes"}),
    )


def _records(row: dict[str, Any]) -> Transaction | list[tuple[tuple[str, int], Transfer]]:
    category = row.get("category")
    if category == "external":
        return _transaction(row)
    if isinstance(category, str) and category in _TOKENS:
        return _transfers(row, category)
    if not isinstance(category, str) or category not in _LEFT_OUT:
        fields.invalid("the category of a transfer is unknown")
    return []


def _time(row: dict[str, Any]) -> int:
    if not row.get("metadata"):
        fields.invalid("Alchemy was asked without the times of the blocks: ask it with withMetadata: true")
    return fields.time(fields.record(row["metadata"], "the metadata of a transfer").get("blockTimestamp"))


def _transaction(row: dict[str, Any]) -> Transaction:
    return Transaction(
        hash=fields.tx_hash(row.get("hash")),
        block=fields.block(row.get("blockNum")),
        time=_time(row),
        sender=fields.address(row.get("from"), "a sender"),
        recipient=fields.address(row.get("to"), "a recipient", optional=True),
        value=_amount(row),
    )


def _transfers(row: dict[str, Any], category: str) -> list[tuple[tuple[str, int], Transfer]]:
    identity = row.get("uniqueId")
    if not isinstance(identity, str):
        fields.invalid("a token transfer has no uniqueId")
    contract = fields.record(row.get("rawContract"), "the contract of a token transfer")
    values: list[int | None]
    if category == "erc1155":
        moved = fields.rows(row.get("erc1155Metadata"), "the moved tokens")
        values = [fields.whole(token.get("value"), "a value") for token in moved]
    else:
        values = [_amount(row) if category == "erc20" else None]
    common = (
        fields.tx_hash(row.get("hash")),
        fields.block(row.get("blockNum")),
        _time(row),
        fields.address(contract.get("address"), "a token"),
        fields.address(row.get("from"), "a sender"),
        fields.address(row.get("to"), "a recipient"),
    )
    return [((identity, at), Transfer(*common, value)) for at, value in enumerate(values)]


def _amount(row: dict[str, Any]) -> int:
    """Return the exact amount of `rawContract`, else the rounded one of `value`."""
    contract = fields.record(row.get("rawContract") or {}, "the contract of a transfer")
    exact = fields.whole(contract.get("value"), "a value", optional=True)
    if exact is not None:
        return exact
    decimals = fields.whole(contract.get("decimal"), "a token's decimals", 255, optional=True)
    return fields.units(row.get("value"), 18 if decimals is None else decimals, "a value")
