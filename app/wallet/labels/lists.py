"""Labels of addresses: protocols and tokens from packaged lists, flags from a user's own lists.

A label applies only if all 20 bytes of the address match, on the chain that its row names. No list of sanctioned or scam
addresses is packaged, because no package registry has a current one with a licence. The mixer rows are Tornado Cash, which is
no longer sanctioned (delisted 21 March 2025).
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
_LAST_PRECOMPILE = 0xFFFF  # 0x01..0x11 and 0x100 (EIP-7951) on mainnet; those of rollups are below this


@dataclass(frozen=True, slots=True)
class Label:
    """One statement of one list about one address."""

    address: str
    chain_id: int | None
    """None applies to every chain."""
    kind: LabelKind
    name: str
    """The name of a protocol or a mixer, or a token's symbol; empty in a user's list, whose texts are never used."""
    role: str
    """The role of the contract in its protocol, such as "v2 router"; for a token "stablecoin" or "wrapped native"."""
    source: str
    """npm package@version, or "user" and the SHA-256 of the list's bytes."""
    licence: str
    """The SPDX name of the licence; empty in a user's list."""
    date: str
    """The ISO day on which the source was read; empty in a user's list."""


@dataclass(frozen=True, slots=True)
class Labels:
    """All labels of a run."""

    rows: tuple[Label, ...]
    _by_place: dict[tuple[str, int | None], list[Label]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the rows by address and chain, because a list may have a row for each of 100,000 chains for one address."""
        index: dict[tuple[str, int | None], list[Label]] = {}
        for row in self.rows:
            index.setdefault((row.address, row.chain_id), []).append(row)
        object.__setattr__(self, "_by_place", index)

    @staticmethod
    @functools.cache
    def packaged() -> Labels:
        """Return the lists that ship with the program: protocols, tokens, mixers. They are read only once."""
        text = (resources.files("app.wallet.labels") / "labels.csv").read_text()
        rows = csv.reader(text.splitlines()[1:])
        return Labels(tuple(Label(row[0], int(row[1]), cast("LabelKind", row[2]), *row[3:]) for row in rows))

    def with_file(self, data: bytes, kind: str) -> Labels:
        """Return these labels with the addresses of a user's list added as `kind`, one of `FLAGS`.

        A user's list can flag addresses but never recommend them. It is CSV with a header, JSON or plain lines: see
        `user_list`. Only addresses and chain ids are used. Raises `InputError` labels.invalid.
        """
        if kind not in FLAGS:
            raise InputError("labels.invalid", "the kind of a list must be mixer, sanctioned or scam")
        source = f"user {hashlib.sha256(data).hexdigest()}"
        found = [(address, chain) for address, chain in user_addresses(data) if not _is_reserved(address)]
        own = (Label(address, chain, cast("LabelKind", kind), "", "", source, "", "") for address, chain in found)
        return Labels((*self.rows, *own))

    @property
    def has_own(self) -> bool:
        """Return whether a user's list is among the labels."""
        return len(self.rows) > len(Labels.packaged().rows)

    def of(self, address: str, chain_id: int) -> tuple[Label, ...]:
        """Return the labels of `address` (0x hex, any case) on `chain_id`, often none; those for every chain come last.

        The zero address and precompiles never have labels. Not checked: that `address` is an address.
        """
        return tuple(row for chain in (chain_id, None) for row in self._by_place.get((address.lower(), chain), ()))

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON of all rows, sorted by their text, as 64 hex digits."""
        rows = sorted([str(value) if value is not None else "" for value in astuple(row)] for row in self.rows)
        return hashlib.sha256(strict_json.dumps(rows)).hexdigest()


def _is_reserved(address: str) -> bool:
    return int(address, 16) <= _LAST_PRECOMPILE
