"""Tell what kind of text has no field name: broken JSON or YAML of ours, a table, or words."""

from __future__ import annotations

import json
import re

from app.base import near_names
from app.formats import strict_json
from app.request.fields import FIELDS

# Fields that no other program's document has by chance. Beside one of them, an unknown name is a mistake and not material.
TELLING = frozenset(
    {"prompt", "messages", "questionnaire", "qlist", "max_tokens", "original_prompt", "reference_code", "feedback_prompt"}
)
_LINE = re.compile(r"(\w+): +\S")
_KEY = re.compile(r"""[{\[,\s]*["'“”]?([A-Za-z_]+)["'“”]?\s*:""")


def is_meant_as_json(text: str) -> bool:
    """Return whether a text that is not strict JSON is a broken request in JSON, and not Markdown, a template or a log."""
    if strict_json.is_too_deep(text.encode()):
        return True
    try:
        json.loads(text)
    except ValueError as err:
        if "Extra data" in str(err) and is_table(text):
            return False
    else:
        return True  # errors that `json` alone accepts: a duplicate name, NaN, half a surrogate pair
    first = _KEY.match(text.strip())
    return text.strip() in ("{", "[") or bool(first and near_names.near(first[1], FIELDS | {"options", "role"}) is not None)


def is_yaml(text: str) -> bool:
    """Return whether every line is `name: value` with a name of ours, and at least one of the names implies a request."""
    names = [found[1] if (found := _LINE.match(line)) else "" for line in text.splitlines() if line.strip()]
    return len(names) > 1 and not TELLING.isdisjoint(names) and all(name in FIELDS for name in names)


def is_table(text: str) -> bool:
    """Return whether the text is rows with the same number of cells, or one JSON value on each line."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        return False
    if all(line.lstrip().startswith("{") and line.rstrip().endswith("}") and "{{" not in line for line in lines):
        return True
    return any(
        0 < lines[0].find(mark) < len(lines[0].rstrip()) - 1  # every line of a letter may end in one
        and len({line.count(mark) for line in lines[:20]}) == 1
        and not any(mark + " " in line for line in lines)
        for mark in "\t;,"
    )
