"""The statement about a score that is signed for contracts: which wallet, on which chain, and the origin of its history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Giver = Literal["requester", "owner"]
HistoryOrigin = Literal["requester", "owner", "enclave"]
HOST = r"^(?:[0-9a-z._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?$"
"""A host name in lower case, or an IPv6 address in brackets; with a port if it is not the usual one."""
# A promise like a format: contracts compare these numbers. Zero is not used, so that a word that nobody set is never an origin.
ORIGIN_CODES: dict[HistoryOrigin, int] = {"requester": 1, "owner": 2, "enclave": 3}


@dataclass(frozen=True, slots=True)
class Statement:
    """A score with the origin of its history, as every signature scheme signs it."""

    score: int
    timestamp_ms: int
    wallet: str
    """The address in the letter case in which it is signed."""
    chain_id: int
    origin: HistoryOrigin
    """requester, owner: the history was given, and nobody checked it. enclave: it was fetched from `host`."""
    host: str | None
    """The host that the enclave asked; None for a history that was given."""
    chain_checked: bool
    """Whether the source itself said that it serves that chain. False: only the request says so."""
    own_labels: Giver | None
    """Who gave lists of flagged addresses besides the packaged ones, which can lower a score; None: nobody."""
    truncated: bool
    """Whether the source had more records than it gave."""

    @property
    def is_fetched(self) -> bool:
        """Return whether the enclave fetched the history."""
        return self.origin == "enclave"

    @property
    def has_earlier_message(self) -> bool:
        """Return whether the earlier API's 60 bytes, which name neither origin nor lists, may be signed."""
        return self.is_fetched and self.own_labels is None

    @property
    def labels_code(self) -> int:
        """Return 0 for the packaged lists alone, else the code of whoever gave other lists."""
        return 0 if self.own_labels is None else ORIGIN_CODES[self.own_labels]
