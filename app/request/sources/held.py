"""Record what each source of a request holds, field by field, and whether it was used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.request.given import Given
from app.request.sources.pieces import Origin, Piece


@dataclass(frozen=True, slots=True)
class Held:
    """A field that a source holds, and whether it was used."""

    origin: Origin
    name: str
    """The name of a field of ours; `unknown` stands for all others."""
    used: bool = True


@dataclass(slots=True)
class Combined:
    """The fields of one request, the source of each, and what became of everything that the sources hold."""

    fields: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, Origin] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)

    def put(self, name: str, value: Any, origin: Origin) -> None:
        """Take a field into the request."""
        self.fields[name] = value
        self.origins.setdefault(name, origin)
        self.held.append(Held(origin, name))

    def leave(self, name: str, origin: Origin) -> None:
        """Record a field of one source as left aside; it was not taken."""
        self.held.append(Held(origin, name, used=False))

    def drop(self, name: str) -> None:
        """Leave a field aside that was taken before, from whichever sources."""
        del self.fields[name], self.origins[name]
        self.held = [replace(one, used=False) if one.name == name else one for one in self.held]


def given(held: Iterable[Held], origins: Mapping[str, Origin]) -> Given:
    """Return who gave the history and the other fields.

    `held` tells all sources of the history; `origins` the first source of each other field.
    """
    history = {one.origin.source for one in held if one.used and one.name == "history"}
    return Given.by(history, {name: origin.source for name, origin in origins.items()})


def everything(pieces: Iterable[Piece]) -> tuple[Held, ...]:
    """Return everything that the sources hold as not used: the record of an item whose sources cannot be combined."""
    held = []
    for piece in pieces:
        names = list(piece.fields)
        names += ["history" if piece.history is not None else "material" if piece.is_material else "prompt"] * (
            piece.text is not None
        )
        held += [Held(piece.origin, name, used=False) for name in (*names, *["unknown"] * piece.has_unknown)]
    return tuple(held)
