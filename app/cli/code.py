"""The command `code`, also called `simulate code`: code tasks, with a session file if one is named."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from app.base.errors import UsageError
from app.cli.base import Command, say
from app.cli.code_options import CodeOptions
from app.cli.order import FILE, model_options, run_options, sampling_options


@click.command(cls=Command)
@click.argument("words", nargs=-1, metavar="[WORDS]...")
@click.option("--prompt", metavar="TEXT", help="What the code is for, in place of the words.")
@click.option("--language", metavar="NAME", help="python, c++, c, java, scala, sql, javascript, bash.")
@click.option("--test", "tests", multiple=True, metavar="CODE", help="What the code must pass (Python); repeatable.")
@click.option("--attempts", metavar="N", help="How often the model may try while tests fail.")
@click.option("--file", type=FILE, metavar="FILE", help="Code to adjust; the words say what to change.")
@click.option("--feedback", multiple=True, metavar="TEXT", help="What to change; repeatable.")
@click.option("--session", "path", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Keep a session here.")
@click.option("--name", metavar="NAME", help="The name of the session in FILE.")
@click.option("--list", "action", flag_value="list", help="List the sessions in FILE.")
@click.option("--show", "action", flag_value="show", help="Show a session with all its code.")
@click.option("--rename", metavar="NEW", help="Give a session another name.")
@click.option("--delete", "action", flag_value="delete", help="Delete a session.")
@click.option("--delete-turn", type=int, metavar="N", help="Delete one of its turns, counted from 1.")
@sampling_options
@model_options
@click.option("--args", default="", metavar="TEXT", help="Further arguments of the task, as one string.")
@run_options
def code(*, path: Path | None, name: str | None, action: str | None, **given: Unpack[CodeOptions]) -> int:
    """Write or change code, test it in the sandbox, and get it signed.

    The words say what to write, or with --file or piped code what to change.
    Everything is private except the model's name and the threads.

    With --session FILE a task has several turns: words or --prompt begin a new
    session, under --name or a name made from the words; --feedback continues a
    session. Tests stay in force until you give others. A turn that fails leaves
    the session unchanged.

    \b
    Examples:
      sealed-llm code "a function rev that reverses a string" \\
        --language python --test "assert rev('ab') == 'ba'"
      sealed-llm code "also accept None" --file rev.py
      sealed-llm code --session s.json --language python \\
        "a function add that adds two numbers"
      sealed-llm code --session s.json --feedback "add a docstring"
      sealed-llm code --session s.json --list
    """  # noqa: D301  click wants the character itself
    managing = sorted({"--list", "--show", "--delete"} & {f"--{action}"})
    managing += [
        name for name, value in (("--rename", given["rename"]), ("--delete-turn", given["delete_turn"])) if value is not None
    ]
    _check(path, name, managing, given)
    from app.cli import code_sessions as turns

    if managing:
        assert path is not None  # noqa: S101  _check ensures it
        say(turns.manage(path, name, action, given["rename"], given["delete_turn"], as_json=given["as_json"]))
        return 0
    if path is None:
        return turns.alone(given)
    return turns.turn(path, name, given)


def _check(path: Path | None, name: str | None, managing: list[str], given: CodeOptions) -> None:
    """Raise `UsageError` if an option would have no effect."""
    if path is None and (name is not None or managing):
        raise UsageError("usage", f"{'--name' if name is not None else managing[0]} needs --session FILE")
    if len(managing) > 1:
        raise UsageError("usage", f"give one of {' and '.join(managing)}")
    said = {"--prompt": given["prompt"], "--language": given["language"], "--test": given["tests"], "--file": given["file"]}
    said |= {"--feedback": given["feedback"], "words": given["words"]}
    asked = [option for option, value in said.items() if value]
    if managing and asked:
        raise UsageError("usage", f"{managing[0]} runs nothing: {asked[0]} would have no effect")
    if given["words"] and given["prompt"] is not None:
        raise UsageError("usage", "both words and --prompt are given")
