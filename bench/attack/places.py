"""Where the campaign reads and writes."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ROOT / "tests/attack"  # corpus and survivors: in the tree
STATE = ROOT / "bench/results/local/attack"  # what a campaign goes on from: not in the tree
FIGURES = ROOT / "bench/results/attack.txt"


def load(name: str) -> dict[str, Any]:
    """Return what a part kept under `name`, nothing if it kept nothing or was stopped while it wrote."""
    try:
        kept: dict[str, Any] = json.loads((STATE / f"{name}.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return kept


def save(name: str, state: dict[str, Any]) -> None:
    """Keep `state` under `name`: the old one or the new one is there at any time."""
    STATE.mkdir(parents=True, exist_ok=True)
    fresh = STATE / f".{name}.{os.getpid()}"
    fresh.write_text(json.dumps(state, sort_keys=True))
    fresh.replace(STATE / f"{name}.json")


def sha256_of(*paths: Path) -> str:
    """Return one digest of the files, in their order."""
    return hashlib.sha256(b"".join(hashlib.sha256(path.read_bytes()).digest() for path in paths)).hexdigest()
