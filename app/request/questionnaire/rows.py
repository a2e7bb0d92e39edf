"""The rows of a form: as [title, type, options], as objects, or as the earlier frontend and form services give them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from app.base.errors import InputError
from app.base.limits import LIMITS
from app.request.questionnaire.form_services import neutral
from app.request.questionnaire.holders import raw_rows
from app.request.questionnaire.options import RowOptions, bounds, choices, limits
from app.request.questionnaire.row_types import DEFAULTS, SILENT, kind_of, near_type, why_refused

_WORD = r"(?<!not )(?<!non-)\b(?:optional|optionnel|facultatif|opcional|facoltativo|freiwillig|optioneel)\b"
_OPTIONAL = re.compile(rf"[-\u2013\u2014:,]\s*+{_WORD}[\s.]*+$|^\s*+{_WORD}\s*+[-\u2013:]", re.IGNORECASE)
_IN_BRACKETS = re.compile(rf"(?P<word>{_WORD})|[(\[]|[)\]]", re.IGNORECASE)
_LONGEST = 40  # longest name that is compared with ours, in letters
_COMPARED = 64  # the most unknown names of a row that are compared with ours; no form service has so many
_RESPONSE = ("submitted_at", "landed_at", "lastSubmittedTime", "responseId", "response_id")  # of a response, not of a question
_FIELDS: dict[str, tuple[str, ...]] = {
    "title": (
        *("title", "question", "label", "text", "heading", "prompt", "question_text", "questionText", "question_title"),
        "questionTitle",
    ),
    "type": ("type", "qtype", "question_type", "questionType", "fieldType", "kind"),
    "options": ("options", "choices", "values", "range", "enum"),
    "required": ("required", "isRequired", "is_required", "mandatory"),
    "optional": ("optional",),
    "other": ("other", "hasOther", "hasOtherOption", "showOtherItem", "allow_other", "allow_other_choice"),
    "min": ("min", "minimum", "low", "from", "lowerBound", "rateMin", "min_value"),
    "max": ("max", "maximum", "high", "to", "upperBound", "rateMax", "max_value"),
    "key": ("key", "ref", "id", "name", "questionId", "question_id", "qid", "variable", "fieldName"),
    "answer": ("answer", "response", "value"),
}
_KNOWN = tuple(name for names in _FIELDS.values() for name in names)
MISSING: Any = object()  # there is no answer, not even an empty one


class FormError(InputError):
    """A form or an answer to it is wrong. `row` and `question` are its place, counted from 1, which may become public.

    `name` is a word that the caller wrote there. It stays private: no message holds it.
    """

    def __init__(
        self, code: str, message: str, *, row: int | None = None, question: int | None = None, name: str | None = None
    ) -> None:
        """Take the message and the place of the mistake."""
        super().__init__(code, message)
        self.row = row
        self.question = question
        self.name = name


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a form: a question, words for the model (`prompt`) or words for the person (`info`)."""

    title: str
    kind: str
    options: RowOptions
    required: bool | None
    """Whether the row must be answered; None if the form does not say."""
    keys: tuple[str, ...]
    """Other names that an answer may use for the row."""
    answer: Any
    """The answer, if the form holds it; else `MISSING`."""

    @property
    def asks(self) -> bool:
        """Return whether the row is a question."""
        return self.kind not in SILENT

    @property
    def may_be_empty(self) -> bool:
        """Return whether the question may stay without an answer; a list of ticks may, unless the form requires one."""
        return self.required is False or (self.required is None and self.kind == "multiselect")


def read_rows(form: object) -> list[Row]:
    """Return the rows of a form. Raises `FormError` questionnaire.invalid with the number of the row at fault.

    A form is {"title", "questions"} or its rows alone. Also accepted are [owner, title, rows], which the earlier contract
    returned (HarryR/ethsofia-hackathon, packages/frontend/src/qlist.ts), {"qlist": form}, and the exports of form services.
    """
    rows = raw_rows(form)
    if rows is None or not rows or len(rows) > LIMITS.questions:
        raise FormError("questionnaire.invalid", f"a questionnaire has 1 to {LIMITS.questions} rows, in `questions`")
    found = [_row(number, raw) for number, raw in enumerate(rows, 1)]
    if any(row.required for row in found):  # if a form marks required rows, the others are optional
        found = [replace(row, required=bool(row.required)) for row in found]
    return found


def _row(number: int, raw: object) -> Row:
    fields = _fields(number, raw)
    if "optional" in fields and "required" not in fields:
        fields["required"] = not fields["optional"]
    title, kind = fields.get("title") or "", _kind(number, fields)
    if not isinstance(title, str):
        raise FormError("questionnaire.invalid", f"the title of row {number} is not text", row=number)
    if kind == "prompt":
        return Row(_words(number, title, fields.get("options")), kind, RowOptions(), None, (), MISSING)
    title = " ".join(title.split())
    if kind != "info" and not title:
        raise FormError("questionnaire.invalid", f"row {number} has no title, and so no question", row=number)
    kind, options = _options(number, kind, fields)
    return Row(title, kind, options, _required(fields.get("required"), title), _keys(fields), fields.get("answer", MISSING))


