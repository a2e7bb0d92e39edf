"""Code sessions in a local file: a convenience of `simulate`, which no worker has and no result needs.

One JSON object: name -> session, as it came out of the last verified result.
"""

from __future__ import annotations

import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from app import strict_json
from app.errors import AppError, SimulationError
from app.session import Session


class Store(BaseModel):
    """All sessions of a file, in the order in which they were begun."""

    model_config = ConfigDict(strict=True, extra="forbid")

    sessions: dict[str, Session] = {}

    def get(self, name: str) -> Session:
        """Return the session `name`. Raises `SimulationError` session.unknown."""
        if name not in self.sessions:
            raise SimulationError("session.unknown", "there is no session of that name")
        return self.sessions[name]

    def rename(self, old: str, new: str) -> None:
        """Give a session another name, in its place. Raises `SimulationError` session.unknown or session.exists."""
        self.get(old)
        if new in self.sessions:
            raise SimulationError("session.exists", "there is a session of that name already")
        self.sessions = {new if name == old else name: session for name, session in self.sessions.items()}

    def delete(self, name: str, turn: int | None = None) -> None:
        """Delete a session, or one of its turns, counted from 1. Raises `SimulationError` session.unknown."""
        session = self.get(name)
        if turn is None:
            del self.sessions[name]
            return
        if not 1 <= turn <= len(session.turns):
            raise SimulationError("session.unknown", f"the session has {len(session.turns)} turns")
        kept = session.turns[: turn - 1] + session.turns[turn:]
        self.sessions[name] = session.model_copy(update={"turns": kept})


def load(path: Path) -> Store:
    """Return the sessions in the file, none if there is no file. Raises `SimulationError` session.unreadable."""
    try:
        return Store.model_validate(strict_json.loads(path.read_bytes()))
    except FileNotFoundError:
        return Store()
    except (OSError, ValidationError, AppError) as err:
        raise SimulationError("session.unreadable", "the session file is no such file") from err


def save(store: Store, path: Path) -> None:
    """Write the file in one step, readable by its owner only: it holds prompts."""
    made = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(descriptor, "wb") as out:
            out.write(strict_json.dumps(store.model_dump(mode="json")))
            out.flush()
            os.fsync(out.fileno())
        made.replace(path)
    except OSError as err:
        raise SimulationError("session.unreadable", "the session file cannot be written") from err
