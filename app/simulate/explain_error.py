"""Explain to the person at the desk, who has the request anyway, what a public error leaves out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.base.errors import AppError, InputError
from app.formats import protected_data, strict_json
from app.request.questionnaire.holders import raw_rows
from app.request.questionnaire.prompt import FormError, render, title_of

_OF_A_FORM = frozenset(("answers.invalid", "questionnaire.invalid"))


def explain(request: Mapping[str, Any], code: str) -> str | None:
    """Return what an error with this code is about, as `question 2: "its title"`; None if there is nothing to add.

    `request` holds the fields as the caller wrote them. The returned text is the caller's own: it goes only to the caller's
    screen.
    """
    form = _plain(request.get("questionnaire"))
    if code not in _OF_A_FORM or form is None:
        return None
    try:
        render(form, _plain(request.get("answers")))
    except FormError as err:
        return _place(form, err)
    except InputError:
        return None
    return None


def fields_of(dataset: bytes | None) -> Mapping[str, Any]:
    """Return the fields of a dataset that `explain` needs, as the caller wrote them; none if they cannot be read."""
    try:
        if dataset is not None and dataset.startswith(b"PK"):
            entries = protected_data.read_archive(dataset)
            return {name: protected_data.text(entries[name]) for name in ("questionnaire", "answers") if name in entries}
        found = strict_json.loads((dataset or b"").removeprefix(b"\xef\xbb\xbf"))
    except AppError:
        return {}
    return found if isinstance(found, dict) else {}


def _place(form: Any, err: FormError) -> str | None:
    if err.question and (title := title_of(form, err.question)):
        return f'question {err.question}: "{title}"'
    if err.row and (row := (raw_rows(form) or [])[err.row - 1 : err.row]):
        field = f", {err.name}" if err.name else ""
        return f"row {err.row}{field}: {json.dumps(row[0], ensure_ascii=False)[:200]}"
    return f'in `answers`: "{err.name}"' if err.name else None


def _plain(value: Any) -> Any:
    """Return the value of JSON text, as the fields of a request are read; return any other value unchanged."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value.encode(errors="surrogatepass"))
    except InputError:
        return None
