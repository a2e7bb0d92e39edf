"""A wallet's past fetched from a node or an explorer, as the documents that `app.wallet.readers` reads."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from app.errors import HistoryError
from app.limits import LIMITS


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask, and which hosts may be asked at all."""

    kind: Literal["rpc", "etherscan", "blockscout"]
    url: str
    hosts: Collection[str]
    key: str = ""
    as_of_block: int | None = None
    """Only a node can tell the past as of a block; None is its tip."""


def fetch(place: Place, wallet: str, chain_id: int, seconds: float = LIMITS.live_seconds) -> dict[str, Any]:
    """Return what is told of `wallet` (0x, lower case): see `fetch` of the module of its kind. Raises `HistoryError`."""
    if place.kind == "rpc":
        from app.wallet.live import rpc

        return rpc.fetch(place.url, wallet, chain_id, place.hosts, as_of=place.as_of_block, seconds=seconds)
    if place.as_of_block is not None:
        raise HistoryError("history.invalid", "only a node can be asked as of a block")
    if place.kind == "etherscan":
        from app.wallet.live import etherscan

        return etherscan.fetch(place.url, wallet, chain_id, place.hosts, key=place.key, seconds=seconds)
    from app.wallet.live import blockscout

    return blockscout.fetch(place.url, wallet, chain_id, place.hosts, key=place.key, seconds=seconds)
