"""Write the published JSON Schemas (2020-12) of requests and results to schema/; `--check` says whether they differ."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.request.fields import Document  # noqa: E402  the project is not installed, it is run in place
from app.result.report import Result  # noqa: E402


def schemas() -> Iterator[tuple[Path, str]]:
    """Yield the path of each schema file, and its text as the models give it."""
    for name, schema in (
        ("request", Document.model_json_schema(mode="validation")),
        ("result", Result.model_json_schema(mode="serialization")),
    ):
        head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:sealed-llm:{name}:1"}
        yield ROOT / "schema" / f"{name}-v1.schema.json", json.dumps({**head, **schema}, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write them, or with `--check` end with 1 if one differs."""
    differing = [(path, text) for path, text in schemas() if not path.exists() or path.read_text() != text]
    for path, text in differing:
        if sys.argv[1:] == ["--check"]:
            sys.stderr.write(f"differs: {path.relative_to(ROOT)}\n")
        else:
            path.write_text(text)
            sys.stderr.write(f"written: {path.relative_to(ROOT)}\n")
    if differing and sys.argv[1:] == ["--check"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
