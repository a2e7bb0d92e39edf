"""The commands below `model`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from types import TracebackType

import click

from app.cli.base import Group, say


@click.group(cls=Group)
def model() -> None:
    """List, fetch and check the models in app/llm/models.toml."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
def model_list(*, as_json: bool) -> None:
    """List the models, the default first."""
    from app.llm.models import WEIGHTS, catalogue

    rows = [{**entry.model_dump(mode="json"), "embedded": (WEIGHTS / entry.file).exists()} for entry in catalogue().values()]
    if as_json:
        say(json.dumps(rows, indent=1))
        return
    for row in rows:
        mark = "embedded" if row["embedded"] else "not here"
        say(f"{row['name']:<30} {row['bytes'] / 2**20:7.1f} MiB  context {row['context']:>5}  {row['licence']:<10}  {mark}")


@model.command("fetch", short_help="Fetch a model, check it, and embed it.")
@click.argument("name", required=False)
@click.option("--copy", is_flag=True, help="Embed a copy instead of a link (for an image).")
def model_fetch(name: str | None, *, copy: bool) -> None:
    """Fetch a model (default: the first) into the cache, check it, embed it beside the code."""
    from app.build.fetch import embed, fetch
    from app.llm.models import WEIGHTS, find

    entry = find(name)
    with _bar(f"fetching {entry.name}", entry.bytes) as update:
        source = fetch(entry, update)
    say(embed(WEIGHTS / entry.file, source, copy=copy))


@model.command("path", short_help="Print where the embedded model file is.")
@click.argument("name", required=False)
def model_path(name: str | None) -> None:
    """Print where the embedded model file is; whether it is intact is for `check_file`."""
    from app.base.errors import ModelError
    from app.llm.models import WEIGHTS, find

    path = WEIGHTS / find(name).file
    if not path.exists():
        raise ModelError("model.missing", f"{path.name} is not there")
    say(path)


@model.command("check", short_help="Check every byte of the embedded model file.")
@click.argument("name", required=False)
def model_check(name: str | None) -> None:
    """Check every byte of the embedded model file against the published SHA-256."""
    from app.llm.models import WEIGHTS, check_file, find

    entry = find(name)
    with _bar(f"hashing {entry.file}", entry.bytes, relative=True) as update:
        check_file(entry, WEIGHTS / entry.file, update)
    say(f"OK: {entry.sha256}  {entry.file}", err=True)


class _bar:  # noqa: N801  reads as the function it stands for
    """A progress bar on a terminal; it shows nothing on a pipe."""

    def __init__(self, label: str, length: int, *, relative: bool = False) -> None:
        self._bar = click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
        self._relative = relative

    def __enter__(self) -> Callable[[int], None]:
        self._bar.__enter__()
        return self._bar.update if self._relative else lambda done: self._bar.update(max(0, done - self._bar.pos))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.__exit__(kind, error, trace)
