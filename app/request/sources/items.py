"""Read a task into the fields of each of its items: one item for each dataset in bulk, else a single one.

The sources come in this order: dataset, requester secrets by number, input files, args. `app.request.sources.pieces` reads each
source, and `app.request.sources.combine` puts them together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.base.errors import AppError, InputError, bare
from app.base.limits import LIMITS
from app.formats import strict_json
from app.iexec.input_files import read_file
from app.iexec.task import Dataset, Task
from app.request.parse import Fields
from app.request.sources import owner, pieces
from app.request.sources.combine import combine
from app.request.sources.held import Held, everything
from app.request.sources.pieces import Origin, Piece

_DATASET, _ARGS = Origin("dataset"), Origin("args")
_FROM_SECRETS = "source"  # it holds a key and sends the enclave to a host: not for public inputs, nor for others


@dataclass(frozen=True, slots=True)
class Item:
    """The fields of one request, or the error that kept them from being read."""

    dataset: Dataset | None
    fields: Fields | AppError
    held: tuple[Held, ...] = ()
    """What each source held and whether it was used, in the order of the sources."""
    origins: Mapping[str, Origin] = field(default_factory=dict)
    """The source of each field, by its name, for error messages."""


def wants_callback(task: Task) -> bool:
    """Return whether a requester secret asks for callback-data, even if other fields are broken.

    This must be known before anything else is read, because an error and a killed task must deliver callback-data too.
    """
    return any(_says_callback(secret) for secret in task.requester_secrets.values())


def _says_callback(secret: str) -> bool:
    try:
        document = strict_json.loads(secret.removeprefix("\ufeff").encode(errors="surrogateescape"))
    except InputError:
        return False
    wish = document.get("callback") if isinstance(document, dict) else None
    return wish is True or wish == "true"


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a task. Each is read on demand, and read again every time, so that no two are in memory at once."""

    task: Task
    common: tuple[Piece, ...]
    """The pieces of the secrets, the input files and the args."""

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.task.datasets) if self.task.datasets or self.task.is_bulk else 1

    def __iter__(self) -> Iterator[Item]:
        """Read one item after the other."""
        return (self[at] for at in range(len(self)))

    def __getitem__(self, at: int) -> Item:
        """Return the item at place `at`, counted from 0; an error in it becomes part of the item."""
        dataset = self.dataset(at)
        return _combined(None, list(self.common)) if dataset is None else _item(self.task, dataset, list(self.common))

    def dataset(self, at: int) -> Dataset | None:
        """Return the dataset of the item at place `at`, if there is one."""
        return self.task.datasets[at] if self.task.datasets else None


def read_inputs(task: Task, args: Fields, words: str | None = None) -> Items:
    """Return one item for each dataset, or one item without a dataset.

    `args` are the options among the args, `words` their other words. A missing or broken dataset spoils its own item only.
    Raises `AppError` if a secret or an input file, which all items share, cannot be read.
    """
    common = [_secret(number, secret) for number, secret in task.requester_secrets.items()]
    for number, name in enumerate(task.input_files, 1):
        origin = Origin("input_file", number)
        common.append(_public(pieces.read_source(origin, read_file(task, name, LIMITS.input_file_bytes, str(origin)))))
    common.append(_public(Piece(_ARGS, dict(args), text=words)))
    return Items(task, tuple(common))


def _item(task: Task, dataset: Dataset, common: list[Piece]) -> Item:
    try:
        own = _public(pieces.read_source(_DATASET, read_file(task, dataset.file_name, LIMITS.dataset_bytes, str(_DATASET))))
        return _combined(dataset, [own, *common])
    except AppError as err:
        return Item(dataset, bare(err))


def _combined(dataset: Dataset | None, found: list[Piece]) -> Item:
    try:
        settled, aside = owner.settle(found)
        made = combine(settled)
    except AppError as err:
        return Item(dataset, bare(err), everything(found))
    order = [piece.origin for piece in found]
    held = sorted((*made.held, *aside), key=lambda one: order.index(one.origin))
    return Item(dataset, made.fields, tuple(held), made.origins)


def _secret(number: int, secret: str) -> Piece:
    raw = secret.encode(errors="surrogateescape")
    if len(raw) > LIMITS.secret_bytes:
        raise InputError("secret.too_large", f"secret {number} is longer than {LIMITS.secret_bytes} bytes")
    return pieces.read_source(Origin("secret", number), raw)


def _public(piece: Piece) -> Piece:
    """Return the piece after checking a public source: it may not name a `source`, and only a dataset may hold a salt.

    A public salt would hide nothing. Raises `InputError`.
    """
    if _FROM_SECRETS in piece.fields:
        raise InputError("source.not_secret", f"{piece.origin} names a source")
    if "salt" in piece.fields and piece.origin.source != "dataset":
        raise InputError("salt.not_secret", f"{piece.origin} holds a salt, and everybody can read it there")
    return piece
