"""Find the rows of a form, whichever program wrote it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.base.errors import InputError
from app.formats import strict_json
from app.formats.hex_words import ADDRESS

_HOLDERS = ("questions", "qlist", "rows", "items", "fields", "elements")  # fields that hold the rows of a form
_WRAPS = ("questionnaire", "form", "survey", "definition", "form_response", "qlist")  # fields that hold the whole form


def raw_rows(form: object) -> list[Any] | None:
    """Return the rows as they were given, with the rows of groups and panels in their place; None if this is not a form."""
    rows = _rows(form, 3)
    return list(_flat(rows, 4)) if isinstance(rows, list) else None


def _flat(rows: list[Any], depth: int) -> Iterator[Any]:
    for row in rows:
        inner = _inner(row) if isinstance(row, dict) and depth else None
        yield from _flat(inner, depth - 1) if inner else [row]


def _inner(row: dict[str, Any]) -> list[Any] | None:
    """Return the fields of a Typeform group, or the elements of a SurveyJS panel."""
    properties = row.get("properties")
    found = properties.get("fields") if isinstance(properties, dict) else row.get("elements")
    return found if isinstance(found, list) else None


def _rows(form: object, depth: int) -> object:
    if isinstance(form, str):
        return _rows(_parsed(form), depth - 1) if depth else None
    if isinstance(form, list):
        is_contracts = len(form) == 3 and isinstance(form[2], list) and ADDRESS.fullmatch(str(form[0]))
        return form[2] if is_contracts else form
    if not isinstance(form, dict) or not depth:
        return None
    if isinstance(pages := form.get("pages"), list):
        found = [_rows(page, depth - 1) for page in pages]
        return [row for page in found if isinstance(page, list) for row in page] if all(map(_is_page, found)) else None
    held = next((form[name] for name in _HOLDERS if isinstance(form.get(name), list | str)), None)
    inner = next((form[name] for name in _WRAPS if isinstance(form.get(name), dict | list)), None)
    return _rows(held if held is not None else inner, depth - 1)


def _is_page(rows: object) -> bool:
    return isinstance(rows, list)


def _parsed(text: str) -> Any:
    try:
        return strict_json.loads(text.encode(errors="surrogatepass"))
    except InputError:
        return None
