"""Write a protectedData as @iexec/dataprotector 2 does.

Layout: docs/reference/protected-data.md, "The file". It has one stored file for each scalar in Borsh, explicit folder entries,
and keys of letters, digits, - and _. The time stamp is fixed, so that the same object always gives the same file.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
from collections.abc import Mapping
from typing import Any

from app.base.errors import SimulationError

_KEY = re.compile(r"[A-Za-z0-9_-]+")
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def protect(data: Mapping[str, Any]) -> bytes:
    """Return the zip for `data`: str, bool, int and float (as f64), bytes, nested mappings.

    Raises `SimulationError` for values that the SDK refuses too: lists, null, invalid keys, NaN.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, "", data)
    return out.getvalue()


def _add(archive: zipfile.ZipFile, folder: str, data: Mapping[str, Any]) -> None:
    for key, value in data.items():
        if not _KEY.fullmatch(key):
            raise SimulationError("simulate.failed", "a key has characters that dataProtector refuses")
        path = folder + key
        if isinstance(value, Mapping):
            archive.writestr(zipfile.ZipInfo(path + "/", _EPOCH), b"")
            _add(archive, path + "/", value)
        else:
            archive.writestr(zipfile.ZipInfo(path, _EPOCH), _scalar(value))


def _scalar(value: object) -> bytes:
    match value:
        case bool():
            return bytes([value])
        case int() | float() if _is_f64(value):
            return struct.pack("<d", value)
        case str():
            raw = value.encode()
            return struct.pack("<I", len(raw)) + raw
        case bytes():
            return value
        case _:
            raise SimulationError("simulate.failed", "dataProtector stores text, numbers, booleans, bytes and objects only")


def _is_f64(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond the range of f64
        return False
