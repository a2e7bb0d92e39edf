"""Read Bitquery's `EVM` answers: lists of Transactions and of Transfers, and Events, which are only counted.

Amounts are in whole coins. Transfers of coins are movements within transactions, and are left out. The answers do not tell the
smallest unit of a token. Format: docs.bitquery.io, "Transactions", "Transfers" and "Events" of the EVM API.
"""

from __future__ import annotations

from typing import Any

from app.base.errors import HistoryError
from app.formats.hex_words import ZERO_ADDRESS
from app.wallet.history import Summary, Transaction, Transfer
from app.wallet.read import call_data, fields
from app.wallet.read.part import Part, Scope, settled, untold

_WINDOWS = frozenset({1_000, 5_000, 10_000, 25_000})  # the most rows that Bitquery gives, by plan and by default
_LISTS = frozenset({"Transactions", "Transfers", "Events"})


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one row of Transactions or of Transfers."""
    if not isinstance(value, dict) or not isinstance(value.get("Block"), dict):
        return False
    return fields.has_shape(value.get("Transaction"), (), ("Hash",), ())


def is_answer(value: Any) -> bool:
    """Return whether `value` has the shape of an answer, with or without its `data`; its list may be empty or missing."""
    body = _body(value)
    return isinstance(body, dict) and "EVM" in body and _is_evm(body["EVM"])


def is_told(value: Any) -> bool:
    """Return whether `value` is an answer with at least one of the lists, and with rows of Bitquery's only."""
    if not is_answer(value):
        return False
    evm = _body(value)["EVM"] or {}
    rows = [row for found in evm.values() if isinstance(found, list) for row in found]
    return bool(evm) and all(isinstance(row, dict) and isinstance(row.get("Block"), dict) for row in rows)


def answer(document: dict[str, Any], scope: Scope) -> list[Part]:
    """Return the content of an answer, one part for each list. The rows tell what a list under an alias holds."""
    evm = _body(document)["EVM"]
    if not evm or any(value is None for value in evm.values()):
        raise HistoryError("history.refused_by_source", "Bitquery gave no list of events, transactions or transfers")
    parts = []
    for name, value in sorted(evm.items()):
        rows = fields.rows(value, "a list of Bitquery's")
        kind = name if name in _LISTS else _kind(rows)
        parts.append(_events(rows) if kind == "Events" else _listed(rows, scope, kind))
    return parts


def listed(rows: list[dict[str, Any]], scope: Scope) -> Part:
    """Return the content of rows that were taken out of their answer."""
    kind = _kind(rows)
    return _events(rows) if kind == "Events" else _listed(rows, scope, kind)


def _body(value: Any) -> Any:
    return value["data"] if isinstance(value, dict) and "EVM" not in value and "data" in value else value


def _is_evm(value: Any) -> bool:
    if not isinstance(value, dict):
        return value is None
    lists = [rows for rows in value.values() if isinstance(rows, list)]
    return bool(_LISTS & value.keys()) or any(is_row(row) for rows in lists for row in rows)


def _kind(rows: list[dict[str, Any]]) -> str:
    if not all(isinstance(row.get("Block"), dict) for row in rows):
        fields.invalid("a list of Bitquery's holds neither events nor transactions nor transfers")
    if any("Transfer" in row for row in rows):
        return "Transfers"
    return "Events" if any("Log" in row for row in rows) else "Transactions"


def _listed(rows: list[dict[str, Any]], scope: Scope, name: str) -> Part:
    last = len(rows) not in _WINDOWS
    if name == "Transfers":
        moved = fields.each(rows, _transfer)
        made = [(None, one) for one in moved if one is not None]
        return Part("bitquery", transfers=[*made], last=last, left_out=moved.count(None))
    told = fields.each(rows, lambda row: _transaction(row, scope))
    calls = any(call_data.is_told(row["Transaction"].get("Data")) for row in rows)
    outcomes = any(_ok(row) is not None for row in rows)
    missing = untold(calls=calls or not rows, outcomes=outcomes or not rows)
    return Part("bitquery", transactions=told, last=last, untold=missing)


