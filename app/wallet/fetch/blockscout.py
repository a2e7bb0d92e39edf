"""Fetch a wallet's history from Blockscout's REST API v2, newest records first."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.net.http import Host, SpentError
from app.wallet.read import fields

_LISTS = ("transactions", "token-transfers")
_PARAMETER_BYTES = 2_048  # the most bytes of next_page_params; real ones have under 200


def fetch(
    url: str,
    wallet: str,
    chain_id: int,
    hosts: Collection[str],
    *,
    key: str = "",
    seconds: float = LIMITS.live_seconds,
) -> dict[str, Any]:
    """Return the explorer's answers about `wallet` (0x, lower case) as an export that `app.wallet.read` takes.

    `url` is the part before /api/v2: https://eth.blockscout.com, or https://api.blockscout.com/1 for chain 1.

    1 the newest block and its time, then the account; each is left out if the explorer does not know the call
    2 pages of transactions and of token transfers, without those newer than that block

    `truncated` is set if the time or the bytes run out after the first page, or if the pages stop leading to older ones. `key`
    goes into the query of every page and nowhere else. `hosts` are the host names that may be asked, over https or, on this
    machine, http. The account is as of a moment after the newest block. Not checked: which chain it is, and whether any of it
    is true. Raises `HistoryError` history.host_not_allowed, .unreachable, .bad_answer, .refused_by_source, .too_large.
    """
    host = Host(url, hosts, seconds)
    try:
        explorer = _Explorer(host, {"apikey": key} if key else {}, wallet)
        tip, tip_time = explorer.tip()
        account = explorer.account()
        pages, is_cut = explorer.pages(tip)
    finally:
        host.close()
    export = {"documents": account + pages, "chain_id": chain_id, "truncated": is_cut}
    return export if tip is None else export | {"as_of_block": tip, "as_of_time": tip_time}


class _Explorer:
    """The API calls that ask one explorer about one wallet."""

    def __init__(self, host: Host, key: dict[str, str], wallet: str) -> None:
        self._host, self._key, self._about = host, key, f"/api/v2/addresses/{wallet}"

    def tip(self) -> tuple[int | None, int | None]:
        """Return the newest block and its time, or None for both."""
        answer = self._optional("/api/v2/blocks", {"type": "block"})
        items = answer.get("items") if isinstance(answer, dict) else None
        if not isinstance(items, list) or not items or not isinstance(items[0], dict):
            return None, None
        return fields.block(items[0].get("height")), fields.time(items[0].get("timestamp"))

    def account(self) -> list[Any]:
        """Return a list with the description of the address; an empty list if the explorer has none."""
        answer = self._optional(self._about, {})
        return [answer] if isinstance(answer, dict) and {"hash", "coin_balance", "is_contract"} <= answer.keys() else []

    def pages(self, tip: int | None) -> tuple[list[dict[str, Any]], bool]:
        """Return the pages of both lists, and whether there are more records than they hold."""
        documents: list[dict[str, Any]] = []
        is_cut = False
        count = 0
        for name in _LISTS:
            seen: list[dict[str, str | int]] = []
            more: dict[str, str | int] | None = {}
            while more is not None:
                seen.append(more)
                try:
                    answer = self._host.get(f"{self._about}/{name}", {**more, **self._key})
                except SpentError:
                    if not documents:
                        raise
                    return documents, True
                items, more = _page(answer)
                documents.append({**answer, "items": [item for item in items if not _is_newer(item, tip)]})
                count += len(items)
                if count > LIMITS.history_records:
                    fields.too_large()
                if more is not None and (not items or more in seen):
                    is_cut, more = True, None
        return documents, is_cut

    def _optional(self, path: str, query: dict[str, str | int]) -> Any:
        """Return an answer, None if the explorer refuses the call."""
        try:
            return self._host.get(path, {**query, **self._key})
        except HistoryError as err:
            if err.code != "history.refused_by_source":
                raise
            return None


def _page(answer: Any) -> tuple[list[dict[str, Any]], dict[str, str | int] | None]:
    """Return the items of a page, and the unchanged parameters of the next page; None after the last page."""
    if not isinstance(answer, dict) or not isinstance(answer.get("items"), list):
        raise HistoryError("history.refused_by_source", "the explorer answered with an error")
    more = answer.get("next_page_params")
    items = fields.rows(answer["items"], "a page of the explorer")
    if more is None:
        return items, None
    told = {name: _plain(value) for name, value in fields.record(more, "next_page_params").items() if value is not None}
    if sum(len(name) + len(str(value)) for name, value in told.items()) > _PARAMETER_BYTES:
        raise HistoryError("history.bad_answer", "the parameters of the next page are too long")
    return items, told


def _plain(value: Any) -> str | int:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int):
        raise HistoryError("history.bad_answer", "the parameters of the next page are not plain values")
    return value


def _is_newer(item: dict[str, Any], tip: int | None) -> bool:
    block = item.get("block_number", item.get("block"))
    return tip is not None and type(block) is int and block > tip
