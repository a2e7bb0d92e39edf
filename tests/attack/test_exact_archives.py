"""Archives by hand, byte by byte, for what no program writes; texts that are none. Mutants lived here once."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace
from typing import Any

import pytest

from app.base.errors import AppError
from app.base.limits import LIMITS
from app.formats import protected_data, zip_layout
from tests.support.bad_inputs import borsh, patched, zipped


def entry(name: bytes, content: bytes, offset: int, *, extra: bytes = b"", comment: bytes = b"") -> tuple[bytes, bytes]:
    """Return a stored entry, and its record in the directory (APPNOTE 4.3.7, 4.3.12)."""
    sizes = (zlib.crc32(content), len(content), len(content), len(name), len(extra))
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 0, 0, 0x21, *sizes) + name + extra + content
    rest = (len(comment), 0, 0, 0, offset)
    return local, struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0x21, *sizes, *rest) + name + extra + comment


def archive(*entries: tuple[bytes, bytes], comment: bytes = b"", count: int | None = None) -> bytes:
    data, records = b"", b""
    for name, content in entries:
        local, record = entry(name, content, len(data))
        data, records = data + local, records + record
    number = len(entries) if count is None else count
    end = (0, 0, number, number, len(records), len(data), len(comment))
    return data + records + struct.pack("<4s4H2IH", b"PK\5\6", *end) + comment


def why(function: Any, *given: Any) -> tuple[str, str]:
    with pytest.raises(AppError) as caught:
        function(*given)
    return caught.value.code, caught.value.message


def test_an_entry_without_a_name_is_the_least_there_is() -> None:
    for entries in ([(b"", b"")], [(b"a", b"1"), (b"", b"")], [(b"", b""), (b"a", b"1")], [(b"", b"1"), (b"a", b"1")]):
        zip_layout.check_layout(archive(*entries))  # its parts are where they should be; the reader does not take it
        assert why(protected_data.read_archive, archive(*entries)) == (
            "protected_data.invalid",
            "an entry of the protectedData has a path outside of the archive",
        )
    assert protected_data.read_archive(archive()) == {}
    assert protected_data.read_archive(archive((b"a", b"1"), (b"b/c", b""))) == {"a": b"1", "b.c": b""}


@pytest.mark.parametrize("more", [1, 2, 900])
def test_a_directory_that_ends_before_its_last_entry(more: int) -> None:
    for comment in (b"", b"x" * 25, b"x" * 7_000):
        data = archive((b"a", b"1"), (b"b", b"2"), comment=comment, count=2 + more)
        assert why(zip_layout.check_layout, data) == (
            "protected_data.invalid",
            "the directory of the archive is shorter than it says",
        )
    data = archive((b"a", b"1"), (b"b", b"2"), count=1)
    assert why(zip_layout.check_layout, data) == (
        "protected_data.invalid",
        "the directory of the archive is longer than it says",
    )


# where a field stands in the record, how long it is, and whether all ones in it mean zip64 (APPNOTE 4.4.1.4)
WIDE = {
    "disk": (b"PK\5\6", 4, 2, True),
    "first disk": (b"PK\5\6", 6, 2, False),
    "count": (b"PK\5\6", 10, 2, True),
    "size of the directory": (b"PK\5\6", 12, 4, True),
    "start of the directory": (b"PK\5\6", 16, 4, True),
    "packed": (b"PK\1\2", 20, 4, True),
    "size": (b"PK\1\2", 24, 4, True),
    "offset": (b"PK\1\2", 42, 4, True),
}


@pytest.mark.parametrize("name", WIDE)
def test_what_is_zip64(name: str) -> None:
    mark, at, size, is_wide = WIDE[name]
    good = zipped({"a": b"1"})
    place = good.rindex(mark) + at
    code, message = why(zip_layout.check_layout, patched(good, place, b"\xff" * size))
    assert (code, message == "the archive uses zip64") == ("protected_data.invalid", is_wide)
    if name != "size":  # what is unpacked is counted by the reader
        code, message = why(zip_layout.check_layout, patched(good, place, b"\xfe" + b"\xff" * (size - 1)))
        assert (code, message == "the archive uses zip64") == ("protected_data.invalid", False)


def test_folders_at_the_top() -> None:
    data = zipped({"allow/": b"", "a/b": b"1", "a/c/d": b"2", "e": b"3", "f/": b""})
    assert protected_data.folders(data) == {"allow", "a", "f"}
    assert protected_data.folders(zipped({"e": b"3"})) == set()


@pytest.mark.parametrize("raw", [b"\2\0\0\0\xff\xfe", b"\1\0\0\0\xc3", b"\3\0\0\0a\xffb", b"\xff", b"\xc3(", b"\xed\xa0\x80"])
def test_bytes_that_are_no_text(raw: bytes) -> None:
    for function in (protected_data.text, protected_data.value):
        assert why(function, raw)[0] == "protected_data.entry"


def test_bytes_that_are_no_text_and_a_number_by_their_length() -> None:
    raw = struct.pack("<I", 4) + b"\xff\xff\xff\x3f"  # says that it is a text of four bytes
    assert protected_data.value(raw) == protected_data.number(raw) == struct.unpack("<d", raw)[0]
    assert protected_data.value(borsh("four")) == "four"


@pytest.mark.parametrize("mark", [b"PK\7\x08", b""])
def test_a_descriptor_with_and_without_its_mark(mark: bytes) -> None:
    """APPNOTE 4.3.9.3: the mark is optional. The next entry begins right behind."""
    local, record = entry(b"a", b"1", 0)
    descriptor = mark + struct.pack("<3I", zlib.crc32(b"1"), 1, 1)
    streamed = struct.pack("<H", 8)
    local = local[:6] + streamed + local[8:14] + bytes(12) + local[26:] + descriptor
    record = record[:8] + streamed + record[10:]
    other, second = entry(b"b", b"2", len(local))
    directory = record + second
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 2, 2, len(directory), len(local + other), 0)
    assert protected_data.read_archive(local + other + directory + end) == {"a": b"1", "b": b"2"}
    gap = second[:42] + struct.pack("<I", len(local) - 1) + second[46:]
    assert why(protected_data.read_archive, local[:-1] + other + record + gap + end)[0] == "protected_data.invalid"


def test_lengths_are_numbers_without_a_sign() -> None:
    local, record = entry(b"a", b"1", 0, extra=struct.pack("<2H", 0xCAFE, 40_000) + bytes(40_000))
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(record), len(local), 0)
    assert protected_data.read_archive(local + record + end) == {"a": b"1"}


def test_all_fields_together_may_come_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped({"a": b"123", "b": b"4567"})
    monkeypatch.setattr(protected_data, "LIMITS", replace(LIMITS, zip_total_bytes=7))
    assert protected_data.read_archive(data) == {"a": b"123", "b": b"4567"}
    monkeypatch.setattr(protected_data, "LIMITS", replace(LIMITS, zip_total_bytes=6))
    assert why(protected_data.read_archive, data)[0] == "protected_data.invalid"


def test_eight_bytes_that_are_a_text_are_no_number() -> None:
    """Four bytes less of them begin in the middle of a letter; those of a number may end in letters."""
    assert protected_data.value("aaaé123".encode()) == "aaaé123"
    assert protected_data.value(borsh("éab")) == "éab"
    assert protected_data.value(b"\xff\xfe\0\0abcd") == struct.unpack("<d", b"\xff\xfe\0\0abcd")[0]


@pytest.mark.parametrize("beyond", [0, 1, 29])
def test_an_entry_that_begins_behind_the_end_is_refused(beyond: int) -> None:
    local, record = entry(b"a", b"1", 0)
    size = len(local) + len(record) + 22
    record = record[:42] + struct.pack("<I", size - 30 + beyond) + record[46:]
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(record), len(local), 0)
    assert why(zip_layout.check_layout, local + record + end)[0] == "protected_data.invalid"


@pytest.mark.parametrize(("flags", "is_read"), [(0, True), (2, True), (4, True), (1, False)])
def test_an_encrypted_entry_is_refused_and_no_other_flag(flags: int, is_read: bool) -> None:
    local, record = entry(b"a", b"1", 0)
    mark = struct.pack("<H", flags)
    record = record[:8] + mark + record[10:]
    data = local[:6] + mark + local[8:] + record + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(record), len(local), 0)
    if is_read:
        assert protected_data.read_archive(data) == {"a": b"1"}
    else:
        assert why(protected_data.read_archive, data)[0] == "protected_data.invalid"
