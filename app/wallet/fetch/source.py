"""Fetch a wallet's history from a node or an explorer, as documents that `app.wallet.read` can read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from app.base.limits import LIMITS
from app.net import reach


@dataclass(frozen=True, slots=True)
class Place:
    """The source to ask, and the hosts that may be asked at all."""

    kind: Literal["rpc", "etherscan", "blockscout"]
    url: str
    hosts: Collection[str]
    key: str = ""
    as_of_block: int | None = None
    """The block up to which a node is asked, None for its newest; explorers do not support it."""

    @property
    def host(self) -> str:
        """Return the host as a result names it, with the port if it is not the usual one. `fetch` must have accepted it."""
        return reach.shown(urlsplit(self.url))

    @property
    def tells_chain(self) -> bool:
        """Return whether `fetch` learns from the source itself which chain it serves; a node tells it, an explorer need not."""
        return self.kind == "rpc"

    @property
    def is_here(self) -> bool:
        """Return whether the source is on this very machine."""
        return urlsplit(self.url).hostname in reach.LOOPBACK


def fetch(place: Place, wallet: str, chain_id: int, seconds: float = LIMITS.live_seconds) -> dict[str, Any]:
    """Return the export about `wallet` (0x, lower case); see `fetch` in the module of its kind. Raises `HistoryError`."""
    if place.kind == "rpc":
        from app.wallet.fetch import node

        return node.fetch(place.url, wallet, chain_id, place.hosts, as_of=place.as_of_block, seconds=seconds)
    if place.kind == "etherscan":
        from app.wallet.fetch import etherscan

        return etherscan.fetch(place.url, wallet, chain_id, place.hosts, key=place.key, seconds=seconds)
    from app.wallet.fetch import blockscout

    return blockscout.fetch(place.url, wallet, chain_id, place.hosts, key=place.key, seconds=seconds)
