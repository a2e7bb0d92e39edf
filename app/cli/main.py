"""The command line. Each command only reads options, calls a room, and prints: data on stdout, the rest on stderr."""

from __future__ import annotations

import click

from app import __version__
from app.cli.ask import ask, score
from app.cli.base import SETTINGS, Command, Program
from app.cli.code import code
from app.cli.doctor import doctor
from app.cli.key import key
from app.cli.model import model
from app.cli.sandbox import sandbox
from app.cli.simulate import simulate
from app.cli.verify import verify


class _Program(Program):
    """Runs `simulate code` as `code`."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args[:2] == ["simulate", "code"]:
            return "simulate code", code, args[2:]
        return super().resolve_command(ctx, args)


@click.group(cls=_Program, context_settings=SETTINGS)
@click.version_option(__version__, prog_name="sealed-llm")
def cli() -> None:
    """Run a small language model once, inside an enclave, and sign what it says.

    \b
    Examples:
      sealed-llm ask "What is the capital of France?"
      sealed-llm code "a function rev that reverses a string" \\
        --language python --test "assert rev('ab') == 'ba'"
      sealed-llm score 0x… txlist.json tokentx.json
      sealed-llm verify result.json --signer 0x…
      sealed-llm doctor
    """  # noqa: D301  click wants the character itself


@cli.command(cls=Command, short_help="Do the task in the environment, as a worker starts it.")
def run() -> int:
    """Do the task in the environment (what a worker starts; same as no command)."""
    from app.run.entrypoint import do_task

    return do_task([])


for command in (ask, code, score, simulate, verify, model, key, sandbox, doctor):
    cli.add_command(command)
