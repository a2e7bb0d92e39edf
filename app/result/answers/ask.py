"""The answer of the job `ask`."""

from __future__ import annotations

from typing import Literal

from app.formats.strict_model import Count, Strict


class AskAnswer(Strict):
    """The model's answer."""

    text: str
    """The text that the model generated, without special tokens. It is model output and not a checked fact."""
    finish_reason: Literal["stop", "length"]
    """stop: the model ended its turn; length: max_tokens was reached first."""
    prompt_tokens: Count
    """The number of tokens of the whole prompt, with the system prompt and the chat template."""
    completion_tokens: Count
    """The number of generated tokens, without the end-of-turn token."""
