"""From a task to the fields of each of its items: where input may come from, and what wins.

One item per dataset (one in all outside of bulk). Sources, the first that names a field wins: dataset,
requester secrets by number, input files, args. The fields that can hold a prompt count as one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import strict_json
from app.document import FIELDS, OPTIONS
from app.errors import AppError, InputError
from app.iexec import protected_data
from app.iexec.task import Dataset, Task
from app.limits import LIMITS
from app.report import Input
from app.request import Fields
from app.request.ask import PROMPTS
from app.wallet import readers

# How an entry of a zip is decoded; the other fields are objects or lists, decoded by what their bytes look like.
_TEXTS = frozenset(
    {"task", "prompt", "question", "email", "system", "salt", "wallet", "address", "address_form", "language", "code"}
) | {"original_prompt", "reference_code", "feedback_prompt", "model_name"}
_NUMBERS = frozenset({"max_tokens", "temperature", "seed", "attempts", "chain", "as_of_block"})
_FROM_SECRETS = frozenset({"source"})  # it holds a key, and sends the enclave somewhere: not for public inputs, nor for others
_NOT_FROM_DATASETS = frozenset({"callback"}) | _FROM_SECRETS  # the deal is the requester's: its data owner has no say in it


@dataclass(frozen=True, slots=True)
class Item:
    """The fields of one request, or why they could not be read."""

    dataset: Dataset | None
    fields: Fields | AppError
    inputs: tuple[Input, ...] = ()


def wants_callback(task: Task) -> bool:
    """Return whether a requester secret asks for callback-data, broken neighbours or not.

    Known before anything else is read, because an error and a killed task must deliver it too.
    """
    return any(_says_callback(secret) for secret in task.requester_secrets)


def _says_callback(secret: str) -> bool:
    try:
        document = strict_json.loads(secret.encode(errors="surrogateescape"))
    except InputError:
        return False
    wish = document.get("callback") if isinstance(document, dict) else None
    return wish is True or wish == "true"


def read_inputs(task: Task, args: Fields) -> list[Item]:
    """Return one item per dataset, or one without a dataset.

    A dataset that is missing or broken spoils its own item only. Raises `InputError` if a secret or an
    input file, which all items share, cannot be read.
    """
    sources = [_secret(secret) for secret in task.requester_secrets]
    files = [_document(_read_file(task, name, LIMITS.input_file_bytes)) for name in task.input_files]
    if any(fields.keys() & _FROM_SECRETS for fields in files):
        raise InputError("source.not_secret", "an input file names a source")
    shared = _merge([*sources, _histories(files), *files, args])
    if not task.datasets and not task.is_bulk:
        return [Item(None, shared)]
    return [Item(dataset, _item(task, dataset, shared)) for dataset in task.datasets]


def _histories(files: list[Fields]) -> Fields:
    """Return the documents of all files that are a history and nothing else: explorers list transactions and tokens apart."""
    documents: list[Any] = []
    for found in (fields["history"] for fields in files if fields.keys() == {"history"}):
        documents += found if isinstance(found, list) and not readers.is_rows(found) else [found]
    return {"history": documents} if documents else {}


def _item(task: Task, dataset: Dataset, shared: Fields) -> Fields | AppError:
    try:
        return _merge([_dataset(_read_file(task, dataset.file_name, LIMITS.dataset_bytes)), shared])
    except AppError as err:
        return err


def _merge(sources: Iterable[Fields]) -> Fields:
    merged: dict[str, Any] = {}
    for source in sources:
        has_prompt = any(name in merged for name in PROMPTS)
        for name, value in source.items():
            if name not in merged and not (has_prompt and name in PROMPTS):
                merged[name] = value
    return merged


def _dataset(data: bytes) -> Fields:
    """Return the fields of a protectedData zip, a JSON object, or plain text; entries of other apps are left alone."""
    if not data.startswith(b"PK"):
        found = _document(data, strict=False)
    else:
        nodes = protected_data.tree(protected_data.read(data))
        options = nodes.pop("options", {})
        if not isinstance(options, dict):
            raise InputError("option.invalid", "options must be an object")
        found = _lift(_decode(nodes, FIELDS), _decode(options, OPTIONS), unknown=options.keys() - OPTIONS)
    return {name: value for name, value in found.items() if name not in _NOT_FROM_DATASETS}


def _decode(nodes: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in known & nodes.keys():
        node = nodes[name]
        if name in _TEXTS | _NUMBERS and isinstance(node, dict):
            raise InputError("option.invalid", f"{name} is an object")
        decode = protected_data.text if name in _TEXTS else protected_data.number if name in _NUMBERS else protected_data.value
        found[name] = decode(node)
    return found


def _lift(fields: dict[str, Any], options: dict[str, Any], unknown: Iterable[Any]) -> dict[str, Any]:
    """Return fields and options side by side, so that sources merge option by option."""
    if any(True for _ in unknown):
        raise InputError("option.unknown", "options has an unknown field")
    if twice := fields.keys() & options.keys():
        raise InputError("request.contradiction", f"both {min(twice)} and options.{min(twice)} are given")
    return fields | options


def _secret(secret: str) -> Fields:
    raw = secret.encode(errors="surrogateescape")
    if len(raw) > LIMITS.secret_bytes:
        raise InputError("secret.too_large", f"a requester secret is longer than {LIMITS.secret_bytes} bytes")
    return _document(raw)


def _document(raw: bytes, *, strict: bool = True) -> Fields:
    """Return the fields of a JSON object, or plain text as the prompt; `strict` refuses unknown fields."""
    try:
        if (found := readers.from_text(raw.decode("utf-8"))) is not None:
            return {"history": found}
    except UnicodeDecodeError as err:
        if raw.lstrip()[:1] not in (b"{", b"["):
            raise InputError("input.unreadable", "an input is neither a JSON object nor UTF-8 text") from err
    if raw.lstrip()[:1] not in (b"{", b"["):
        return {"prompt": raw.decode("utf-8")}
    document = strict_json.loads(raw)
    if readers.looks_like(document):
        return {"history": document}
    if not isinstance(document, dict):
        raise InputError("json.invalid", "an input is a JSON array, not an object")
    options = document.pop("options", None) or {}
    if not isinstance(options, dict):
        raise InputError("option.invalid", "options must be an object")
    if strict and document.keys() - FIELDS:
        raise InputError("request.unknown_field", "the request has an unknown field")
    known = {name: value for name, value in document.items() if name in FIELDS and value is not None}
    return _lift(known, {name: value for name, value in options.items() if value is not None}, options.keys() - OPTIONS)


def _read_file(task: Task, name: str, limit: int) -> bytes:
    """Return the bytes of the file `name` in IEXEC_IN; only a regular file, at most `limit` bytes.

    Raises `InputError` file.missing, file.unreadable or file.too_large.
    """
    if not name:
        raise InputError("file.missing", "the task does not name this input")
    path = (task.in_folder or Path()) / name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise InputError("file.missing", "an input that the task names is not there") from err
    except OSError as err:
        raise InputError("file.unreadable", "an input cannot be opened") from err
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError("file.unreadable", "an input is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(limit + 1)
    except OSError as err:
        raise InputError("file.unreadable", "an input cannot be read") from err
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise InputError("file.too_large", f"an input is larger than {limit} bytes")
    return data
