"""The values of the options of `code`."""

from __future__ import annotations

from pathlib import Path

from app.cli.order import Ending
from app.desk.settings import Settings


class CodeOptions(Ending, Settings):
    """All options except those that name a session and what to do with it."""

    words: tuple[str, ...]
    prompt: str | None
    language: str | None
    tests: tuple[str, ...]
    attempts: str | None
    file: Path | None
    feedback: tuple[str, ...]
    rename: str | None
    delete_turn: int | None
    args: str
    engine: str | None
