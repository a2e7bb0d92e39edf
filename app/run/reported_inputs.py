"""What a result says about its inputs: where each kind of thing came from and whether it was used, never its content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import get_args

from app.request.code import FIELDS as CODE
from app.request.fields import OPTIONS
from app.request.parse import USES
from app.request.sources.held import Held
from app.result.report import Input, InputKind

_KINDS: dict[str, InputKind] = {
    **dict.fromkeys(("prompt", "question", "original_prompt"), "prompt"),
    **dict.fromkeys(("questionnaire", "answers"), "form"),
    **dict.fromkeys(("wallet", "address", "address_form", "chain", "survey", "labels"), "wallet"),
    **dict.fromkeys(("history", "source", "hosts", "as_of_block"), "history"),
    **dict.fromkeys(CODE, "code"),
    **dict.fromkeys((*OPTIONS, "task", "callback", "model_name", "allow"), "options"),
    "original_prompt": "prompt",
    "email": "email",
    "material": "material",
    "messages": "chat",
    "unknown": "unknown",
}
_ORDER = get_args(InputKind)


def reported(held: Iterable[Held], job: str | None) -> tuple[Input, ...]:
    """Return what a result says about `held`: in the order of the sources, and within a source in the order of the kinds.

    Fields that the job does not use count as left aside. `job` is None if the request could not be read.
    """
    uses = USES.get(job or "", frozenset())
    found = {(one.origin, _KINDS[one.name], one.used and one.name in uses): None for one in held}
    places = list(dict.fromkeys(at for at, _, _ in found))
    rows = sorted(found, key=lambda row: (places.index(row[0]), _ORDER.index(row[1]), not row[2]))
    return tuple(Input(source=at.source, number=at.number, kind=kind, used=used) for at, kind, used in rows)
