"""A worker on one machine: the real files, the real environment, and a real child process.

Environment, file names and how args are split (`CommandLineUtils.translateCommandline`): docs/reference/iexec-protocol.md, "The
environment" and "Args".
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from app.base.errors import AppError, UsageError
from app.crypto import signing
from app.desk import atomic, own_files
from app.desk.cache import cache_folder, lock
from app.formats.hex_words import ZERO_ADDRESS
from app.iexec.args import split_args

TASK_ID = "0x" + "5ea1ed" * 10 + "0001"  # a simulated task always has the same id, so that its result is reproducible
_KEY_BYTES = 1_024
DEAL_ID = "0x" + "dea1" * 16


@dataclass(frozen=True, slots=True)
class HeldFile:
    """An input file with its content."""

    name: str
    data: bytes = field(repr=False)

    def read_bytes(self) -> bytes:
        """Return the content, with the interface of a path."""
        return self.data


@dataclass(frozen=True, slots=True)
class Order:
    """What a requester orders: at most one protectedData, or a bulk slice, and everything that goes with it."""

    datasets: tuple[bytes | None, ...] = field(default=(), repr=False)
    """None stands for a dataset that the worker could not fetch or decrypt; the app still gets its name."""
    bulk: bool = False
    args: str = ""
    requester_secrets: Mapping[int, str] = field(default_factory=dict, repr=False)
    input_files: tuple[Path | HeldFile, ...] = ()
    app_secret: str | None = field(default=None, repr=False)
    simulated_key: bool = False
    """Whether the app secret is this machine's simulation key."""
    task_id: str = TASK_ID
    deal_id: str = DEAL_ID
    task_index: int = 0
    first_index: int = 0
    deal_size: int = 1
    addresses: tuple[str, ...] = ()
    """The addresses of the datasets; made up if there are none."""


def prepare(order: Order, in_folder: Path, out_folder: Path) -> dict[str, str]:
    """Fill IEXEC_IN and return the environment of the app, exactly as on a TEE worker.

    In single and in bulk tasks IEXEC_DATASET_FILENAME is always set; the zero address means that there is no dataset.
    """
    addresses = order.addresses or tuple(_address(index) for index in range(1, len(order.datasets) + 1))
    for address, data in zip(addresses, order.datasets, strict=True):
        if data is not None:
            (in_folder / address).write_bytes(data)
    single = ZERO_ADDRESS if order.bulk or not addresses else addresses[0]
    environ = {
        "IEXEC_IN": os.fspath(in_folder),
        "IEXEC_OUT": os.fspath(out_folder),
        "IEXEC_TASK_ID": order.task_id,
        "IEXEC_DEAL_ID": order.deal_id,
        "IEXEC_TASK_INDEX": str(order.task_index),
        "IEXEC_BOT_SIZE": str(order.deal_size),
        "IEXEC_BOT_FIRST_INDEX": str(order.first_index),
        "IEXEC_BOT_TASK_INDEX": str(order.task_index),
        "IEXEC_DATASET_ADDRESS": single,
        "IEXEC_DATASET_FILENAME": single,
        "IEXEC_INPUT_FILES_NUMBER": str(len(order.input_files)),
    }
    if order.bulk:
        environ["IEXEC_BULK_SLICE_SIZE"] = str(len(addresses))
        environ |= {f"IEXEC_DATASET_{index}_FILENAME": address for index, address in enumerate(addresses, 1)}
    if order.input_files:
        environ["IEXEC_INPUT_FILES_FOLDER"] = os.fspath(in_folder)
    for index, path in enumerate(order.input_files, 1):
        name = "0x" + hashlib.sha256(f"https://requester.example/{path.name}".encode()).hexdigest()
        (in_folder / name).write_bytes(path.read_bytes())
        environ[f"IEXEC_INPUT_FILE_NAME_{index}"] = name
    for number, secret in order.requester_secrets.items():
        environ[f"IEXEC_REQUESTER_SECRET_{number}"] = secret
    if order.app_secret is not None:
        environ |= {"IEXEC_APP_DEVELOPER_SECRET": order.app_secret, "IEXEC_APP_DEVELOPER_SECRET_1": order.app_secret}
    return environ


def start(environ: Mapping[str, str], args: str) -> subprocess.Popen[bytes]:
    """Start `python -m app` with only `environ`, cwd /, stdin closed, and the args split as a worker does."""
    command = [sys.executable, "-m", "app", *split_args(args)]
    return subprocess.Popen(  # noqa: S603  our own interpreter and module
        command, env=dict(environ), cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def simulation_key() -> str:
    """Return this machine's simulation key, made on first use; it signs simulations and nothing else.

    A damaged key file is never replaced, because results may have been signed with the key in it. Raises `UsageError` key.torn,
    `AppError` cache.unwritable.
    """
    path = cache_folder() / "simulation.key"
    try:
        if not path.exists():
            with lock("simulation.key", "making this machine's simulation key"):
                if not path.exists():
                    atomic.write(path, f"0x{secrets.token_hex(32)}".encode(), 0o600)
    except OSError as err:
        raise AppError("cache.unwritable", f"{path.parent} cannot be written: {atomic.reason(err)}") from err
    try:
        text = own_files.read_own(path, _KEY_BYTES).decode("ascii")
        signing.load_key(text)
    except (AppError, UnicodeDecodeError) as err:
        raise UsageError("key.torn", f"{path}, the simulation key of this machine, is damaged") from err
    return text


def _address(index: int) -> str:
    """Return a made-up dataset address. It must not depend on the content, which is private."""
    return f"0xda7a5e7{index:033x}"
