"""A filled-in questionnaire: rows and answers in, one delimited prompt out.

A `prompt` row carries words for the model, an `info` row words for the person; every other row is a question. Answers are
checked against their question and written as JSON values on one line each, so that no answer can pose as another question
or as an instruction. What rows and answers may look like is in `app.request.questionnaire`.
"""

from __future__ import annotations

import json
from typing import Any

from app.request.questionnaire.align import align
from app.request.questionnaire.answers import check
from app.request.questionnaire.row_types import ANSWERED, SILENT
from app.request.questionnaire.rows import FormError, read

__all__ = ["ANSWERED", "SILENT", "FormError", "has_words", "render", "title_of"]


def render(questionnaire: object, answers: object) -> str:
    """Return the prompt: the author's words, and each question with its checked answer.

    A question that was left empty stands there too, as `null (no answer)`, which no answer can be. Raises `FormError`
    questionnaire.invalid or answers.invalid, naming the row or the question by its number, which is no content.
    """
    rows = read(questionnaire)
    given = iter(align(rows, answers))
    lines: list[str] = []
    number = 0
    for row in rows:
        if row.kind == "prompt":
            lines += ["", row.title, ""]
        elif row.asks:
            number += 1
            lines.append(f" * {row.title}: {_shown(check(number, row, next(given)))}")
    return "\n".join(lines).strip()


def has_words(questionnaire: object) -> bool:
    """Return whether the form's author says in it what to do; a form that cannot be read says nothing."""
    try:
        return any(row.kind == "prompt" for row in read(questionnaire))
    except FormError:
        return False


def title_of(questionnaire: object, number: int) -> str | None:
    """Return the title of a question by its number from 1, for whoever has the form at hand; None if it has no such one."""
    try:
        titles = [row.title for row in read(questionnaire) if row.asks]
    except FormError:
        return None
    return titles[number - 1] if 1 <= number <= len(titles) else None


def _shown(answer: Any) -> str:
    return "null (no answer)" if answer is None else json.dumps(answer, ensure_ascii=False)
