"""What a worker starts: one task, or one line on stderr where not even a result can say what went wrong."""

from __future__ import annotations

import os
import sys

from app.base.errors import EXIT_CANNOT_WRITE, EXIT_INTERNAL, EXIT_OK, AppError
from app.run import guard


def do_task(argv: list[str]) -> int:
    """Do the task in the environment; 0 if a result was written, else one line on stderr.

    `run`, alone or before an option, is the same as nothing.
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
    """End the process at once: the result is on the disk, and taking the interpreter apart costs 40 ms of processor time."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # a full disk, or a reader that has gone
            code = code or EXIT_CANNOT_WRITE
    os._exit(code)
