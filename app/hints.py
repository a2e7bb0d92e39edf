"""Hints that list what there is: fields, options, languages. Each list is taken from where it is defined."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from app.limits import LIMITS


def fill(hint: str) -> str:
    """Return `hint` with each `{name}` replaced by the list, or by the limit, of that name."""
    return re.sub(r"\{(\w+)\}", lambda found: _value(found[1]), hint)


def _value(name: str) -> str:
    if name in _LISTS:
        return " ".join(_LISTS[name]())
    size: int = getattr(LIMITS, name)
    return f"{size // 1024} KiB" if name.endswith("_bytes") else str(size)


def _options() -> Iterable[str]:
    from app.document import Options

    return Options.model_fields


def _fields() -> Iterable[str]:
    from app.document import Document

    return Document.model_fields


def _args() -> Iterable[str]:
    from app.iexec.args import KNOWN

    return KNOWN


def _languages() -> Iterable[str]:
    from app.languages import LANGUAGES

    return LANGUAGES


def _aliases() -> Iterable[str]:
    from app.languages import ALIASES

    return ALIASES


def _types() -> Iterable[str]:
    from app.questionnaire import ANSWERED, SILENT

    return (*SILENT, *ANSWERED)


def _sources() -> Iterable[str]:
    from app.wallet.sources import SOURCES

    return (SOURCES,)


_LISTS: dict[str, Callable[[], Iterable[str]]] = {
    "args": _args,
    "fields": _fields,
    "history_sources": _sources,
    "language_aliases": _aliases,
    "languages": _languages,
    "options": _options,
    "question_types": _types,
}
