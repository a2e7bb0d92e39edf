"""A node's own answers: pages of `ots_searchTransactionsBefore`, and `eth_getLogs` with the times of its blocks.

Documents, each as the node sent it or as the `result` of a JSON-RPC answer:
    {"txs": [...], "receipts": [...], "firstPage": b, "lastPage": b}   one page (Otterscan's API, level 1)
    {"logs": [...], "blocks": [{"number": "0x..", "timestamp": "0x.."}]}
        logs of any eth_getLogs; `blocks` gives the times that the logs have not in `blockTimestamp`; anything
        else that eth_getBlockByNumber says of a block is left alone
"""

from __future__ import annotations

import re
from typing import Any

from app.errors import HistoryError
from app.limits import LIMITS
from app.wallet.history import Transaction, Transfer
from app.wallet.readers import fields
from app.wallet.readers.part import Part, Scope, settled

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256 of Transfer(address,address,uint256): ERC-20 with two indexed arguments, ERC-721 with three."""
_WORD = re.compile("0x[0-9a-fA-F]{64}")


def is_page(value: Any) -> bool:
    """Return whether `value` is shaped like a page of ots_searchTransactionsBefore."""
    return isinstance(value, dict) and {"txs", "receipts"} <= value.keys()


def is_logs(value: Any) -> bool:
    """Return whether `value` holds logs and, if need be, the times of their blocks."""
    return isinstance(value, dict) and "logs" in value and value.keys() <= {"logs", "blocks"}


def is_log(value: Any) -> bool:
    """Return whether `value` is shaped like one log."""
    return isinstance(value, dict) and {"topics", "data"} <= value.keys()


def page(document: dict[str, Any], scope: Scope) -> Part:
    """Return what a page says. Raises `HistoryError` also if receipts do not belong to the transactions."""
    txs, receipts = fields.rows(document["txs"], "the transactions"), fields.rows(document["receipts"], "the receipts")
    ends = document.get("firstPage"), document.get("lastPage")
    if len(txs) != len(receipts) or not all(isinstance(end, bool) for end in ends):
        fields.invalid("a page needs one receipt for each transaction, firstPage and lastPage")
    made = [_transaction(tx, receipt, scope) for tx, receipt in zip(txs, receipts, strict=True)]
    return Part("rpc", transactions=made, first=ends[0] is True, last=ends[1] is True)


def logs(document: dict[str, Any]) -> Part:
    """Return the token transfers among the logs; what is no ERC-20 or ERC-721 transfer, or was removed, is left out."""
    known = fields.rows(document.get("blocks", []), "the blocks")
    times = {fields.block(row.get("number")): fields.time(row.get("timestamp")) for row in known}
    made = [_transfer(log, times) for log in fields.rows(document["logs"], "the logs")]
    return Part("rpc", transfers=[found for found in made if found])


def _transaction(tx: dict[str, Any], receipt: dict[str, Any], scope: Scope) -> Transaction:
    made = Transaction(
        hash=fields.tx_hash(tx.get("hash")),
        block=fields.block(tx.get("blockNumber")),
        time=fields.time(receipt.get("timestamp")),
        sender=fields.address(tx.get("from"), "a sender"),
        recipient=fields.address(tx.get("to"), "a recipient", optional=True),
        value=fields.whole(tx.get("value"), "a value"),
        gas_used=fields.whole(receipt.get("gasUsed"), "used gas", optional=True),
        gas_price=fields.whole(receipt.get("effectiveGasPrice", tx.get("gasPrice")), "a gas price", optional=True),
        ok=_ok(receipt.get("status")),
        created=fields.address(receipt.get("contractAddress"), "a created contract", optional=True),
    )
    if fields.tx_hash(receipt.get("transactionHash", made.hash)) != made.hash:
        raise HistoryError("history.contradictory", "a receipt belongs to another transaction")
    if fields.block(receipt.get("blockNumber", made.block)) != made.block:
        raise HistoryError("history.contradictory", "a receipt and its transaction name different blocks")
    if (chain_id := tx.get("chainId")) is not None and fields.whole(chain_id, "a chain id") != scope.chain_id:
        raise HistoryError("history.mixed_chains", "a transaction is signed for another chain")
    return settled(made, tx.get("input", tx.get("data")), scope)


def _ok(status: Any) -> bool | None:
    told = fields.whole(status, "the status of a transaction", 1, optional=True)
    return None if told is None else told == 1


def _transfer(log: dict[str, Any], times: dict[int, int]) -> tuple[tuple[str, int], Transfer] | None:
    topics, data = log.get("topics"), log.get("data")
    if not isinstance(topics, list) or not isinstance(data, str):
        fields.invalid("a log has no topics or no data")
    if log.get("removed") is True or not topics or topics[0] != TRANSFER:
        return None
    if not all(isinstance(topic, str) and _WORD.fullmatch(topic) for topic in topics):
        fields.invalid("a topic is not 32 bytes of hex")
    is_unique = len(topics) == 4
    if not is_unique and (len(topics) != 3 or not _WORD.fullmatch(data)):
        return None  # any contract may log anything
    block = fields.block(log.get("blockNumber"))
    made = Transfer(
        hash=fields.tx_hash(log.get("transactionHash")),
        block=block,
        time=fields.time(log.get("blockTimestamp") or times.get(block)),
        token=fields.address(log.get("address"), "a token"),
        sender="0x" + topics[1][26:].lower(),
        recipient="0x" + topics[2][26:].lower(),
        value=None if is_unique else int(data, 16),
    )
    return (made.hash, fields.whole(log.get("logIndex"), "a log index", LIMITS.json_integer)), made
