"""What each job answers: one model a job, told apart by their fields."""

from __future__ import annotations

from typing import Literal

from app.answers.ask import AskAnswer
from app.answers.score import ScoreAnswer

Answer = AskAnswer | ScoreAnswer
Kind = Literal["ask", "score"]
Mode = Literal["ai", "fallback", "count"]
