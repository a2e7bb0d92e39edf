"""The guest: its parts, and the checked bytes of the embedded one.

A run looks only beside the code, as for models. `python -m app sandbox build` puts a link to the cache there; an image has a
copy.
"""

from __future__ import annotations

import functools
import hashlib
import json
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.base.errors import AppError, SandboxError
from app.formats.strict_model import Table
from app.llm.models import Artefact
from app.sandbox.machine import Image, WasmCode

GUEST = Path(__file__).parent / "guest.bin"
_CALL = ("stack", "function", "targets", "args", "modules", "missing")


class Build(Table):
    """The digests that the build of the guest must give."""

    engine: str
    sha256: str


class Catalogue(Table):
    """The content of guest.toml."""

    guest: Artefact
    build: Build


@functools.cache
def catalogue() -> Catalogue:
    """Return the content of app/sandbox/guest.toml."""
    try:
        return Catalogue.model_validate(tomllib.loads((resources.files("app.sandbox") / "guest.toml").read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as err:
        raise AppError("internal", "app/sandbox/guest.toml is not valid") from err


def pack(code: WasmCode, image: Image) -> bytes:
    """Return one file with everything that a run needs: a line of JSON, then the parts one after the other."""
    parts = [code.wall, code.wasi, code.guest, code.door, image.memory]
    head = {"call": {name: getattr(image, name) for name in _CALL}, "sizes": [len(part) for part in parts]}
    return json.dumps(head).encode() + b"\n" + b"".join(parts)


def load_guest(path: Path = GUEST) -> tuple[WasmCode, Image]:
    """Return the guest packed in `path` after checking every byte; the bytes returned are those that were checked.

    The code is a view of the bytes, the memory a copy. Raises `SandboxError` sandbox.missing or sandbox.altered.
    """
    try:
        with path.open("rb", buffering=0) as stream:
            data = bytearray(path.stat().st_size)
            whole = stream.readinto(data) == len(data)
    except OSError as err:
        raise SandboxError("sandbox.missing", "the guest is not embedded") from err
    if not whole or hashlib.sha256(data).hexdigest() != catalogue().build.sha256:
        raise SandboxError("sandbox.altered", "the sha-256 of the guest is not the one in app/sandbox/guest.toml")
    return unpack(data)


def unpack(data: bytearray) -> tuple[WasmCode, Image]:
    """Return the parts that `pack` joined. They are not checked: the caller must trust the bytes."""
    at = data.index(b"\n") + 1
    head = json.loads(data[:at])
    views = []
    for size in head["sizes"]:
        views.append(memoryview(data)[at : at + size])
        at += size
    *code, memory = views
    call: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in head["call"].items()}
    return WasmCode(*code), Image(memory=bytes(memory), **call)
