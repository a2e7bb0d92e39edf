"""Our reader and writer of protectedData against iExec's own: @iexec/dataprotector and its deserializer, in Node."""

from __future__ import annotations

import base64
import io
import re
import struct
import zipfile
from collections import Counter
from operator import or_
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.formats import protected_data as pd
from app.formats.protected_data_writer import protect
from tests.support.official_sdk import Ask, leaves, needs_sdk, probes, tagged

OBJECTS = 500

pytestmark = needs_sdk
# a fresh seed on each run, also in CI; a failure prints the smallest object that shows it
each_run_anew = settings(max_examples=OBJECTS, deadline=None, derandomize=False, print_blob=True)

KEYS = st.from_regex(r"[a-zA-Z0-9_-]+", fullmatch=True) | st.sampled_from(["0", "-", "toString", "__proto__", "constructor"])
TEXTS = st.text(st.characters(codec="utf-8")) | st.sampled_from(["\ufeffa", "\0", "e\u0301", "\u2028\r\n", "\U0010ffff", "64"])
FLOATS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53).map(float)
BIGINTS = st.integers(-(2**127), 2**127 - 1)
BYTES = st.binary(max_size=64)
FLOATS_OF_DIGITS = st.from_regex(rb"(-[0-9]{5}\.[0-9])|([0-9]{8})|(\x04\x00{3}[0-9]{4})", fullmatch=True).map(
    lambda raw: float(struct.unpack("<d", raw)[0])
)
BIGINTS_OF_DIGITS = st.from_regex(rb"[0-9]{16}|(\x0c\x00{3}[0-9]{12})", fullmatch=True).map(
    lambda raw: int.from_bytes(raw, "little", signed=True)
)


def objects(scalars: st.SearchStrategy[Any], depth: int = 4) -> st.SearchStrategy[dict[str, Any]]:
    flat = st.dictionaries(KEYS, scalars, max_size=5)
    return flat if depth == 1 else st.builds(or_, flat, st.dictionaries(KEYS, objects(scalars, depth - 1), max_size=2))


def ours(raw: bytes, value: Any) -> Any:
    """Read `raw` as the type of `value`; booleans and bytes are for whoever asks."""
    match value:
        case str():
            return pd.text(raw)
        case bool() | bytes():
            return raw
        case _:
            return pd.number(raw)


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_reads_what_the_sdk_writes_as_the_official_deserializer_does(official: Ask) -> None:
    seen: Counter[str] = Counter()

    @each_run_anew
    @given(objects(TEXTS | st.booleans() | FLOATS | BIGINTS | BYTES | FLOATS_OF_DIGITS | BIGINTS_OF_DIGITS))
    def compare(data: dict[str, Any]) -> None:
        want = leaves(data)
        answer = official(object=tagged(data), probes=probes(want))
        assert answer["values"] == [tagged(value) for value in want.values()]
        found = pd.read_archive(answer["zip"])
        assert found.keys() == want.keys()
        for path, value in want.items():
            raw, expected = found[path], value
            if isinstance(value, bool):
                expected = bytes([value])
            elif isinstance(value, int | float):
                digits = raw.removeprefix(struct.pack("<I", len(raw) - 4))
                if re.fullmatch(rb"-?[0-9]+(\.[0-9]+)?", digits):  # the one place where we differ: text comes first
                    expected = digits.decode()
                    seen["digits"] += 1
            assert tagged(ours(raw, value)) == tagged(expected), path
            seen.update([tagged(value)[0], "leaves", f"depth {1 + path.count('.')}"])
        seen["objects"] += 1

    compare()
    assert seen["objects"] >= OBJECTS
    assert min(seen[kind] for kind in ("string", "bool", "f64", "i128", "bytes", "digits", "depth 4")) >= 50, seen


def test_the_schema_of_the_sdk_names_the_types(official: Ask) -> None:
    data = {"s": "", "b": False, "f": -0.0, "i": 2**127 - 1, "n": {"raw": b"\x89PNG\r\n\x1a\n", "empty": {}}}
    schema = official(object=tagged(data), probes=[])["schema"]
    assert schema == {"s": "string", "b": "bool", "f": "f64", "i": "i128", "n": {"raw": "image/png", "empty": {}}}


def test_writes_what_the_sdk_writes(official: Ask) -> None:
    read = 0

    @each_run_anew
    @given(objects(TEXTS | st.booleans() | FLOATS | BYTES))
    def compare(data: dict[str, Any]) -> None:
        nonlocal read
        want = leaves(data)
        assert official(zip=base64.b64encode(protect(data)).decode(), probes=probes(want))["values"] == [
            tagged(value) for value in want.values()
        ]
        assert entries(protect(data)) == entries(official(object=tagged(data), probes=[])["zip"])
        read += len(want)

    compare()
    assert read >= OBJECTS


@given(value=st.integers(-(2**53), 2**53))
def test_whole_numbers_are_protected_as_f64(official: Ask, value: int) -> None:
    data = base64.b64encode(protect({"n": value})).decode()
    assert official(zip=data, probes=[("n", "f64")])["values"] == [tagged(float(value))]


def test_long_strings_where_the_official_deserializer_errs(official: Ask) -> None:
    """String.fromCodePoint.apply takes about 123,000 arguments; beyond, mode "optimistic" takes Borsh for plain text."""
    data = {"short": "a" * 100_000, "long": "a" * 200_000}
    answer = official(object=tagged(data), probes=probes(data))
    assert answer["values"] == [["string", data["short"]], ["string", "@\r\x03\0" + data["long"]]]  # 0x30d40 is 200,000
    assert {path: pd.text(raw) for path, raw in pd.read_archive(answer["zip"]).items()} == data


def test_a_key_that_finder_uses_too_is_a_key(official: Ask) -> None:
    data = {"__MACOSX": {"prompt": "a"}, "prompt": "b"}
    answer = official(object=tagged(data), probes=probes(leaves(data)))
    assert answer["values"] == [["string", "a"], ["string", "b"]]
    assert pd.read_archive(answer["zip"]).keys() == {"__MACOSX.prompt", "prompt"}
