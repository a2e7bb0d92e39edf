"""The entry point that a worker starts. It does one task; if not even a result can be written, it prints a line on stderr."""

from __future__ import annotations

import os
import sys

from app.base.errors import EXIT_CANNOT_WRITE, EXIT_INTERNAL, EXIT_OK, AppError
from app.run import guard


def do_task(argv: list[str]) -> int:
    """Do the task that the environment describes. Return 0 if a result was written; else print one line on stderr.

    The word `run`, alone or before an option, is ignored.
    """
    from app.run.run import run

    if argv[:1] == ["run"] and (len(argv) == 1 or argv[1].startswith("--")):
        argv = argv[1:]
    try:
        run(guard.taken(), argv)
    except AppError as err:
        sys.stderr.write(f"app: error: {err}; hint: {err.hint}\n")
        return err.exit_code
    except Exception as err:  # noqa: BLE001  no traceback: it could quote the input
        sys.stderr.write(f"app: error: an unforeseen {type(err).__name__} (internal)\n")
        return EXIT_INTERNAL
    return EXIT_OK


def leave(code: int) -> None:
    """End the process at once. The result is on the disk, and a regular exit would cost 40 ms of processor time."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # the disk is full, or the reader has gone
            code = code or EXIT_CANNOT_WRITE
    os._exit(code)
