"""Read the bytes of one source into a piece: fields of a request, words, material or a wallet's history."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, Literal

from app.base import near_names
from app.base.errors import AppError, HistoryError, InputError
from app.base.limits import LIMITS
from app.formats import file_types, protected_data, strict_json
from app.formats.hex_words import ADDRESS
from app.request.ask import is_email_address
from app.request.fields import FIELDS, OPTIONS, renamed
from app.request.sources import texts
from app.wallet.read import any_source

# How an entry of a zip is decoded. The other fields are objects or lists, and their bytes tell how to decode them.
_TEXTS = frozenset(
    {"task", "prompt", "question", "email", "system", "salt", "wallet", "address", "address_form", "language", "code"}
) | {"original_prompt", "reference_code", "feedback_prompt", "model_name"}
_NUMBERS = frozenset({"max_tokens", "temperature", "seed", "attempts", "chain", "as_of_block"})
_LOOKED_AT = 256  # the most unknown names that are compared with ours: a document may have a million
_TASKS = frozenset({"ask", "code", "score"})


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a piece came from."""

    source: Literal["dataset", "secret", "input_file", "args"]
    number: int | None = None

    def __str__(self) -> str:
        """Return the name of the source as error messages show it."""
        name = self.source.replace("_", " ")
        return name if self.number is None else f"{name} {self.number}"


@dataclass(frozen=True, slots=True)
class Piece:
    """The contents of one source. One source may give several pieces."""

    origin: Origin
    fields: dict[str, Any] = field(default_factory=dict)
    """The fields of the request, with the options beside the others."""
    text: str | None = None
    """Text without a field name: words that say what to do, or material."""
    is_material: bool = False
    """Whether the text is certainly not a person's words but JSON, a table, or fields of another program."""
    history: Any = None
    """A wallet's history; `text` then holds the same as text."""
    value: Any = None
    """The decoded JSON of the text; None if the text is not JSON."""
    has_unknown: bool = False
    """Whether there are fields that mean nothing here beside others that do."""
    note: str | None = None
    """A remark about the material: which form service exported it, or why it is not JSON."""


def read_source(origin: Origin, data: bytes) -> Piece:
    """Return the contents of `data`. Raises `AppError`, whose message always begins with the origin."""
    try:
        return _read(origin, data)
    except AppError as err:
        err.message = f"{origin}: {err.message}"
        raise


