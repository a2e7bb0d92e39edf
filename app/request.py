"""What a caller may ask: one flat set of named fields in, one strict Request out.

Fields come as the sources carry them (text, whole numbers, floats from JavaScript, decimal text from
the command line); here, and only here, they get their meaning and their bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from app import strict_json
from app.errors import InputError
from app.limits import LIMITS
from app.signing import keccak256

# field -> how a source decodes it. `options.x` means the same as `x`.
FIELDS: dict[str, Literal["text", "number"]] = {
    "task": "text",
    "prompt": "text",
    "question": "text",
    "email": "text",
    "system": "text",
    "max_tokens": "number",
    "temperature": "number",
    "seed": "number",
    "salt": "text",
    "wallet": "text",
    "language": "text",
}
OPTIONS = frozenset({"system", "max_tokens", "temperature", "seed", "salt"})
PROMPTS = ("prompt", "question", "email")  # `email` is history and counts only where the others are absent

Fields = Mapping[str, Any]


class Ask(BaseModel):
    """A prompt and how to answer it."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    kind: Literal["ask"] = "ask"
    prompt: str
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

    Raises `InputError` input.*, option.*, request.* or prompt.too_long.
    """
    _refuse_other_tasks(fields)
    prompt = _prompt(fields)
    system = fields.get("system")
    if system is not None:
        _check_text("system", system, LIMITS.system_bytes)
        if not system.strip():
            raise InputError("option.invalid", "system must not be empty")
    request = Ask(
        prompt=prompt,
        system=system,
        max_tokens=_whole(fields, "max_tokens", 1, LIMITS.max_tokens),
        temperature_milli=_temperature(fields),
        seed=_whole(fields, "seed", 0, LIMITS.max_seed) or 0,
    )
    return request, _salt(fields)


def _refuse_other_tasks(fields: Fields) -> None:
    task = fields.get("task")
    is_wallet = task is None and "wallet" in fields and not any(name in fields for name in PROMPTS)
    if is_wallet or task in ("score", "code"):
        raise InputError("request.unsupported", "this version does not know that task yet")
    if task not in (None, "ask"):
        raise InputError("option.invalid", "task must be ask")


def _prompt(fields: Fields) -> str:
    named = [name for name in PROMPTS if name in fields]
    if not named:
        raise InputError("input.missing", "there is no prompt in the protectedData, the secrets, the input files or the args")
    if {"prompt", "question"} <= set(named):
        raise InputError("request.contradiction", "both prompt and question are given")
    value = fields[named[0]]
    _check_text(named[0], value, LIMITS.prompt_bytes)
    if not value.strip():
        raise InputError("input.empty", f"the {named[0]} is empty")
    return str(value)


def _check_text(name: str, value: object, limit: int) -> None:
    if not isinstance(value, str):
        raise InputError("option.invalid", f"{name} must be text")
    try:
        size = len(value.encode())
    except UnicodeEncodeError as err:
        raise InputError("option.invalid", f"{name} is not valid Unicode") from err
    if size > limit:
        raise InputError("prompt.too_long", f"{name} has {size} bytes, the limit is {limit}")
    if "\x00" in value:
        raise InputError("option.invalid", f"{name} holds a NUL character")


def _whole(fields: Fields, name: str, low: int, high: int) -> int | None:
    if (value := _decimal(fields, name)) is None:
        return None
    if value != value.to_integral_value() or not low <= value <= high:
        raise InputError("option.invalid", f"{name} must be a whole number from {low} to {high}")
    return int(value)


def _temperature(fields: Fields) -> int:
    """Return thousandths: the finest step there is, so that no float is ever signed."""
    if (value := _decimal(fields, "temperature")) is None:
        return 0
    limit = LIMITS.temperature_milli // 1000
    if not 0 <= value <= limit or (milli := value * 1000) != milli.to_integral_value():
        raise InputError("option.invalid", f"temperature must be from 0 to {limit}, with at most three decimals")
    return int(milli)


def _decimal(fields: Fields, name: str) -> Decimal | None:
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str) or len(str(value)) > 64:
        raise InputError("option.invalid", f"{name} must be a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation as err:
        raise InputError("option.invalid", f"{name} must be a number") from err
    if not number.is_finite():
        raise InputError("option.invalid", f"{name} must be a finite number")
    return number


def _salt(fields: Fields) -> bytes | None:
    value = fields.get("salt")
    if value is None:
        return None
    try:
        salt = bytes.fromhex(str(value).strip().removeprefix("0x"))
    except ValueError:
        salt = b""
    if len(salt) != 32:
        raise InputError("option.invalid", "salt must be 32 bytes in hex")
    return salt
