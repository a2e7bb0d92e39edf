"""Recognise formats of wallet histories that are not supported, so that an error can name them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

_ROWS = 100  # how many rows are examined


def name(value: Any) -> str | None:
    """Return the name of the source whose format `value` has, None if it is none of these."""
    return next((whose for whose, fits in _NAMES.items() if any(fits(one) for one in _objects(value))), None)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the object itself, the objects in its `data` or `result`, and the first rows of their lists."""
    if isinstance(value, list):
        yield from (row for row in islice(value, _ROWS) if isinstance(row, dict))
    if not isinstance(value, dict):
        return
    yield value
    for key in ("data", "result", "items", "rows", "transactions", "txs"):
        yield from _objects(value.get(key))


def _has(*keys: str) -> Callable[[dict[str, Any]], bool]:
    return lambda value: set(keys) <= value.keys()


_NAMES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "DeBank's": _has("history_list", "token_dict"),
    "Zerion's": lambda value: value.get("type") == "transactions" and isinstance(value.get("attributes"), dict),
    "Zapper's": lambda value: any(key in value for key in ("transactionHistoryV2", "accountsTimeline", "accountEvents")),
    "Ankr's": lambda value: (
        {"transactions", "nextPageToken"} <= value.keys() or {"blockchain", "blockHash", "timestamp"} <= value.keys()
    ),
    "QuickNode's": _has("paginatedItems", "totalItems"),
    "a list of receipts, which have neither times nor values,": lambda value: (
        isinstance(value.get("receipts"), list) or {"transactionHash", "cumulativeGasUsed", "logsBloom"} <= value.keys()
    ),
    "a node's transaction, which has no time,": _has("hash", "blockNumber", "nonce", "gas", "input"),
    "Bitquery's old": lambda value: (
        isinstance(value.get("ethereum"), dict)
        and any(key in value["ethereum"] for key in ("transactions", "transfers", "smartContractCalls"))
    ),
    "Covalent's, but of another kind than transactions,": _has("contract_ticker_symbol", "contract_address", "balance"),
    "Solana's": lambda value: (
        {"signature", "slot"} <= value.keys()
        or {"txHash", "slot"} <= value.keys()
        or {"trans_id", "block_time"} <= value.keys()
    ),
    "Bitcoin's": lambda value: (
        {"vin", "vout"} <= value.keys() or {"hash160", "n_tx"} <= value.keys() or {"inputs", "out"} <= value.keys()
    ),
    "Tron's": lambda value: {"txID", "raw_data"} <= value.keys() or {"transaction_id", "token_info"} <= value.keys(),
}
