"""Files of the person at the desk, and standard input: they are limited in size, and an error names the place of a mistake.

Unlike the inputs of a task, these belong to the reader of the message. So a message may name a path, a place and the names of
fields, but still none of the content.
"""

from __future__ import annotations

import io
import json
import os
import select
import stat
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.base.errors import InputError, UsageError
from app.formats import strict_json

STDIN = Path("-")
_PATIENCE = 1.0  # seconds of silence on standard input before a message says that the program waits for it
_BOM = b"\xef\xbb\xbf"


def read_own(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file, or with `-` of standard input: at most `limit` of them.

    A FIFO or a device is refused at once, so that nothing here waits for a writer or reads without end. Raises `UsageError`
    file.missing, file.unreadable or file.too_large.
    """
    if path == STDIN:
        return stdin(limit)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise UsageError("file.missing", f"there is no {path}") from err
    except (OSError, ValueError) as err:
        raise UsageError("file.unreadable", f"{path} cannot be opened") from err
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise UsageError("file.unreadable", f"{path} is not a regular file; what comes out of a pipe goes in as `-`")
    with os.fdopen(descriptor, "rb") as stream:
        return _bounded(stream.read, limit, str(path))


def stdin(limit: int) -> bytes:
    """Return all of standard input, at most `limit` bytes. Raises `UsageError` file.unreadable or file.too_large."""
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("file.unreadable", "there is no standard input")
    _tell_whoever_waits()
    return _bounded(sys.stdin.buffer.read, limit, "standard input")


def has_stdin() -> bool:
    """Return whether something was piped or redirected here: a pipe, a socket or a file, but not a terminal or a device."""
    try:
        mode = os.fstat(sys.stdin.fileno()).st_mode
    except io.UnsupportedOperation:  # the standard input of a test
        return True
    except (OSError, ValueError, AttributeError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def _tell_whoever_waits() -> None:
    try:
        ready = select.select([sys.stdin], [], [], _PATIENCE)[0]
    except (OSError, ValueError):
        return
    if not ready:
        sys.stderr.write("sealed-llm: reading standard input until it ends (Ctrl-D at a terminal; `< /dev/null` for none)\n")


def _bounded(reading: Callable[[int], bytes], limit: int, name: str) -> bytes:
    try:
        data = reading(limit + 1)
    except OSError as err:
        raise UsageError("file.unreadable", f"{name} cannot be read") from err
    if len(data) > limit:
        raise UsageError("file.too_large", f"{name} is larger than {limit} bytes")
    return data


def json_object(path: Path, limit: int) -> dict[str, Any]:
    """Return the JSON object in a file. Raises `UsageError` file.* or json.invalid, with line and column."""
    data = read_own(path, limit).removeprefix(_BOM)
    name = "standard input" if path == STDIN else str(path)
    if data.startswith(b"PK"):
        raise UsageError("file.wrong_kind", f"{name} is a zip, but must be a JSON object")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError("json.invalid", f"{name} is UTF-16: save it as UTF-8")
    try:
        found = strict_json.loads(data)
    except InputError as err:
        raise UsageError("json.invalid", f"{name}{_place(err)}") from err
    if not isinstance(found, dict):
        raise UsageError("json.invalid", f"{name} does not hold a JSON object")
    if is_result(found):
        raise UsageError("file.wrong_kind", f"{name} is a result, not a request: `verify` checks it")
    return found


def _place(err: InputError) -> str:
    """Return where and why the JSON is broken, without any of the text there."""
    match err.__cause__:
        case json.JSONDecodeError() as cause:
            why = cause.msg[:1].lower() + cause.msg[1:]
            return f", line {cause.lineno}, column {cause.colno}: {why.removesuffix(' at')}"
        case UnicodeDecodeError() as cause:
            lines = (cause.object[: cause.start] + b"|").splitlines()
            return f", line {len(lines)}, byte {len(lines[-1])}: not UTF-8"
        case ValueError() as cause:
            return f": {cause}"
        case _:
            return f": {err.message}"


def is_result(found: object) -> bool:
    """Return whether a JSON value is a result of this program, possibly edited."""
    return isinstance(found, dict) and {"attestation", "report"} <= found.keys()


def refuse_result(data: bytes, name: str) -> None:
    """Raise `UsageError` file.wrong_kind if `data`, meant as an input, is a result or a delivered zip."""
    names: set[str] = set()
    if data.startswith(b"PK"):
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            return
    if data.startswith(b'{"attestation":') or {"result.json", "computed.json"} <= names:
        raise UsageError("file.wrong_kind", f"{name} is a result, not an input: `verify` checks it")
