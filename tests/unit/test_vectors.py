"""Every vector gets the verdict that its folder names; results that were released keep verifying for ever."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from app.base.errors import AppError
from app.base.hints import HINTS
from app.verify.verifier import verify
from tests.support.desk import ROOT

FOLDERS = sorted((ROOT / "tests/vectors/verify").iterdir())
GOLDEN = sorted((ROOT / "tests/vectors/golden").glob("*/result.json"))


def verdict(folder: Path) -> str | None:
    about = json.loads((folder / "vector.json").read_text())
    try:
        verify((folder / "result.json").read_bytes(), about["signer"])
    except AppError as err:
        return err.code
    return None


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_vector(folder: Path) -> None:
    expected = json.loads((folder / "vector.json").read_text())["error"]
    assert verdict(folder) == expected
    assert (expected is not None) == folder.name.endswith("_fail")
    assert expected is None or expected in HINTS
    assert (folder / "README").read_text().count("\n") == 1


def test_there_are_enough() -> None:
    assert len(FOLDERS) >= 120
    assert sum(folder.name.endswith("_fail") for folder in FOLDERS) >= 80


@pytest.mark.slow
def test_the_vectors_are_what_their_script_makes() -> None:
    subprocess.run([sys.executable, str(ROOT / "dev/make_vectors.py"), "--check"], check=True, cwd=ROOT)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_a_released_result_still_verifies(path: Path) -> None:
    assert verify(path.read_bytes(), (path.parent / "signer").read_text().strip())
