"""Read the worker's environment, once, into one value.

Source of every rule: docs/reference/iexec-protocol.md, "The environment" (worker 9.2, SMS 9.3), "Bulk", and "`iapp test`" for
the differences there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.base.errors import AppError, InputError, OutputError
from app.base.limits import LIMITS
from app.formats.hex_words import ADDRESS, WORD, ZERO_ADDRESS


@dataclass(frozen=True, slots=True)
class Dataset:
    """One protectedData: the name of its file in IEXEC_IN, and its address if the name is one."""

    file_name: str
    index: int | None = None
    """The place in a bulk slice, counted from 1; None outside of one."""

    @property
    def address(self) -> str | None:
        """Return the dataset address in lower case, None if the worker gave another kind of name."""
        return self.file_name.lower() if ADDRESS.fullmatch(self.file_name) else None


@dataclass(frozen=True, slots=True)
class Task:
    """Everything that the worker told. Only `out_folder` is always valid; `trouble` holds the first other fault."""

    out_folder: Path
    in_folder: Path | None = None
    task_id: str | None = None
    bot_index: int | None = None
    datasets: tuple[Dataset, ...] = ()
    is_bulk: bool = False
    input_files: tuple[str, ...] = ()
    requester_secrets: Mapping[int, str] = field(default_factory=dict, repr=False)
    """The secrets by number, in order."""
    app_secret: str | None = field(default=None, repr=False)
    args: tuple[str, ...] = field(default=(), repr=False)
    trouble: AppError | None = None


def open_task(environ: Mapping[str, str], args: Sequence[str]) -> Task:
    """Return the task in `environ` and `args`.

    Raises `OutputError` env.iexec_out, the only failure that no result can report. Every other failure is kept in `trouble`,
    and the run raises it once it can write.
    """
    out = environ.get("IEXEC_OUT", "")
    if not out or not Path(out).is_dir():
        raise OutputError("env.iexec_out", "IEXEC_OUT is not set to a folder")
    task_id = environ.get("IEXEC_TASK_ID", "")
    known = Task(
        out_folder=Path(out).absolute(),
        task_id=task_id.lower() if WORD.fullmatch(task_id) else None,
        app_secret=environ.get("IEXEC_APP_DEVELOPER_SECRET") or environ.get("IEXEC_APP_DEVELOPER_SECRET_1") or None,
        args=tuple(args),
    )
    try:
        if task_id and known.task_id is None:
            raise InputError("env.invalid", "IEXEC_TASK_ID is not a task id")
        return _with_inputs(environ, known)
    except AppError as err:
        return replace(known, trouble=err)


def _with_inputs(environ: Mapping[str, str], known: Task) -> Task:
    in_folder = environ.get("IEXEC_IN", "")
    if not in_folder or not Path(in_folder).is_dir():
        raise InputError("env.iexec_in", "IEXEC_IN is not set to a folder")
    bulk = _bulk(environ)
    return replace(
        known,
        in_folder=Path(in_folder),
        bot_index=_count(environ, "IEXEC_BOT_TASK_INDEX", 999_999_999) if environ.get("IEXEC_BOT_TASK_INDEX") else None,
        datasets=_single(environ) if bulk is None else bulk,
        is_bulk=bulk is not None,
        input_files=_input_files(environ),
        requester_secrets=_secrets(environ),
    )


def _single(environ: Mapping[str, str]) -> tuple[Dataset, ...]:
    """Return the only dataset, if there is one: a worker gives the zero address for none, `iapp test` gives nothing."""
    name = environ.get("IEXEC_DATASET_FILENAME") or ZERO_ADDRESS
    return () if name == ZERO_ADDRESS else (Dataset(_file_name(name)),)


def _bulk(environ: Mapping[str, str]) -> tuple[Dataset, ...] | None:
    """Return the slice's datasets; None outside of bulk, where the size is absent, or "0" from `iapp test`.

    A name that is missing or invalid becomes "", a file that does not exist, so that it spoils its own item only.
    """
    size = _count(environ, "IEXEC_BULK_SLICE_SIZE", LIMITS.bulk_items)
    if size == 0:
        return None
    names = [environ.get(f"IEXEC_DATASET_{index}_FILENAME", "") for index in range(1, size + 1)]
    return tuple(Dataset(name if _is_file_name(name) else "", index) for index, name in enumerate(names, 1))


def _input_files(environ: Mapping[str, str]) -> tuple[str, ...]:
    count = _count(environ, "IEXEC_INPUT_FILES_NUMBER", LIMITS.input_files)
    return tuple(_file_name(environ.get(f"IEXEC_INPUT_FILE_NAME_{index}", "")) for index in range(1, count + 1))


def _secrets(environ: Mapping[str, str]) -> dict[int, str]:
    """Return the requester secrets by number, in order."""
    prefix = "IEXEC_REQUESTER_SECRET_"
    numbers = (name.removeprefix(prefix) for name in environ if name.startswith(prefix))
    ordered = sorted((int(number), number) for number in numbers if re.fullmatch(r"[0-9]{1,9}", number))
    return {number: environ[prefix + text] for number, text in ordered}


def _count(environ: Mapping[str, str], name: str, limit: int) -> int:
    text = environ.get(name) or "0"
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) > limit:
        raise InputError("env.invalid", f"{name} is not a number from 0 to {limit}")
    return int(text)


def _file_name(name: str) -> str:
    """Return `name` if it can only mean a file directly in IEXEC_IN. Raises `InputError` otherwise."""
    if not _is_file_name(name):
        raise InputError("env.invalid", "a file name in the environment is not a plain name")
    return name


def _is_file_name(name: str) -> bool:
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # bytes that are not UTF-8
        return False
    return name not in {".", ".."} and not set("/\0") & set(name) and 0 < size <= LIMITS.input_name_bytes
