"""Read a user's list of addresses: CSV, JSON or one address on each line."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

from app.base.errors import InputError
from app.base.limits import LIMITS
from app.crypto.signing import checksum_address
from app.formats import strict_json

_ADDRESS = re.compile("0[xX][0-9a-fA-F]{40}")
_CHAIN = re.compile("[1-9][0-9]{0,15}")
_ADDRESS_FIELDS = ("address", "banned_address")
_CHAIN_FIELDS = ("chain_id", "chainid")


def user_addresses(data: bytes) -> list[tuple[str, int | None]]:
    """Return (lower-case address, chain id or None for every chain) in the order of the list, each once.

    - JSON: addresses, or objects with `address` and optionally `chain_id`, or one object with addresses as keys
    - CSV: a header with `address` (or `banned_address`) and optionally `chain_id`, in any case
    - text: one address on each line; blank lines and anything after # are ignored

    An address in mixed case must carry the right checksum. Other fields are ignored. Raises `InputError` labels.invalid, with
    the number of the entry but none of its content.
    """
    if len(data) > LIMITS.input_file_bytes:
        raise InputError("labels.invalid", "the list is larger than an input file may be")
    found: dict[tuple[str, int | None], None] = {}
    for number, (address, chain) in enumerate(_entries(data), 1):
        if number > LIMITS.label_rows:
            raise InputError("labels.invalid", f"the list has more than {LIMITS.label_rows} entries")
        found[_address(address, number), _chain(chain, number)] = None
    if not found:
        raise InputError("labels.invalid", "the list has no address")
    return list(found)


def _entries(data: bytes) -> Iterator[tuple[Any, Any]]:
    if data.lstrip()[:1] in (b"[", b"{"):
        yield from _json_entries(data)
        return
    try:
        lines = data.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as err:
        raise InputError("labels.invalid", "the list is not UTF-8 text") from err
    head = next((line for line in lines if line.strip()), "")
    if {name.strip().strip('"').lower() for name in head.split(",")} & {*_ADDRESS_FIELDS}:
        yield from _csv_entries(lines)
    else:
        yield from ((text, None) for line in lines if (text := line.partition("#")[0].strip()))


def _json_entries(data: bytes) -> Iterator[tuple[Any, Any]]:
    try:
        value = strict_json.loads(data)
    except InputError as err:
        if err.code == "json.too_large":
            raise
        raise InputError("labels.invalid", "the list is not strict JSON") from err
    for entry in value:
        if isinstance(entry, dict):
            yield _pick(entry, _ADDRESS_FIELDS), _pick(entry, _CHAIN_FIELDS)
        else:
            yield entry, None


def _csv_entries(lines: list[str]) -> Iterator[tuple[Any, Any]]:
    try:
        for row in csv.DictReader((line for line in lines if line.strip()), strict=True):
            entry = {name.strip().lower(): text.strip() for name, text in row.items() if name and isinstance(text, str)}
            yield _pick(entry, _ADDRESS_FIELDS), _pick(entry, _CHAIN_FIELDS)
    except csv.Error as err:
        raise InputError("labels.invalid", "the list is not well-formed CSV") from err


def _pick(entry: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry.get(name) not in (None, "")), None)


def _address(value: Any, number: int) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise InputError("labels.invalid", f"entry {number} has no address of 20 bytes")
    body = value[2:]
    if body not in (body.lower(), body.upper()) and checksum_address(bytes.fromhex(body))[2:] != body:
        raise InputError("labels.invalid", f"the checksum of the address in entry {number} is wrong")
    return "0x" + body.lower()


def _chain(value: Any, number: int) -> int | None:
    text = str(value) if type(value) is int else value
    if text is None:
        return None
    if not isinstance(text, str) or not _CHAIN.fullmatch(text):
        raise InputError("labels.invalid", f"the chain id of entry {number} is not a positive integer")
    return int(text)
