"""Turn the words and options that a person typed into an order. Mistakes in them are `UsageError`s, before anything runs."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.base.errors import AppError, UsageError
from app.base.limits import LIMITS
from app.desk import own_files
from app.formats.protected_data_writer import protect
from app.iexec.args import scan_args
from app.request.fields import OPTIONS
from app.simulate.worker import HeldFile, Order, simulation_key


def order(
    *,
    datasets: Sequence[bytes | None] = (),
    bulk: bool = False,
    args: str = "",
    secrets: Mapping[int, str] | None = None,
    input_files: Iterable[HeldFile] = (),
    no_app_secret: bool = False,
) -> Order:
    """Return the order.

    Its app secret is IEXEC_APP_DEVELOPER_SECRET if that is set, else this machine's simulation key.
    """
    own = None if no_app_secret else os.environ.get("IEXEC_APP_DEVELOPER_SECRET")
    simulated = not own and not no_app_secret
    return Order(
        datasets=tuple(datasets),
        bulk=bulk,
        args=checked_args(args),
        requester_secrets=dict(secrets or {}),
        input_files=tuple(input_files),
        app_secret=simulation_key() if simulated else own,
        simulated_key=simulated,
    )


def dataset(path: Path) -> bytes:
    """Return the bytes of a protectedData file, unchanged and of any kind. Raises `UsageError`."""
    data = own_files.read_own(path, LIMITS.dataset_bytes)
    own_files.refuse_result(data, str(path))
    return data


def input_file(path: Path) -> HeldFile:
    """Return an input file with its content. Raises `UsageError`."""
    data = own_files.read_own(path, LIMITS.input_file_bytes)
    own_files.refuse_result(data, str(path))
    return HeldFile("stdin" if path == own_files.STDIN else path.name, data)


def protected(fields: Mapping[str, Any]) -> bytes:
    """Return the protectedData of an object, as dataProtector writes it, with its lists as JSON text.

    Raises `UsageError` file.wrong_kind with the name of a field that dataProtector refuses.
    """
    stored = {name: _storable(value) for name, value in fields.items()}
    for name, value in stored.items():
        try:
            protect({name: value})
        except AppError as err:
            raise UsageError("file.wrong_kind", f"field {name!r}: {err.message}") from err
    return protect(stored)


def _storable(value: Any) -> Any:
    """Return values that dataProtector refuses, above all lists, as JSON text, as its users write them by hand."""
    return json.dumps(value) if isinstance(value, list) or (isinstance(value, dict) and not value.keys() <= OPTIONS) else value


def secrets(texts: Iterable[str]) -> dict[int, str]:
    """Return requester secrets by number; each text must be N=TEXT. Raises `UsageError` usage."""
    found: dict[int, str] = {}
    for text in texts:
        number, equals, secret = text.partition("=")
        if not equals or not (number.isascii() and number.isdecimal()) or int(number) < 1:
            raise UsageError("usage", "--secret takes N=TEXT with N from 1, as in --secret 1=question")
        if int(number) in found:
            raise UsageError("usage", f"--secret {number} is given twice")
        if not secret:
            raise UsageError("usage", f"--secret {number} is empty")
        found[int(number)] = secret
    return found


def checked_args(text: str) -> str:
    """Return the task's arguments if a worker splits them as they look. Raises `UsageError` args.quotes with the column."""
    _, quote = scan_args(text)
    if quote is not None:
        raise UsageError("args.quotes", f"the quote at column {quote + 1} of --args is never closed")
    return text


def as_args(options: Mapping[str, Any]) -> str:
    """Return options as a task's arguments; their values must be numbers and names without quotes and blanks."""
    named = {"--" + name.replace("_", "-"): str(value).strip() for name, value in options.items() if value is not None}
    return " ".join(f"{name} {value}" for name, value in named.items())
