"""Find which answer belongs to which question."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.request.questionnaire.form_services import said
from app.request.questionnaire.options import tidy
from app.request.questionnaire.rows import MISSING, FormError, Row

_NAMES = ("question", "title", "key", "ref", "id", "name", "question_id", "questionId")  # fields that name an answer's question


def align(rows: list[Row], answers: object) -> list[Any]:
    """Return one answer, or `MISSING`, for each question in order.

    `answers` is one of these: a list with one entry for each question or each row, an object from title, key or number to
    answer, a list of objects that name their question, or None where the form itself holds the answers. Raises `FormError`
    answers.invalid.
    """
    wanted = [row for row in rows if row.asks]
    brought = [row.answer for row in wanted]
    if any(answer not in (MISSING, "", []) for answer in brought):
        if answers is not None:
            raise FormError("answers.invalid", "the form holds its answers, and `answers` are given as well")
        return brought
    if not wanted and answers in (None, [], {}):
        return []
    if answers is None or answers == []:
        raise FormError("answers.invalid", f"the form has {_count(wanted)} and no answers: pass `answers`")
    if isinstance(answers, Mapping) and _is_response(wanted, answers):
        answers = answers["answers"]
    if isinstance(answers, list) and answers and all(map(_names_its_question, answers)):
        answers = _by_name(answers)
    if isinstance(answers, Mapping):
        return _named(wanted, answers)
    if isinstance(answers, list) and len(answers) == len(wanted):
        return answers
    if isinstance(answers, list) and len(answers) == len(rows):
        return [answer for answer, row in zip(answers, rows, strict=True) if row.asks]
    given = f"{len(answers)} in `answers`" if isinstance(answers, list) else "none in `answers`"
    raise FormError("answers.invalid", f"there must be one answer for each of the {_count(wanted)}, but there are {given}")


def _is_response(wanted: list[Row], answers: Mapping[str, Any]) -> bool:
    """Return whether this is the whole response of a form service, with the answers inside it."""
    return isinstance(answers.get("answers"), list | Mapping) and "answers" not in _places(wanted)


def _count(questions: list[Row]) -> str:
    return f"{len(questions)} question{'s' * (len(questions) != 1)}"


def _names_its_question(answer: object) -> bool:
    return isinstance(answer, Mapping) and ("field" in answer or any(name in answer for name in _NAMES))


def _by_name(answers: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return answers by the name of their question: Typeform's `field`, else a title or a key."""
    found: dict[str, Any] = {}
    for one in answers:
        holder = one["field"] if isinstance(one.get("field"), Mapping) else one
        name = next((holder[name] for name in ("ref", *_NAMES) if isinstance(holder.get(name), str | int)), None)
        if name is None or str(name) in found:
            raise FormError("answers.invalid", "two answers name the same question" if name else "an answer names no question")
        found[str(name)] = said(dict(one))
    return found


def _named(wanted: list[Row], answers: Mapping[str, Any]) -> list[Any]:
    """Return the answers by title, key or number of their question. Raises `FormError` if one belongs to no question."""
    places = _places(wanted)
    found: list[Any] = [MISSING] * len(wanted)
    for name, answer in answers.items():
        place = places.get(tidy(str(name)), places.get(_bare(str(name))))
        if place is None:
            raise FormError("answers.invalid", "`answers` name a question that the form does not have", name=name)
        if place < 0:
            what = f"question {-place} and another have one name: give the answers in order"
            raise FormError("answers.invalid", what, question=-place)
        if found[place] is not MISSING:
            raise FormError("answers.invalid", f"question {place + 1} is answered twice", question=place + 1)
        found[place] = answer
    return found


def _places(wanted: list[Row]) -> dict[str, int]:
    """Return the place of each question by its names; where two questions share a name, minus the number of the question.

    A key wins over a title, a title over one without the form's additions, and that over a number.
    """
    places = {str(number): number - 1 for number in range(1, len(wanted) + 1)}
    for names in (_bare_title, _title, _keys):
        level: dict[str, int] = {}
        for place, row in enumerate(wanted):
            for name in names(row):
                level[name] = place if name not in level else min(level[name], -level[name] - 1)
        places |= level
    return places


def _bare_title(row: Row) -> set[str]:
    return {_bare(row.title)}


def _title(row: Row) -> set[str]:
    return {tidy(row.title)}


def _keys(row: Row) -> set[str]:
    return {tidy(key) for key in row.keys}


def _bare(title: str) -> str:
    """Return a title without the additions of a form: a star, "(optional)"."""
    return tidy(re.sub(r" ?(\*|[([](optional|required)[)\]])$", "", " ".join(title.split()), flags=re.IGNORECASE))
