"""Fetch a wallet's history from a JSON-RPC node, all of it as of one block.

`ots_searchTransactionsBefore` lists transactions if the node has it (Erigon and anvil do; Otterscan's API). `eth_getLogs` lists
token transfers on every node, in windows of blocks that are halved as long as the node refuses them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.formats.hex_words import LOWER_WORD
from app.net.http import SpentError
from app.net.json_rpc import Node, RefusedError, SlowError
from app.wallet.read.rpc import BATCH, SINGLE, TRANSFER

_PAGE = 25  # transactions; the most that Erigon accepts
_STEADY = 8  # windows that must succeed before a wider one is tried
_QUANTITY = re.compile("0x(0|[1-9a-f][0-9a-f]{0,63})")


def fetch(
    url: str,
    wallet: str,
    chain_id: int,
    hosts: Collection[str],
    *,
    as_of: int | None = None,
    seconds: float = LIMITS.live_seconds,
) -> dict[str, Any]:
    """Return the answers of the node at `url` about `wallet` (0x, lower case) as an export for the readers.

    `app.wallet.read.any_source.read_documents` reads it.

    1 check that the node serves chain `chain_id`
    2 find the block `as_of` (the newest one if None); check in the end that it is still the same block
    3 ask for the account's nonce, balance and code at that block
    4 list its transactions, newest first, if the node can; otherwise the export has no list, which differs from an empty list
    5 list its token transfers, newest first
    6 check that no record is newer than the block, and that no more transactions were sent than the nonce tells

    `hosts` are the host names that may be asked, over https or, on this machine, http. `truncated` is set if the time or the
    bytes run out after the first records, or if fewer transactions were listed than the nonce tells. Not checked: whether any
    of it is true. Raises `HistoryError` history.host_not_allowed, .unreachable, .bad_answer, .refused_by_source, .too_large,
    .mixed_chains, .contradictory.
    """
    last = seconds / 10  # reserved for the final checks
    node = Node(url, hosts, seconds - last)
    try:
        if _quantity(node.call("eth_chainId")) != chain_id:  # 1
            raise HistoryError("history.mixed_chains", "the node serves another chain")
        block = _block(node, _quantity(node.call("eth_blockNumber")) if as_of is None else as_of)  # 2
        number = _quantity(block["number"])
        account = _account(node, wallet, number)  # 3
        listing = _Listing(node, wallet, number)
        documents = [*listing.pages(), *listing.transfers()]  # 4 5
        if not documents:
            raise HistoryError("history.refused_by_source", "the node lists neither transactions nor logs")
        node.prolong(last)
        _check_still(node, block)
        short = listing.check_nonce(account)  # 6
    finally:
        node.close()
    return {
        "documents": documents,
        "chain_id": chain_id,
        "as_of_block": number,
        "as_of_time": _quantity(block["timestamp"]),
        "truncated": listing.is_cut or short,
        "account": account,
    }


class _Listing:
    """Lists the records of one wallet up to one block, and notes whether the list was cut short."""

    def __init__(self, node: Node, wallet: str, block: int) -> None:
        self._node, self._wallet, self._block = node, wallet, block
        self._sent: int | None = None
        self._pages: list[dict[str, Any]] = []
        self.is_cut = False

    def pages(self) -> list[dict[str, Any]]:
        """Return the pages of ots_searchTransactionsBefore; an empty list if the node does not know the call."""
        before = self._block + 1
        while not (self._pages and self._pages[-1]["lastPage"]):
            try:
                answer = self._node.call("ots_searchTransactionsBefore", self._wallet, before, _PAGE)
            except RefusedError:
                if not self._pages:
                    return []
                raise
            except SpentError:
                if not self._pages:
                    raise
                self.is_cut = True
                break
            before = self._take(answer, before)
        return self._pages

    def _take(self, answer: Any, before: int) -> int:
        """Keep a page and return its lowest block. Raises `HistoryError` if a block in it is not below `before`."""
        if not isinstance(answer, dict) or not isinstance(answer.get("lastPage"), bool):
            raise HistoryError("history.bad_answer", "the node's answer holds no page of transactions")
        txs, receipts = _rows(answer.get("txs")), _rows(answer.get("receipts"))
        is_last = answer["lastPage"] or before <= 1  # genesis has no transactions; anvil does not report that
        if len(txs) != len(receipts) or not (txs or is_last):
            raise HistoryError("history.bad_answer", "a page of transactions is empty, or lacks a receipt")
        blocks = [_quantity(tx.get("blockNumber")) for tx in txs]
        if any(block >= before for block in blocks):
            raise HistoryError("history.contradictory", "the node lists a newer transaction than it was asked for")
        own = [pair for pair in zip(txs, receipts, strict=True) if self._is_own(*pair)]
        self._sent = (self._sent or 0) + sum(str(tx.get("from")).lower() == self._wallet for tx, _ in own)
        page = {"txs": [tx for tx, _ in own], "receipts": [receipt for _, receipt in own]}
        # the newest page as of the block, which the node itself does not call its first page
        self._pages.append(page | {"firstPage": not self._pages, "lastPage": is_last})
        if sum(len(one["txs"]) for one in self._pages) > LIMITS.history_records:
            raise HistoryError("history.too_large", f"there are more than {LIMITS.history_records} transactions")
        return min(blocks, default=before)

    def _is_own(self, tx: dict[str, Any], receipt: dict[str, Any]) -> bool:
        """Return whether the wallet sent or received the transaction; Otterscan also lists internal calls to it."""
        ends = (tx.get("from"), tx.get("to"), receipt.get("contractAddress"))
        return any(isinstance(end, str) and end.lower() == self._wallet for end in ends)

    def transfers(self) -> list[dict[str, Any]]:
        """Return one document with the transfer logs and the times of their blocks; none if the node refuses logs."""
        logs: list[dict[str, Any]] = []
        is_any = False
        try:
            for found in self._windows():
                is_any = True
                logs += found
                if len(logs) > LIMITS.history_records:
                    raise HistoryError("history.too_large", f"there are more than {LIMITS.history_records} transfers")
        except RefusedError:
            if is_any or not self._pages:
                raise
            return []
        except SpentError:
            if not (is_any or self._pages):
                raise
            self.is_cut = True
        return [self._timed(logs)]

    def _windows(self) -> Iterator[list[dict[str, Any]]]:
        """Yield the logs of one window after another, newest first."""
        high, width, well = self._block, self._block + 1, 0
        while high >= 0:
            low = max(0, high - width + 1)
            try:
                found = self._logs(low, high)
            except (RefusedError, SlowError) as err:
                if low == high:
                    raise
                width, well = max(1, (high - low + 1) // (64 if isinstance(err, SlowError) else 2)), 0
                continue
            yield found
            high, well = low - 1, well + 1
            if well >= _STEADY:
                width, well = width * 2, 0

    def _logs(self, low: int, high: int) -> list[dict[str, Any]]:
        """Return the transfers to and from the wallet, each once, newest first. ERC-1155 has both addresses one topic later."""
        word = "0x" + self._wallet[2:].zfill(64)
        found: dict[tuple[Any, Any], dict[str, Any]] = {}
        for topics in ([TRANSFER, word], [[TRANSFER, SINGLE, BATCH], None, word], [[SINGLE, BATCH], None, None, word]):
            wanted = {"fromBlock": hex(low), "toBlock": hex(high), "topics": topics}
            for log in _rows(self._node.call("eth_getLogs", wanted)):
                if not low <= _quantity(log.get("blockNumber")) <= high:
                    raise HistoryError("history.contradictory", "the node lists a log of another block than asked for")
                found[str(log.get("transactionHash")), str(log.get("logIndex"))] = log
        return sorted(found.values(), key=lambda log: -_quantity(log["blockNumber"]))

    def _timed(self, logs: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the logs with the times of blocks that the logs lack, newest first, as far as the time allows."""
        blocks: dict[int, dict[str, Any]] = {}
        for at, log in enumerate(logs):
            number = _quantity(log["blockNumber"])
            if not log.get("blockTimestamp") and number not in blocks:
                try:
                    block = _block(self._node, number)
                except SpentError:
                    self.is_cut = True
                    logs = logs[:at]
                    break
                blocks[number] = {"number": block["number"], "timestamp": block["timestamp"]}
        return {"logs": logs, "blocks": list(blocks.values())}

    def check_nonce(self, account: dict[str, str]) -> bool:
        """Return whether fewer transactions were listed than the nonce tells. Raises `HistoryError` if more were listed.

        Only for an account without code does the nonce count nothing but transactions; otherwise it also counts a contract's
        creations or EIP-7702's authorizations.
        """
        nonce = _quantity(account["nonce"])
        if self._sent is None or account["code"] != "0x":
            return False
        if self._sent > nonce:
            raise HistoryError("history.contradictory", "the node lists more transactions than the nonce allows")
        return self._sent < nonce


