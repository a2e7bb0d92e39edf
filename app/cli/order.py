"""The options and the final output that are common to all commands which run a task on this machine."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from app.base.errors import ModelError, UsageError
from app.cli.base import Progress, say, typed

if TYPE_CHECKING:
    from app.llm.answerer import Outside
    from app.simulate.simulation import Simulated
    from app.simulate.worker import Order

_Made = TypeVar("_Made", bound=Callable[..., Any])


class Ending(TypedDict):
    """The values of the options that `end_options` adds."""

    out: Path | None
    keep: bool
    as_json: bool


FILE = click.Path(path_type=Path, allow_dash=True)


def run_options(command: _Made) -> _Made:
    """Add --out, --keep, --json and --engine."""
    engine = click.option("--engine", metavar="SPEC", help="Development only: openai:URL#MODEL or transformers:FOLDER[#GGUF].")
    return engine(end_options(command))


def end_options(command: _Made) -> _Made:
    """Add --out, --keep and --json."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout."),
        click.option("--keep", is_flag=True, help="Keep the decrypted inputs too, beside the result, as iexec_in."),
        click.option(
            "--out",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="FOLDER",
            help="A new folder for the result; ./sealed-result/N by default.",
        ),
    ):
        command = option(command)
    return command


def model_options(command: _Made) -> _Made:
    """Add the options of the model that answers; they are public, in the task's args."""
    for option in (
        click.option("--threads", type=click.IntRange(1), metavar="N", help="Threads of the engine; affects the speed only."),
        click.option("--model", metavar="NAME", help="The model that answers; `model list` shows all."),
    ):
        command = option(command)
    return command


def sampling_options(command: _Made) -> _Made:
    """Add the options that shape the text of the model."""
    for option in (
        click.option("--seed", metavar="N", help="The seed of the sampler; unused at temperature 0."),
        click.option("--temperature", metavar="T", help="From 0 (the default) to 2."),
        click.option("--max-tokens", metavar="N", help="The most tokens of the answer; 512 by default."),
    ):
        command = option(command)
    return command


def connect_to(engine: str | None) -> Outside | None:
    """Return the engine that --engine names, None without the option. Raises `UsageError`, or `ModelError` engine.missing."""
    if engine is None:
        return None
    from app.simulate.outside_engines import connect

    try:
        return connect(engine, os.environ)
    except ModelError as err:
        if err.code == "engine.not_embedded":
            raise UsageError(err.code, err.message) from err
        raise


def run(order: Order, out: Path | None, engine: Outside | None, label: str, *, keep: bool) -> Simulated:
    """Run one order, with a line of progress. Raises `AppError`."""
    from app.simulate.simulation import simulate

    with Progress(label) as tick:
        return simulate(order, out, tick, engine, keep=keep)


def conclude(done: Simulated, *, as_json: bool, more: dict[str, str] | None = None) -> int:
    """Show the outcome and return the exit code."""
    from app.simulate.show import as_text, exit_code, summary

    more = more or {}
    say(json.dumps(summary(done, typed()) | more, indent=1) if as_json else as_text(done, typed(), more.items()))
    return exit_code(done)
