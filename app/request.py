"""From a document to a request: which job it is, and what exactly is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from app import strict_json
from app.document import Document, Turn, validate
from app.errors import InputError
from app.limits import LIMITS
from app.questionnaire import render
from app.signing import keccak256

Fields = Mapping[str, Any]

# What can hold the prompt of an ask; the first source that has any of them provides all of them.
PROMPTS = ("prompt", "question", "messages", "questionnaire", "email")
_SCORE = ("wallet",)
_CODE = ("language", "code", "feedback", "tests")


class Ask(BaseModel):
    """A chat of one or more turns, and how to answer it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: Literal["ask"] = "ask"
    turns: tuple[Turn, ...]
    """user and assistant turns, the user's last."""
    system: str | None = None
    max_tokens: int | None = None
    temperature_milli: int = 0
    seed: int = 0

    def commitment(self, salt: bytes) -> str:
        """Return keccak256(salt | canonical JSON of this request), 0x hex: opens with the salt only."""
        return "0x" + keccak256(salt + strict_json.dumps(self.model_dump(mode="json"))).hex()


Request = Ask  # | Code | Score, as they come


def parse(fields: Fields) -> tuple[Request, bytes | None]:
    """Return the request in `fields`, and the caller's 32-byte salt if there is one.

    Raises `InputError` with the code of what is wrong; two fields that exclude each other are both named.
    """
    document = _flatten(validate(dict(fields)))
    task = document.task or _infer(document)
    if task != "ask":
        raise InputError("request.unsupported", f"this version does not know the task {task} yet")
    turns, system = _conversation(document)
    size = sum(len(turn.content.encode()) for turn in turns)
    if size > LIMITS.prompt_bytes:
        raise InputError("prompt.too_long", f"the chat has {size} bytes, the limit is {LIMITS.prompt_bytes}")
    request = Ask(
        turns=turns,
        system=system,
        max_tokens=document.max_tokens,
        temperature_milli=int((document.temperature or 0) * 1000),
        seed=document.seed or 0,
    )
    return request, bytes.fromhex(document.salt) if document.salt else None


def _flatten(document: Document) -> Document:
    """Return the document with `options` lifted beside the other fields."""
    lifted = document.options.model_dump(exclude_none=True) if document.options else {}
    for name in lifted:
        if getattr(document, name) is not None:
            raise InputError("request.contradiction", f"both {name} and options.{name} are given")
    return document.model_copy(update={**lifted, "options": None})


def _named(document: Document, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(document, name) is not None]


def _infer(document: Document) -> str:
    """Return the task that the fields mean. `email` yields to every other field; a prompt may belong to code."""
    asks = _named(document, PROMPTS)
    asks = [name for name in asks if name != "email"] or asks
    code, score = _named(document, _CODE), _named(document, _SCORE)
    if code:
        asks = [name for name in asks if name not in ("prompt", "question", "email")]
    if score and asks == ["email"]:
        asks = []
    found = [names[0] for names in (asks, code, score) if names]
    if len(found) > 1:
        raise InputError("request.contradiction", f"both {found[0]} and {found[1]} are given")
    if not found:
        raise InputError("input.missing", "there is no prompt in the dataset, the secrets, the input files or the args")
    return "code" if code else "score" if score else "ask"


def _conversation(document: Document) -> tuple[tuple[Turn, ...], str | None]:
    """Return the turns after the system prompt, and the caller's system prompt."""
    named = _named(document, PROMPTS)
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
