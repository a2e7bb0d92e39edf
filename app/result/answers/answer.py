"""The answers of all jobs: one model for each job; their fields tell them apart."""

from __future__ import annotations

from typing import Literal

from app.result.answers.ask import AskAnswer
from app.result.answers.code import CodeAnswer
from app.result.answers.score import ScoreAnswer, UnsignedScore

Answer = AskAnswer | CodeAnswer | ScoreAnswer
"""An answer as a result holds it."""
JobAnswer = AskAnswer | CodeAnswer | UnsignedScore
"""An answer as a job returns it: a score is not signed yet."""
Job = Literal["ask", "code", "score"]
Mode = Literal["ai", "fallback", "count"]


def is_met(answer: JobAnswer) -> bool:
    """Return whether an answer is what was asked for; for code, whether its status is ok."""
    return not isinstance(answer, CodeAnswer) or answer.status == "ok"
