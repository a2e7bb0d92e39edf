"""The answer of the job `ask`."""

from __future__ import annotations

from typing import Literal

from app.formats.strict_model import Count, Strict


class AskAnswer(Strict):
    """The model's words."""

    text: str
    """What the model generated, special tokens removed. Model output, not a checked fact."""
    finish_reason: Literal["stop", "length"]
    """stop: the model ended its turn; length: max_tokens was reached first."""
    prompt_tokens: Count
    """Tokens of the whole prompt, system prompt and chat template included."""
    completion_tokens: Count
    """Tokens generated, the end-of-turn token not counted."""
