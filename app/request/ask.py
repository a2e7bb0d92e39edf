"""ask: the chat that a document holds, whichever of its fields holds it."""

from __future__ import annotations

from typing import Literal

from app.document import Document, Turn
from app.errors import InputError
from app.limits import LIMITS
from app.questionnaire import render
from app.request.base import BaseRequest

# What can hold the prompt of an ask; the first source that has any of them provides all of them.
PROMPTS = ("prompt", "question", "messages", "questionnaire", "email")


class Ask(BaseRequest):
    """A chat of one or more turns, and how to answer it."""

    kind: Literal["ask"] = "ask"
    turns: tuple[Turn, ...]
    """user and assistant turns, the user's last."""
    system: str | None = None
    max_tokens: int | None = None
    temperature_milli: int = 0
    seed: int = 0


def ask_of(document: Document) -> Ask:
    """Return the ask in `document`, options already lifted. Raises `InputError` with the code of what is wrong."""
    turns, system = _conversation(document)
    size = sum(len(turn.content.encode()) for turn in turns)
    if size > LIMITS.prompt_bytes:
        raise InputError("prompt.too_long", f"the chat has {size} bytes, the limit is {LIMITS.prompt_bytes}")
    return Ask(
        turns=turns,
        system=system,
        max_tokens=document.max_tokens,
        temperature_milli=int((document.temperature or 0) * 1000),
        seed=document.seed or 0,
    )


def _conversation(document: Document) -> tuple[tuple[Turn, ...], str | None]:
    """Return the turns after the system prompt, and the caller's system prompt."""
    named = document.named(PROMPTS)
    named = [name for name in named if name != "email"] or named
    if not named:
        raise InputError("input.missing", "the task is ask, but there is no prompt")
    if len(named) > 1:
        raise InputError("request.contradiction", f"both {named[0]} and {named[1]} are given")
    if document.answers is not None and named != ["questionnaire"]:
        raise InputError("request.contradiction", f"both answers and {named[0]} are given")
    if named == ["messages"]:
        return _chat(document)
    is_form = named == ["questionnaire"]
    text = render(document.questionnaire, document.answers) if is_form else getattr(document, named[0])
    if not text.strip():
        raise InputError("input.empty", f"the {named[0]} is empty")
    return (Turn(role="user", content=text),), document.system


def _chat(document: Document) -> tuple[tuple[Turn, ...], str | None]:
    turns, system = list(document.messages or ()), document.system
    if turns[0].role == "system":
        if system is not None:
            raise InputError("request.contradiction", "both system and a system message are given")
        system = turns.pop(0).content
    if any(turn.role == "system" for turn in turns):
        raise InputError("messages.invalid", "only the first message may be the system's")
    if not turns or turns[-1].role != "user":
        raise InputError("messages.invalid", "the last message must be the user's")
    if not all(turn.content.strip() for turn in turns):
        raise InputError("input.empty", "a message is empty")
    return tuple(turns), system