def _fields(number: int, raw: object) -> dict[str, Any]:
    """Return the row in our own field names."""
    if isinstance(raw, list) and len(raw) in (2, 3, 4) and all(isinstance(part, str) for part in raw[:2]):
        fields: dict[str, Any] = dict(zip(("title", "type", "options"), raw, strict=False))
        more = raw[3] if len(raw) == 4 else {}
        _refuse_near(number, more if isinstance(more, dict) else ())
        return fields | (more if isinstance(more, dict) else {"required": more})
    if not isinstance(raw, dict):
        raise FormError("questionnaire.invalid", f"row {number} is neither [title, type, options] nor an object", row=number)
    if any(name in raw for name in _RESPONSE):
        what = f"row {number} is a response, not a question: the form goes into `questionnaire`, a response into `answers`"
        raise FormError("questionnaire.invalid", what, row=number)
    raw = neutral(raw)
    _refuse_near(number, raw)
    fields = {}
    for ours, names in _FIELDS.items():
        if given := [raw[name] for name in names if raw.get(name) is not None]:
            fields[ours] = given if ours == "key" else given[0]
    if "title" not in fields and isinstance(raw.get("name"), str):  # SurveyJS shows the name if there is no title
        fields["title"] = raw["name"]
    return fields


def _refuse_near(number: int, names: Iterable[str]) -> None:
    """Raise `FormError` for a name that is nearly one of ours. Other unknown names are ignored: forms have many of them."""
    for name in islice(names, _COMPARED):
        if name not in _KNOWN and 4 < len(name) <= _LONGEST and (meant := near_type(name, _KNOWN)) and name != f"{meant}s":
            what = f'row {number} has a field that is nearly "{meant}"'
            raise FormError("questionnaire.invalid", what, row=number, name=name)


def _kind(number: int, fields: dict[str, Any]) -> str:
    name = fields.get("type")
    if name is None:
        if "options" in fields:
            return "choice"
        if "min" in fields and "max" in fields:
            return "range"
        if "answer" in fields:
            return "string"
        raise FormError("questionnaire.invalid", f"row {number} has no type", row=number)
    if not isinstance(name, str):
        raise FormError("questionnaire.invalid", f"the type of row {number} is not text", row=number)
    if reason := why_refused(name):
        raise FormError("questionnaire.invalid", f"row {number} is {reason}", row=number)
    if kind := kind_of(name):
        return kind
    meant = near_type(name)
    raise FormError(
        "questionnaire.invalid", f"row {number} has an unknown type" + (f', nearly "{meant}"' if meant else ""), row=number
    )


def _words(number: int, title: str, options: object) -> str:
    """Return the words of a `prompt` row; the earlier contract kept them as JSON text, with the quotes."""
    words = title if options in (None, "") else options
    if isinstance(words, str) and words.startswith('"'):
        try:
            words = json.loads(words)
        except ValueError:
            words = str(words)
    if not isinstance(words, str) or not words.strip():
        raise FormError("questionnaire.invalid", f"row {number} is a prompt without words", row=number)
    return words


def _lift(number: int, fields: dict[str, Any]) -> object:
    """Return the options. If they are an object, move its other entries to the fields of the row."""
    given = fields.pop("options", None)
    if not isinstance(given, dict):
        return given
    _refuse_near(number, given)  # {"choices": […], "required": false} or {"min", "max"}
    for ours in ("options", "required", "optional", "other", "min", "max"):
        if found := [given[name] for name in _FIELDS[ours] if name in given]:
            fields[ours] = found[0]
    if "optional" in fields and "required" not in fields:
        fields["required"] = not fields["optional"]
    return fields.pop("options", None)


def _options(number: int, kind: str, fields: dict[str, Any]) -> tuple[str, RowOptions]:
    """Return the type of the row and its valid answers; the options can settle the type."""
    given = _lift(number, fields)
    if kind == "string" and given:
        raise FormError("questionnaire.invalid", f"row {number} has options, but its type takes none", row=number)
    try:
        if kind in ("range", *DEFAULTS):
            return "range", bounds(given, fields.get("min"), fields.get("max"), DEFAULTS.get(kind))
        if kind == "multiselect" and given in (None, "", []):  # a single box, ticked or not
            return "boolean", RowOptions()
        if kind in ("select", "multiselect", "choice") or (kind == "boolean" and given):
            return kind, choices(given, other=bool(fields.get("other")))
        if kind == "number" and (given or "min" in fields or "max" in fields):
            return kind, limits(given, fields.get("min"), fields.get("max"))
        return kind, RowOptions()
    except ValueError as err:
        raise FormError("questionnaire.invalid", f"row {number} {err}", row=number) from err


def _required(said: object, title: str) -> bool | None:
    """Return whether an answer is required: the row's own word decides, else the end of its title; None if neither says."""
    if isinstance(said, str):
        said = {"true": True, "yes": True, "required": True, "false": False, "no": False, "optional": False}.get(said.lower())
    if isinstance(said, bool | int | float):
        return bool(said)
    return False if _OPTIONAL.search(title) or _says_so_in_brackets(title) else None


def _says_so_in_brackets(title: str) -> bool:
    """Return whether the title has "optional" in brackets. Each character is looked at only once."""
    is_open = is_said = False
    for found in _IN_BRACKETS.finditer(title):
        if found["word"]:
            is_said = is_open
        elif found[0] in "([":
            is_open = True
        elif is_said:
            return True
        else:
            is_open = False
    return False


def _keys(fields: dict[str, Any]) -> tuple[str, ...]:
    given: Iterable[Any] = fields.get("key", ())
    flat = [key for one in given for key in (one if isinstance(one, list) else [one])]
    return tuple(str(key) for key in flat if isinstance(key, str | int))