def _account(node: Node, wallet: str, number: int) -> dict[str, str]:
    nonce, balance, code = (
        node.call(method, wallet, hex(number)) for method in ("eth_getTransactionCount", "eth_getBalance", "eth_getCode")
    )
    if not isinstance(code, str) or not re.fullmatch("0x([0-9a-fA-F]{2})*+", code):
        raise HistoryError("history.bad_answer", "the code of the account is not hex")
    return {"nonce": hex(_quantity(nonce)), "balance": hex(_quantity(balance)), "code": code.lower()}


def _block(node: Node, number: int) -> dict[str, str]:
    """Return number, timestamp and hash of a block. Raises `HistoryError` if the node does not have this very block."""
    found = node.call("eth_getBlockByNumber", hex(number), False)
    if found is None:
        raise HistoryError("history.refused_by_source", "the node does not have the block")
    if not isinstance(found, dict) or not LOWER_WORD.fullmatch(str(found.get("hash"))):
        raise HistoryError("history.bad_answer", "the node's answer holds no block")
    _quantity(found.get("timestamp"))
    if _quantity(found.get("number")) != number:
        raise HistoryError("history.contradictory", "the node gives another block than it was asked for")
    return {name: found[name] for name in ("number", "timestamp", "hash")}


def _check_still(node: Node, block: dict[str, str]) -> None:
    """Raise `HistoryError` if the chain got shorter, or if another block replaced the block that everything is as of."""
    if _quantity(node.call("eth_blockNumber")) < _quantity(block["number"]):
        raise HistoryError("history.contradictory", "the node's latest block went back while it was asked")
    if _block(node, _quantity(block["number"])) != block:
        raise HistoryError("history.contradictory", "the chain of the node changed while it was asked")


def _rows(value: Any) -> list[dict[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise HistoryError("history.bad_answer", "the node's answer is not a list of records")
    return value


def _quantity(value: Any) -> int:
    """Return the integer in a JSON-RPC quantity. Raises `HistoryError` if it is not one."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise HistoryError("history.bad_answer", "a quantity in the node's answer is not a number")
    return int(value, 16)
