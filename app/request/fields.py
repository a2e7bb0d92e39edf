"""The request vocabulary: every field a caller may send, its type and its bounds, once.

The JSON Schema in schema/ is generated from `Document`; how a value is taken is in `app.request.field_types`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from app.base import hints, near_names
from app.base.errors import ContradictionError, InputError
from app.base.limits import LIMITS
from app.formats.strict_model import Strict
from app.request.code_session import ProgramTest, Session
from app.request.field_types import (
    Attempts,
    Chain,
    Material,
    MaxTokens,
    Salt,
    Seed,
    System,
    Temperature,
    Text,
    Texts,
    Wallet,
    clean_session,
    flag,
    from_json,
    history_value,
    list_or_one,
    new_or_json,
    whole,
)


class Turn(Strict):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Pair(Strict):
    """One question of a survey and its answer."""

    question: Text
    answer: Text


class HistorySource(Strict):
    """A node or an explorer to ask for the history, with its key: only a requester secret may name one."""

    kind: Literal["rpc", "etherscan", "blockscout"]
    url: Text
    key: Text = ""


Survey = Annotated[list[Pair], Field(min_length=1, max_length=LIMITS.questions), BeforeValidator(from_json)]
Lists = Annotated[
    dict[Literal["sanctioned", "mixer", "scam"], Annotated[list[str], Field(max_length=LIMITS.label_rows)]],
    BeforeValidator(from_json),
]


def allowed(value: Any) -> list[str]:
    """Return the names in `allow`: a list, one name, or nothing in any form. Raises `InputError` option.invalid.

    What cannot be read as names of fields is an error and never a list of none or of all: its owner meant something by it.
    """
    names = [] if value is False or value == {} else list_or_one(value)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InputError("option.invalid", "allow must be a list of names of fields")
    if not FIELDS - {"allow", "callback"} >= {name.strip() for name in names}:
        raise InputError("option.invalid", "allow names an unknown field, or one that others could never give")
    return [name.strip() for name in names]


class Options(Strict):
    """How to answer. Each option may also stand beside `options` instead of in it."""

    system: System | None = None
    """The system prompt, in place of the job's own."""
    max_tokens: MaxTokens | None = None
    """Most tokens of the answer."""
    temperature: Temperature | None = None
    """0 picks the likeliest token every time."""
    seed: Seed | None = None
    """Seed of the sampler above temperature 0."""
    salt: Salt | None = None
    """32 random bytes in hex: the result then carries a commitment to the request."""


