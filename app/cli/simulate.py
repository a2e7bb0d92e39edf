"""The command `simulate`: run one task with inputs of every kind, as a worker would."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import click

from app.base.errors import UsageError
from app.cli.base import Command
from app.cli.order import FILE, Ending, conclude, connect_to, run, run_options

if TYPE_CHECKING:
    from app.simulate.worker import Order


class _Simulate(Ending):
    engine: str | None
    prompt: str | None
    wallet: str | None
    request_file: Path | None
    protected_data: Path | None
    bulk: bool
    datasets: tuple[Path, ...]
    args: str
    secrets: tuple[str, ...]
    input_files: tuple[Path, ...]
    no_app_secret: bool


@click.command(cls=Command, short_help="Run one task with any inputs, as a worker would.")
@click.option("--prompt", help="The prompt to protect and ask.")
@click.option("--wallet", metavar="0x…", help="A wallet address to protect and score.")
@click.option("--file", "request_file", type=FILE, metavar="JSON", help="A request, a JSON object, to protect; - is stdin.")
@click.option("--protected-data", type=FILE, metavar="FILE", help="A protectedData file, passed on unchanged.")
@click.option("--bulk", is_flag=True, help="The files named after it make one bulk slice.")
@click.argument("datasets", nargs=-1, type=FILE, metavar="[FILE]...")
@click.option("--args", default="", metavar="TEXT", help="The task's arguments, split as a worker does.")
@click.option("--secret", "secrets", multiple=True, metavar="N=TEXT", help="Requester secret number N; repeatable.")
@click.option("--input-file", "input_files", multiple=True, type=FILE, metavar="FILE", help="An input file; repeatable.")
@click.option("--no-app-secret", is_flag=True, help="Run without a signing key, as an app without a secret.")
@run_options
def simulate(**typed: Unpack[_Simulate]) -> int:
    """Run one task as a worker would: real files, environment, child process.

    The result goes to ./sealed-result/N, the next free number. It is signed with
    IEXEC_APP_DEVELOPER_SECRET if that is set here, else with this machine's
    simulation key. Decrypted inputs are removed in the end.

    With --engine an engine of your own answers `ask` and `code` in place of the
    embedded model, in this very process, and the result says so: "embedded":
    false, modelHash zero. It is refused if any IEXEC_* is set. The key of the
    server is read from SEALED_LLM_ENGINE_KEY and never stored.

    Exit code 0: an answer; 1: an error result, or one that does not verify; 3:
    an answer that is not what was asked for, such as code with failed tests.

    \b
    Examples:
      sealed-llm simulate --prompt "What is the capital of France?"
      sealed-llm simulate --file request.json --args "--max-tokens 64"
      sealed-llm simulate --wallet 0x… --input-file txlist.json
      sealed-llm simulate --bulk alice.zip bob.zip
      sealed-llm simulate --prompt "Hello?" \\
        --engine openai:http://127.0.0.1:11434/v1#qwen2.5-coder
      sealed-llm simulate code --help
    """  # noqa: D301  click wants the character itself
    outside = connect_to(typed["engine"])
    done = run(_order(typed), typed["out"], outside, "running the task", keep=typed["keep"])
    return conclude(done, as_json=typed["as_json"])


def _order(given: _Simulate) -> Order:
    """Return the order. Raises `UsageError` if two options exclude each other."""
    from app.base.limits import LIMITS
    from app.desk import own_files, typed
    from app.simulate import order as ordering

    datasets, bulk, request_file = given["datasets"], given["bulk"], given["request_file"]
    if datasets and not bulk:
        raise UsageError("usage", "files are named without --bulk; for a question use `ask`")
    if bulk and not datasets:
        raise UsageError("usage", "--bulk needs the files of the slice")
    named: dict[str, Any] = {"prompt": given["prompt"], "wallet": given["wallet"]}
    fields = {name: value for name, value in named.items() if value is not None}
    if sum(map(bool, (fields, request_file, given["protected_data"], bulk))) > 1:
        raise UsageError("usage", "give one of --prompt/--wallet, --file, --protected-data, --bulk")
    if given["wallet"] is not None:
        typed.fields(fields)
    if request_file:
        fields = own_files.json_object(request_file, LIMITS.dataset_bytes)
        if not fields:
            raise UsageError("input.empty", f"{request_file} holds an empty object")
    found = [ordering.dataset(path) for path in (*datasets, *([given["protected_data"]] if given["protected_data"] else []))]
    return ordering.order(
        datasets=[*found, *([ordering.protected(fields)] if fields else [])],
        bulk=bulk,
        args=given["args"],
        secrets=ordering.secrets(given["secrets"]),
        input_files=[ordering.input_file(path) for path in given["input_files"]],
        no_app_secret=given["no_app_secret"],
    )
