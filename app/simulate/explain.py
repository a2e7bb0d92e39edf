"""What a public error leaves out, for the person at the desk who has the request at hand anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app import strict_json
from app.errors import InputError
from app.questionnaire import FormError, render, title_of

_OF_A_FORM = frozenset(("answers.invalid", "questionnaire.invalid"))


def explain(request: Mapping[str, Any], code: str) -> str | None:
    """Return `question 2: "…"`, the title of the question that an error with this code is about; None where it is about none.

    `request` holds the fields as the caller wrote them. The title is the caller's own: it goes to his screen and nowhere else.
    """
    form = _plain(request.get("questionnaire"))
    if code not in _OF_A_FORM or form is None:
        return None
    try:
        render(form, _plain(request.get("answers")))
    except FormError as err:
        title = title_of(form, err.question) if err.question else None
        return f'question {err.question}: "{title}"' if title else None
    except InputError:
        return None
    return None


def _plain(value: Any) -> Any:
    """Return what JSON text says, as the request's own fields are read."""
    if not isinstance(value, str):
        return value
    try:
        return strict_json.loads(value.encode(errors="surrogatepass"))
    except InputError:
        return None
