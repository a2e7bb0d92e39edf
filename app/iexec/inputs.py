"""From a task to the fields of each of its items: where input may come from, and what wins.

One item per dataset (one in all outside of bulk). Sources, the first that names a field wins:
dataset, requester secrets, input files, args. The fields that can hold a prompt count as one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app import strict_json
from app.errors import AppError, InputError
from app.iexec import protected_data
from app.iexec.task import Dataset, Task
from app.limits import LIMITS
from app.request import FIELDS, OPTIONS, PROMPTS, Fields


@dataclass(frozen=True, slots=True)
class Item:
    """The fields of one request, or why they could not be read."""

    dataset: Dataset | None
    fields: Fields | AppError


def read_inputs(task: Task, args: Fields) -> list[Item]:
    """Return one item per dataset, or one without a dataset.

    A dataset that is missing or broken spoils its own item only. Raises `InputError` if a secret or an
    input file, which all items share, cannot be read.
    """
    shared = [_secret(secret) for secret in task.requester_secrets]
    shared += [_document(_read_file(task, name, LIMITS.input_file_bytes)) for name in task.input_files]
    shared.append(args)
    if not task.datasets and not task.is_bulk:
        return [Item(None, _merge(shared))]
    return [Item(dataset, _item(task, dataset, shared)) for dataset in task.datasets]


def _item(task: Task, dataset: Dataset, shared: list[Fields]) -> Fields | AppError:
    try:
        return _merge([_dataset(task, dataset), *shared])
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


def _dataset(task: Task, dataset: Dataset) -> Fields:
    """Return the fields of a protectedData; entries of other apps are none of our business."""
    entries = protected_data.read(_read_file(task, dataset.file_name, LIMITS.dataset_bytes))
    found: dict[str, Any] = {}
    for path, raw in entries.items():
        name = path.removeprefix("options.")
        if path != name and name not in OPTIONS:
            raise InputError("option.unknown", "the protectedData has an unknown option")
        if name in FIELDS:
            if name in found:
                raise InputError("request.contradiction", f"both {name} and options.{name} are given")
            found[name] = protected_data.text(raw) if FIELDS[name] == "text" else protected_data.number(raw)
    return found


def _secret(secret: str) -> Fields:
    raw = secret.encode(errors="surrogateescape")
    if len(raw) > LIMITS.secret_bytes:
        raise InputError("secret.too_large", f"a requester secret is longer than {LIMITS.secret_bytes} bytes")
    return _document(raw)


def _document(raw: bytes) -> Fields:
    """Return the fields of a JSON object, or plain text as the prompt."""
    if not raw.lstrip().startswith(b"{"):
        try:
            return {"prompt": raw.decode("utf-8")}
        except UnicodeDecodeError as err:
            raise InputError("json.invalid", "an input is neither a JSON object nor UTF-8 text") from err
    document: Mapping[str, Any] = strict_json.loads(raw)
    options = document.get("options", {})
    if not isinstance(options, dict):
        raise InputError("option.invalid", "options must be an object")
    if options.keys() - OPTIONS:
        raise InputError("option.unknown", "the request has an unknown option")
    if twice := options.keys() & document.keys():
        raise InputError("request.contradiction", f"both {min(twice)} and options.{min(twice)} are given")
    fields = {**{name: value for name, value in document.items() if name != "options"}, **options}
    if fields.keys() - FIELDS.keys():
        raise InputError("request.unknown_field", "the request has an unknown field")
    return {name: value for name, value in fields.items() if value is not None}


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
