"""The published JSON Schema (2020-12), generated from the models."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from app.desk import atomic
from app.request.fields import Document
from app.result.report import Result

FOLDER = Path(__file__).parent.parent.parent / "schema"


def write(*, check: bool = False) -> Iterator[tuple[Path, bool]]:
    """Yield each schema file and whether it differed; write it unless `check`."""
    for name, schema in (
        ("request", Document.model_json_schema(mode="validation")),
        ("result", Result.model_json_schema(mode="serialization")),
    ):
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:sealed-llm:{name}:1"}
        path = FOLDER / f"{name}-v1.schema.json"
        text = json.dumps({**head, **schema}, indent=1, sort_keys=True) + "\n"
        changed = not path.exists() or path.read_text() != text
        if changed and not check:
            path.parent.mkdir(exist_ok=True)
            atomic.write(path, text.encode())
        yield path, changed
