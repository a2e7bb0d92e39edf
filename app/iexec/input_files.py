"""Read the files in IEXEC_IN as bytes. Other rooms interpret them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from app.base.errors import InputError
from app.iexec.task import Task


def read_file(task: Task, name: str, limit: int, source: str) -> bytes:
    """Return the bytes of the file `name` in IEXEC_IN, which must be a regular file of at most `limit` bytes.

    `source` is its name in errors. Raises `InputError` file.missing, file.unreadable or file.too_large.
    """
    if not name:
        raise InputError("file.missing", f"the task names no file for {source}")
    path = (task.in_folder or Path()) / name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as err:
        raise InputError("file.missing", f"{source} is named by the task and is not there") from err
    except OSError as err:
        raise InputError("file.unreadable", f"{source} cannot be opened") from err
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise InputError("file.unreadable", f"{source} is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            data = stream.read(limit + 1)
    except OSError as err:
        raise InputError("file.unreadable", f"{source} cannot be read") from err
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise InputError("file.too_large", f"{source} is larger than {limit} bytes")
    return data