def _read(origin: Origin, data: bytes) -> Piece:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if file_types.is_zip(data):
        if origin.source == "dataset":
            return _archive(origin, data)
        raise InputError("input.unreadable", f"this is a zip archive, which is {file_types.CURE}")
    if name := file_types.of_bytes(data):
        raise InputError("input.unreadable", f"this is {name}, which is {file_types.CURE}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as err:
        at = f"byte {err.start + 1} of {len(data)}"
        raise InputError("input.unreadable", f"this is neither UTF-8 text ({at}) nor a known format") from err
    return _text(origin, text)


def _text(origin: Origin, text: str) -> Piece:
    if not text.strip():
        raise InputError("input.empty", "it is empty")
    if text.count("\n") + text.count("\r") > LIMITS.table_cells:
        raise InputError("file.too_large", f"it has more than {LIMITS.table_cells} lines")
    note = None
    if text.lstrip()[:1] in ("{", "["):
        try:
            value = strict_json.loads(text.encode())
        except InputError as err:
            if err.code == "json.too_large" or texts.is_meant_as_json(text):
                raise
            note = err.message
        else:
            return _value(origin, value, text)
    if texts.is_yaml(text):
        raise InputError("json.invalid", "it looks like a request in YAML, but must be JSON")
    try:
        history = any_source.from_text(text)
    except HistoryError as err:  # a table with a question about it may be invalid as a history
        history, note = None, err.message
    if history is not None:
        return Piece(origin, text=text, is_material=True, history=history)
    return Piece(origin, text=text, is_material=texts.is_table(text), note=note)


def _archive(origin: Origin, data: bytes) -> Piece:
    nodes = protected_data.tree(protected_data.read_archive(data))
    if "allow" in protected_data.folders(data):  # an empty object leaves no other trace
        nodes.setdefault("allow", {})
    if "allow" in nodes:
        allow = protected_data.value(nodes.pop("allow"))
        return _allowing(allow, _fields(origin, nodes))
    _refuse_nearly_allow(nodes)
    return _fields(origin, nodes)


def _allowing(allow: Any, piece: Piece) -> Piece:
    """Return the piece with the owner's `allow` added to its fields, whether the piece is a request, a history or material."""
    return replace(piece, fields={**piece.fields, "allow": allow})


def _refuse_nearly_allow(document: Mapping[str, Any]) -> None:
    """Raise `InputError` request.unknown_field for a misspelt `allow`: as mere material it would allow everything."""
    options = document.get("options")
    for name in islice(sorted((*document, *(options if isinstance(options, dict) else ()))), _LOOKED_AT):
        if near_names.near(name, {"allow"}):
            raise InputError(
                "request.unknown_field",
                "the list of what others may add is called allow, beside the other fields",
            )


def _fields(origin: Origin, nodes: dict[str, Any]) -> Piece:
    options = nodes.pop("options", {})
    if not isinstance(options, dict):
        raise InputError("option.invalid", "options must be an object")
    known = {name: _entry(name, node) for name, node in nodes.items() if name in FIELDS}
    lifted = _lift(
        known, {name: _entry(name, node) for name, node in options.items() if name in OPTIONS}, options.keys() - OPTIONS
    )
    other = nodes.keys() - FIELDS
    if not other:
        return Piece(origin, lifted)
    if _is_request(lifted, other):
        return Piece(origin, lifted, has_unknown=True)
    return _unnamed(origin, {name: _material_value(node) for name, node in nodes.items() if name != "email"}, _email(lifted))


def _entry(name: str, node: Any) -> Any:
    if name in _TEXTS | _NUMBERS and isinstance(node, dict):
        raise InputError("option.invalid", f"{name} is an object")
    decode = protected_data.text if name in _TEXTS else protected_data.number if name in _NUMBERS else protected_data.value
    return decode(node)


def _material_value(node: Any) -> Any:
    """Return a decoded field of another program's data. A file inside a field is refused just as a file alone would be."""
    if isinstance(node, bytes):
        raw = protected_data.unwrapped(node)
        if name := "a zip archive" if file_types.is_zip(raw) else file_types.of_bytes(raw):
            raise InputError("input.unreadable", f"a field holds {name}, which is {file_types.CURE}")
    elif isinstance(node, dict):
        for child in node.values():
            _material_value(child)
    return protected_data.value(node)


def _value(origin: Origin, document: Any, text: str) -> Piece:
    if origin.source == "dataset" and isinstance(document, dict):
        if "allow" in document:
            rest = {name: value for name, value in document.items() if name != "allow"}
            return _allowing(document["allow"], _value(origin, rest, json.dumps(rest, ensure_ascii=False, indent=1)))
        _refuse_nearly_allow(document)
    if any_source.looks_like(document):
        return Piece(origin, text=text, is_material=True, history=document)
    form = file_types.of_form(document)
    if not isinstance(document, dict) or form:
        note = form and f"a form's answers as {form} exports them"
        return Piece(origin, text=text if document else None, is_material=True, value=document, note=note)
    options = document.get("options")
    known = {name: value for name, value in document.items() if name in FIELDS and value is not None}
    other = document.keys() - FIELDS - {"options"}
    if isinstance(options, dict | None) and (_is_request(known, other) or not other):
        given = {name: value for name, value in (options or {}).items() if value is not None}
        lifted = _lift(known, given, given.keys() - OPTIONS)
        if other and origin.source != "dataset":
            raise InputError("request.unknown_field", "the request has an unknown field")
        return Piece(origin, lifted, has_unknown=bool(other))
    if not other:
        raise InputError("option.invalid", "options must be an object")
    values = {name: value for name, value in document.items() if name != "email"}
    return replace(_unnamed(origin, values, _email(known), text), value=document)


def _email(known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in known.items() if name == "email"}


def _is_request(known: Mapping[str, Any], other: Iterable[str]) -> bool:
    """Return whether `known` shows that this is a request and no chance likeness. Misspelt fields in it are then errors."""
    is_ours = bool(
        known.keys() & texts.TELLING
        or {"language", "code"} <= known.keys()
        or isinstance(known.get("question"), str)
        or (isinstance(known.get("email"), str) and not is_email_address(known["email"]))
        or known.get("task") in _TASKS
        or any(isinstance(known.get(name), str) and ADDRESS.fullmatch(known[name]) for name in ("wallet", "address"))
    )
    if is_ours:
        _refuse_near(other)
    return is_ours


def _refuse_near(unknown: Iterable[str]) -> None:
    """Raise `InputError` request.unknown_field for a name that is nearly one of ours; such a name may be shown in a message."""
    for name in islice(sorted(unknown), _LOOKED_AT):
        meant = near_names.near(name, FIELDS | {"options"})
        if meant is not None:
            raise InputError("request.unknown_field", near_names.suggestion(name, meant))


def _unnamed(origin: Origin, values: dict[str, Any], known: dict[str, Any], text: str | None = None) -> Piece:
    """Return fields of another program's as material: a single text as it is, anything else as JSON."""
    if text is None or known:
        lone = next(iter(values.values())) if len(values) == 1 else None
        text = lone if isinstance(lone, str) else json.dumps(values, ensure_ascii=False, indent=1)
    slips = [found for name in islice(values, _LOOKED_AT) if (found := near_names.near(name, FIELDS)) is not None]
    note = f"a field is nearly {slips[0]}" if slips and slips[0] else None
    return Piece(origin, known, text=text if values else None, is_material=True, note=note)


def _lift(fields: dict[str, Any], options: dict[str, Any], unknown: Iterable[str]) -> dict[str, Any]:
    """Return fields and options side by side, so that sources are merged option by option."""
    for name in sorted(unknown):
        meant = near_names.near(name, OPTIONS)
        raise InputError(
            "option.unknown", "options has an unknown field" if meant is None else near_names.suggestion(name, meant)
        )
    if twice := fields.keys() & options.keys():
        raise InputError("request.contradiction", f"both {min(twice)} and options.{min(twice)} are given")
    return renamed(fields | options)
