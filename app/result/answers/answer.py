"""What each job answers: one model a job, told apart by their fields."""

from __future__ import annotations

from typing import Literal

from app.result.answers.ask import AskAnswer
from app.result.answers.code import CodeAnswer
from app.result.answers.score import ScoreAnswer, UnsignedScore

Answer = AskAnswer | CodeAnswer | ScoreAnswer
"""In a result."""
JobAnswer = AskAnswer | CodeAnswer | UnsignedScore
"""As a job gives it: a score has no signatures yet."""
Job = Literal["ask", "code", "score"]
Mode = Literal["ai", "fallback", "count"]


def is_met(answer: JobAnswer) -> bool:
    """Return whether an answer is what was asked for: of code, whether its status is ok."""
    return not isinstance(answer, CodeAnswer) or answer.status == "ok"
