"""A wallet's past fetched from a node or an explorer, as the documents that `app.wallet.read` reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from app.base.limits import LIMITS
from app.net import reach


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask, and which hosts may be asked at all."""

    kind: Literal["rpc", "etherscan", "blockscout"]
    url: str
    hosts: Collection[str]
    key: str = ""
    as_of_block: int | None = None
    """Only a node can tell the past as of a block; None is its tip."""

    @property
    def host(self) -> str:
        """Return the host as a result names it, with the port if it is not the usual one; of a URL that `fetch` has taken."""
        return reach.shown(urlsplit(self.url))

    @property
    def tells_chain(self) -> bool:
        """Return whether `fetch` hears from the source itself which chain it serves: a node says so, an explorer need not."""
        return self.kind == "rpc"

    @property
    def is_here(self) -> bool:
        """Return whether the source is on this very machine."""
        return urlsplit(self.url).hostname in reach.LOOPBACK


def fetch(place: Place, wallet: str, chain_id: int, seconds: float = LIMITS.live_seconds) -> dict[str, Any]:
    """Return what is told of `wallet` (0x, lower case): see `fetch` of the module of its kind. Raises `HistoryError`."""
    if place.kind == "rpc":
        from app.wallet.fetch import node

        return node.fetch(place.url, wallet, chain_id, place.hosts, as_of=place.as_of_block, seconds=seconds)
    if place.kind == "etherscan":
        from app.wallet.fetch import etherscan

        return etherscan.fetch(place.url, wallet, chain_id, place.hosts, key=place.key, seconds=seconds)
    from app.wallet.fetch import blockscout

    return blockscout.fetch(place.url, wallet, chain_id, place.hosts, key=place.key, seconds=seconds)
