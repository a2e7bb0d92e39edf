"""Etherscan's `txlist`, `tokentx`, `tokennfttx` and `token1155tx`, which Blockscout's RPC-compatible API answers too.

Formats: docs.etherscan.io, "Accounts"; Blockscout, address_view.ex of its RPC API, which has `methodId` but no
`functionName`, and real call data where Etherscan's token rows say "deprecated".
"""

from __future__ import annotations

from typing import Any

from app.errors import HistoryError
from app.wallet.history import Source, Transaction, Transfer
from app.wallet.readers import fields
from app.wallet.readers.part import Part, Scope, settled

_WINDOWS = frozenset({1_000, 5_000, 10_000})  # rows that a plan of Etherscan's gives at most
_NOTHING = frozenset({"no transactions found", "no records found", "no token transfers found"})
_GENESIS = "GENESIS"


def is_row(value: Any) -> bool:
    """Return whether `value` is shaped like one row of a list."""
    return isinstance(value, dict) and "blockNumber" in value and "hash" in value and "timeStamp" in value


def is_answer(value: Any) -> bool:
    """Return whether `value` is the envelope of an answer, an error included."""
    return isinstance(value, dict) and {"status", "message", "result"} <= value.keys()


def is_recorded(value: Any) -> bool:
    """Return whether `value` is an answer as the etherscan-python library records it, with its method and arguments."""
    return isinstance(value, dict) and {"method", "kwargs", "res"} <= value.keys()


def answer(document: dict[str, Any], scope: Scope) -> Part:
    """Return what an answer says. An error, which comes with HTTP 200, raises `HistoryError` history.refused_by_source."""
    result, status, message = document["result"], document["status"], document["message"]
    if isinstance(result, list):
        if str(status) == "0" and not result and isinstance(message, str) and message.lower() in _NOTHING:
            return Part(None, is_empty=True)
        if str(status) == "1" or (str(status) == "2" and result):  # 2: Blockscout still looks for internal transactions
            return listed(result, scope)
    raise HistoryError("history.refused_by_source", "the explorer answered with an error")


def recorded(document: dict[str, Any], scope: Scope) -> Part:
    """Return what a recorded answer says; its `kwargs` tell the wallet and the page size that were asked for."""
    asked = fields.record(document["kwargs"], "the arguments of a recorded answer")
    if fields.address(asked.get("address"), "the address of a recorded answer", optional=True) not in (None, scope.wallet):
        raise HistoryError("history.other_wallet", "a recorded answer is about another wallet")
    if not isinstance(document["res"], list):
        raise HistoryError("history.refused_by_source", "the explorer answered with an error")
    if document["res"]:
        return listed(document["res"], scope, fields.whole(asked.get("offset"), "a page size", optional=True))
    is_token = "token" in str(document["method"])
    return Part("etherscan", transfers=[]) if is_token else Part("etherscan", transactions=[])


def listed(value: Any, scope: Scope, page_size: int | None = None) -> Part:
    """Return what the rows say: all of one kind, internal transactions left out. A full page may not be the last."""
    rows = fields.rows(value, "a list of an explorer")
    if not rows:
        return Part(None, is_empty=True)
    last = len(rows) not in _WINDOWS and len(rows) != page_size
    if any(_is_internal(row) for row in rows):
        return Part(None)
    is_token = _is_token(rows[0])
    if any(_is_token(row) is not is_token for row in rows):
        fields.invalid("a list of an explorer mixes transactions and token transfers")
    if not is_token:
        source: Source = "blockscout" if all("methodId" in row and "functionName" not in row for row in rows) else "etherscan"
        return Part(source, transactions=[_transaction(row, scope) for row in rows], last=last)
    source = "blockscout" if all(row.get("input", "deprecated") != "deprecated" for row in rows) else "etherscan"
    told = [row for row in rows if row.get("timeStamp") != ""]  # Blockscout forgets the time of some
    return Part(source, transfers=[(None, _transfer(row)) for row in told], last=last and len(told) == len(rows))


def _is_token(row: dict[str, Any]) -> bool:
    return "tokenSymbol" in row or "tokenDecimal" in row or "tokenID" in row


def _is_internal(row: dict[str, Any]) -> bool:
    return "traceId" in row or "errCode" in row


def _transaction(row: dict[str, Any], scope: Scope) -> Transaction:
    is_genesis = row.get("from") == _GENESIS
    fields.whole(row.get("nonce"), "a nonce", optional=True)
    raw = Transaction(
        hash=_genesis_hash(row.get("hash")) if is_genesis else fields.tx_hash(row.get("hash")),
        block=fields.block(row.get("blockNumber")),
        time=fields.time(row.get("timeStamp")),
        sender=None if is_genesis else fields.address(row.get("from"), "a sender"),
        recipient=fields.address(row.get("to"), "a recipient", optional=True),
        value=fields.whole(row.get("value"), "a value"),
        gas_used=fields.whole(row.get("gasUsed"), "used gas", optional=True),
        gas_price=fields.whole(row.get("gasPrice"), "a gas price", optional=True),
        ok=_ok(row),
        created=fields.address(row.get("contractAddress"), "a created contract", optional=True),
    )
    return settled(raw, row.get("input"), scope, row.get("methodId"))


def _genesis_hash(value: Any) -> str:
    if not isinstance(value, str) or not value.startswith(_GENESIS + "_"):
        fields.invalid("a genesis allocation has no GENESIS hash")
    return "genesis_" + fields.address("0x" + value.removeprefix(_GENESIS + "_").removeprefix("0x"), "an allocation's hash")[2:]


def _ok(row: dict[str, Any]) -> bool | None:
    error = fields.whole(row.get("isError"), "isError", 1, optional=True)
    status = fields.whole(row.get("txreceipt_status"), "txreceipt_status", 1, optional=True)
    if error is None and status is None:
        return None
    return error != 1 and status != 0


def _transfer(row: dict[str, Any]) -> Transfer:
    amount = row.get("tokenValue", None if "tokenID" in row else row.get("value"))
    return Transfer(
        hash=fields.tx_hash(row.get("hash")),
        block=fields.block(row.get("blockNumber")),
        time=fields.time(row.get("timeStamp")),
        token=fields.address(row.get("contractAddress"), "a token"),
        sender=fields.address(row.get("from"), "a sender"),
        recipient=fields.address(row.get("to"), "a recipient"),
        value=None if "tokenID" in row and amount is None else fields.whole(amount, "a value"),
    )
