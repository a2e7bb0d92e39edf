"""Write into IEXEC_OUT: write ahead, then replace, so that a complete result is there at every moment.

A file is written beside its final name, flushed to disk and renamed. computed.json comes last and only ever names a complete
file. Rules: docs/reference/iexec-protocol.md, "What the app leaves".

With callback-data, which holds the digest of the file that computed.json names, two files must change at once. So the next
result gets the other of two names, and renaming computed.json changes both in the same moment.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path

from app.base.errors import AppError, OutputError

RESULT = "result.json"
COMPUTED = "computed.json"
TIMINGS = "timings.json"  # milliseconds for each step; it is not signed, and no result depends on it
_OTHER = "result-next.json"  # with callback-data, every second result until the last


def write_output(
    folder: Path, result: bytes, error: AppError | None, callback_data: str | None, *, is_last: bool = True
) -> None:
    """Write `result`, and the computed.json that names it.

    The result becomes result.json, unless there is callback-data and this is not the last result. `error` becomes
    computed.json's error-message. `callback_data` must be None unless the requester's deal has a callback, because otherwise
    the finalisation on chain reverts. Raises `OutputError` output.unwritable.
    """
    try:
        if callback_data is None:
            _put(folder, RESULT, result, error, None)
            return
        if _named(folder) == RESULT:
            _put(folder, _OTHER, result, error, callback_data)
            if not is_last:
                return
        _put(folder, RESULT, result, error, callback_data)
        (folder / _OTHER).unlink(missing_ok=True)
    except OSError as err:
        raise OutputError("output.unwritable", "IEXEC_OUT cannot be written") from err


def _put(folder: Path, name: str, result: bytes, error: AppError | None, callback_data: str | None) -> None:
    computed = {"deterministic-output-path": os.fspath(folder / name)}
    if error is not None:
        computed["error-message"] = str(error)
    if callback_data is not None:
        computed["callback-data"] = callback_data
    _write_atomic(folder / name, result)
    if _said(folder) != computed:
        _write_atomic(folder / COMPUTED, json.dumps(computed).encode())


def _said(folder: Path) -> object:
    """Return the current content of computed.json, None if it is missing or broken."""
    try:
        return json.loads((folder / COMPUTED).read_bytes())
    except (OSError, ValueError):
        return None


def _named(folder: Path) -> str | None:
    """Return the name of the file that computed.json names now."""
    said = _said(folder)
    path = said.get("deterministic-output-path") if isinstance(said, dict) else None
    return Path(path).name if isinstance(path, str) else None


def write_timings(folder: Path, table: dict[str, int | str]) -> None:
    """Write the side file. A failure here is ignored, so that the result is not lost."""
    with contextlib.suppress(OSError):
        _write_atomic(folder / TIMINGS, json.dumps(table).encode())


def _write_atomic(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, so that a reader, or a kill at any moment, leaves either the old file or the new one."""
    made = path.with_name(f".{path.name}.tmp")
    made.unlink(missing_ok=True)
    try:
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            left = memoryview(data)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(made, path)
    except OSError:
        made.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
