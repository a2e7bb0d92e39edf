"""Code sessions in a local file: a convenience on this machine, which no worker has and no result needs.

The file is one JSON object: name -> session, as it was in the last verified result, with notes beside it.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app.base.errors import AppError, SimulationError, UsageError
from app.base.limits import LIMITS
from app.desk import atomic, own_files
from app.formats import strict_json
from app.request.code_session import Session

_FILE_BYTES = 4 * LIMITS.result_bytes


class Kept(BaseModel):
    """A session, and when it was last changed here."""

    model_config = ConfigDict(strict=True, extra="forbid")

    session: Session
    changed: str
    """The time in UTC, as 2026-11-25 04:20."""

    @property
    def title(self) -> str:
        """Return the first line of its prompt, shortened."""
        first = self.session.prompt.strip().partition("\n")[0]
        return first if len(first) <= 60 else f"{first[:59]}…"

    @property
    def verdict(self) -> str:
        """Return the outcome of its last turn."""
        if not self.session.turns:
            return "no turns"
        turn = self.session.turns[-1]
        if turn.status != "ok":
            return turn.status.replace("_", " ")
        passed = sum(status == "passed" for status in turn.verdicts)
        return f"{passed} of {len(turn.verdicts)} tests passed" if turn.verdicts else "untested"

    def line(self, name: str) -> str:
        """Return name, language, number of turns, outcome, time of change and title on one line."""
        turns = len(self.session.turns)
        counted = f"{turns} turn{'s' * (turns != 1)}"
        return f'{name}: {self.session.language}, {counted}, {self.verdict}, {self.changed}, "{self.title}"'


class Store(BaseModel):
    """All sessions of a file, in the order in which they were begun."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sessions: dict[str, Kept] = {}

    def get(self, name: str) -> Kept:
        """Return the session `name`. Raises `UsageError` session.unknown."""
        if name not in self.sessions:
            raise UsageError("session.unknown", f"there is no session {name!r}")
        return self.sessions[name]

    def only(self) -> str:
        """Return the name of the only session. Raises `UsageError` session.unknown or session.unnamed."""
        if not self.sessions:
            raise UsageError("session.unknown", "there is no session yet")
        if len(self.sessions) > 1:
            raise UsageError("session.unnamed", f"there are {len(self.sessions)} sessions: {', '.join(self.sessions)}")
        return next(iter(self.sessions))

    def fresh(self, prompt: str) -> str:
        """Return a new name made from the first words of `prompt`."""
        stem = "-".join(re.findall(r"\w+", prompt.lower())[:5])[:40].strip("-_") or "session"
        names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(self.sessions) + 2))
        return next(name for name in names if name not in self.sessions)

    def keep(self, name: str, session: Session) -> Kept:
        """Store a session with the current time."""
        now = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"
        kept = Kept(session=session, changed=now)
        self.sessions[name] = kept
        return kept

    def rename(self, old: str, new: str) -> Kept:
        """Rename a session, which keeps its place. Raises `UsageError` session.unknown or session.exists."""
        kept = self.get(old)
        if new in self.sessions:
            raise UsageError("session.exists", f"there is a session {new!r} already")
        self.sessions = {new if name == old else name: one for name, one in self.sessions.items()}
        return kept

    def delete(self, name: str, turn: int | None = None) -> Kept:
        """Delete a session, or one of its turns, counted from 1. Return its old state. Raises `UsageError` session.unknown."""
        kept = self.get(name)
        if turn is None:
            return self.sessions.pop(name)
        turns = kept.session.turns
        if not 1 <= turn <= len(turns):
            raise UsageError("session.unknown", f"the session has {len(turns)} turns, and no turn {turn}")
        left = kept.session.model_copy(update={"turns": turns[: turn - 1] + turns[turn:]})
        self.keep(name, left)
        return kept


def load_sessions(path: Path) -> Store:
    """Return the sessions in the file, none if the file does not exist. Raises `UsageError` session.unreadable."""
    try:
        return Store.model_validate(strict_json.loads(own_files.read_own(path, _FILE_BYTES)))
    except (ValidationError, AppError) as err:
        if isinstance(err, UsageError) and err.code == "file.missing":
            return Store()
        raise UsageError("session.unreadable", f"{path} is not a session file") from err


@contextmanager
def changing(path: Path) -> Iterator[Store]:
    """Yield the current sessions in the file, and write them back after changes; two turns at once both keep theirs.

    Raises `UsageError` session.unreadable, and `SimulationError` if the file cannot be written, which then stays as it was.
    """
    try:
        with atomic.alone_in(path.parent):
            for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):  # left by a kill; it holds prompts
                left.unlink(missing_ok=True)
            store = load_sessions(path)
            yield store
            save(store, path)
    except OSError as err:
        raise SimulationError("session.unreadable", f"{path} cannot be written: {atomic.reason(err)}") from err


def save(store: Store, path: Path) -> None:
    """Write the file in one step, readable by its owner only, because it holds prompts. Raises `OSError`."""
    atomic.write(path, strict_json.dumps(store.model_dump(mode="json")), 0o600)
