"""The request vocabulary: every field a caller may send, its type and its bounds, once.

The JSON Schema in schema/ is generated from `Document`. Sources hand values over as they carry them:
numbers arrive as f64 from JavaScript, as i128 from a BigInt, as text from the command line; lists and
objects may arrive as JSON text. Validators raise `InputError` themselves, never with any of the content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo

from app import strict_json
from app.errors import InputError
from app.limits import LIMITS
from app.session import Session
from app.signing import checksum_address

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # embeddings, overrides, isolates
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def _clean(text: str, info: ValidationInfo) -> str:
    """Return `text` if a person sees what the model reads: no control characters but tab and line ends, no bidi tricks."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as err:
        raise InputError("text.invalid", f"{info.field_name} is not valid Unicode") from err
    if size > LIMITS.prompt_bytes:
        raise InputError("prompt.too_long", f"{info.field_name} has {size} bytes, the limit is {LIMITS.prompt_bytes}")
    if any(c in _BIDI or (unicodedata.category(c) == "Cc" and c not in "\t\n\r") for c in text):
        raise InputError("text.invalid", f"{info.field_name} holds control characters or bidi overrides")
    return text


def _short(text: str, info: ValidationInfo) -> str:
    if len(text.encode()) > LIMITS.system_bytes:
        raise InputError("prompt.too_long", f"{info.field_name} is longer than {LIMITS.system_bytes} bytes")
    if not text.strip():
        raise InputError("option.invalid", f"{info.field_name} must not be empty")
    return text


def _from_json(value: Any) -> Any:
    """Return what JSON text says; anything else as it is."""
    return strict_json.loads(value.encode(errors="surrogatepass")) if isinstance(value, str) else value


def _list_or_one(value: Any) -> Any:
    """Return a list: of one, if plain text was given."""
    if isinstance(value, str):
        return _from_json(value) if value.lstrip().startswith("[") else [value]
    return value


def _session(value: Any) -> Any:
    return value if value == "new" else _from_json(value)


def _decimal(value: Any, info: ValidationInfo) -> Decimal:
    """Return the number in an int, a finite float or decimal text."""
    refusal = InputError("option.invalid", f"{info.field_name} must be a number")
    if isinstance(value, bool) or not isinstance(value, int | float | str) or (isinstance(value, str) and len(value) > 64):
        raise refusal
    try:
        number = Decimal(value) if isinstance(value, int) else Decimal(str(value).strip())
    except InvalidOperation as err:
        raise refusal from err
    if not number.is_finite():
        raise refusal
    return number


def _whole(value: Any, info: ValidationInfo) -> int:
    number = _decimal(value, info)
    if not -(2**53) < number < 2**53 or number != number.to_integral_value():
        raise InputError("option.invalid", f"{info.field_name} must be a whole number")
    return int(number)


def _flag(value: Any) -> Any:
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _wallet(value: str) -> str:
    """Return a 20-byte address; one in mixed case must carry the right checksum (EIP-55)."""
    if not _ADDRESS.fullmatch(value):
        raise InputError("wallet.invalid", "the wallet is not 0x and 40 hex digits")
    body = value[2:]
    if body not in (body.lower(), body.upper()) and checksum_address(bytes.fromhex(body)) != value:
        raise InputError("wallet.invalid", "the checksum of the wallet address is wrong")
    return value


def _salt(value: str) -> str:
    text = value.strip().removeprefix("0x").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise InputError("option.invalid", "salt must be 32 bytes in hex")
    return text


Text = Annotated[str, AfterValidator(_clean)]
Texts = Annotated[list[Text], Field(max_length=LIMITS.messages), BeforeValidator(_list_or_one)]
System = Annotated[Text, AfterValidator(_short)]
MaxTokens = Annotated[int, Field(ge=1, le=LIMITS.max_tokens), BeforeValidator(_whole)]
Temperature = Annotated[Decimal, Field(ge=0, le=2, decimal_places=3), BeforeValidator(_decimal)]
Attempts = Annotated[int, Field(ge=1, le=LIMITS.attempts), BeforeValidator(_whole)]
Seed = Annotated[int, Field(ge=0, le=LIMITS.max_seed), BeforeValidator(_whole)]
Salt = Annotated[str, AfterValidator(_salt), Field(json_schema_extra={"pattern": "^(0x)?[0-9a-fA-F]{64}$"})]
Chain = Annotated[int, Field(ge=1, le=LIMITS.json_integer), BeforeValidator(_whole)]
Wallet = Annotated[str, AfterValidator(_wallet), Field(json_schema_extra={"pattern": "^0x[0-9a-fA-F]{40}$"})]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Turn(_Strict):
    """One message of a chat."""

    role: Literal["system", "user", "assistant"]
    content: Text


