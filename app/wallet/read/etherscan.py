"""Read Etherscan's `txlist`, `tokentx`, `tokennfttx` and `token1155tx`, also as Blockscout's RPC-compatible API gives them.

People put several lists into one array, so the type of each row is found from the row itself. Rows of `txlistinternal`, of
mined blocks and of beacon withdrawals are not transactions of the wallet, and are left out and counted.

Formats: docs.etherscan.io, "Accounts"; Blockscout, address_view.ex of its RPC API, which has `methodId` but no `functionName`,
and real call data where Etherscan's token rows say "deprecated".
"""

from __future__ import annotations

from typing import Any

from app.base.errors import HistoryError
from app.wallet.history import HistoryFormat, Transaction, Transfer, Untold
from app.wallet.read import call_data, fields
from app.wallet.read.part import Part, Scope, settled, untold

_WINDOWS = frozenset({1_000, 5_000, 10_000})  # the most rows that Etherscan's plans give
_NOTHING = frozenset({"no transactions found", "no records found", "no token transfers found"})
_NOTHING_INTERNAL = "no internal transactions found"  # Blockscout
_STATUS = frozenset({"0", "1", "2"})
_GENESIS = "GENESIS"
_TOKEN = frozenset({"tokenName", "tokenSymbol", "tokenDecimal", "tokenID"})
CALLS = frozenset({"call", "callcode", "delegatecall", "staticcall", "create", "create2", "suicide", "selfdestruct", "reward"})
"""The names that explorers have for the kinds of an internal transaction."""


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one row of a list, be it one that is left out."""
    names = ("blockNumber", "timeStamp")
    return fields.has_shape(value, names, ("hash", "transactionHash"), ("from", "to", "contractAddress")) or (
        isinstance(value, dict) and _is_no_record(value)
    )


def is_answer(value: Any) -> bool:
    """Return whether `value` is the envelope of an answer or of an error."""
    return isinstance(value, dict) and {"status", "message", "result"} <= value.keys() and str(value["status"]) in _STATUS


def is_refusal(value: Any) -> bool:
    """Return whether `value` is exactly an error of Etherscan's: NOTOK and the reason."""
    return is_answer(value) and len(value) == 3 and value["message"] == "NOTOK" and isinstance(value["result"], str)


def is_recorded(value: Any) -> bool:
    """Return whether `value` is an answer as the etherscan-python library records it, with its method and arguments."""
    return isinstance(value, dict) and {"method", "kwargs", "res"} <= value.keys()


def answer(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of an answer.

    An error, which comes with HTTP 200, raises `HistoryError` history.refused_by_source.
    """
    result, status, message = document["result"], str(document["status"]), str(document["message"]).lower()
    if isinstance(result, list):
        if status == "0" and not result and message in _NOTHING:
            return Part(None, is_empty=True)
        if status == "0" and not result and message == _NOTHING_INTERNAL:
            return Part(None)
        if status == "1" or (status == "2" and result):  # 2: Blockscout is still looking for internal transactions
            return listed(result, scope)
    if status == "1" and isinstance(result, str) and result.isdecimal():
        fields.invalid("an explorer's answer holds a number, such as a balance, and no transactions")
    raise HistoryError("history.refused_by_source", "the explorer answered with an error")


def recorded(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a recorded answer; its `kwargs` tell the wallet and the page size of the call."""
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
    """Return the content of the rows, each read by itself. A full page may not be the last."""
    rows = fields.rows(value, "a list of an explorer")
    if not rows:
        return Part(None, is_empty=True)
    made = fields.each(rows, lambda row: _record(row, scope))
    plain = [row for row, one in zip(rows, made, strict=True) if isinstance(one, Transaction)]
    tokens = [row for row in rows if _is_token(row)]
    timeless = sum(row.get("timeStamp") == "" for row in tokens)
    return Part(
        _source(plain, tokens),
        transactions=[one for one in made if isinstance(one, Transaction)] if plain else None,
        transfers=[(None, one) for one in made if isinstance(one, Transfer)] if tokens else None,
        last=len(rows) not in _WINDOWS and len(rows) != page_size and not timeless,
        left_out=made.count(None),
        untold=_untold(plain),
    )


def _record(row: dict[str, Any], scope: Scope) -> Transaction | Transfer | None:
    if _is_no_record(row):
        return None
    if not is_row(row):
        fields.invalid("it is not a row of an explorer's list")
    if not _is_token(row):
        return _transaction(row, scope)
    return None if row.get("timeStamp") == "" else _transfer(row)  # Blockscout loses the time of some


def _source(plain: list[dict[str, Any]], tokens: list[dict[str, Any]]) -> HistoryFormat | None:
    if plain:
        return "blockscout" if all("methodId" in row and "functionName" not in row for row in plain) else "etherscan"
    if tokens:
        return "blockscout" if all(row.get("input", "deprecated") != "deprecated" for row in tokens) else "etherscan"
    return None


def _untold(rows: list[dict[str, Any]]) -> frozenset[Untold]:
    """Return the facts that none of the transaction rows tells."""
    if not rows:
        return frozenset()
    calls = any(call_data.is_told(row.get("input"), row.get("methodId")) for row in rows if row.get("from") != _GENESIS)
    outcomes = any(row.get("isError") not in (None, "") or row.get("txreceipt_status") not in (None, "") for row in rows)
    only_genesis = all(row.get("from") == _GENESIS for row in rows)
    return untold(calls=calls or only_genesis, outcomes=outcomes)


def _is_token(row: dict[str, Any]) -> bool:
    return bool(_TOKEN & row.keys())


def _is_no_record(row: dict[str, Any]) -> bool:
    """Return whether the row is an internal transaction, a mined block or a withdrawal of a validator."""
    if {"blockNumber", "blockReward"} <= row.keys() or {"withdrawalIndex", "validatorIndex"} <= row.keys():
        return True
    if not {"blockNumber", "timeStamp"} <= row.keys() or _is_token(row):
        return False
    kind = row.get("type")
    is_call = isinstance(kind, str) and kind.lower() in CALLS and not {"nonce", "gasPrice"} & row.keys()
    return "traceId" in row or "errCode" in row or is_call


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
