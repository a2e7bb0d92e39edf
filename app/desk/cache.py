"""The cache folder of this machine: downloads, builds and the simulation key, and the locks for making them."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

from app.desk import atomic


def cache_folder() -> Path:
    """Return the folder for downloads: $SEALED_LLM_CACHE, else sealed-llm in the user's cache folder."""
    if named := os.environ.get("SEALED_LLM_CACHE"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sealed-llm"


def lock(name: str, doing: str) -> AbstractContextManager[None]:
    """Return the lock for making the entry `name` in the cache: see `app.desk.atomic.held`."""
    return atomic.held(cache_folder() / "locks" / f"{name}.lock", doing)
