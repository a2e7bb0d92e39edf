"""What each job answers: one model a job, told apart by their fields."""

from __future__ import annotations

from typing import Literal

from app.result.answers.ask import AskAnswer
from app.result.answers.code import CodeAnswer
from app.result.answers.score import ScoreAnswer

Answer = AskAnswer | CodeAnswer | ScoreAnswer
Kind = Literal["ask", "code", "score"]
Mode = Literal["ai", "fallback", "count"]


def is_met(answer: Answer) -> bool:
    """Return whether an answer is what was asked for: of code, whether its status is ok."""
    return not isinstance(answer, CodeAnswer) or answer.status == "ok"
