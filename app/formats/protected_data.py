"""Read a protectedData file: from bytes to named values. Nothing is ever extracted to disk.

Layout and encodings: docs/reference/protected-data.md, "The file". It is a zip with one stored file for each scalar; nested
objects are folders. The file does not hold the type of a value, so the reader asks for one.
"""

from __future__ import annotations

import io
import math
import re
import struct
import zipfile
import zlib
from typing import Any

from app.base.errors import ProtectedDataError
from app.base.limits import LIMITS
from app.formats import file_types, zip_layout

_ENCRYPTED = 0x1  # general purpose flag bit 0 (APPNOTE 4.4.4)
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_PATH = re.compile(r"[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*")  # the keys of dataProtector, so that a dot always separates keys
_DECIMAL = re.compile(rb"-?[0-9]{1,40}(\.[0-9]{1,20})?")


def read_archive(data: bytes) -> dict[str, bytes]:
    """Return the files in the zip `data` by dotted path.

    Names that dataProtector cannot write are left out (for example Finder's `.DS_Store` and `__MACOSX/._name`). Raises
    `ProtectedDataError` protected_data.invalid unless the zip is plain, intact and within the limits.
    """
    zip_layout.check_layout(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check_directory(entries)
            if name := file_types.of_archive(entry.filename for entry in entries):
                raise ProtectedDataError("protected_data.invalid", f"this is {name}, which is {file_types.CURE}")
            wanted = [entry for entry in entries if _PATH.fullmatch(entry.filename)]
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


def folders(data: bytes) -> set[str]:
    """Return the names of the top-level objects of the zip `data`.

    `read_archive` must have checked the zip. It does not return an empty object, which has a folder there but no file.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {entry.filename.partition("/")[0] for entry in archive.infolist() if "/" in entry.filename}


def tree(entries: dict[str, bytes]) -> dict[str, Any]:
    """Return the files as nested objects of raw bytes; an object with the keys 0, 1, 2 ... becomes a list.

    dataProtector has no arrays: its documentation stores them as index-keyed objects. Raises `ProtectedDataError`
    protected_data.invalid if one path is a value and an object at once, or if the nesting is too deep.
    """
    root: dict[str, Any] = {}
    for path, raw in entries.items():
        node, *parts = root, *path.split(".")
        if len(parts) > LIMITS.json_depth:
            raise ProtectedDataError("protected_data.invalid", "the protectedData is nested too deeply")
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                raise ProtectedDataError("protected_data.invalid", "the protectedData has a value and an object of one name")
        if parts[-1] in node:
            raise ProtectedDataError("protected_data.invalid", "the protectedData has a value and an object of one name")
        node[parts[-1]] = raw
    return root


def value(node: Any) -> Any:
    """Return the content of `tree`, decoded without a schema: objects, lists, text, numbers, booleans.

    Nothing in the file tells a type, so the bytes decide: one byte 0 or 1 is a boolean, 8 or 16 bytes without readable text are
    f64 or i128, and everything else is text, in Borsh or plain.
    """
    if isinstance(node, dict):
        made = {name: value(child) for name, child in node.items()}
        order = [str(index) for index in range(len(made))]
        return [made[name] for name in order] if made and set(order) == made.keys() else made
    if node in (b"\0", b"\1"):
        return node == b"\1"
    # 12n is sixteen bytes that look like twelve NULs in Borsh; text that nobody could have typed counts as a number
    as_text = node[4:] if _is_borsh_text(node) else node
    if len(node) in (8, 16) and not _is_readable(as_text):
        return number(node)
    return text(node)


def text(raw: bytes) -> str:
    """Return the string in `raw`: Borsh (u32 length + UTF-8) if it is exactly that, else plain UTF-8.

    Raises `ProtectedDataError` protected_data.entry if it is neither.
    """
    if _is_borsh_text(raw):
        return raw[4:].decode("utf-8")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as err:
        raise ProtectedDataError("protected_data.entry", "a text field is neither a Borsh string nor UTF-8") from err


def unwrapped(raw: bytes) -> bytes:
    """Return the bytes of a field without the length that Borsh puts before a text."""
    return raw[4:] if len(raw) >= 4 and int.from_bytes(raw[:4], "little") == len(raw) - 4 else raw


def number(raw: bytes) -> int | float | str:
    """Return the number in `raw`: decimal text (legacy, or a Borsh string), f64, or i128.

    Text is tried first, because eight or sixteen ASCII digits would be absurd values as f64 or i128. Raises
    `ProtectedDataError` protected_data.entry for any other length, for NaN and for the infinities.
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


def _is_borsh_text(raw: bytes) -> bool:
    if len(raw) < 4 or int.from_bytes(raw[:4], "little") != len(raw) - 4:
        return False
    try:
        raw[4:].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_readable(raw: bytes) -> bool:
    try:
        return all(c.isprintable() or c in "\t\n\r" for c in raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _check_directory(entries: list[zipfile.ZipInfo]) -> None:
    """Raise `ProtectedDataError` for faults in the central directory, before a byte is inflated."""
    refusal = "protected_data.invalid"
    if len({entry.filename for entry in entries}) != len(entries):
        raise ProtectedDataError(refusal, "the protectedData names an entry twice")
    if sum(entry.file_size for entry in entries) > LIMITS.zip_total_bytes:
        raise ProtectedDataError(refusal, f"the protectedData inflates to more than {LIMITS.zip_total_bytes} bytes")
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
            raise ProtectedDataError(refusal, "the protectedData has an encrypted or oddly compressed entry")
        parts = entry.filename.rstrip("/").split("/")
        if "" in parts or ".." in parts or "\\" in entry.filename:
            raise ProtectedDataError(refusal, "an entry of the protectedData has a path outside of the archive")
        if entry.file_size > LIMITS.zip_entry_bytes:
            raise ProtectedDataError(refusal, f"a field of the protectedData has more than {LIMITS.zip_entry_bytes} bytes")


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Return the inflated bytes. A wrong size in the directory is caught here, a wrong CRC by zipfile."""
    with archive.open(entry) as stream:
        content = stream.read(LIMITS.zip_entry_bytes + 1)
    if len(content) != entry.file_size:
        raise ProtectedDataError("protected_data.invalid", "an entry of the protectedData does not have its declared size")
    return content
