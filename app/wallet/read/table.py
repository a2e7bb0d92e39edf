"""Read CSV exports: those of Etherscan and its sister sites (BscScan, Polygonscan, ...), and Blockscout's.

A table is {"columns": [text, ...], "rows": [[text, ...], ...]}. Etherscan has changed its header several times ("Txhash",
"Transaction Hash"; "Value_IN(ETH)", "Amount"). So columns are recognised by the letters of their names, and the coin by the
text in brackets. Facts without a column are unknown: gas, call data (the name of a method is not call data), and a token's
smallest units. Headers: bittytax/conv/parsers of BittyTax (github.com/BittyTax/BittyTax); Blockscout, csv_export/address/*.ex.
"""

from __future__ import annotations

import re
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import Transaction, Transfer
from app.wallet.read import fields
from app.wallet.read.part import Part, Scope, settled, untold

_BLOCKSCOUT = frozenset({"txhash", "blocknumber", "unixtimestamp", "fromaddress", "toaddress"})
_IDENTITIES = frozenset({"txhash", "hash", "txid", "transactionid", "signature", "parenttransactionhash"})
_SAME = {"transactionhash": "txhash", "dateutc": "datetime", "tokenids": "tokenid", "to address": "to"}
_COIN = re.compile(r"\(([A-Za-z]+)\)\s*$")
_LETTERS = re.compile(r"\([^)]*\)|[@$].*|[^a-z]")
_AMOUNT = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)((?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?)(?: ?([A-Za-z]+))?")
_UNITS = {"WEI": 0, "GWEI": 9}
_WINDOWS = frozenset({5_000, 10_000})  # the most rows of an export: Etherscan, Blockscout
_COINS: dict[int, frozenset[str]] = {
    **dict.fromkeys((1, 10, 130, 324, 8453, 42161, 42170, 59144, 81457, 534352), frozenset({"ETH"})),
    25: frozenset({"CRO"}),
    56: frozenset({"BNB"}),
    100: frozenset({"XDAI"}),
    137: frozenset({"MATIC", "POL"}),
    250: frozenset({"FTM"}),
    1284: frozenset({"GLMR"}),
    5000: frozenset({"MNT"}),
    42220: frozenset({"CELO"}),
    43114: frozenset({"AVAX"}),
}
_KNOWN_COINS = frozenset[str]().union(*_COINS.values())
_OK = {"": True, "success": True, "ok": True, "fail": False, "failed": False, "error": False}


def is_table(value: Any) -> bool:
    """Return whether `value` is a table of transactions, from a known explorer or from elsewhere (which is refused)."""
    if not isinstance(value, dict) or not {"columns", "rows"} <= value.keys() <= {"columns", "rows", "separator"}:
        return False
    columns = value["columns"]
    return isinstance(columns, list) and all(isinstance(name, str) for name in columns) and may_be(columns)


def knows(columns: list[str]) -> bool:
    """Return whether a header is that of a known export: a hash, a time, and both ends of a transaction."""
    names = _names(columns)
    if names.keys() >= _BLOCKSCOUT:
        return True
    ends = "from" in names and bool({"to", "txto"} & names.keys())
    return (
        bool({"txhash", "parenttransactionhash"} & names.keys()) and bool({"unixtimestamp", "datetime"} & names.keys()) and ends
    )


def may_be(columns: list[str]) -> bool:
    """Return whether a header has a column that identifies a transaction, on whichever chain."""
    return bool(_IDENTITIES & _names(columns).keys())


def read_table(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a table. Raises `HistoryError`, also if it is too old or was saved by a spreadsheet."""
    if not knows(document["columns"]):
        whose = "Solana's, " if "signature" in _names(document["columns"]) else ""
        fields.invalid(f"this is {whose}a CSV, and its columns are not those of a known export")
    if document.get("separator", ",") != ",":
        fields.invalid(
            "a CSV export was saved anew by a spreadsheet, which may change its numbers: give it as it was downloaded"
        )
    names, columns = _names(document["columns"]), document["columns"]
    rows = document["rows"]
    if not isinstance(rows, list):
        fields.invalid("the rows of a table are not a list")
    if len(rows) > LIMITS.history_records:
        fields.too_large()
    cells = fields.each(rows, lambda row: _cells(names, row, len(columns)), "line", 2)
    filled = [row for row in cells if row]
    if names.keys() >= _BLOCKSCOUT:
        return _blockscout(names, cells, filled, scope)
    return _etherscan(names, cells, filled, scope, _coin(columns, scope))


def _names(columns: list[str]) -> dict[str, int]:
    """Return the place of each column by the letters of its name, without the columns of prices in US dollars."""
    found: dict[str, int] = {}
    for place, column in enumerate(columns):
        name = _LETTERS.sub("", column.lower())
        if "usd" not in column.lower():
            found.setdefault(_SAME.get(name, name), place)
    return found


def _cells(names: dict[str, int], row: Any, width: int) -> dict[str, str]:
    """Return the cells of a row by name; none for an empty line. Etherscan's rows may have one cell more than the header."""
    if not isinstance(row, list) or not all(isinstance(cell, str) for cell in row):
        fields.invalid("it is not a list of texts")
    if not any(cell.strip() for cell in row):
        return {}
    if not width <= len(row) <= width + 1:
        fields.invalid(f"it has {len(row)} cells where the header has {width}")
    return {name: row[place].strip() for name, place in names.items()}


def _coin(columns: list[str], scope: Scope) -> str | None:
    """Return the coin that the header names. Raises `HistoryError` if it is known to be another chain's."""
    found = [match[1].upper() for column in columns if "usd" not in column.lower() if (match := _COIN.search(column))]
    coin = next((name for name in found if name != "UTC"), None)
    _check_coin(coin, scope)
    return coin


def _check_coin(coin: str | None, scope: Scope) -> None:
    mine = _COINS.get(scope.chain_id)
    if coin and mine and coin not in mine and coin in _KNOWN_COINS:
        raise HistoryError("history.mixed_chains", "a CSV export counts in the coin of another chain")


def _etherscan(
    names: dict[str, int], cells: list[dict[str, str]], filled: list[dict[str, str]], scope: Scope, coin: str | None
) -> Part:
    last = len(filled) not in _WINDOWS
    if {"parenttxfrom", "parenttransactionhash"} & names.keys():
        return Part("etherscan_csv", left_out=len(filled), last=last)
    if {"tokenvalue", "tokenid", "tokensymbol", "tokenname", "token"} & names.keys():
        _need(names, "blockno", "contractaddress")
        made = fields.each(cells, lambda row: _transfer(row, "blockno", "contractaddress", "from", "to"), "line", 2)
        return Part("etherscan_csv", transfers=[(None, one) for one in made if one], last=last)
    _need(names, "blockno")
    if not {"valuein", "valueout"} <= names.keys() and "amount" not in names:
        fields.invalid("a CSV export has no column with the value of a transaction")
    told = fields.each(cells, lambda row: _transaction(row, scope, coin), "line", 2)
    missing = untold(calls=False, outcomes="status" in names)
    return Part("etherscan_csv", transactions=[one for one in told if one], last=last, untold=missing)


def _blockscout(names: dict[str, int], cells: list[dict[str, str]], filled: list[dict[str, str]], scope: Scope) -> Part:
    last = len(filled) not in _WINDOWS
    if {"calltype", "txindex", "blockindex"} & names.keys():
        return Part("blockscout_csv", left_out=len(filled), last=last)
    if "tokencontractaddress" in names:
        ends = ("blocknumber", "tokencontractaddress", "fromaddress", "toaddress")
        made = fields.each(cells, lambda row: _transfer(row, *ends), "line", 2)
        return Part("blockscout_csv", transfers=[(None, one) for one in made if one], last=last)
    _need(names, "value", "status")
    told = fields.each(cells, lambda row: _mined(row, scope), "line", 2)
    plain = [one for one in told if one]
    return Part("blockscout_csv", transactions=plain, last=last, untold=frozenset({"calls"}))


def _need(names: dict[str, int], *needed: str) -> None:
    """Raise `HistoryError` if a needed column is missing. Old exports of tokens lack the block, page data lacks the token."""
    if missing := [name for name in needed if name not in names]:
        fields.invalid(f"a CSV export lacks a column that is needed: {missing[0]}")


def _time(row: dict[str, str]) -> int:
    return fields.time(row["unixtimestamp"] if "unixtimestamp" in row else row["datetime"])


def _transaction(row: dict[str, str], scope: Scope, coin: str | None) -> Transaction | None:
    if not row:
        return None
    sender, created = (
        fields.address(row["from"], "a sender"),
        fields.address(row.get("contractaddress"), "a contract", optional=True),
    )
    to = fields.address(row.get("to", row.get("txto")), "a recipient", optional=True)
    raw = Transaction(
        hash=fields.tx_hash(row["txhash"]),
        block=fields.block(row["blockno"]),
        time=_time(row),
        sender=sender,
        recipient=None if to == created else to,
        value=_value(row, scope, coin),
        ok=_ok(row),
        created=created,
    )
    return settled(raw, None, scope, row.get("method"))


def _value(row: dict[str, str], scope: Scope, coin: str | None) -> int:
    if "amount" in row:
        return _wei(row["amount"], scope, coin)
    found = {_wei(row[name], scope, coin) for name in ("valuein", "valueout") if row[name]} - {0}
    if len(found) > 1 or not (row["valuein"] or row["valueout"]):
        fields.invalid("a transaction has no value, or two different ones")
    return found.pop() if found else 0


def _wei(text: str, scope: Scope, coin: str | None) -> int:
    found = _AMOUNT.fullmatch(text)
    if not found:
        fields.invalid("a value is not an amount")
    unit = (found[3] or coin or "").upper()
    if unit not in _UNITS:
        _check_coin(unit, scope)
    return fields.units(found[1].replace(",", "") + found[2], _UNITS.get(unit, 18), "a value")


def _ok(row: dict[str, str]) -> bool | None:
    """Return whether the transaction succeeded. An export names failures and leaves the columns empty otherwise."""
    if "status" not in row:
        return None
    told = re.sub(r"\(.*", "", row["status"].lower()).strip()
    if told not in _OK:
        fields.invalid("the status of a transaction is not known")
    return _OK[told] and not row.get("errcode")


def _mined(row: dict[str, str], scope: Scope) -> Transaction | None:
    """Return one of Blockscout's transactions, whose amounts are in wei."""
    if not row:
        return None
    status = row["status"].lower()
    if status not in ("", "ok", "error"):
        fields.invalid("the status of a transaction is neither ok nor error")
    raw = Transaction(
        hash=fields.tx_hash(row["txhash"]),
        block=fields.block(row["blocknumber"]),
        time=_time(row),
        sender=fields.address(row["fromaddress"], "a sender"),
        recipient=fields.address(row["toaddress"], "a recipient", optional=True),
        value=fields.whole(row["value"], "a value"),
        ok=None if status == "" else status == "ok",
        created=fields.address(row.get("contractaddress"), "a created contract", optional=True),
    )
    return settled(raw, None, scope)


def _transfer(row: dict[str, str], block: str, token: str, sender: str, recipient: str) -> Transfer | None:
    if not row:
        return None
    return Transfer(
        hash=fields.tx_hash(row["txhash"]),
        block=fields.block(row[block]),
        time=_time(row),
        token=fields.address(row[token], "a token"),
        sender=fields.address(row[sender], "a sender"),
        recipient=fields.address(row[recipient], "a recipient"),
        value=None,
    )
