"""Read a node's own answers: pages of `ots_searchTransactionsBefore`, and `eth_getLogs` with the times of its blocks.

Documents, each as the node sent it or as the `result` of a JSON-RPC answer:
    {"txs": [...], "receipts": [...], "firstPage": b, "lastPage": b}   one page (Otterscan's API, level 1)
    {"logs": [...], "blocks": [{"number": "0x..", "timestamp": "0x.."}]}
        logs of any eth_getLogs; `blocks` gives the times of blocks whose logs have no `blockTimestamp`; all other
        fields of eth_getBlockByNumber are ignored
"""

from __future__ import annotations

import re
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.formats.hex_words import WORD
from app.wallet.history import Transaction, Transfer
from app.wallet.read import fields
from app.wallet.read.part import Part, Scope, settled

TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""keccak256 of Transfer(address,address,uint256): ERC-20 with two indexed arguments, ERC-721 with three."""
SINGLE = "0xc3d58168c5ae7397731d063d5bbf3d657854427343f4c083240f7aacaa2d0f62"
BATCH = "0x4a39dc06d4c0dbc64b70af90fd698a233a518aa5d07e595d983b8c0526c8f7fb"
"""keccak256 of ERC-1155's TransferSingle(address,address,address,uint256,uint256) and TransferBatch(…,uint256[],uint256[])."""
_WORDS = re.compile("0x([0-9a-fA-F]{64})*+")


def is_page(value: Any) -> bool:
    """Return whether `value` has the shape of a page of ots_searchTransactionsBefore."""
    if not isinstance(value, dict) or not {"txs", "receipts"} <= value.keys() or not isinstance(value["txs"], list):
        return False
    return any(map(_is_transaction, value["txs"])) or (not value["txs"] and {"firstPage", "lastPage"} <= value.keys())


def _is_transaction(value: Any) -> bool:
    return fields.has_shape(value, ("blockNumber",), ("hash",), ("from", "to"))


def is_logs(value: Any) -> bool:
    """Return whether `value` holds a list of logs, which may be empty, with the times of their blocks where they are needed."""
    if not isinstance(value, dict) or not isinstance(value.get("logs"), list) or not value.keys() <= {"logs", "blocks"}:
        return False
    return any(map(is_log, value["logs"])) or not value["logs"]


def is_log(value: Any) -> bool:
    """Return whether `value` has the shape of one log."""
    return fields.has_shape(value, ("topics", "data"), ("transactionHash",), ("address",))


def page(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a page. Raises `HistoryError`, also if receipts do not belong to the transactions."""
    txs, receipts = fields.rows(document["txs"], "the transactions"), fields.rows(document["receipts"], "the receipts")
    ends = document.get("firstPage"), document.get("lastPage")
    if len(txs) != len(receipts) or not all(isinstance(end, bool) for end in ends):
        fields.invalid("a page needs one receipt for each transaction, firstPage and lastPage")
    made = fields.each(zip(txs, receipts, strict=True), lambda pair: _transaction(*pair, scope), "transaction")
    return Part("rpc", transactions=made, first=ends[0] is True, last=ends[1] is True)


def logs(document: dict[str, Any]) -> Part:
    """Return the token transfers among the logs: ERC-20, ERC-721, ERC-1155.

    Other logs, which any contract may write, and removed ones are left out and counted.
    """
    known = fields.rows(document.get("blocks", []), "the blocks")
    times = {fields.block(row.get("number")): fields.time(row.get("timestamp")) for row in known}
    found = fields.each(fields.rows(document["logs"], "the logs"), lambda log: transfers(log, times), "log")
    return Part("rpc", transfers=[transfer for made in found for transfer in made], left_out=found.count([]))


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


def transfers(log: dict[str, Any], times: dict[int, int]) -> list[tuple[tuple[str, int, int], Transfer]]:
    """Return the token transfers in one log; none if it is of another kind or was removed.

    `times` holds the times of blocks whose logs have no `blockTimestamp`.
    """
    topics, data = log.get("topics"), log.get("data")
    if not isinstance(topics, list) or not isinstance(data, str):
        fields.invalid("a log has no topics or no data")
    if not all(isinstance(topic, str) and WORD.fullmatch(topic) for topic in topics):
        fields.invalid("a topic is not 32 bytes of hex")
    amounts = _amounts(topics, data)
    if log.get("removed") is True or not amounts:
        return []
    block = fields.block(log.get("blockNumber"))
    common = (
        fields.tx_hash(log.get("transactionHash")),
        block,
        fields.time(log.get("blockTimestamp") or times.get(block)),
        fields.address(log.get("address"), "a token"),
    )
    ends = topics[1:3] if topics[0] == TRANSFER else topics[2:4]
    sender, recipient = ("0x" + topic[26:].lower() for topic in ends)
    index = fields.whole(log.get("logIndex"), "a log index", LIMITS.json_integer)
    return [((common[0], index, at), Transfer(*common, sender, recipient, amount)) for at, amount in enumerate(amounts)]


def _amounts(topics: list[str], data: str) -> list[int | None]:
    """Return the amount of each token that a log moves, None for an ERC-721 token; an empty list if it is not a transfer."""
    kind, count = (topics[0], len(topics)) if topics else ("", 0)
    if kind == TRANSFER and count == 4:
        return [None]
    if not _WORDS.fullmatch(data):
        return []
    words = [int(data[at : at + 64], 16) for at in range(2, len(data), 64)]
    if kind == TRANSFER and count == 3 and len(words) == 1:
        return [words[0]]
    if kind == SINGLE and count == 4 and len(words) == 2:
        return [words[1]]
    return [*_batch(words)] if kind == BATCH and count == 4 else []


def _batch(words: list[int]) -> list[int]:
    """Return the amounts of two ABI-encoded arrays in the standard layout: ids, then as many amounts."""
    count = words[2] if len(words) > 3 else 0
    is_standard = len(words) == 4 + 2 * count and words[:2] == [64, 96 + 32 * count] and words[3 + count] == count
    return words[4 + count :] if is_standard else []
