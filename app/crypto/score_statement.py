"""What is signed of a score for contracts: which wallet, on which chain, and where its history came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Giver = Literal["requester", "owner"]
Origin = Literal["requester", "owner", "enclave"]
HOST = r"^(?:[0-9a-z._-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[1-9][0-9]{0,4})?$"
"""A host name in lower case, or an IPv6 address in brackets; with a port where it is not the usual one."""
# A promise like a format: contracts compare these numbers. Zero is none of them, so that a word that nobody set is no origin.
ORIGIN_CODES: dict[Origin, int] = {"requester": 1, "owner": 2, "enclave": 3}


@dataclass(frozen=True, slots=True)
class Statement:
    """A score with the origin of its history, as every scheme signs it."""

    score: int
    timestamp_ms: int
    wallet: str
    """In the letter case that is signed."""
    chain_id: int
    origin: Origin
    """requester, owner: the history was given, and nobody checked it. enclave: fetched from `host`."""
    host: str | None
    """Whom the enclave asked; None for a given history."""
    chain_checked: bool
    """The source said itself that it serves that chain. False: the chain is what the request says."""
    own_labels: Giver | None
    """Who gave lists of flagged addresses beyond the packaged ones, which can lower a score; None: nobody."""
    truncated: bool
    """The source had more than it gave."""

    @property
    def is_fetched(self) -> bool:
        """Return whether the enclave fetched the history."""
        return self.origin == "enclave"

    @property
    def has_earlier_message(self) -> bool:
        """Return whether the earlier API's 60 bytes may be signed, which name neither origin nor lists."""
        return self.is_fetched and self.own_labels is None

    @property
    def labels_code(self) -> int:
        """Return 0 for the packaged lists alone, else the code of who gave others."""
        return 0 if self.own_labels is None else ORIGIN_CODES[self.own_labels]
