"""Work out the prompt states of every job for the models that are here, and compare them with their pins.

    python dev/make_states.py [--pin] [MODEL...]

Run by `make`. A state that differs from its pin is reported: this machine's compiler or processor gives
other bits, or the words, the model or the engine changed and `--pin` is due. A run does without it.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, os.fspath(ROOT))

from app.base.errors import ModelError  # noqa: E402
from app.build.prompt_cache import save  # noqa: E402
from app.desk import atomic  # noqa: E402  the project is not installed, it is run in place
from app.jobs import ask_words  # noqa: E402
from app.jobs.code import words as code  # noqa: E402
from app.jobs.score import words as score  # noqa: E402
from app.llm import chat, library, prompt_cache  # noqa: E402
from app.llm.context import BATCH  # noqa: E402
from app.llm.engine import Engine  # noqa: E402
from app.llm.models import Model, catalogue, checked_path  # noqa: E402

TABLE = ROOT / "app/llm/states.toml"
# What each job says before the caller does; code in its commonest language.
JOBS: Mapping[str, list[chat.Message]] = {
    "ask": [chat.Message("system", ask_words.SYSTEM)],
    "code": [chat.Message("system", code.system("python"))],
    "score": [chat.Message("system", score.SYSTEM)],
}


def make(model: Model) -> dict[str, prompt_cache.Pin]:
    """Write the states of `model` beside it and return their pins by job. Raises `ModelError` if it is not here.

    Two processes at once write the same bytes under names of their own.
    """
    made = {}
    with Engine(checked_path(model)) as engine:
        for job, messages in JOBS.items():
            target = prompt_cache.path(model, job)
            save(engine, chat.opening(engine, engine.chat_template(), messages), target)
            sha256 = hashlib.sha256(target.read_bytes()).hexdigest()
            made[job] = prompt_cache.Pin(sha256=sha256, model=model.sha256, build=library.build_id(), batch=BATCH)
    return made


def written(table: Mapping[str, Mapping[str, prompt_cache.Pin]]) -> str:
    """Return `table` as the text of states.toml."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("#")]
    for name, jobs in table.items():
        for job, pin in jobs.items():
            lines += ["", f'["{name}".{job}]', *(f'{key} = "{value}"' for key, value in pin if key != "batch")]
            lines.append(f"batch = {pin.batch}")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--pin", is_flag=True, help="Write the hashes to states.toml.")
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], *, pin: bool) -> None:
    """Make the states of the models NAMES, or of all that are here."""
    table = dict(prompt_cache.pins())
    for name, model in catalogue().items():
        if names and name not in names:
            continue
        try:
            made = make(model)
        except ModelError as err:
            if names or err.code != "model.missing":
                raise click.ClickException(f"{name}: {err}") from err
            continue
        if made != table.get(name):
            click.echo(f"{name}: the prompt states {'are pinned anew' if pin else 'are not the pinned ones'}", err=True)
        table[name] = made
    if pin:
        atomic.write(TABLE, written(table).encode())


if __name__ == "__main__":
    main()
