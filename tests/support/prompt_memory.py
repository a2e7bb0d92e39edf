"""What a prompt came to is kept from one task to the next in a test that gives the same prompts to one model many times over.

The program itself keeps a prompt only while a request lasts. A prompt state changes no bit of an answer, which
tests/unit/test_states.py shows: so a test that is about what comes out of a task is the same test, in half the time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from app.llm import prompt_cache
from app.llm.context import Context


@contextmanager
def kept_prompts() -> Iterator[None]:
    """Read each prompt of the one model that is used within the block once, and later from the state that is kept of it."""
    read, kept = prompt_cache.PromptCache.read, dict[tuple[int, ...], Any]()

    def remembered(self: prompt_cache.PromptCache, c: Any, context: Context, prompt: Sequence[int]) -> None:
        state = kept.get(tuple(prompt))
        if state is None:
            read(self, c, context, prompt)
            kept.update((tuple(prompt), found) for found in prompt_cache._kept(c, context))
            return
        length = prompt_cache._usable(state.tokens, prompt)
        if length and state.load(c, context):
            context.tokens += state.tokens
            context.cut(length)
        context.read_on(prompt)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prompt_cache.PromptCache, "read", remembered)
        yield
