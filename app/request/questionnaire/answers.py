"""Check whether an answer fits its question, and give it the form that it has in the prompt."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.base.errors import InputError
from app.base.limits import LIMITS
from app.formats import strict_json
from app.request.questionnaire.form_services import said
from app.request.questionnaire.options import RowOptions, as_number, as_text, tidy
from app.request.questionnaire.rows import MISSING, FormError, Row

_YES = frozenset(("yes", "y", "true", "1", "on", "checked", "ja", "oui", "si", "sí", "sim", "да"))
_NO = frozenset(("no", "n", "false", "0", "off", "unchecked", "nein", "non", "não", "nao", "nee", "нет"))
_NOTHING = frozenset(("n/a", "na", "-", "--"))  # where free words could not be an answer
# A separator of choices. It takes in the white space around it, so that each blank is looked at only once.
_BREAKS = re.compile(r"(?:(?<!\s)(?:\s++(?=[,;|])|[^\S\n]++(?=\n)))?[,;|\n]\s*+")
_PARTS = 128  # the most choices in one cell; more must be given as a list


def checked(number: int, row: Row, answer: Any) -> Any:
    """Return the answer as the prompt shows it, None for an empty one.

    Raises `FormError` answers.invalid with the number of the question, never with the answer.
    """
    answer = said(answer)
    if _is_nothing(row, answer):
        if not row.may_be_empty:
            raise _wrong(number, "is missing, and the question is not optional")
        return [] if row.kind == "multiselect" else None
    return _CHECKS[row.kind](number, row.options, answer)


def _is_nothing(row: Row, answer: object) -> bool:
    if answer is MISSING or answer is None or answer in ([], {}):
        return True
    if not isinstance(answer, str):
        return False
    bare = tidy(answer)
    return not bare or (bare in _NOTHING and row.kind != "string" and bare not in map(tidy, row.options.choices))


def _wrong(number: int, what: str) -> FormError:
    return FormError("answers.invalid", f"answer {number} {what}", question=number)


def _number(number: int, options: RowOptions, answer: object) -> int | float:
    value = as_number(answer)
    if value is None:
        raise _wrong(number, "is not a number")
    if options.bounds and not options.bounds[0] <= value <= options.bounds[1]:
        raise _wrong(number, "is outside of its range")
    return value


def _boolean(number: int, options: RowOptions, answer: object) -> str:
    """Return "yes" or "no", or whichever of the form's own two words for them was chosen."""
    if chosen := _one(options, answer):
        return chosen
    word = ("yes" if answer else "no") if isinstance(answer, bool) else tidy(as_text(answer) or "")
    if word not in _YES | _NO:
        raise _wrong(number, "is neither yes nor no")
    return "yes" if word in _YES else "no"


def _string(number: int, _: RowOptions, answer: object) -> str | int | float | bool:
    if isinstance(answer, bool):  # a spreadsheet turns TRUE into a boolean, and digits into a number
        return answer
    if not isinstance(answer, str) and as_number(answer) is None:
        raise _wrong(number, "is not text")
    return answer if isinstance(answer, str) else as_number(answer) or 0


def _select(number: int, options: RowOptions, answer: object) -> str:
    only = answer[0] if isinstance(answer, list) and len(answer) == 1 else answer
    if chosen := _one(options, only):
        return chosen
    if options.other and isinstance(only, str):
        return only
    raise _wrong(number, "is not one of its choices")


def _choice(number: int, options: RowOptions, answer: object) -> str | list[str]:
    """Return one choice, or a list if there are several: forms use "multiple choice" for both."""
    try:
        return _select(number, options, answer)
    except FormError:
        several = _multiselect(number, options, answer)
        return several if len(several) > 1 else several[0]


def _multiselect(number: int, options: RowOptions, answer: object) -> list[str]:
    if isinstance(answer, Mapping):  # {"A": true, "B": false}
        ticks = list(answer.values())
        listed: list[Any] = (
            [name for name, ticked in answer.items() if ticked is True] if all(map(_is_bool, ticks)) else [answer]
        )
    elif isinstance(answer, list):
        listed = answer
    else:
        listed = _cell(number, options, as_text(answer))
    chosen = [_one(options, one) or (one if options.other and isinstance(one, str) and one.strip() else None) for one in listed]
    if None in chosen:
        raise _wrong(number, "is not a list of its choices")
    if len(set(map(str, chosen))) != len(chosen):
        raise _wrong(number, "has a choice twice")
    return [str(one) for one in chosen]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


def _one(options: RowOptions, answer: object) -> str | None:
    """Return the choice that an answer means: by its exact words, else by its words in any letter case, else by its value."""
    text = as_text(answer)
    if text is None:
        return None
    return options.meant(text)


def _cell(number: int, options: RowOptions, text: str | None) -> list[str]:
    """Return the choices in one cell, as spreadsheets hold them: "A, B". A choice may itself contain commas.

    Raises `FormError` unless there is exactly one way to read the cell.
    """
    if text is None:
        raise _wrong(number, "is not a list of its choices")
    if text.lstrip().startswith("["):
        try:
            return list(strict_json.loads(text.encode(errors="surrogatepass")))
        except (InputError, TypeError):
            raise _wrong(number, "is not a list of its choices") from None
    if len(text) > LIMITS.prompt_bytes // 16:
        raise _wrong(number, "is not a list of its choices")
    cuts = [(0, 0), *((found.start(), found.end()) for found in _BREAKS.finditer(text)), (len(text), len(text))]
    if len(cuts) > _PARTS:
        raise _wrong(number, "has too many choices in one cell: give them as a list")
    reach = 1 + max(len(_BREAKS.findall(name)) for name, _ in options.names)
    ways: list[list[list[str]]] = [[[]]]
    for end in range(1, len(cuts)):
        parts = ((begin, text[cuts[begin][1] : cuts[end][0]]) for begin in range(max(0, end - reach), end) if ways[begin])
        ways.append([[*way, part] for begin, part in parts if _one(options, part) for way in ways[begin]][:2])
    if len(ways[-1]) > 1:
        raise _wrong(number, "can be read in two ways: give the choices as a list")
    return ways[-1][0] if ways[-1] else [text]


_CHECKS = {
    "number": _number,
    "range": _number,
    "boolean": _boolean,
    "string": _string,
    "select": _select,
    "choice": _choice,
    "multiselect": _multiselect,
}
