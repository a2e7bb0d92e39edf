from __future__ import annotations

from pathlib import Path

import pytest

from scripts import check_drift


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("`test_drift.py::test_a_named_test_must_be_there`", True),
        ("`test_sconify.py::test_docker_misbehaves[drift]`", True),
        ("`pytest tests/unit/test_drift.py`, `pytest tests/e2e -k twenty`", True),
        ("`test_drift.py::test_a_named_test`", False),
        ("`test_gone.py::test_a_named_test_must_be_there`", False),
        ("`test_sconify.py::test_docker_misbehaves[gone]`", False),
        ("`pytest tests/gone`", False),
    ],
)
def test_a_named_test_must_be_there(words: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text(f"| 1 | a cause | {words} |\n")
    monkeypatch.setattr(check_drift, "README", tmp_path / "README.md")
    assert (list(check_drift.named_tests()) == []) == there
