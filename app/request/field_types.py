"""The types of a request's fields: how each accepts the forms that its sources use, and which values are valid.

Numbers arrive as f64 from JavaScript, as i128 from a BigInt and as text from the command line. Lists and objects may arrive as
JSON text. Validators raise `InputError` themselves, never with any of the content.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from app.base.errors import HistoryError, InputError
from app.base.limits import LIMITS
from app.crypto.signing import checksum_address
from app.formats import strict_json
from app.formats.hex_words import ADDRESS, SHA256

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # embeddings, overrides, isolates
_WHITE = frozenset("\t\n\v\f\r")
_DIFFERENT = 16  # the least number of different bytes in a salt, and of different steps between them


def _clean(text: str, info: ValidationInfo) -> str:
    """Return `text` if all that the model reads is visible: no control characters but tab and line ends, no bidi controls."""
    return _clean_as(str(info.field_name), text)


def _clean_as(name: str, text: str) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as err:
        raise InputError("text.invalid", f"{name} is not valid Unicode") from err
    if size > LIMITS.prompt_bytes:
        raise InputError("prompt.too_long", f"{name} has {size} bytes, the limit is {LIMITS.prompt_bytes}")
    text = text.removeprefix("\ufeff")
    for at, mark in enumerate(text):
        if mark in _BIDI or (mark not in _WHITE and unicodedata.category(mark) == "Cc"):
            kind = "an override of the writing direction" if mark in _BIDI else "a control character"
            raise InputError("text.invalid", f"{name} holds {kind}, U+{ord(mark):04X}, at {_place(text, at)}")
    return text


def clean_session(session: Any, info: ValidationInfo) -> Any:
    """Return the session of an earlier result if its texts meet the rules of a request's own texts; return "new" unchanged.

    The session of a result may break these rules, because a model's words are signed as they were. Raises `InputError`
    text.invalid with the place.
    """
    if not isinstance(session, str):
        texts = {"prompt": session.prompt}
        for number, turn in enumerate(session.turns):
            texts |= {f"turns.{number}.feedback.{index}": text for index, text in enumerate(turn.feedback)}
            texts[f"turns.{number}.code"] = turn.code
        for name, text in texts.items():
            _clean_as(f"{info.field_name}.{name}", text)
    return session


def _place(text: str, at: int) -> str:
    before = text[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"


def _short(text: str, info: ValidationInfo) -> str:
    if len(text.encode()) > LIMITS.system_bytes:
        raise InputError("prompt.too_long", f"{info.field_name} is longer than {LIMITS.system_bytes} bytes")
    if not text.strip():
        raise InputError("option.invalid", f"{info.field_name} must not be empty")
    return text


def from_json(value: Any) -> Any:
    """Return the value of JSON text; return any other value unchanged."""
    return strict_json.loads(value.removeprefix("\ufeff").encode(errors="surrogatepass")) if isinstance(value, str) else value


def history_value(value: Any) -> Any:
    """Return the value of a history as text (JSON, NDJSON or an explorer's CSV export); return any other value unchanged."""
    if not isinstance(value, str):
        return value
    from app.wallet.read import any_source

    found = any_source.from_text(value, wallet=True)
    if found is not None:
        return found
    try:
        return from_json(value)
    except InputError as err:
        if err.code == "json.too_large":
            raise
        raise HistoryError("history.invalid", "history is neither JSON nor NDJSON nor a CSV export that is read") from err


def list_or_one(value: Any) -> Any:
    """Return a list. Plain text becomes a list of one text, even if it begins with a bracket without being JSON."""
    if not isinstance(value, str):
        return value
    if re.match(r"\ufeff?\s*\[\s*[\"{]", value):
        return from_json(value)
    try:
        found = from_json(value)
    except InputError:
        return [value]
    return found if isinstance(found, list) and not any(isinstance(one, int | float | list) for one in found) else [value]


def texts_or_one(value: Any) -> Any:
    """Return a list of texts. Text becomes a list of one, even if it is JSON of something other than a list."""
    if not isinstance(value, str):
        return value
    try:
        found = from_json(value)
    except InputError:
        return [value]
    return found if isinstance(found, list) and all(isinstance(one, str) for one in found) else [value]


def new_or_json(value: Any) -> Any:
    """Return "new" unchanged, and the value of any other JSON text."""
    return value if value == "new" else from_json(value)


def _decimal(value: Any, info: ValidationInfo) -> Decimal:
    """Return the number that an int, a finite float or decimal text holds."""
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


def whole(value: Any, info: ValidationInfo) -> int:
    """Return a whole number within the range that JSON can carry, from an int, a float or decimal text."""
    number = _decimal(value, info)
    if not -(2**53) < number < 2**53 or number != number.to_integral_value():
        raise InputError("option.invalid", f"{info.field_name} must be a whole number")
    return int(number)


def flag(value: Any) -> Any:
    """Return the boolean for the texts true and false; return any other value unchanged."""
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _wallet(value: str) -> str:
    """Return a 20-byte address; one in mixed case must carry the right checksum (EIP-55)."""
    if not ADDRESS.fullmatch(value):
        raise InputError("wallet.invalid", "the wallet is not 0x and 40 hex digits")
    body = value[2:]
    if body not in (body.lower(), body.upper()) and checksum_address(bytes.fromhex(body)) != value:
        raise InputError("wallet.invalid", "the checksum of the wallet address is wrong")
    return value


def _salt(value: str) -> str:
    text = value.strip().removeprefix("0x").lower()
    if not SHA256.fullmatch(text):
        raise InputError("option.invalid", "salt must be 32 bytes in hex")
    if _is_made_up(text):
        raise InputError(
            "option.invalid", "salt must be random: this one has a pattern, which can be guessed, and with it the content"
        )
    return text


def _is_made_up(salt: str) -> bool:
    """Return whether 32 bytes in hex do not look random: repeated, counted up, decimal digits, or text.

    Fewer than one random salt in a thousand million looks so: of 32 random bytes about 30 differ, and so do their differences.
    """
    raw = bytes.fromhex(salt)
    steps = {(after - before) % 256 for before, after in itertools.pairwise(raw)}
    return min(len(set(raw)), len(steps)) < _DIFFERENT or salt.isdecimal() or all(32 <= byte < 127 for byte in raw)


Text = Annotated[str, AfterValidator(_clean)]
Texts = Annotated[list[Text], Field(max_length=LIMITS.messages), BeforeValidator(list_or_one)]
Material = Annotated[list[Text], Field(max_length=LIMITS.messages), BeforeValidator(texts_or_one)]
System = Annotated[Text, AfterValidator(_short)]
MaxTokens = Annotated[int, Field(ge=1, le=LIMITS.max_tokens), BeforeValidator(whole)]
Temperature = Annotated[Decimal, Field(ge=0, le=LIMITS.temperature_milli // 1000, decimal_places=3), BeforeValidator(_decimal)]
Attempts = Annotated[int, Field(ge=1, le=LIMITS.attempts), BeforeValidator(whole)]
Seed = Annotated[int, Field(ge=0, le=LIMITS.max_seed), BeforeValidator(whole)]
Salt = Annotated[str, AfterValidator(_salt), Field(json_schema_extra={"pattern": "^(0x)?[0-9a-fA-F]{64}$"})]
Chain = Annotated[int, Field(ge=1, le=LIMITS.json_integer), BeforeValidator(whole)]
Wallet = Annotated[str, AfterValidator(_wallet), Field(json_schema_extra={"pattern": f"^{ADDRESS.pattern}$"})]
