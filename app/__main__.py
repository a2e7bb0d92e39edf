"""`python -m app`, or `sealed-llm`: inside a task (IEXEC_OUT is set) the run itself, else the command line.

Inside a task every argument is the requester's (the worker appends iexec_args to the entrypoint), so
none of them may be taken for a command: `verify this claim` is a prompt there. The one exception is
`run`, alone or before an option, which is the same as nothing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.base.errors import EXIT_CANNOT_WRITE, EXIT_INTERNAL, EXIT_OK, AppError
from app.run import guard


def main() -> int:
    """Return the exit code of the run or of the command."""
    guard.close(in_task=bool(os.environ.get("IEXEC_OUT")))
    argv = sys.argv[1:]
    called = Path(sys.argv[0]).name
    if not os.environ.get("IEXEC_OUT") and (argv not in ([], ["run"]) or (not argv and called == "sealed-llm")):
        from app.cli.main import cli

        cli(prog_name="python -m app" if called == "__main__.py" else called)  # raises SystemExit
    return worker(argv)


def worker(argv: list[str]) -> int:
    """Do the task in the environment; 0 if a result was written, else one line on stderr."""
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


if __name__ == "__main__":
    leave(main())
