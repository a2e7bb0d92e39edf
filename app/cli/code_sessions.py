"""Code tasks on this machine: a single one, a turn of a session in a file, and the management of sessions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.base.errors import AppError, UsageError
from app.cli.code_options import CodeOptions
from app.cli.order import conclude, connect_to, run
from app.desk import own_files
from app.result.answers.code import CodeAnswer
from app.simulate import orders, session_file
from app.simulate.simulation import Simulated
from app.simulate.worker import Order

_NOTHING = ("refused", "not_code")  # these gave no code that a later turn could change


def alone(given: CodeOptions) -> int:
    """Do one task without a session. Return the exit code."""
    return conclude(_run(_order(given, {}), given), as_json=given["as_json"])


def turn(path: Path, name: str | None, given: CodeOptions) -> int:
    """Begin a session or continue one, and keep it if the result verifies. Return the exit code.

    Raises `UsageError` session.exists, session.unknown or session.unnamed.
    """
    sessions = session_file.load_sessions(path)
    begins = bool(given["words"] or given["prompt"] or given["file"]) or (not given["feedback"] and own_files.has_stdin())
    if begins and name in sessions.sessions:
        raise UsageError("session.exists", f"there is a session {name!r} already")
    if not begins and not given["feedback"]:
        raise UsageError("code.incomplete", "there is nothing to do: words begin a session, --feedback goes on with one")
    known = None if begins else sessions.get(name if name is not None else sessions.only())
    name = name if begins or name is not None else sessions.only()
    order = _order(given, {"session": known.session.model_dump(mode="json") if known else "new"}, known)
    done = _run(order, given)
    answer = done.verified.result.report.answer if done.verified else None
    if not isinstance(answer, CodeAnswer) or answer.session is None or answer.status in _NOTHING:
        code = conclude(done, as_json=given["as_json"], more={"session": f"NOT CHANGED: {path} is as it was"})
        return code or 1
    try:
        with session_file.changing(path) as sessions:  # read again, because another turn may have ended meanwhile
            if name is None or (begins and name in sessions.sessions):
                name = sessions.fresh(answer.session.prompt)
            kept = sessions.keep(name, answer.session)
    except AppError as err:  # the work is done and signed, so it is shown in any case
        return conclude(done, as_json=given["as_json"], more={"session": f"NOT KEPT: {err.message}"}) or 1
    said = f"{name!r} in {path}, turn {len(kept.session.turns)}"
    if not given["tests"] and (count := len(kept.session.tests)):
        said += f"; {count} test{'s' * (count > 1)} of an earlier turn in force"
    return conclude(done, as_json=given["as_json"], more={"session": said})


def manage(path: Path, name: str | None, action: str | None, new: str | None, number: int | None, *, as_json: bool) -> str:
    """List, show, rename or delete sessions, and return what was done. Raises `UsageError` session.*."""
    if not path.exists():
        raise UsageError("session.unknown", f"there is no {path}")
    if action in ("list", "show"):
        sessions = session_file.load_sessions(path)
        if action == "list" and name is None:
            return _listed(sessions, path, as_json=as_json)
        name = sessions.only() if name is None else name
        return _shown(name, sessions.get(name), full=action == "show", as_json=as_json)
    with session_file.changing(path) as sessions:
        name = sessions.only() if name is None else name
        if new is not None:
            kept = sessions.rename(name, new)
            said: dict[str, Any] = {"renamed": name, "to": new}
            line = f"renamed: {name} is now {kept.line(new)}"
        else:
            kept = sessions.delete(name, number)
            said = {"deleted": name} | ({"turn": number} if number else {})
            line = f"deleted: {f'turn {number} of ' if number else ''}{kept.line(name)}"
    return json.dumps(said | {"session": kept.session.model_dump(mode="json")}) if as_json else line


def _order(given: CodeOptions, more: dict[str, Any], known: session_file.Kept | None = None) -> Order:
    """Return the order of a turn. Without tests of its own, those of the session stay in force."""
    named = {"language": given["language"], "prompt": given["prompt"], "attempts": given["attempts"]}
    said: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    said["feedback"] = list(given["feedback"])
    fields = said if known else orders.code_fields(given["words"], given["file"], said)
    if not known and fields.get("prompt") is None:
        fields["prompt"] = orders.piped("there is nothing to do: say what the code is for, or give --file and what to change")
    return orders.code_order(fields | {"tests": orders.tests(given["tests"])} | more, options=given, args=given["args"])


def _run(order: Order, given: CodeOptions) -> Simulated:
    return run(order, given["out"], connect_to(given["engine"]), "writing code", keep=given["keep"])


def _listed(sessions: session_file.Store, path: Path, *, as_json: bool) -> str:
    if as_json:
        rows = {
            name: {
                "language": kept.session.language,
                "turns": len(kept.session.turns),
                "verdict": kept.verdict,
                "changed": kept.changed,
                "title": kept.title,
            }
            for name, kept in sessions.sessions.items()
        }
        return json.dumps(rows, indent=1)
    return "\n".join(kept.line(name) for name, kept in sessions.sessions.items()) or f"no sessions in {path}"


def _shown(name: str, kept: session_file.Kept, *, full: bool, as_json: bool) -> str:
    if as_json:
        return json.dumps({name: kept.session.model_dump(mode="json")}, indent=1)
    lines = [kept.line(name)]
    for number, one in enumerate(kept.session.turns if full else (), 1):
        passed = sum(status == "passed" for status in one.verdicts)
        tested = f", {passed} of {len(one.verdicts)} tests passed" if one.verdicts else ", untested"
        lines += ["", f"{number}. {'; '.join(one.feedback) or kept.session.prompt}", f"   ({one.status}{tested})", "", one.code]
    return "\n".join(lines)