class Pair(_Strict):
    """One question of a survey and its answer."""

    question: Text
    answer: Text


class Source(_Strict):
    """A node or an explorer to ask for the history, with its key: only a requester secret may name one."""

    kind: Literal["rpc", "etherscan", "blockscout"]
    url: Text
    key: Text = ""


Survey = Annotated[list[Pair], Field(min_length=1, max_length=LIMITS.questions), BeforeValidator(_from_json)]
Lists = Annotated[dict[Literal["sanctioned", "mixer", "scam"], list[str]], BeforeValidator(_from_json)]


class Options(_Strict):
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


class ProgramTest(_Strict):
    """A program test: standard input, and the standard output that must follow."""

    input: Text
    output: Text


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
    messages: Annotated[list[Turn], Field(min_length=1, max_length=LIMITS.messages), BeforeValidator(_from_json)] | None = None
    """ask: a chat, the user's turn last; also as JSON text."""
    questionnaire: Annotated[dict[str, Any] | list[Any], BeforeValidator(_from_json)] | None = None
    """ask: {"title", "questions": [[title, type, options], ...]} or the rows alone; also as JSON text."""
    answers: Annotated[list[Any] | dict[str, Any], BeforeValidator(_from_json)] | None = None
    """ask: the answers to `questionnaire`, in order or by title; also as JSON text."""
    wallet: Wallet | None = None
    """score: the address."""
    address: Wallet | None = None
    """score: another name for `wallet`, the earlier API's."""
    address_form: Literal["lower", "as_given"] | None = None
    """score: the letter case of the address that is signed; lower unless told otherwise."""
    chain: Chain | None = None
    """score: the chain id of the history; 1 unless told otherwise."""
    history: Annotated[Any, BeforeValidator(_from_json)] | None = None
    """score: what an explorer, a node or an aggregator answered about the wallet: one document or a list; also as JSON text."""
    source: Annotated[Source, BeforeValidator(_from_json)] | None = None
    """score: where to fetch the history, if there is none; only from a requester secret. Also as JSON text."""
    hosts: Annotated[list[Text], Field(max_length=LIMITS.hosts), BeforeValidator(_list_or_one)] | None = None
    """score: the host names that may be asked; without it, none."""
    as_of_block: Annotated[int, Field(ge=0, le=LIMITS.json_integer), BeforeValidator(_whole)] | None = None
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
    tests: Annotated[list[Text | ProgramTest], Field(max_length=LIMITS.tests), BeforeValidator(_list_or_one)] | None = None
    """code, Python only: assertions on what the snippet defines, or {"input", "output"} of it as a program."""
    attempts: Attempts | None = None
    """code: how often the model may try, the first time included, while tests fail."""
    session: Annotated[Session | Literal["new"], BeforeValidator(_session)] | None = None
    """code: "new", or the session in the last result: the history of an adjustment, which the result then carries on."""
    original_prompt: Text | None = None
    """code: another name for `prompt`."""
    reference_code: Text | None = None
    """code: another name for `code`."""
    feedback_prompt: Text | None = None
    """code: another name for `feedback`."""
    model_name: Text | None = None
    """code: accepted and of no effect: the embedded model answers, and the report names it."""
    callback: Annotated[bool, BeforeValidator(_flag)] | None = None
    """The deal has a callback contract: computed.json gets callback-data. Not from a dataset."""
    options: Options | None = None

    def named(self, names: Iterable[str]) -> list[str]:
        """Return those of `names` that the document gives."""
        return [name for name in names if getattr(self, name) is not None]


OPTIONS = frozenset(Options.model_fields)
FIELDS = frozenset(Document.model_fields) - {"options"}


def validate(fields: dict[str, Any]) -> Document:
    """Return the document in `fields`. Raises `InputError` with the name of the field at fault."""
    try:
        return Document.model_validate(fields)
    except ValidationError as err:
        first = err.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _as_input_error(first["loc"], first["type"], first["msg"]) from err


def _as_input_error(place: tuple[int | str, ...], kind: str, says: str) -> InputError:
    """Return pydantic's first complaint in our words; a name in `place` counts only if it is one of ours."""
    ours = FIELDS | OPTIONS | {"options", "role", "content"}
    path = [str(part) for part in place if isinstance(part, int) or part in ours]
    if kind == "extra_forbidden" and not path:
        return InputError("request.unknown_field", "the request has an unknown field")
    if kind == "extra_forbidden" and path == ["options"]:
        return InputError("option.unknown", "options has an unknown field")
    return InputError("option.invalid", f"{'.'.join(path) or 'the request'}: {says[:1].lower()}{says[1:]}")
