"""The job ask: the chat that a request document holds, whichever of its fields holds it."""

from __future__ import annotations

import re
from typing import Literal

from app.base.errors import ContradictionError, InputError
from app.base.limits import LIMITS
from app.request.base import BaseRequest
from app.request.fields import Document, Turn
from app.request.questionnaire.prompt import has_words, render

_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]{2,}")
# Fields that can hold the prompt of an ask. A form without its author's own words may stand beside a prompt, which then asks
# about the form.
PROMPTS = ("prompt", "question", "messages", "questionnaire", "email")


class Ask(BaseRequest):
    """A chat of one or more turns, and how to answer it."""

    kind: Literal["ask"] = "ask"
    turns: tuple[Turn, ...]
    """User and assistant turns; the last turn is the user's."""
    material: tuple[str, ...] = ()
    """The material that the last turn asks about."""
    system: str | None = None
    max_tokens: int | None = None
    temperature_milli: int = 0
    seed: int = 0


def is_email_address(text: str) -> bool:
    """Return whether `text` is a single e-mail address and nothing else, which is never a prompt."""
    return bool(_ADDRESS.fullmatch(text.strip()))


def ask_of(document: Document) -> Ask:
    """Return the ask in `document`, its options already lifted. Raises `InputError` with a code that says what is wrong."""
    turns, system, form = _conversation(document)
    material = tuple(text for text in (*(document.material or ()), form) if text.strip())
    size = sum(len(text.encode()) for text in (*(turn.content for turn in turns), *material))
    if size > LIMITS.prompt_bytes:
        raise InputError("prompt.too_long", f"the chat has {size} bytes, the limit is {LIMITS.prompt_bytes}")
    return Ask(
        turns=turns,
        material=material,
        system=system,
        max_tokens=document.max_tokens,
        temperature_milli=int((document.temperature or 0) * 1000),
        seed=document.seed or 0,
    )


def _conversation(document: Document) -> tuple[tuple[Turn, ...], str | None, str]:
    """Return the turns after the system prompt, the caller's system prompt, and the form that a prompt asks about."""
    named = document.named(PROMPTS)
    named = [name for name in named if name != "email"] or named
    form = ""
    if "questionnaire" in named and len(named) == 2 and not has_words(document.questionnaire):
        form = render(document.questionnaire, document.answers)
        named.remove("questionnaire")
    if not named:
        raise InputError("input.missing", "there is no prompt")
    if len(named) > 1:
        raise ContradictionError(named[0], named[1])
    if document.answers is not None and document.questionnaire is None:
        raise ContradictionError("answers", named[0])
    if named == ["messages"]:
        return *_chat(document), form
    is_form = named == ["questionnaire"]
    text = render(document.questionnaire, document.answers) if is_form else getattr(document, named[0])
    if not text.strip():
        raise InputError("input.empty", f"the {named[0]} is empty")
    if is_email_address(text):
        raise InputError("input.missing", f"the {named[0]} is an e-mail address, which is not a prompt")
    return (Turn(role="user", content=text),), document.system, form


def _chat(document: Document) -> tuple[tuple[Turn, ...], str | None]:
    turns, system = list(document.messages or ()), document.system
    if turns[0].role == "system":
        if system is not None:
            raise ContradictionError("system", "a system message")
        system = turns.pop(0).content
    if any(turn.role == "system" for turn in turns):
        raise InputError("messages.invalid", "only the first message may be the system's")
    if not turns or turns[-1].role != "user":
        raise InputError("messages.invalid", "the last message must be the user's")
    if not all(turn.content.strip() for turn in turns):
        raise InputError("input.empty", "a message is empty")
    return tuple(turns), system
