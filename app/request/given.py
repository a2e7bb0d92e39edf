"""Who gave which part of a score request. This follows from the sources of the task alone, never from their content."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.crypto.score_statement import Giver

_NAMED = ("wallet", "address", "chain")  # the fields that name what a history is of
_PUBLIC = frozenset({"input_file", "args"})  # anyone may read them


@dataclass(frozen=True, slots=True)
class Given:
    """Who gave the history and the lists. By default nobody knows, and the requester counts as the giver."""

    history: Giver = "requester"
    """owner: history, wallet and chain all come from the protected data, so the requester chose none of them."""
    is_public: bool = False
    """Whether all of the history came from a public source, so that its digest reveals nothing new."""
    labels: Giver = "requester"

    @classmethod
    def by(cls, history: Collection[str], others: Mapping[str, str]) -> Given:
        """Return who gave what.

        `history` holds the sources (`dataset`, `secret`, ...) of all parts of the history; `others` maps each other field to
        its source.
        """
        owned = set(history) == {"dataset"} and all(others.get(name, "dataset") == "dataset" for name in _NAMED)
        return cls(
            history="owner" if owned else "requester",
            is_public=bool(history) and set(history) <= _PUBLIC,
            labels="owner" if others.get("labels") == "dataset" else "requester",
        )
