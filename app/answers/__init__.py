"""What each job answers: one model a job, told apart by their fields."""

from __future__ import annotations

from typing import Literal

from app.answers.ask import AskAnswer
from app.answers.code import CodeAnswer

Answer = AskAnswer | CodeAnswer
Kind = Literal["ask", "code"]
Mode = Literal["ai", "fallback"]
