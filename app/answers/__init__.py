"""What each job answers: one model a job, told apart by their fields."""

from __future__ import annotations

from typing import Literal

from app.answers.ask import AskAnswer

Answer = AskAnswer
Kind = Literal["ask"]
Mode = Literal["ai", "fallback"]
