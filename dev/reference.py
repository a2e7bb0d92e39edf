"""The generated parts of docs/reference/: each is made from the one place where the code defines what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

import click

from app.base.hints import DESK_HINTS, HINTS, filled
from app.base.limits import Limits
from app.cli.main import cli
from app.iexec import args
from app.llm.models import catalogue
from app.request import languages
from app.request.fields import SAME
from app.request.questionnaire import row_types
from app.request.sources.owner import POLICY
from app.wallet.features import FEATURES
from app.wallet.read import fields
from dev.field_meanings import MEANINGS

ROOT = Path(__file__).resolve().parent.parent
OFFERING = (args, languages, row_types, fields)  # imported, so that hints have the lists of these rooms


def table(*rows: tuple[str, ...]) -> str:
    """Return a Markdown table, the first row its head."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([head, "| --- " * len(rows[0]) + "|", *body])


def _commands(group: click.Group, before: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        yield f"{before}{name}"
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")


def commands() -> str:
    """Return the help of the program and of each of its commands, as it is shown on 80 columns."""
    return "\n\n".join(_help(name) for name in ("", *_commands(cli)))


@cache
def _help(name: str) -> str:
    command = [sys.executable, "-m", "app", *name.split(), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": "80", "PATH": ""})
    return f"## `{name or 'sealed-llm'}`\n\n```text\n{done.stdout.rstrip()}\n```"


def errors() -> str:
    """Return a section for each error code, so that each has an anchor: its hints, for a result and for the desk."""
    return "\n\n".join(_error(code) for code in sorted(HINTS))


def _error(code: str) -> str:
    said = f"### `{code}`\n\nHint: {_sentence(HINTS[code])}"
    return f"{said}\n\nHint for what was typed at the desk: {_sentence(DESK_HINTS[code])}" if code in DESK_HINTS else said


def _sentence(hint: str) -> str:
    """Return a hint with its end, and with links in the place of pages."""
    text = re.sub(r"docs/reference/([\w-]+\.md(?:#[\w-]+)?)", r"[\g<0>](\1)", filled(hint))
    return text if text.endswith(("?", ".")) else f"{text}."


def models() -> str:
    """Return the table of the models in app/llm/models.toml."""
    rows = [
        (f"`{one.name}`", f"{one.bytes / 2**20:.0f} MiB", str(one.context), one.licence, f"`{one.sha256}`")
        for one in catalogue().values()
    ]
    return table(("name", "size", "context in tokens", "licence", "SHA-256"), *rows)


def limits() -> str:
    """Return the table of limits, with each limit's reason from the comment behind or above it: there is no second place."""
    defaults, reasons, above = Limits(), dict[str, str](), list[str]()
    for line in (ROOT / "app/base/limits.py").read_text().splitlines():
        comment = line.partition("# ")[2].strip()
        if named := re.match(r"    (\w+): int = ", line):
            reasons[named[1]] = comment or " ".join(above)
        above = [*above, comment] if line.startswith("    # ") else []
    rows = [(f"`{name}`", f"{value:,}", reasons[name]) for name, value in asdict(defaults).items()]
    return table(("limit", "value", "why"), *rows)


def images() -> str:
    """Return the table of images from what the rehearsal wrote down."""
    rows: list[tuple[str, ...]] = [
        ("image and model", "unpacked", "of it over the base", "48 tokens", "48, `--no-mmap`", "4,000", "4,000, `--no-mmap`")
    ]
    for part in re.split(r"^(?=Dockerfile)", (ROOT / "bench/results/images.txt").read_text(), flags=re.MULTILINE)[1:]:
        name = re.sub(r"(\S+), (\S+)", r"`\1`, `\2`", part.partition(":")[0])
        figures = re.findall(r"(\d+) MiB unpacked|(\d+) MiB of it|address space +(\d+) MiB", part)
        rows.append((name, *("".join(figure) for figure in figures)))
    return table(*rows)


def features() -> str:
    """Return the table of a wallet's features."""
    return table(("feature", "unit", "meaning"), *[(f"`{name}`", unit, what) for name, (unit, what) in FEATURES.items()])


_SAID = {"free": "anybody", "fewer": "anybody, up to the default", "aside": "its owner; left aside", "refused": "its owner"}


def owner() -> str:
    """Return the table of who may set which field beside protected data."""
    other = {name: [one for one, first in SAME.items() if first == name] for name in POLICY}
    rows = [
        (
            ", ".join(f"`{one}`" for one in (name, *other[name])),
            *(_SAID[case] for case in (rule.request, rule.wallet, rule.material)),
            rule.why,
        )
        for name, rule in POLICY.items()
    ]
    return table(("field", "beside a request", "beside a wallet alone", "beside material", "what it could do"), *rows)


def attack() -> str:
    """Return the figures that the campaign against ourselves found."""
    return f"```text\n{(ROOT / 'bench/results/attack.txt').read_text()}```"


def request() -> str:
    """Return the fields of a request, from the published schema."""
    return _schema("request", "Document")


def result() -> str:
    """Return the fields of a result, from the published schema."""
    return _schema("result", "Result")


def _schema(name: str, title: str) -> str:
    schema = json.loads((ROOT / f"schema/{name}-v1.schema.json").read_text())
    defined = schema.get("$defs", {})
    first = {part: defined[part] for part in ("Report", "Attestation") if part in defined}
    parts = {title: schema, **first, **defined}
    said = {name: part.get("description", "").strip() for name, part in parts.items()}
    return "\n\n".join(_part(name, part, said) for name, part in parts.items())


def _part(name: str, part: dict[str, Any], said: dict[str, str]) -> str:
    required = part.get("required", [])
    left_out = {field: ", optional" for field in part["properties"] if required and field not in required}
    rows = [
        (
            f"`{field}`",
            f"{_type(value)}{left_out.get(field, '')}",
            _cell(value.get("description") or MEANINGS.get(f"{name}.{field}") or _of_its_type(value, said)),
        )
        for field, value in part["properties"].items()
    ]
    return f"### {name}\n\n{said[name]}\n\n{table(('field', 'type', 'meaning'), *rows)}"


def _of_its_type(value: dict[str, Any], said: dict[str, str]) -> str:
    """Return what is said of the one part that a field holds, where the field has no description of its own."""
    names = {one["$ref"].rpartition("/")[2] for one in value.get("anyOf", [value]) if "$ref" in one}
    return said[names.pop()] if len(names) == 1 else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "\\<")


def _type(value: dict[str, Any]) -> str:
    """Return the type of a field in words, with its bounds and links to the parts."""
    for kind in ("anyOf", "oneOf", "allOf"):
        if kind in value:
            return " or ".join(dict.fromkeys(_type(one) for one in value[kind]))
    if "$ref" in value:
        part = value["$ref"].rpartition("/")[2]
        return f"[{part}](#{part.lower()})"
    if "enum" in value or "const" in value:
        return " or ".join(f"`{json.dumps(one)}`" for one in value.get("enum", [value.get("const")]))
    words = {"array": _list, "object": _object}.get(value.get("type", ""), _scalar)(value)
    bounds = {"minimum": "from {:,}", "maximum": "to {:,}", "minItems": "at least {}", "maxItems": "at most {:,}"}
    said = [text.format(value[key]) for key, text in bounds.items() if key in value and abs(value[key]) != 2**53 - 1]
    return " ".join([words, *said])


def _list(value: dict[str, Any]) -> str:
    items = value.get("items") or {}
    return f"list of {_type(items)}" if items else "list"


def _object(value: dict[str, Any]) -> str:
    more = value.get("additionalProperties")
    return f"object of {_type(more)}" if isinstance(more, dict) and more else "object"


def _scalar(value: dict[str, Any]) -> str:
    names = {"integer": "whole number", "string": "text", "boolean": "true or false", "null": "null", "number": "number"}
    words = names.get(value.get("type", ""), "any JSON value")
    return f"{words} like `{_cell(value['pattern'])}`" if "pattern" in value else words


# page -> name of a block in it -> what makes the block; a block stands between <!-- name --> and <!-- /name -->
BLOCKS = {
    "reference/commands.md": ("commands", commands),
    "reference/errors.md": ("errors", errors),
    "reference/features.md": ("features", features),
    "reference/images.md": ("images", images),
    "reference/limits.md": ("limits", limits),
    "reference/models.md": ("models", models),
    "reference/owner-policy.md": ("owner", owner),
    "reference/request.md": ("request", request),
    "reference/result.md": ("result", result),
    "explanation/attacks.md": ("attack", attack),
}


def differing(docs: Path, *, write: bool) -> Iterator[str]:
    """Yield the generated blocks below `docs` that differ from what the code says; mend them if `write`."""
    for page, (name, make) in BLOCKS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        text = (docs / page).read_text() if (docs / page).exists() else ""
        before, found, rest = text.partition(begin)
        body, closed, after = rest.partition(end)
        fresh = f"\n{make()}\n\n"
        if not found or not closed:
            yield f"docs/{page} has no block {name}"
        elif body != fresh:
            yield f"docs/{page}, block {name}: run `make generate`"
            if write:
                (docs / page).write_text(before + begin + fresh + end + after)
