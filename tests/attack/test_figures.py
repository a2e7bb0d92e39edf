"""What a campaign writes down: a part that did not run is no part without faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.attack import figures, places


def test_what_was_not_run_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STATE", tmp_path)
    monkeypatch.setattr(figures, "FIGURES", tmp_path / "attack.txt")
    places.save("isolation", {"kinds": {"one": True, "two": False}})
    assert figures.write() == ["isolation: two"]
    lines = (tmp_path / "attack.txt").read_text().splitlines()
    assert [line.split()[2] for line in lines if "not run" in line] == ["fuzz", "growth", "mutants", "faults"]
    assert "beside each of 2 of 57 hostile kinds" in lines[-1] and "50 %" in lines[-1]
