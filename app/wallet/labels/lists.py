"""What is publicly known of an address: protocols and tokens from packaged lists, flags from the user's own.

Only all 20 bytes of an address match, on the chain that the row names. No list of sanctioned or scam addresses
is packaged: no current one with a licence is to be had from a package registry. Mixer rows are Tornado Cash,
which is no sanctioned party any more (delisted 21 March 2025).
"""

from __future__ import annotations

import csv
import functools
import hashlib
from dataclasses import astuple, dataclass, field
from importlib import resources
from typing import Literal, cast

from app.base.errors import InputError
from app.formats import strict_json
from app.wallet.labels.user_list import user_addresses

LabelKind = Literal["protocol", "token", "mixer", "sanctioned", "scam"]
COLUMNS = ("address", "chain_id", "kind", "name", "role", "source", "licence", "date")
FLAGS = ("mixer", "sanctioned", "scam")
_LAST_PRECOMPILE = 0xFFFF  # 0x01..0x11 and 0x100 (EIP-7951) on mainnet; rollups have theirs below this


@dataclass(frozen=True, slots=True)
class Label:
    """One thing that one list says of one address."""

    address: str
    chain_id: int | None
    """None holds on every chain."""
    kind: LabelKind
    name: str
    """Of a protocol, a token's symbol or a mixer; empty in a user's list, whose words go nowhere."""
    role: str
    """What the contract is to its protocol, such as "v2 router"; of a token "stablecoin" or "wrapped native"."""
    source: str
    """npm package@version, or "user" and the SHA-256 of the list's bytes."""
    licence: str
    """SPDX; empty in a user's list."""
    date: str
    """ISO day on which the source was read; empty in a user's list."""


@dataclass(frozen=True, slots=True)
class Labels:
    """All labels of a run."""

    rows: tuple[Label, ...]
    _by_place: dict[tuple[str, int | None], list[Label]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the rows by address and chain: of one address a list may have a row for each of 100,000 chains."""
        index: dict[tuple[str, int | None], list[Label]] = {}
        for row in self.rows:
            index.setdefault((row.address, row.chain_id), []).append(row)
        object.__setattr__(self, "_by_place", index)

    @staticmethod
    @functools.cache
    def packaged() -> Labels:
        """Return the lists that ship with the program: protocols, tokens, mixers; read once."""
        text = (resources.files("app.wallet.labels") / "labels.csv").read_text()
        rows = csv.reader(text.splitlines()[1:])
        return Labels(tuple(Label(row[0], int(row[1]), cast("LabelKind", row[2]), *row[3:]) for row in rows))

    def with_file(self, data: bytes, kind: str) -> Labels:
        """Return these and the addresses of a user's list as `kind`, one of `FLAGS`: a list can flag, never recommend.

        CSV with a header, JSON or plain lines: see `user_list`. Nothing but addresses and chain ids is taken from it.
        Raises `InputError` labels.invalid.
        """
        if kind not in FLAGS:
            raise InputError("labels.invalid", "the kind of a list must be mixer, sanctioned or scam")
        source = f"user {hashlib.sha256(data).hexdigest()}"
        found = [(address, chain) for address, chain in user_addresses(data) if not _is_reserved(address)]
        own = (Label(address, chain, cast("LabelKind", kind), "", "", source, "", "") for address, chain in found)
        return Labels((*self.rows, *own))

    @property
    def has_own(self) -> bool:
        """Return whether a user's list is among them."""
        return len(self.rows) > len(Labels.packaged().rows)

    def of(self, address: str, chain_id: int) -> tuple[Label, ...]:
        """Return what is known of `address` (0x hex, any case) on `chain_id`, often nothing; what holds everywhere comes last.

        The zero address and precompiles are never labelled. Does not check that `address` is one.
        """
        return tuple(row for chain in (chain_id, None) for row in self._by_place.get((address.lower(), chain), ()))

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON of all rows in order of their text, 64 hex digits."""
        rows = sorted([str(value) if value is not None else "" for value in astuple(row)] for row in self.rows)
        return hashlib.sha256(strict_json.dumps(rows)).hexdigest()


def _is_reserved(address: str) -> bool:
    return int(address, 16) <= _LAST_PRECOMPILE
