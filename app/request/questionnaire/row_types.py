"""The types of rows, under the names that form services give them."""

from __future__ import annotations

import functools
import re

from app.base import hints

SILENT = ("prompt", "info")
ANSWERED = ("number", "range", "select", "multiselect", "boolean", "string")
hints.offer("question_types", (*SILENT, *ANSWERED))
# The names are without letter case, blanks, hyphens and underscores. Sources: Google's FormApp.ItemType and forms.Item,
# Typeform's Create API, SurveyMonkey's question families, SurveyJS, HTML. `choice` takes one answer or several:
# `multiple_choice` means one of several in Google Forms and Typeform, and any of them in SurveyMonkey.
_NAMES: dict[str, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "info": (
        *("info", "statement", "section", "sectionheader", "pagebreak", "html", "image", "video", "description", "heading"),
        *("note", "presentation", "welcomescreen", "thankyouscreen", "textitem", "divider"),
    ),
    "number": ("number", "numeric", "numerical", "integer", "int", "float", "decimal", "currency"),
    "range": ("range", "scale", "linearscale", "opinionscale", "slider", "ratingscale"),
    "rating": ("rating", "stars"),
    "nps": ("nps", "netpromoterscore"),
    "select": (
        *("select", "singleselect", "radio", "radiogroup", "radiobutton", "radiobuttons", "dropdown", "dropdownlist", "list"),
        *("picklist", "singlechoice", "combobox"),
    ),
    "choice": ("multiplechoice", "choice", "picturechoice", "imagepicker", "buttongroup"),
    "multiselect": (
        *("multiselect", "multiselectpicklist", "multipleselect", "checkbox", "checkboxes", "checkboxgroup", "checklist"),
        *("tagbox", "multiplechoices", "multichoice"),
    ),
    "boolean": ("boolean", "bool", "yesno", "truefalse", "switch", "toggle", "legal", "consent"),
    "string": (
        *("string", "text", "shorttext", "longtext", "paragraph", "paragraphtext", "textarea", "comment", "openended", "essay"),
        *("shortanswer", "longanswer", "freetext", "multilinetext", "email", "phone", "phonenumber", "tel", "url", "website"),
        *("link", "date", "datetime", "time", "duration", "address", "name", "open", "password", "month", "week"),
    ),
}
# types that hold several answers in one, or an answer without words, and the advice for each
REFUSED: dict[str, str] = {
    **dict.fromkeys(
        ("grid", "checkboxgrid", "multiplechoicegrid", "matrix", "matrixdropdown", "matrixdynamic", "likert"),
        "a grid: make each line of it a question of its own",
    ),
    **dict.fromkeys(
        ("group", "inlinegroup", "panel", "paneldynamic", "contactinfo", "multipletext", "demographic"),
        "a group: make each part of it a question of its own",
    ),
    **dict.fromkeys(("ranking", "rank", "stackrank"), "a ranking: ask for the order as text"),
    **dict.fromkeys(
        ("fileupload", "file", "signature", "signaturepad", "payment", "calendly"), "of a type whose answer is not text"
    ),
}
# types of `range` with well-known default bounds: SurveyJS's rating and Typeform's nps
DEFAULTS: dict[str, tuple[int, int]] = {"rating": (1, 5), "nps": (0, 10)}
_LONGEST = 64  # longest name of a type that is compared with ours, in letters
_KINDS = {name: kind for kind, names in _NAMES.items() for name in names}


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "", name).lower()


def kind_of(name: str) -> str | None:
    """Return the type that a form's name of it means: one of ours, `choice`, `rating` or `nps`; None if it is unknown."""
    return _KINDS.get(_plain(name))


def why_refused(name: str) -> str | None:
    """Return why a known type is not supported, with advice; None if there is nothing to say about it."""
    return REFUSED.get(_plain(name))


@functools.lru_cache(1_024)
def near_type(name: str, known: tuple[str, ...] = (*SILENT, *ANSWERED)) -> str | None:
    """Return the one of our own words that `name` was likely meant to be; None if there is none."""
    from difflib import get_close_matches

    if len(name) > _LONGEST:
        return None
    return next(iter(get_close_matches(name.strip().lower(), known, 1, 0.8)), None)