class Document(Options):
    """A request: one of the jobs `ask`, `code`, `score`, inferred from the fields unless `task` names it."""

    task: Literal["ask", "code", "score"] | None = None
    """The job."""
    prompt: Text | None = None
    """ask: the prompt; code: what to write."""
    question: Text | None = None
    """Another name for `prompt`."""
    email: Text | None = None
    """History: the prompt, where none of the others is there."""
    material: Material | None = None
    """ask, code: text that the prompt is about, kept apart from it; one or a list."""
    messages: Annotated[list[Turn], Field(min_length=1, max_length=LIMITS.messages), BeforeValidator(from_json)] | None = None
    """ask: a chat, the user's turn last; also as JSON text."""
    questionnaire: Annotated[dict[str, Any] | list[Any], BeforeValidator(from_json)] | None = None
    """ask: {"title", "questions": [[title, type, options], ...]} or the rows alone; also as JSON text."""
    answers: Annotated[list[Any] | dict[str, Any], BeforeValidator(from_json)] | None = None
    """ask: the answers to `questionnaire`, in order or by title; also as JSON text."""
    qlist: Annotated[list[Any], BeforeValidator(from_json)] | None = None
    """ask: another name for `questionnaire`, the earlier system's: its rows alone."""
    wallet: Wallet | None = None
    """score: the address."""
    address: Wallet | None = None
    """score: another name for `wallet`, the earlier API's."""
    address_form: Literal["lower", "as_given"] | None = None
    """score: the letter case of the address that is signed; lower unless told otherwise."""
    chain: Chain | None = None
    """score: the chain id of the history; 1 unless told otherwise."""
    history: Annotated[Any, BeforeValidator(history_value)] | None = None
    """score: what an explorer, a node or an aggregator answered about the wallet: one document or a list; also as JSON text."""
    source: Annotated[HistorySource, BeforeValidator(from_json)] | None = None
    """score: where to fetch the history, if there is none; only from a requester secret. Also as JSON text."""
    hosts: Annotated[list[Text], Field(max_length=LIMITS.hosts), BeforeValidator(list_or_one)] | None = None
    """score: the host names that may be asked; without it, none."""
    as_of_block: Annotated[int, Field(ge=0, le=LIMITS.json_integer), BeforeValidator(whole)] | None = None
    """score: the block as of which a node is asked; its tip unless told otherwise."""
    survey: Survey | None = None
    """score: questions and answers of the wallet's owner; they move no score. Also as JSON text."""
    labels: Lists | None = None
    """score: addresses to flag beyond the packaged lists, by kind; also as JSON text."""
    language: Text | None = None
    """code: python, c++, c, java, scala, sql, javascript, bash, or a usual alias of one."""
    code: Text | None = None
    """code: what to adjust; else it is generated."""
    feedback: Texts | None = None
    """code: what to change, oldest first."""
    tests: Annotated[list[Text | ProgramTest], Field(max_length=LIMITS.tests), BeforeValidator(list_or_one)] | None = None
    """code, Python only: test code (assertions, pytest, unittest, doctest), or {"input", "output"} of a program. In a session
    they stay in force until other tests replace them; an empty list removes them."""
    attempts: Attempts | None = None
    """code: how often the model may try, the first time included, while tests fail."""
    session: Annotated[Session | Literal["new"], BeforeValidator(new_or_json), AfterValidator(clean_session)] | None = None
    """code: "new", or the session in the last result: the history of an adjustment, which the result then carries on."""
    original_prompt: Text | None = None
    """code: another name for `prompt`."""
    reference_code: Text | None = None
    """code: another name for `code`."""
    feedback_prompt: Text | None = None
    """code: another name for `feedback`."""
    model_name: Text | None = None
    """code: accepted and of no effect: the embedded model answers, and the report names it."""
    callback: Annotated[bool, BeforeValidator(flag)] | None = None
    """The deal has a callback contract: computed.json gets callback-data. Not from a dataset."""
    allow: Annotated[list[str], BeforeValidator(allowed)] | None = None
    """From a dataset alone: the fields that others may add to what it holds; none of them, if the list is empty."""
    options: Options | None = None

    def named(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that the document gives."""
        return [name for name in names if getattr(self, name) is not None]


OPTIONS = frozenset(Options.model_fields)
FIELDS = frozenset(Document.model_fields) - {"options"}
hints.offer("options", Options.model_fields)
hints.offer("fields", Document.model_fields)
# Another name of a field, and the first one.
SAME = {
    **dict.fromkeys(("question", "original_prompt"), "prompt"),
    "address": "wallet",
    "reference_code": "code",
    "feedback_prompt": "feedback",
    "qlist": "questionnaire",
}


def renamed(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the rows of a form under one name. Raises `ContradictionError` if they stand under both."""
    if "qlist" not in fields:
        return fields
    if "questionnaire" in fields:
        raise ContradictionError("qlist", "questionnaire")
    return {"questionnaire" if name == "qlist" else name: value for name, value in fields.items()}


def validate(fields: dict[str, Any]) -> Document:
    """Return the document in `fields`. Raises `InputError` with the name of the field at fault."""
    try:
        return Document.model_validate(renamed(fields))
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _as_input_error(first["loc"], first["type"], first["msg"]) from err


def _as_input_error(place: tuple[int | str, ...], kind: str, says: str) -> InputError:
    """Return pydantic's first complaint in our words; a name in `place` counts only if it is one of ours."""
    ours = FIELDS | OPTIONS | {"options", "role", "content"}
    path = [str(part) for part in place if isinstance(part, int) or part in ours]
    if kind == "extra_forbidden" and path in ([], ["options"]):
        code = "option.unknown" if path else "request.unknown_field"
        meant = near_names.near(str(place[-1]), OPTIONS if path else FIELDS | {"options"})
        unknown = f"{'options' if path else 'the request'} has an unknown field"
        return InputError(code, unknown if meant is None else near_names.say(str(place[-1]), meant))
    return InputError("option.invalid", f"{'.'.join(path) or 'the request'}: {says[:1].lower()}{says[1:]}")
