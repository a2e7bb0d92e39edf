"""The settings of a task as a person typed them."""

from __future__ import annotations

from typing import TypedDict


class Settings(TypedDict, total=False):
    """The model that answers, and the numbers that shape the answer; None or absent means not given."""

    model: str | None
    threads: int | None
    max_tokens: str | None
    temperature: str | None
    seed: str | None
