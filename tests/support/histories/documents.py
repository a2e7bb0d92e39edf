"""Single rows and documents as explorers write them, for cases written by hand."""

from __future__ import annotations

from typing import Any

WALLET, OTHER, TOKEN, THIRD = ("0x" + digits * 20 for digits in ("a1", "b2", "c3", "d4"))
HASH = "0x" + "5e" * 32


def event(at: int, **transaction: str) -> dict[str, Any]:
    return {"Block": {"Timestamp": str(at)}, "Log": {"Address": TOKEN}, "Transaction": {"Value": "0.0001", **transaction}}


def moved(category: object, unique: str, **more: Any) -> dict[str, Any]:
    return {
        "blockNum": "0x10",
        "uniqueId": f"{HASH}:{unique}",
        "hash": HASH,
        "from": WALLET,
        "to": OTHER,
        "category": category,
        "value": 0.1,
        "asset": "ETH",
        "rawContract": {"value": None, "address": None, "decimal": "0x12"},
        "metadata": {"blockTimestamp": "2024-01-02T03:04:05.000Z"},
        **more,
    }


def row(**more: Any) -> dict[str, Any]:
    """Return one row of txlist, after Byzantium."""
    plain = {"blockNumber": "5000000", "timeStamp": "1517319693", "hash": HASH, "nonce": "0", "from": WALLET, "to": OTHER}
    return {**plain, "value": "1", "gasPrice": "1", "gasUsed": "21000", "input": "0x", "isError": "0"} | more


def logged(method: str, address: str, rows: list[dict[str, str]], **page: int) -> dict[str, Any]:
    """Return a call and its rows as the package etherscan-python logs them in its tests: rows of 2020, which tell less."""
    plain = [{name: value for name, value in row.items() if name not in {"methodId", "functionName"}} for row in rows]
    asked = {"address": address, "startblock": 0, "endblock": 99_999_999, **page, "sort": "asc"}
    return {"method": method, "module": "accounts", "kwargs": asked, "log_timestamp": "2020-10-28-12:34:30", "res": plain}


EMPTY = {"status": "0", "message": "No transactions found", "result": []}
TOKEN_ROW = row(contractAddress=TOKEN, tokenSymbol="X", input="deprecated")
TOKENS = {"status": "1", "message": "OK", "result": [TOKEN_ROW]}
