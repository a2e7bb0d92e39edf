"""A document, and the document with one thing changed, are read as they were: 80,000 readings, compared by document."""

from __future__ import annotations

import json

import pytest

from tests.support.attack import readings

pytestmark = pytest.mark.slow

KEPT = json.loads(readings.KEPT_READINGS.read_text())


@pytest.mark.parametrize("name", readings.names())
def test_a_document_is_read_as_it_was(name: str) -> None:
    assert json.loads(json.dumps(readings.kept(name))) == KEPT[name], (
        f"`python -m tests.support.attack.readings '{name}'` here and in the commit before shows what differs; "
        "--write if it is meant"
    )


def test_what_is_kept_is_of_today() -> None:
    assert list(KEPT) == readings.names()
    counted = sum(sum(codes.values()) for codes, _ in KEPT.values())
    assert counted > 50_000
    assert sum(codes.get("read", 0) for codes, _ in KEPT.values()) > counted / 4
