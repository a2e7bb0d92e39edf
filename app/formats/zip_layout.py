"""Check that a zip archive is exactly what it seems, on the raw bytes, before CPython's zipfile reads them.

zipfile of CPython 3.11.7 reads archives with overlapping entries, with bytes before, between and after its parts, and trusts
zip64 fields. A protectedData has none of that. So an archive is read only if its parts follow each other: entries, central
directory, end record, and nothing else (APPNOTE 6.3.10).
"""

from __future__ import annotations

import struct

from app.base.errors import ProtectedDataError
from app.base.limits import LIMITS

_LOCAL = struct.Struct("<4s5H3I2H")  # APPNOTE 4.3.7
_CENTRAL = struct.Struct("<4s6H3I5H2I")  # 4.3.12
_END = struct.Struct("<4s4H2IH")  # 4.3.16
_DESCRIPTOR = 0x8  # general purpose bit 3: sizes and CRC follow the data
_ZIP64_16, _ZIP64_32 = 0xFFFF, 0xFFFFFFFF


def check_layout(data: bytes) -> None:
    """Check that the parts of the archive cover `data` exactly, each byte once.

    It does not inflate, and does not check CRCs or names: that is left to the reader. Raises `ProtectedDataError`
    protected_data.invalid.
    """
    start, size, count = _end_record(data)
    spans, at = [], start
    for _ in range(count):
        if at + _CENTRAL.size > start + size:
            raise _refused("the directory of the archive is shorter than it says")
        fields = _CENTRAL.unpack_from(data, at)
        if fields[0] != b"PK\1\2":
            raise _refused("the directory of the archive is damaged")
        flags, packed, name, extra, comment, offset = fields[3], fields[8], fields[10], fields[11], fields[12], fields[16]
        if _ZIP64_32 in (packed, fields[9], offset):
            raise _refused("the archive uses zip64")
        spans.append((offset, _end_of_entry(data, offset, packed, flags)))
        at += _CENTRAL.size + name + extra + comment
    if at != start + size:
        raise _refused("the directory of the archive is longer than it says")
    _check_spans(spans, start)


def _end_record(data: bytes) -> tuple[int, int, int]:
    """Return offset, size and number of entries of the central directory."""
    at = data.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(data):
        raise _refused("the archive has no end record")
    _, disk, first_disk, here, count, size, start, comment = _END.unpack_from(data, at)
    if _ZIP64_16 in (disk, count) or _ZIP64_32 in (size, start):
        raise _refused("the archive uses zip64")
    if disk or first_disk or here != count:
        raise _refused("the archive has several parts")
    if count > LIMITS.zip_entries:
        raise _refused(f"the archive has more than {LIMITS.zip_entries} entries")
    if at + _END.size + comment != len(data):
        raise _refused("bytes follow the archive")
    if start + size != at:
        raise _refused("the directory of the archive is not where it should be")
    return start, size, count


def _end_of_entry(data: bytes, offset: int, packed: int, flags: int) -> int:
    """Return where the entry at `offset` ends: header, name, extra, data, and the descriptor if there is one."""
    if offset + _LOCAL.size > len(data):
        raise _refused("an entry of the archive lies outside of it")
    fields = _LOCAL.unpack_from(data, offset)
    if fields[0] != b"PK\3\4" or fields[2] != flags:
        raise _refused("an entry of the archive is damaged")
    end = offset + _LOCAL.size + fields[9] + fields[10] + packed
    if flags & _DESCRIPTOR:
        end += 16 if data[end : end + 4] == b"PK\7\x08" else 12
    return int(end)


def _check_spans(spans: list[tuple[int, int]], directory: int) -> None:
    """Raise `ProtectedDataError` unless the entries lie side by side from the first byte to the directory."""
    at = 0
    for begin, end in sorted(spans):
        if begin != at:
            raise _refused("entries of the archive overlap or leave a gap")
        at = end
    if at != directory:
        raise _refused("entries of the archive overlap or leave a gap")


def _refused(why: str) -> ProtectedDataError:
    return ProtectedDataError("protected_data.invalid", why)
