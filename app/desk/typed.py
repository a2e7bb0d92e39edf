"""Check the words that a person typed: addresses, the name of a model, the fields of a request. All raise `UsageError`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from app.base.errors import AppError, InputError, UsageError
from app.base.near_names import near
from app.crypto.signing import checksum_address
from app.formats.hex_words import ADDRESS, SHA256
from app.request.fields import FIELDS, OPTIONS, validate

_PRIVATE_KEY = re.compile("(0x)?[0-9a-fA-F]{64}")


def address(text: str, option: str) -> None:
    """Raise `UsageError` address.* unless `text` is an address, whose checksum (EIP-55) must be right in mixed case."""
    no_key(text, option)
    if not ADDRESS.fullmatch(text):
        raise UsageError("address.invalid", f"{option} is not an address of 0x and 40 hex digits")
    body = text[2:]
    if body not in (body.lower(), body.upper()) and checksum_address(bytes.fromhex(body)) != text:
        raise UsageError("address.invalid", f"the checksum of {option} is wrong: a digit is missing or mistyped")


def no_key(text: str, what: str) -> None:
    """Raise `UsageError` if `text` looks like a private key: the person must be warned, and the message does not repeat it."""
    if _PRIVATE_KEY.fullmatch(text.strip()):
        raise UsageError("address.is_a_key", f"{what} has the length of a private key, not of an address")


def model_sha256(name: str) -> str:
    """Return the SHA-256 of a model in the catalogue, or `name` if it is one itself. Raises `UsageError` model.unknown."""
    from app.llm.models import find

    if SHA256.fullmatch(name):
        return name
    try:
        return find(name).sha256
    except AppError as err:
        raise UsageError(err.code, err.message) from err


def fields(given: Mapping[str, Any]) -> None:
    """Raise `UsageError`, with the name of the field at fault, unless these fields can stand in a request."""
    no_key(str(given.get("wallet", "")), "the wallet")
    try:
        validate({name: value for name, value in given.items() if value is not None})
    except InputError as err:
        raise UsageError(err.code, err.message.replace("_", "-") if err.code == "option.invalid" else err.message) from err


def known_fields(given: Mapping[str, Any], name: str) -> None:
    """Raise `UsageError` request.unknown_field, with their names, if a request holds unknown fields."""
    inner = given.get("options")
    unknown = [_named(field, FIELDS | {"options"}) for field in given.keys() - FIELDS - {"options"}]
    if isinstance(inner, dict):
        unknown += [_named(field, OPTIONS, "options.") for field in inner.keys() - OPTIONS]
    if unknown:
        raise UsageError("request.unknown_field", f"{name} has unknown fields: {', '.join(sorted(unknown))}")


def _named(name: str, known: Collection[str], before: str = "") -> str:
    meant = near(name, known)
    said = "" if meant is None else f" (is {meant} meant?)" if meant else " (that cannot be set here)"
    return f"{before}{name!r}{said}"
