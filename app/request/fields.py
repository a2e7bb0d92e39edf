"""The vocabulary of requests: every field that a caller may send, with its type and its bounds.

The JSON Schema in schema/ is generated from `Document`. How a field accepts a value is in `app.request.field_types`.
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


class QuestionAnswer(Strict):
    """One question of a survey and its answer."""

    question: Text
    answer: Text


class HistorySource(Strict):
    """A node or an explorer that gives the history, with its key: only a requester secret may name one."""

    kind: Literal["rpc", "etherscan", "blockscout"]
    url: Text
    key: Text = ""


Survey = Annotated[list[QuestionAnswer], Field(min_length=1, max_length=LIMITS.questions), BeforeValidator(from_json)]
Lists = Annotated[
    dict[Literal["sanctioned", "mixer", "scam"], Annotated[list[str], Field(max_length=LIMITS.label_rows)]],
    BeforeValidator(from_json),
]


def allowed(value: Any) -> list[str]:
    """Return the field names in `allow`: a list, one name, or nothing in any form.

    Raises `InputError` option.invalid for anything else. An unreadable list is never taken for none or for all, because the
    owner meant something by it.
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
    """The most tokens that the answer may have."""
    temperature: Temperature | None = None
    """The sampling temperature; 0 always picks the likeliest token."""
    seed: Seed | None = None
    """The seed of the sampler; it has no effect at temperature 0."""
    salt: Salt | None = None
    """32 random bytes in hex; the result then carries a commitment to the request."""


class Document(Options):
    """A request for one of the jobs `ask`, `code` and `score`. The fields tell which one, unless `task` names it."""

    task: Literal["ask", "code", "score"] | None = None
    """The job."""
    prompt: Text | None = None
    """ask: the prompt; code: what to write."""
    question: Text | None = None
    """Another name for `prompt`."""
    email: Text | None = None
    """The earlier system's name for `prompt`; it counts only where no other field holds the prompt."""
    material: Material | None = None
    """ask, code: text that the prompt is about, kept apart from the prompt; one text or a list."""
    messages: Annotated[list[Turn], Field(min_length=1, max_length=LIMITS.messages), BeforeValidator(from_json)] | None = None
    """ask: a chat whose last turn is the user's; also as JSON text."""
    questionnaire: Annotated[dict[str, Any] | list[Any], BeforeValidator(from_json)] | None = None
    """ask: {"title", "questions": [[title, type, options], ...]}, or the rows alone; also as JSON text."""
    answers: Annotated[list[Any] | dict[str, Any], BeforeValidator(from_json)] | None = None
    """ask: the answers to `questionnaire`, in order or by title; also as JSON text."""
    qlist: Annotated[list[Any], BeforeValidator(from_json)] | None = None
    """ask: the earlier system's name for `questionnaire`; it holds the rows alone."""
    wallet: Wallet | None = None
    """score: the address of the wallet."""
    address: Wallet | None = None
    """score: the earlier API's name for `wallet`."""
    address_form: Literal["lower", "as_given"] | None = None
    """score: the letter case in which the address is signed; lower by default."""
    chain: Chain | None = None
    """score: the chain id of the history; 1 by default."""
    history: Annotated[Any, BeforeValidator(history_value)] | None = None
    """score: the answers of an explorer, a node or an aggregator about the wallet, one document or a list; also as JSON
    text."""
    source: Annotated[HistorySource, BeforeValidator(from_json)] | None = None
    """score: where to fetch the history if none is given; allowed in a requester secret only. Also as JSON text."""
    hosts: Annotated[list[Text], Field(max_length=LIMITS.hosts), BeforeValidator(list_or_one)] | None = None
    """score: the names of the hosts that the enclave may ask; without this field it may ask none."""
    as_of_block: Annotated[int, Field(ge=0, le=LIMITS.json_integer), BeforeValidator(whole)] | None = None
    """score: the block up to which a node is asked; its latest block by default."""
    survey: Survey | None = None
    """score: survey questions with the answers of the wallet's owner, which do not change the score. Also as JSON text."""
    labels: Lists | None = None
    """score: addresses to flag in addition to the packaged lists, by kind; also as JSON text."""
    language: Text | None = None
    """code: python, c++, c, java, scala, sql, javascript, bash, or a common alias of one of these."""
    code: Text | None = None
    """code: the code to adjust; without it, new code is generated."""
    feedback: Texts | None = None
    """code: what to change, oldest first."""
    tests: Annotated[list[Text | ProgramTest], Field(max_length=LIMITS.tests), BeforeValidator(list_or_one)] | None = None
    """code, Python only: test code (assertions, pytest, unittest, doctest), or {"input", "output"} for a whole program. In a
    session the tests stay in force until other tests replace them; an empty list removes them."""
    attempts: Attempts | None = None
    """code: how often the model may try while tests fail, the first try included."""
    session: Annotated[Session | Literal["new"], BeforeValidator(new_or_json), AfterValidator(clean_session)] | None = None
    """code: "new", or the session of the last result. The result then carries the session on, as the history of an
    adjustment."""
    original_prompt: Text | None = None
    """code: another name for `prompt`."""
    reference_code: Text | None = None
    """code: another name for `code`."""
    feedback_prompt: Text | None = None
    """code: another name for `feedback`."""
    model_name: Text | None = None
    """code: accepted but without effect: the embedded model answers, and the report names it."""
    callback: Annotated[bool, BeforeValidator(flag)] | None = None
    """Set if the deal has a callback contract: computed.json then gets callback-data. Not allowed in a dataset."""
    allow: Annotated[list[str], BeforeValidator(allowed)] | None = None
    """In a dataset only: the fields that others may add to the request of the dataset. An empty list allows none."""
    options: Options | None = None

    def named(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that the document sets."""
        return [name for name in names if getattr(self, name) is not None]


OPTIONS = frozenset(Options.model_fields)
FIELDS = frozenset(Document.model_fields) - {"options"}
hints.offer("options", Options.model_fields)
hints.offer("fields", Document.model_fields)
# Another name of a field, and its first name.
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
    """Return the document that `fields` make. Raises `InputError`, whose message names the field that is wrong."""
    try:
        return Document.model_validate(renamed(fields))
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _as_input_error(first["loc"], first["type"], first["msg"]) from err


def _as_input_error(place: tuple[int | str, ...], kind: str, says: str) -> InputError:
    """Return pydantic's first complaint as an `InputError`. The message shows only names in `place` that are ours."""
    ours = FIELDS | OPTIONS | {"options", "role", "content"}
    path = [str(part) for part in place if isinstance(part, int) or part in ours]
    if kind == "extra_forbidden" and path in ([], ["options"]):
        code = "option.unknown" if path else "request.unknown_field"
        meant = near_names.near(str(place[-1]), OPTIONS if path else FIELDS | {"options"})
        unknown = f"{'options' if path else 'the request'} has an unknown field"
        return InputError(code, unknown if meant is None else near_names.suggestion(str(place[-1]), meant))
    return InputError("option.invalid", f"{'.'.join(path) or 'the request'}: {says[:1].lower()}{says[1:]}")
