"""A copy of the code with a word changed: what another image would do."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def copy(folder: Path, file: str, old: str, new: str) -> None:
    """Copy the program to `folder` (for PYTHONPATH) with `old` replaced in `file`; the weights stay links."""
    for part in ("app", "dev"):
        shutil.copytree(ROOT / part, folder / part, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    said = (folder / file).read_text()
    if said.count(old) != 1:
        raise SystemExit(f"{file} does not say {old!r} once")
    (folder / file).write_text(said.replace(old, new))
