"""A filled-in questionnaire: rows and answers in, one delimited prompt out.

Rows are `[title, type, options]` as the earlier frontend stored them (shared/reference/earlier-systems.md
section 1.0). A `prompt` row carries words for the model, an `info` row words for the person; every
other row is a question. Answers are checked against their question and written as JSON values on one
line each, so that no answer can pose as another question or as an instruction.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal, InvalidOperation
from typing import Any, TypeGuard

from app.errors import InputError
from app.field_types import from_json
from app.limits import LIMITS

ANSWERED = ("number", "range", "select", "multiselect", "string")
SILENT = ("prompt", "info")


def render(questionnaire: object, answers: object) -> str:
    """Return the prompt: the author's words, and each question with its checked answer.

    `questionnaire` is {"title", "questions"} or the list of rows; `answers` is a list with one entry
    for each question (or for each row), or an object from title to answer. Raises `InputError`
    questionnaire.invalid or answers.invalid, naming the row or the question by its number.
    """
    rows = _rows(questionnaire)
    wanted = [row for row in rows if row[1] in ANSWERED]
    given = iter(_align(rows, wanted, answers))
    lines: list[str] = []
    number = 0
    for title, kind, options in rows:
        if kind == "prompt":
            lines += ["", options or title, ""]
        elif kind in ANSWERED:
            number += 1
            answer = _check(number, kind, options, next(given))
            lines.append(f" * {title}: {json.dumps(answer, ensure_ascii=False)}")
    return "\n".join(lines).strip()


def has_words(questionnaire: object) -> bool:
    """Return whether the form's author says in it what to do; a form that cannot be read says nothing."""
    try:
        return any(kind == "prompt" for _, kind, _ in _rows(from_json(questionnaire)))
    except InputError:
        return False


def _rows(questionnaire: object) -> list[tuple[str, str, Any]]:
    rows = questionnaire.get("questions") if isinstance(questionnaire, dict) else questionnaire
    if not isinstance(rows, list) or not rows or len(rows) > LIMITS.questions:
        raise InputError("questionnaire.invalid", f"a questionnaire has 1 to {LIMITS.questions} rows")
    return [_row(number, row) for number, row in enumerate(rows, 1)]


def _row(number: int, row: object) -> tuple[str, str, Any]:
    if not isinstance(row, list) or len(row) not in (2, 3) or not all(isinstance(part, str) for part in row[:2]):
        raise InputError("questionnaire.invalid", f"row {number} is not [title, type, options]")
    title, kind, options = row[0], row[1], row[2] if len(row) == 3 else None
    if kind not in (*ANSWERED, *SILENT):
        raise InputError("questionnaire.invalid", f"row {number} has an unknown type")
    if kind == "prompt":
        if not isinstance(options or "", str) or not (options or title).strip():
            raise InputError("questionnaire.invalid", f"row {number} is a prompt without words")
        return title, kind, options
    if kind in ANSWERED and not title.strip():
        raise InputError("questionnaire.invalid", f"row {number} asks nothing")
    return " ".join(title.split()), kind, _options(number, kind, options)


def _options(number: int, kind: str, options: object) -> Any:
    """Return [low, high] of a range, the choices of a select; the frontend stored them as JSON text."""
    if isinstance(options, str) and options:
        try:
            options = json.loads(options)
        except (ValueError, RecursionError) as err:
            raise InputError("questionnaire.invalid", f"the options of row {number} are not JSON") from err
    if kind == "range":
        bounds = options if isinstance(options, list) else []
        if len(bounds) != 2 or not all(map(_is_number, bounds)) or bounds[0] > bounds[1]:
            raise InputError("questionnaire.invalid", f"row {number} needs [low, high]")
    if kind in ("select", "multiselect"):
        choices = options if isinstance(options, list) else []
        if not choices or not all(isinstance(choice, str) for choice in choices) or len(set(choices)) != len(choices):
            raise InputError("questionnaire.invalid", f"row {number} needs a list of different choices")
    return options


def _align(rows: list[tuple[str, str, Any]], wanted: list[tuple[str, str, Any]], answers: object) -> list[Any]:
    """Return one answer for each question, in order."""
    if isinstance(answers, list) and len(answers) == len(wanted):
        return answers
    if isinstance(answers, list) and len(answers) == len(rows):
        return [answer for answer, row in zip(answers, rows, strict=True) if row[1] in ANSWERED]
    if isinstance(answers, dict):
        titles = [title for title, _, _ in wanted]
        by_title = {" ".join(title.split()): answer for title, answer in answers.items()}
        if len(set(titles)) == len(titles) and set(titles) == by_title.keys():
            return [by_title[title] for title in titles]
    raise InputError("answers.invalid", f"there must be one answer for each of the {len(wanted)} questions")


def _check(number: int, kind: str, options: Any, answer: object) -> Any:
    if kind in ("number", "range"):
        value = _number(number, answer)
        if kind == "range" and not options[0] <= value <= options[1]:
            raise InputError("answers.invalid", f"answer {number} is outside of its range")
        return value
    if kind == "multiselect":
        chosen = _list(answer)
        if not chosen or len({str(choice) for choice in chosen}) != len(chosen) or any(each not in options for each in chosen):
            raise InputError("answers.invalid", f"answer {number} is not a list of its choices")
        return chosen
    if not isinstance(answer, str) or not answer.strip():
        raise InputError("answers.invalid", f"answer {number} is empty or is not text")
    if kind == "select" and answer not in options:
        raise InputError("answers.invalid", f"answer {number} is not one of its choices")
    return answer


def _number(number: int, answer: object) -> int | float:
    """Return a finite number; forms send numbers as text."""
    if isinstance(answer, str) and len(answer) <= 64:
        try:
            parsed = Decimal(answer.strip())
            answer = int(parsed) if parsed == parsed.to_integral_value() and abs(parsed) < 2**53 else float(parsed)
        except (InvalidOperation, ValueError, OverflowError):
            answer = None
    if not _is_number(answer):
        raise InputError("answers.invalid", f"answer {number} is not a number")
    return int(answer) if float(answer).is_integer() and abs(answer) < 2**53 else answer


def _is_number(value: object) -> TypeGuard[int | float]:
    try:
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond any float
        return False


def _list(answer: object) -> list[Any]:
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except (ValueError, RecursionError):
            return []
    return answer if isinstance(answer, list) else []
