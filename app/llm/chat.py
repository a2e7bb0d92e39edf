"""Turn messages into tokens with the model's own chat template, so that no text can forge a turn.

The Jinja template of the GGUF file is rendered over placeholders, never over the caller's text. Only the words of the template
are tokenized with control tokens. The text for a placeholder is tokenized as plain text, so `<|im_start|>` in a prompt is nine
ordinary characters and not a new turn.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.base.errors import ModelError
from app.llm.engine import Engine

# Private-use characters that no chat template contains, which is checked below.
_OPEN, _CLOSE = "\ue0f0", "\ue0f1"
_SLOT = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


def tokenize(engine: Engine, template: str, messages: list[Message]) -> list[int]:
    """Return the tokens of `messages` and of the opening of the assistant's turn.

    Raises `ModelError` engine.failed if the template cannot be rendered or drops a message.
    """
    rendered = _render(template, tuple(message.role for message in messages), *engine.special_tokens())
    parts = _SLOT.split(rendered)  # words, slot, words, slot, ..., words
    slots = [int(slot) for slot in parts[1::2]]
    if slots != list(range(len(messages))):
        raise ModelError("engine.failed", "the chat template does not take these roles")
    return [token for part in _tokens(engine, parts, messages) for token in part]


def opening(engine: Engine, template: str, messages: list[Message]) -> list[int]:
    """Return the tokens that begin every prompt made of `messages` and a turn of the user."""
    followed = [*messages, Message("user", "")]
    rendered = _render(template, tuple(message.role for message in followed), *engine.special_tokens())
    before, *_ = rendered.rpartition(f"{_OPEN}{len(messages)}{_CLOSE}")
    return [token for part in _tokens(engine, _SLOT.split(before), followed) for token in part]


def _tokens(engine: Engine, parts: list[str], messages: list[Message]) -> Iterator[list[int]]:
    """Yield the tokens of the template's words and of the messages' contents, which alternate in `parts`."""
    for index, part in enumerate(parts):
        is_slot = index % 2 == 1
        yield engine.tokenize(messages[int(part)].content if is_slot else part, control=not is_slot)


@functools.cache
def _render(template: str, roles: tuple[str, ...], bos_token: str, eos_token: str) -> str:
    """Return the template rendered with a numbered placeholder for the content of each message.

    The environment is Jinja's immutable sandbox with the two functions that model templates expect. It has no `strftime_now`: a
    template that asks for a date uses its own default, so that the same request gives the same prompt on every day.
    """
    from jinja2.exceptions import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    if _OPEN in template or _CLOSE in template:
        raise ModelError("engine.failed", "the chat template uses reserved characters")

    def raise_exception(_: str) -> None:
        raise TemplateError

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = raise_exception
    numbered = [{"role": role, "content": f"{_OPEN}{i}{_CLOSE}"} for i, role in enumerate(roles)]
    try:
        return environment.from_string(template).render(
            messages=numbered, add_generation_prompt=True, bos_token=bos_token, eos_token=eos_token
        )
    except TemplateError as err:
        raise ModelError("engine.failed", "the chat template cannot be rendered") from err
