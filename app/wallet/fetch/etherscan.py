"""Fetch a wallet's history from Etherscan's API v2 or a compatible explorer, complete up to one block."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.net.http import Host, SpentError
from app.wallet.read import fields

_LISTS = ("txlist", "tokentx", "tokennfttx", "token1155tx")
_WINDOW = 1_000  # rows: the most that the free plan gives (since July 2026), and that every other plan gives too
_NEVER = 10**12  # a block that does not exist yet
_RATE = re.compile("rate limit|query timeout", re.IGNORECASE)


def fetch(
    url: str,
    wallet: str,
    chain_id: int,
    hosts: Collection[str],
    *,
    key: str = "",
    seconds: float = LIMITS.live_seconds,
) -> dict[str, Any]:
    """Return the answers of the explorer at `url` about `wallet` (0x, lower case) as an export for the readers.

    `app.wallet.read.any_source.read_documents` reads it.

    1 the newest block and its time, then the account; each is left out if the explorer does not know the call
    2 transactions, ERC-20, ERC-721 and ERC-1155 transfers up to that block, oldest first, in windows of 1,000; each window
    begins at the last block of the one before and repeats that block, and the readers remove the duplicates

    `truncated` is set if the time or the bytes run out after the first window, or if one block fills a whole window. `key` goes
    into the query and nowhere else. `hosts` are the host names that may be asked, over https or, on this machine, http. The
    account is as of a moment after the newest block. Not checked: whether any of it is true. Raises `HistoryError`
    history.host_not_allowed, .unreachable, .bad_answer, .refused_by_source, .too_large, .contradictory.
    """
    host = Host(url, hosts, seconds)
    try:
        explorer = _Explorer(host, {"chainid": chain_id} | ({"apikey": key} if key else {}), wallet)
        tip, tip_time = explorer.tip()
        account = explorer.account()
        documents, is_cut = explorer.lists(_NEVER if tip is None else tip)
    finally:
        host.close()
    export = {"documents": documents, "chain_id": chain_id, "truncated": is_cut}
    told = {"as_of_block": tip, "as_of_time": tip_time, "account": account}
    return export | {name: value for name, value in told.items() if value is not None}


class _Explorer:
    """The API calls that ask one explorer about one wallet."""

    def __init__(self, host: Host, common: dict[str, str | int], wallet: str) -> None:
        self._host, self._common, self._wallet = host, common, wallet

    def tip(self) -> tuple[int | None, int | None]:
        """Return the newest block and its time, or None for both."""
        number = self._proxy("eth_blockNumber")
        block = None if number is None else self._proxy("eth_getBlockByNumber", tag=number, boolean="false")
        if not isinstance(block, dict) or block.get("number") != number:
            return None, None
        return fields.block(number), fields.time(block.get("timestamp"))

    def account(self) -> dict[str, Any] | None:
        """Return the current state of the account, None if the explorer does not tell all of it."""
        at = {"address": self._wallet, "tag": "latest"}
        code = self._proxy("eth_getCode", **at)
        nonce = None if code is None else self._proxy("eth_getTransactionCount", **at)
        answer = None if nonce is None else self._ask(module="account", action="balance", **at)
        balance = answer.get("result") if isinstance(answer, dict) and answer.get("status") == "1" else None
        return None if balance is None else {"code": code, "nonce": nonce, "balance": balance}

    def lists(self, tip: int) -> tuple[list[dict[str, Any]], bool]:
        """Return the answers of all lists up to `tip`, and whether there are more records than they hold."""
        documents: list[dict[str, Any]] = []
        is_cut = False
        count = 0
        for action in _LISTS:
            start: int | None = 0
            while start is not None:
                try:
                    answer = self._ask(
                        module="account", action=action, address=self._wallet, startblock=start, endblock=tip,
                        page=1, offset=_WINDOW, sort="asc",
                    )  # fmt: skip
                except SpentError:
                    if not documents:
                        raise
                    return documents, True
                documents.append(answer)
                blocks = _blocks(answer, start, tip)
                count += len(blocks)
                if count > LIMITS.history_records:
                    fields.too_large()
                is_full = len(blocks) >= _WINDOW
                is_stuck = is_full and blocks[-1] == start  # one block fills the whole window
                is_cut = is_cut or is_stuck
                start = blocks[-1] if is_full and not is_stuck else None
        return documents, is_cut

    def _proxy(self, action: str, **more: str) -> Any:
        """Return the answer of the explorer's node, None if the explorer does not know this call or chain."""
        answer = self._ask(module="proxy", action=action, **more)
        return answer.get("result") if isinstance(answer, dict) and "jsonrpc" in answer and "error" not in answer else None

    def _ask(self, **query: str | int) -> Any:
        return self._host.get("", {**query, **self._common}, _is_busy)


def _is_busy(answer: Any) -> bool:
    """Return whether the answer is one of the texts that ask for slower requests; they come with status 200."""
    text = answer.get("result") if isinstance(answer, dict) else None
    return isinstance(text, str) and bool(_RATE.search(text))


def _blocks(answer: Any, start: int, tip: int) -> list[int]:
    """Return the block of each row. Raises `HistoryError` unless all lie between `start` and `tip` in ascending order."""
    if not isinstance(answer, dict) or not isinstance(answer.get("result"), list):
        raise HistoryError("history.refused_by_source", "the explorer answered with an error")
    blocks = [fields.block(row.get("blockNumber")) for row in fields.rows(answer["result"], "a list of the explorer")]
    if any(not start <= block <= tip for block in blocks) or blocks != sorted(blocks):
        raise HistoryError("history.contradictory", "the explorer lists blocks that were not asked for, or out of order")
    return blocks
