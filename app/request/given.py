"""Who gave what of a score request: known from the sources of a task, never from what they hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.crypto.score_statement import Giver

_NAMED = ("wallet", "address", "chain")  # what a history is said to be of
_PUBLIC = frozenset({"input_file", "args"})  # anyone may read them


@dataclass(frozen=True, slots=True)
class Given:
    """Who gave the history and the lists. As it stands: nobody knows, and so the requester did."""

    history: Giver = "requester"
    """owner: all of the history, the wallet and the chain are the protected data's: the requester chose none of it."""
    is_public: bool = False
    """All of the history came from where anyone may read it, so that its digest tells nobody anything."""
    labels: Giver = "requester"

    @classmethod
    def by(cls, history: Collection[str], others: Mapping[str, str]) -> Given:
        """Return who gave what, of the sources (`dataset`, `secret`, ...) of all parts of the history, and of other fields."""
        owned = set(history) == {"dataset"} and all(others.get(name, "dataset") == "dataset" for name in _NAMED)
        return cls(
            history="owner" if owned else "requester",
            is_public=bool(history) and set(history) <= _PUBLIC,
            labels="owner" if others.get("labels") == "dataset" else "requester",
        )
