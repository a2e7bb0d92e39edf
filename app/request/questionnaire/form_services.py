"""Convert the rows of form services into our fields: title, type, options, required, other, key, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Raw = dict[str, Any]


def neutral(raw: Raw) -> Raw:
    """Return the row in our fields if it comes from a form service that we know; else return it unchanged."""
    for mark, read in _SERVICES.items():
        if mark in raw:
            return read(raw)
    return raw


def _google(raw: Raw) -> Raw:
    """Convert an item of the Google Forms API (forms/reference/rest/v1/forms), which leaves out fields that are false."""
    question = _of(_of(raw, "questionItem"), "question")
    choice, scale, rating = (_of(question, name) for name in ("choiceQuestion", "scaleQuestion", "ratingQuestion"))
    row: Raw = {"title": raw.get("title"), "required": question.get("required", False), "type": "text"}
    row["key"] = [question.get("questionId"), raw.get("itemId")]
    if choice:
        options = choice.get("options") or []
        row |= {"type": {"DROP_DOWN": "dropdown"}.get(str(choice.get("type")), choice.get("type")), "options": options}
        if isinstance(options, list):
            row["options"] = [one for one in options if not (isinstance(one, dict) and one.get("isOther"))]
            row["other"] = len(row["options"]) != len(options)
    elif scale:
        row |= {"type": "scale", "min": scale.get("low", 0), "max": scale.get("high")}
    elif rating:
        row |= {"type": "rating", "min": 1, "max": rating.get("ratingScaleLevel")}
    elif "fileUploadQuestion" in question:
        row["type"] = "fileupload"
    elif "rowQuestion" in question:
        row["type"] = "grid"
    return row


def _typeform(raw: Raw) -> Raw:
    """Convert a field of Typeform's Create API; it may stay empty unless `validations` requires it."""
    properties, validations = _of(raw, "properties"), _of(raw, "validations")
    row: Raw = {name: value for name, value in raw.items() if name not in ("properties", "validations")}
    row.setdefault("required", validations.get("required", False))
    row["other"] = properties.get("allow_other_choice", False)
    if choices := properties.get("choices"):
        row["options"] = choices
    kind = row.get("type")
    if kind in ("multiple_choice", "picture_choice"):
        row["type"] = "multiselect" if properties.get("allow_multiple_selection") else "select"
    if kind in ("opinion_scale", "rating", "nps"):
        first = int(kind == "rating" or bool(properties.get("start_at_one")))
        steps = properties.get("steps", 5 if kind == "rating" else 11)
        row |= {"type": "range", "min": first, "max": steps + first - 1 if isinstance(steps, int) else None}
    return row


def _surveymonkey(raw: Raw) -> Raw:
    """Convert a question of SurveyMonkey's API v3, where `required` is an object or null."""
    headings = raw["headings"] if isinstance(raw["headings"], list) else []
    title = " ".join(str(one.get("heading", "")) for one in headings if isinstance(one, dict))
    row: Raw = {"title": title, "key": raw.get("id"), "required": bool(raw.get("required")), "type": raw.get("family")}
    if choices := _of(raw, "answers").get("choices"):
        row["options"] = choices
    row["other"] = "other" in _of(raw, "answers")
    if row["type"] == "multiple_choice":
        row["type"] = "multiselect"
    if row["type"] == "open_ended":
        row["type"] = {"numerical": "number", "multi": "multipletext"}.get(str(raw.get("subtype")), "text")
    return row


def _layout(kind: str) -> Callable[[Raw], Raw]:
    return lambda raw: {"title": raw.get("title") or "", "type": kind}


def _of(raw: Raw, name: str) -> Raw:
    found = raw.get(name)
    return found if isinstance(found, dict) else {}


_SERVICES: dict[str, Callable[[Raw], Raw]] = {
    "questionItem": _google,
    "questionGroupItem": _layout("grid"),
    **dict.fromkeys(("pageBreakItem", "textItem", "imageItem", "videoItem"), _layout("info")),
    "headings": _surveymonkey,
    "validations": _typeform,
    "properties": _typeform,
}


def said(answer: Any) -> Any:
    """Return the value in a form service's answer object; return any other answer unchanged.

    Typeform: {"type": "choices", "choices": {"labels": […], "other": …}}; Google: {"textAnswers": {"answers": [{"value"}]}}.
    """
    if not isinstance(answer, dict):
        return answer
    if isinstance(texts := _of(answer, "textAnswers").get("answers"), list):
        values = [one.get("value") if isinstance(one, dict) else one for one in texts]
        return values[0] if len(values) == 1 else values
    if isinstance(kind := answer.get("type"), str) and kind in answer:
        return _chosen(answer[kind])
    for name in ("answer", "value", "response", "label"):
        if name in answer:
            return answer[name]
    return answer


def _chosen(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if isinstance(labels := value.get("labels"), list):
        return [*labels, *([value["other"]] if value.get("other") else [])]
    return value.get("label", value.get("other", value))
