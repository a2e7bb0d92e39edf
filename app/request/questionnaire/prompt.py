"""A filled-in questionnaire: take rows and answers, and write one delimited prompt.

A `prompt` row holds words for the model, an `info` row words for the person, and every other row is a question. Each answer is
checked against its question and written as JSON values on one line, so that no answer can pass as another question or as an
instruction. `app.request.questionnaire` reads the many forms of rows and answers.
"""

from __future__ import annotations

import json
from typing import Any

from app.request.questionnaire.align import align
from app.request.questionnaire.answers import checked
from app.request.questionnaire.row_types import ANSWERED, SILENT
from app.request.questionnaire.rows import FormError, read_rows

__all__ = ["ANSWERED", "SILENT", "FormError", "has_words", "render", "title_of"]


def render(questionnaire: object, answers: object) -> str:
    """Return the prompt: the author's words, and each question with its checked answer.

    A question without an answer appears as `null (no answer)`, which no answer can produce. Raises `FormError`
    questionnaire.invalid or answers.invalid, which name the row or the question by its number and never by its content.
    """
    rows = read_rows(questionnaire)
    given = iter(align(rows, answers))
    lines: list[str] = []
    number = 0
    for row in rows:
        if row.kind == "prompt":
            lines += ["", row.title, ""]
        elif row.asks:
            number += 1
            lines.append(f" * {row.title}: {_shown(checked(number, row, next(given)))}")
    return "\n".join(lines).strip()


def has_words(questionnaire: object) -> bool:
    """Return whether the author of the form says in it what to do; False for a form that cannot be read."""
    try:
        return any(row.kind == "prompt" for row in read_rows(questionnaire))
    except FormError:
        return False


def title_of(questionnaire: object, number: int) -> str | None:
    """Return the title of the question with this number, counted from 1; None if there is no such question.

    It is for callers who hold the form anyway.
    """
    try:
        titles = [row.title for row in read_rows(questionnaire) if row.asks]
    except FormError:
        return None
    return titles[number - 1] if 1 <= number <= len(titles) else None


def _shown(answer: Any) -> str:
    return "null (no answer)" if answer is None else json.dumps(answer, ensure_ascii=False)
