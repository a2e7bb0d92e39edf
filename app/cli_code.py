"""`simulate code`: code tasks with a local session file. Thin, as app/cli.py."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.errors import EXIT_OK, EXIT_REFUSED

if TYPE_CHECKING:
    from app.llm.answering import Outside


def connect_to(engine: str | None) -> Outside | None:
    """Return the engine that --engine names, None if it is not given. Raises `AppError`."""
    if engine is None:
        return None
    from app.llm.outside import connect

    return connect(engine, os.environ)


@click.command("simulate code")
@click.option("--session", "path", required=True, metavar="FILE", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", default="default", show_default=True, help="Which of the sessions in FILE.")
@click.option("--language", help="Begin: python, c++, c, java, scala, sql, javascript, bash.")
@click.option("--prompt", help="Begin: what the code is for.")
@click.option("--feedback", multiple=True, help="Go on: what to change; repeatable.")
@click.option("--test", "tests", multiple=True, help="An assertion that the code must pass (Python); repeatable.")
@click.option("--args", default="", help="The task's arguments, one string.")
@click.option("--engine", metavar="SPEC", help="Development only: ask openai:URL#MODEL or transformers:FOLDER[#GGUF].")
@click.option("--list", "action", flag_value="list", help="Name the sessions in FILE.")
@click.option("--show", "action", flag_value="show", help="Show the session with all its code.")
@click.option("--rename", metavar="NEW", help="Give the session another name.")
@click.option("--delete", "action", flag_value="delete", help="Delete the session.")
@click.option("--delete-turn", type=int, metavar="N", help="Delete one of its turns, counted from 1.")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout.")
def simulate_code(*, path: Path, name: str, action: str | None, as_json: bool, **wishes: Any) -> None:
    """Generate and adjust code as a worker would, and keep the signed session in FILE.

    \b
    Examples:
      python -m app simulate code --session s.json --language python --prompt "a function that reverses a string"
      python -m app simulate code --session s.json --feedback "also reverse lists" --test "assert rev('ab') == 'ba'"
      python -m app simulate code --session s.json --list
    """  # noqa: D301  click wants the character itself
    from app.simulate import store

    sessions = store.load(path)
    if wishes["rename"] is not None:
        sessions.rename(name, wishes["rename"])
    elif wishes["delete_turn"] is not None or action == "delete":
        sessions.delete(name, wishes["delete_turn"])
    elif action in ("list", "show"):
        _print(sessions, name if action == "show" else None, as_json=as_json)
        return
    else:
        sys.exit(_run(sessions, path, name, as_json=as_json, wishes=wishes))
    store.save(sessions, path)


def _run(sessions: Any, path: Path, name: str, *, as_json: bool, wishes: dict[str, Any]) -> int:
    """Do one turn; keep its session if the result verifies. Return the exit code."""
    from app import strict_json
    from app.simulate.order import Wishes, order
    from app.simulate.protect import protect
    from app.simulate.session import simulate
    from app.simulate.show import as_text, summary
    from app.simulate.store import save

    fields: dict[str, Any] = {field: wishes[field] for field in ("language", "prompt") if wishes[field] is not None}
    fields |= {field: strict_json.dumps(list(wishes[field])) for field in ("feedback", "tests") if wishes[field]}
    known = None if "prompt" in fields else sessions.get(name)
    fields["session"] = strict_json.dumps(known.model_dump(mode="json")) if known else "new"
    plain = Wishes(None, None, None, None, wishes["args"], (), (), False, (), False)
    ordered = order(plain, datasets=(protect({"task": "code", **fields}),))
    done = simulate(ordered, None, lambda _: None, connect_to(wishes["engine"]))
    click.echo(json.dumps(summary(done), indent=1) if as_json else as_text(done))
    report = done.verified.result.report if done.verified else None
    session = getattr(report.answer, "session", None) if report else None
    if session is None:
        return EXIT_REFUSED
    sessions.sessions[name] = session
    save(sessions, path)
    return EXIT_OK


def _print(sessions: Any, name: str | None, *, as_json: bool) -> None:
    chosen = sessions.sessions if name is None else {name: sessions.get(name)}
    if as_json:
        click.echo(json.dumps({key: session.model_dump(mode="json") for key, session in chosen.items()}, indent=1))
        return
    for key, session in chosen.items():
        click.echo(f"{key}: {session.language}, {len(session.turns)} turns")
        for number, turn in enumerate(session.turns if name else (), 1):
            passed = sum(status == "passed" for status in turn.verdicts)
            tested = f", {passed} of {len(turn.verdicts)} tests passed" if turn.verdicts else ", untested"
            click.echo(f"\n{number}. {'; '.join(turn.feedback) or session.prompt}\n   ({turn.status}{tested})\n\n{turn.code}")
