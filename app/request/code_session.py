"""The history of a code task: it goes into an adjustment, and comes out of it signed for the next one.

There is no server. The session holds all that later turns need, and whoever has it can go on.
"""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from app.base.limits import LIMITS
from app.formats.strict_model import Strict
from app.request.field_types import Text
from app.request.languages import Language

__all__ = ["CodeStatus", "Language", "ProgramTest", "Session", "SessionTurn", "TestStatus"]

CodeStatus = Literal["ok", "tests_failed", "untested", "refused", "not_code", "unfinished"]
TestStatus = Literal["passed", "failed", "error", "out_of_fuel", "out_of_memory", "output_limit", "unavailable"]


class _Strict(Strict):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)  # a result always holds the defaults


class ProgramTest(_Strict):
    """A test of a whole program: its standard input, and the standard output that it must print."""

    input: Text
    output: Text


class SessionTurn(_Strict):
    """One answer of the model, and the feedback that it answers."""

    feedback: list[str] = Field(max_length=LIMITS.messages)
    """The changes that the caller asked for; empty in the first turn of a generation."""
    code: str
    status: CodeStatus
    verdicts: list[TestStatus] = Field(max_length=LIMITS.tests)
    """One verdict for each test, in order; empty if the code was not tested."""


class Session(_Strict):
    """A code task and its turns, oldest first."""

    format: Literal["sealed-llm/session/1"] = "sealed-llm/session/1"
    language: Language
    prompt: str
    """The task as it was first asked."""
    tests: list[Text | ProgramTest] = Field(default=[], max_length=LIMITS.tests)
    """The tests that the code of every turn must pass, until a turn replaces them."""
    turns: list[SessionTurn] = Field(max_length=LIMITS.turns)
