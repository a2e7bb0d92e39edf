"""Turn a request document into a request: which job it is, and what exactly is asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.base.errors import ContradictionError, InputError
from app.request.ask import PROMPTS, Ask, ask_of
from app.request.code import FIELDS as CODE
from app.request.code import Code, code_of
from app.request.fields import Document, validate
from app.request.given import Given
from app.request.score import FIELDS as SCORE
from app.request.score import Score, score_of

Fields = Mapping[str, Any]
Request = Ask | Code | Score

_SCORE = ("wallet", "address", "history")
_BOTH = ("task", "salt", "allow", "material", "max_tokens", "temperature", "seed")
# The fields that each job uses. Other fields in a request of that job are reported as left aside.
USES: dict[str, frozenset[str]] = {
    "ask": frozenset({*PROMPTS, *_BOTH, "answers", "system"}),
    "code": frozenset({*CODE, *_BOTH, "prompt", "question"} - {"model_name"}),
    "score": frozenset({*SCORE, "salt", "task", "allow"}),
}


_NOBODY_KNOWS = Given()


def parse(fields: Fields, given: Given = _NOBODY_KNOWS) -> tuple[Request, bytes | None]:
    """Return the request in `fields`, and the caller's 32-byte salt if there is one.

    `given` says who gave the history of a wallet. Raises `InputError` with a code that says what is wrong; if two fields
    exclude each other, the message names both.
    """
    document = _flatten(validate(dict(fields)))
    task = document.task or _infer(document)
    salt = bytes.fromhex(document.salt) if document.salt else None
    if task == "code":
        return code_of(document), salt
    return score_of(document, given) if task == "score" else ask_of(document), salt


def _flatten(document: Document) -> Document:
    """Return the document with its `options` lifted beside the other fields."""
    lifted = document.options.model_dump(exclude_none=True) if document.options else {}
    for name in lifted:
        if getattr(document, name) is not None:
            raise ContradictionError(name, f"options.{name}")
    return document.model_copy(update={**lifted, "options": None})


def _infer(document: Document) -> str:
    """Return the job that the fields mean. `email` yields to every other field, and a prompt may belong to code."""
    asks = document.named(PROMPTS)
    asks = [name for name in asks if name != "email"] or asks
    code, score = document.named(CODE), document.named(_SCORE)
    if code:
        asks = [name for name in asks if name not in ("prompt", "question", "email")]
    if score:  # an address in `email` is no prompt, and the earlier API called a survey a questionnaire
        asks = [name for name in asks if name not in ("email", "questionnaire")]
    found = [names[0] for names in (asks, code, score) if names]
    if len(found) > 1:
        raise ContradictionError(found[0], found[1])
    if not found:
        raise InputError("input.missing", "there is no prompt in the dataset, the secrets, the input files or the args")
    return "code" if code else "score" if score else "ask"