def _inside(row: dict[str, Any], name: str) -> dict[str, Any]:
    return fields.record(row.get(name) or {}, name)


def _place(row: dict[str, Any]) -> tuple[str, int, int]:
    """Return the hash, block and time of a row."""
    block, transaction = _inside(row, "Block"), _inside(row, "Transaction")
    if "Number" not in block or "Hash" not in transaction or not block.keys() & {"Time", "Timestamp"}:
        fields.invalid("Bitquery was not asked for Block {Number Time} and Transaction {Hash}")
    time = fields.time(block.get("Time", block.get("Timestamp")))
    return fields.tx_hash(transaction["Hash"]), fields.block(block["Number"]), time


def _ok(row: dict[str, Any]) -> bool | None:
    told, status = _inside(row, "TransactionStatus").get("Success"), _inside(row, "Receipt").get("Status")
    if isinstance(told, bool):
        return told
    number = fields.whole(status, "the status of a receipt", 1, optional=True)
    return None if number is None else number == 1


def _transaction(row: dict[str, Any], scope: Scope) -> Transaction:
    place, told, receipt = _place(row), _inside(row, "Transaction"), _inside(row, "Receipt")
    if not {"From", "To", "Value"} <= told.keys():
        fields.invalid("Bitquery was not asked for Transaction {From To Value}")
    if fields.whole(row.get("ChainId"), "a chain id", optional=True) not in (None, scope.chain_id):
        raise HistoryError("history.mixed_chains", "a transaction is of another chain")
    to = None if told["To"] in ("0x", ZERO_ADDRESS) and _created(receipt) else told["To"]
    price = told.get("GasPrice")
    raw = Transaction(
        *place,
        sender=fields.address(told["From"], "a sender"),
        recipient=fields.address(to, "a recipient", optional=True),
        value=fields.units(told["Value"], 18, "a value"),
        gas_used=fields.whole(receipt.get("GasUsed"), "used gas", optional=True),
        gas_price=None if price in (None, "") else fields.units(price, 18, "a gas price"),
        ok=_ok(row),
        created=_created(receipt),
    )
    return settled(raw, told.get("Data"), scope)


def _created(receipt: dict[str, Any]) -> str | None:
    found = receipt.get("ContractAddress")
    return None if found in ("0x", ZERO_ADDRESS) else fields.address(found, "a created contract", optional=True)


def _transfer(row: dict[str, Any]) -> Transfer | None:
    place, moved = _place(row), _inside(row, "Transfer")
    currency = _inside(moved, "Currency")
    if not {"Sender", "Receiver"} <= moved.keys() or "SmartContract" not in currency:
        fields.invalid("Bitquery was not asked for Transfer {Sender Receiver Currency {SmartContract}}")
    if currency.get("Native") is True or currency["SmartContract"] in ("", "0x"):
        return None
    return Transfer(
        *place,
        token=fields.address(currency["SmartContract"], "a token"),
        sender=fields.address(moved["Sender"], "a sender"),
        recipient=fields.address(moved["Receiver"], "a recipient"),
        value=None,
    )


def _events(rows: list[dict[str, Any]]) -> Part:
    """Return the number of transactions that the events belong to; an event without `Transaction.Hash` counts as one.

    The numbers of two answers in one history are added up, because nothing in events would show an overlap.
    """
    times = fields.each(rows, _event_time, "event")
    hashes = [_inside(row, "Transaction").get("Hash") for row in rows]
    total = len({fields.tx_hash(value) for value in hashes}) if all(hashes) else len(rows)
    summary = Summary(total, first_time=min(times, default=None), last_time=max(times, default=None))
    return Part("bitquery", summary=summary, last=len(rows) not in _WINDOWS)


def _event_time(row: dict[str, Any]) -> int:
    block = fields.record(row.get("Block"), "the block of an event")
    return fields.time(block.get("Timestamp", block.get("Time")))
