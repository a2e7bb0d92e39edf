"""The command line. Thin: it reads options, calls a room, and prints. Data on stdout, the rest on stderr."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app import __version__
from app.cli_code import connect_to, simulate_code
from app.cli_key import key
from app.cli_model import model
from app.cli_sandbox import sandbox
from app.errors import EXIT_OK, EXIT_REFUSED, AppError, ChainError, ModelError

if TYPE_CHECKING:
    from app.chain import OnChain
    from app.verify import Verified


class _Commands(click.Group):
    """A group that turns an `AppError` into one line and its hint, and knows `simulate code`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:2] == ["simulate", "code"]:
            return "simulate code", simulate_code, args[2:]
        return super().resolve_command(ctx, args)

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
@click.option("--engine", metavar="SPEC", help="Development only: ask openai:URL#MODEL or transformers:FOLDER[#GGUF].")
@click.option("--no-app-secret", is_flag=True, help="Run without a signing key, as an app without a secret.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Keep iexec_in and iexec_out in this new folder.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def simulate(*, out: Path | None, as_json: bool, engine: str | None, **wishes: Any) -> None:
    """Run one task as a worker would: real files, real environment, real child process.

    The key is IEXEC_APP_DEVELOPER_SECRET if it is set here, else this machine's simulation key.

    With --engine an engine of your own answers `ask` and `code` in the embedded model's place, in this very
    process, and the result says so: "embedded": false, modelHash zero. Refused with any IEXEC_* set. The
    server's key is read from SEALED_LLM_ENGINE_KEY and kept nowhere.

    \b
    Examples:
      python -m app simulate --prompt "Why is the sky blue?" --args "--max-tokens 64"
      python -m app simulate --bulk alice.zip bob.zip
      python -m app simulate --prompt "Hello?" --engine openai:http://127.0.0.1:11434/v1#qwen2.5-coder
      python -m app simulate code --help
    """  # noqa: D301  as above
    from app.simulate.order import Wishes, order
    from app.simulate.session import simulate as start
    from app.simulate.show import as_text, summary

    outside = connect_to(engine)
    done = start(order(Wishes(**wishes)), out, _spinner("running python -m app"), outside)
    if as_json:
        click.echo(json.dumps(summary(done), indent=1))
    else:
        click.echo(as_text(done))
    sys.exit(EXIT_OK if done.verified else EXIT_REFUSED)


@cli.command()
@click.argument("result", type=click.Path(path_type=Path))
@click.option("--signer", required=True, metavar="0x…", help="The address you trust to have signed it.")
@click.option("--model", "model_name", metavar="NAME|SHA256", help="The model you expect.")
@click.option(
    "--request", "request_file", type=click.Path(path_type=Path), help="The request with its salt: opens the commitment."
)
@click.option("--replay", is_flag=True, help="Run the request of --request again and compare the answer byte for byte.")
@click.option("--task", metavar="0x…", help="Compare with this task on chain; needs --rpc and --app.")
@click.option("--rpc", metavar="URL", help="A JSON-RPC endpoint of the chain.")
@click.option("--app", metavar="0x…", help="The app that you expect the deal to be for.")
@click.option("--hub", metavar="0x…", help="The PoCo hub, if it is not that of Arbitrum One or Sepolia.")
@click.option("--receipt", is_flag=True, help="Print an in-toto statement about the result.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def verify(result: Path, signer: str, *, as_json: bool, receipt: bool, **checks: Any) -> None:
    """Check a result.json: schema, every hash, the signature, the signer; and what else you name.

    Exit code 0: OK; 1: refused, and one line why; 69: the chain or the model needed for it is out of reach.

    \b
    Examples:
      python -m app verify result.json --signer 0x…
      python -m app verify result.json --signer 0x… --request request.json --replay
    """  # noqa: D301  as above
    from app import verify as verifying

    try:
        checked, on_chain = _verify(result, signer, **checks)
    except AppError as err:
        if as_json:
            click.echo(json.dumps({"verified": False, "code": err.code, "message": err.message}))
        unknown = isinstance(err, ChainError | ModelError)
        click.echo(f"{'UNKNOWN' if unknown else 'REFUSED'}: {result}: {err}", err=True)
        sys.exit(err.exit_code if unknown else EXIT_REFUSED)
    status, outside = checked.result.report.status, checked.result.report.outside_model
    if receipt:
        click.echo(json.dumps(verifying.receipt(checked, on_chain), indent=1))
    elif as_json:
        click.echo(json.dumps({"verified": True, "status": status, "signer": checked.signer, "embedded": outside is None}))
    click.echo(f"OK: {result}: status {status}, signed by {checked.signer}", err=True)
    if outside:
        click.echo(f"NOTE: the answer did not come from an embedded model, but from {outside}", err=True)


def _verify(
    result: Path, signer: str, *, model_name: str | None, request_file: Path | None, replay: bool, **chain: Any
) -> tuple[Verified, OnChain | None]:
    from app import verify as verifying
    from app.llm.models import find
    from app.request import parse

    if replay and request_file is None:
        raise click.UsageError("--replay needs --request: a result never holds the request")
    sha256 = model_name if model_name is None or re.fullmatch("[0-9a-f]{64}", model_name) else find(model_name).sha256
    data = verifying.read_file(result)
    checked = verifying.verify(data, signer, model_sha256=sha256)
    on_chain = None if chain["task"] is None else _verify_on_chain(checked, data, **chain)
    if request_file is not None:
        fields = verifying.read_request(request_file)
        # without a salt there is nothing to open, and a replay that gives the same answer says more anyway
        unsalted = replay and checked.result.report.request.commitment is None
        request = parse(fields)[0] if unsalted else verifying.open_commitment(checked, fields)
        if replay:
            from app.replay import replay as run_again

            run_again(checked, request)
    return checked, on_chain


def _verify_on_chain(
    checked: Verified, data: bytes, *, task: str, rpc: str | None, app: str | None, hub: str | None
) -> OnChain:
    from app.chain import check_task, connect

    forms = ((task, 64), (app, 40), (hub or app, 40))
    if rpc is None or any(value is None or not re.fullmatch(f"0x[0-9a-fA-F]{{{size}}}", value) for value, size in forms):
        raise click.UsageError("--task takes a task id, and needs --rpc URL and --app 0x…")
    return check_task(checked, data, connect(rpc, hub), task, app or "")


cli.add_command(model)
cli.add_command(key)
cli.add_command(sandbox)


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


def _spinner(label: str) -> Callable[[float], None]:
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda seconds: click.echo(f"\r{label} … {seconds:4.1f} s ", nl=False, err=True)
