"""The command line. Thin: it reads options, calls a room, and prints. Data on stdout, the rest on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import click

from app import __version__
from app.errors import EXIT_OK, EXIT_REFUSED, AppError


class _Commands(click.Group):
    """A group that turns an `AppError` into one line and its hint."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except AppError as err:
            click.echo(f"app: error: {err}", err=True)
            click.echo(f"app: hint: {err.hint}", err=True)
            ctx.exit(err.exit_code)


_SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
if os.environ.get("NO_COLOR"):  # click itself does not look
    _SETTINGS["color"] = False


@click.group(cls=_Commands, context_settings=_SETTINGS)
@click.version_option(__version__, prog_name="sealed-llm")
def cli() -> None:
    """Run a small language model once, inside an enclave, and sign what it says.

    \b
    Examples:
      python -m app simulate --prompt "What is the capital of France?"
      python -m app verify result.json --signer 0x…
      python -m app doctor
    """  # noqa: D301  click wants the character itself


@cli.command()
def run() -> None:
    """Do the task in the environment (what a worker starts; same as no command)."""
    from app.__main__ import worker

    sys.exit(worker([]))


@cli.command()
@click.option("--prompt", help="The prompt to protect and ask.")
@click.option("--wallet", help="A wallet address to protect and score.")
@click.option(
    "--file", "request_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A JSON object to protect."
)
@click.option(
    "--protected-data", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A protectedData file as it is."
)
@click.option("--args", default="", help="The task's arguments, one string, split as a worker does.")
@click.option("--secret", "secrets", multiple=True, metavar="N=TEXT", help="Requester secret number N; repeatable.")
@click.option(
    "--input-file",
    "input_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Repeatable.",
)
@click.option("--bulk", is_flag=True, help="Treat the files named after it as one bulk slice.")
@click.argument("datasets", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--no-app-secret", is_flag=True, help="Run without a signing key, as an app without a secret.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Keep iexec_in and iexec_out in this new folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def simulate(*, out: Path | None, as_json: bool, **wishes: Any) -> None:
    """Run one task as a worker would: real files, real environment, real child process.

    The key is IEXEC_APP_DEVELOPER_SECRET if it is set here, else this machine's simulation key.

    \b
    Examples:
      python -m app simulate --prompt "Why is the sky blue?" --args "--max-tokens 64"
      python -m app simulate --bulk alice.zip bob.zip
    """  # noqa: D301  as above
    from app.simulate.order import Wishes, order
    from app.simulate.session import simulate as start
    from app.simulate.show import as_text, summary

    done = start(order(Wishes(**wishes)), out, _spinner("running python -m app"))
    if as_json:
        click.echo(json.dumps(summary(done), indent=1))
    else:
        click.echo(as_text(done))
    sys.exit(EXIT_OK if done.verified else EXIT_REFUSED)


@cli.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--signer", required=True, metavar="0x…", help="The address you trust to have signed it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def verify(result: Path, signer: str, *, as_json: bool) -> None:
    """Check a result.json offline: schema, every hash, the signature, the signer. Exit code 0 or 1."""
    from app.verify import verify_file

    try:
        checked = verify_file(result, signer)
    except AppError as err:
        if as_json:
            click.echo(json.dumps({"verified": False, "code": err.code, "message": err.message}))
        click.echo(f"REFUSED: {result}: {err}", err=True)
        sys.exit(EXIT_REFUSED)
    status = checked.result.report.status
    if as_json:
        click.echo(json.dumps({"verified": True, "status": status, "signer": checked.signer}))
    click.echo(f"OK: {result}: status {status}, signed by {checked.signer}", err=True)


@cli.group()
def model() -> None:
    """List, fetch and check the models in app/llm/models.toml."""


@model.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
def model_list(*, as_json: bool) -> None:
    """List the models, the default first."""
    from app.llm.models import WEIGHTS, catalogue

    rows = [{**entry.model_dump(mode="json"), "embedded": (WEIGHTS / entry.file).exists()} for entry in catalogue().values()]
    if as_json:
        click.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        mark = "embedded" if row["embedded"] else "not here"
        click.echo(
            f"{row['name']:<30} {row['bytes'] / 2**20:7.1f} MiB  context {row['context']:>5}  {row['licence']:<10}  {mark}"
        )


@model.command("fetch")
@click.argument("name", required=False)
@click.option("--copy", is_flag=True, help="Embed a copy instead of a link (for an image).")
def model_fetch(name: str | None, *, copy: bool) -> None:
    """Fetch a model (default: the first) into the cache, check it, embed it beside the code."""
    from app.llm.fetch import embed, fetch
    from app.llm.models import find

    entry = find(name)
    with _bar(f"fetching {entry.name}", entry.bytes) as update:
        source = fetch(entry, update)
    click.echo(embed(entry, source, copy=copy))


@model.command("path")
@click.argument("name", required=False)
def model_path(name: str | None) -> None:
    """Print where the embedded model file is; whether it is intact is for `check`."""
    from app.errors import ModelError
    from app.llm.models import WEIGHTS, find

    path = WEIGHTS / find(name).file
    if not path.exists():
        raise ModelError("model.missing", f"{path.name} is not there")
    click.echo(path)


@model.command("check")
@click.argument("name", required=False)
def model_check(name: str | None) -> None:
    """Check every byte of the embedded model file against the published SHA-256."""
    from app.llm.models import WEIGHTS, check, find

    entry = find(name)
    with _bar(f"hashing {entry.file}", entry.bytes, relative=True) as update:
        check(entry, WEIGHTS / entry.file, update)
    click.echo(f"OK: {entry.sha256}  {entry.file}", err=True)


@cli.command()
@click.option("--check", is_flag=True, help="Only say whether the files are up to date.")
def schema(*, check: bool) -> None:
    """Write the JSON Schemas of requests and results to schema/."""
    from app.schema import write

    for path, changed in write(check=check):
        click.echo(f"{'differs' if check and changed else 'written' if changed else 'up to date'}: {path}", err=True)
        if check and changed:
            sys.exit(EXIT_REFUSED)


@cli.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array on stdout.")
def doctor(*, as_json: bool) -> None:
    """Name what is missing on this machine: compiler, engine, model, key, disk."""
    from dataclasses import asdict

    from app.doctor import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            click.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.name:<9} {finding.says}")
            if finding.hint:
                click.echo(f"     hint: {finding.hint}")
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    sys.exit(EXIT_OK if all(finding.ok for finding in findings) else EXIT_REFUSED)


class _bar:  # noqa: N801  reads as the function it stands for
    """A progress bar on a terminal, nothing on a pipe."""

    def __init__(self, label: str, length: int, *, relative: bool = False) -> None:
        self._bar = click.progressbar(length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
        self._relative = relative

    def __enter__(self) -> Callable[[int], None]:
        self._bar.__enter__()
        return self._bar.update if self._relative else lambda done: self._bar.update(max(0, done - self._bar.pos))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._bar.__exit__(kind, error, trace)


def _spinner(label: str) -> Callable[[float], None]:
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda seconds: click.echo(f"\r{label} … {seconds:4.1f} s ", nl=False, err=True)
