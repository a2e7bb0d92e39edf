"""Report what is missing on this machine, with a hint for each finding."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app import __version__
from app.base.errors import AppError
from app.crypto import signing
from app.desk.cache import cache_folder
from app.llm import library
from app.llm.models import checked_path, find
from app.simulate.folders import FOLDER

_FREE_BYTES = 2 * 2**30  # enough for a model, its partial downloads, and the build


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was examined."""

    name: str
    ok: bool
    says: str
    hint: str = ""


def examine() -> Iterator[Examined]:
    """Yield one finding after the other. Hashing the model takes a moment."""
    yield Examined("version", True, f"sealed-llm {__version__} on Python {platform.python_version()}")
    yield _compiler()
    yield _try("engine", lambda: library.load_library().llama_print_system_info().decode().strip(" |"))
    model = find(None)
    yield _try("model", lambda: f"{model.name}, sha-256 checked: {checked_path(model).name}")
    yield _try("sandbox", _sandbox)
    yield _key()
    yield _disk()
    yield _results()


def _compiler() -> Examined:
    missing = [name for name in ("cc", "c++") if not shutil.which(name)]
    if missing:
        return Examined(
            "compiler", False, f"not found: {', '.join(missing)}", "install a C and C++ compiler (Debian: build-essential)"
        )
    return Examined("compiler", True, "cc and c++ found")


def _sandbox() -> str:
    from app.sandbox import guest, runtime

    guest.load_guest()
    return f"{guest.catalogue().guest.name} on {runtime.engine_name()}, sha-256 checked"


def _key() -> Examined:
    secret = os.environ.get("IEXEC_APP_DEVELOPER_SECRET")
    if not secret:
        hint = "simulations sign with this machine's own key; an app gets its key by `iexec app push-secret`"
        return Examined("key", True, "no IEXEC_APP_DEVELOPER_SECRET here", hint)
    return _try("key", lambda: f"signs as {signing.load_key(secret).address}")


def _disk() -> Examined:
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    says = f"{free // 2**20} MiB free for downloads and builds"
    return Examined("disk", free >= _FREE_BYTES, says, "" if free >= _FREE_BYTES else f"free {_FREE_BYTES // 2**20} MiB")


def _results() -> Examined:
    fine = os.access(Path.cwd(), os.W_OK | os.X_OK)
    says = f"go to {Path.cwd() / FOLDER}/N, the next free number" if fine else f"cannot go to {Path.cwd()}: it is not writable"
    return Examined("results", fine, says, "" if fine else "name a folder with --out")


def _try(name: str, look: Callable[[], str]) -> Examined:
    try:
        return Examined(name, True, look())
    except AppError as err:
        return Examined(name, False, err.message, err.hint)
