"""A protectedData file: bytes in, named values out. Nothing is ever extracted to disk.

Layout and encodings: shared/reference/dataprotector.md section 1. A zip with one stored file for each
scalar; nested objects are folders. The file does not say what type a value has: the reader asks.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib

from app.errors import ProtectedDataError
from app.limits import LIMITS

_ENCRYPTED = 0x1  # general purpose flag bit 0 (APPNOTE 4.4.4)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DECIMAL = re.compile(rb"-?[0-9]{1,40}(\.[0-9]{1,20})?")


def read(data: bytes) -> dict[str, bytes]:
    """Return the files in the zip `data` by dotted path, folders and Finder's `__MACOSX` left out.

    Raises `ProtectedDataError` protected_data.invalid on anything but a plain, bounded, intact zip.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_directory(entries)
            wanted = [entry for entry in entries if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
            return {entry.filename.replace("/", "."): _content(archive, entry) for entry in wanted}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
        struct.error,
    ) as err:
        raise ProtectedDataError("protected_data.invalid", "the protectedData is not an intact zip archive") from err


def text(raw: bytes) -> str:
    """Return the string in `raw`: Borsh (u32 length + UTF-8) if it is exactly that, else plain UTF-8.

    Raises `ProtectedDataError` protected_data.entry if it is neither.
    """
    if len(raw) >= 4 and int.from_bytes(raw[:4], "little") == len(raw) - 4:
        try:
            return raw[4:].decode("utf-8")
        except UnicodeDecodeError:
            pass
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as err:
        raise ProtectedDataError("protected_data.entry", "a text field is neither a Borsh string nor UTF-8") from err


def number(raw: bytes) -> int | float | str:
    """Return the number in `raw`: decimal text (legacy, or a Borsh string), f64, or i128.

    Eight or sixteen ASCII digits read as f64 or i128 would be absurd values, so text comes first.
    Raises `ProtectedDataError` protected_data.entry on any other length, NaN and the infinities.
    """
    if _DECIMAL.fullmatch(raw):
        return raw.decode()
    if len(raw) >= 4 and int.from_bytes(raw[:4], "little") == len(raw) - 4 and _DECIMAL.fullmatch(raw[4:]):
        return raw[4:].decode()
    if len(raw) == 8 and math.isfinite(value := float(struct.unpack("<d", raw)[0])):
        return value
    if len(raw) == 16:
        return int.from_bytes(raw, "little", signed=True)
    raise ProtectedDataError("protected_data.entry", "a number field is neither f64, i128 nor decimal text")


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    """Judge the archive by its central directory before a byte is inflated."""
    refusal = "protected_data.invalid"
    if len(entries) > LIMITS.zip_entries:
        raise ProtectedDataError(refusal, f"the protectedData has more than {LIMITS.zip_entries} entries")
    if len({entry.filename for entry in entries}) != len(entries):
        raise ProtectedDataError(refusal, "the protectedData names an entry twice")
    if sum(entry.file_size for entry in entries) > LIMITS.zip_total_bytes:
        raise ProtectedDataError(refusal, f"the protectedData inflates to more than {LIMITS.zip_total_bytes} bytes")
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise ProtectedDataError(refusal, "the protectedData has an encrypted or oddly compressed entry")
        parts = entry.filename.rstrip("/").split("/")
        if "" in parts or ".." in parts or "\\" in entry.filename:
            raise ProtectedDataError(refusal, "the protectedData has an entry outside of itself")
        if entry.file_size > LIMITS.zip_entry_bytes:
            raise ProtectedDataError(refusal, f"a field of the protectedData has more than {LIMITS.zip_entry_bytes} bytes")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the inflated bytes; a directory that lies about the size is caught here, the CRC by zipfile."""
    with archive.open(entry) as stream:
        content = stream.read(LIMITS.zip_entry_bytes + 1)
    if len(content) != entry.file_size:
        raise ProtectedDataError("protected_data.invalid", "an entry of the protectedData has another size than it says")
    return content
