from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import strict_json
from app.errors import InputError
from tests.support import SHARED

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


@pytest.mark.skipif(not SHARED.exists(), reason="../shared is not here: JSONTestSuite files are not ours to ship")
def test_json_test_suite() -> None:
    """Every y_ file is read (but for the duplicate keys that we refuse on purpose), every n_ file refused."""
    ours = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
    seen = 0
    for path in sorted((SHARED / "data/json").glob("*.json")):
        try:
            strict_json.loads(path.read_bytes())
        except InputError:
            assert not path.name.startswith("y_") or path.name in ours, path.name
        else:
            assert not path.name.startswith("n_") and path.name not in ours, path.name
        seen += 1
    assert seen > 100
