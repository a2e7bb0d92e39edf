"""Start `python -m app`, or `sealed-llm`: the run itself inside a task (IEXEC_OUT is set), else the command line.

Inside a task every argument is the requester's, because the worker appends iexec_args to the entrypoint. So no argument there
may be taken for a command: `verify this claim` is a prompt.
"""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

from app.run import guard
from app.run.entrypoint import do_task, leave


def main() -> int:
    """Return the exit code of the run or of the command."""
    guard.close(in_task=bool(os.environ.get("IEXEC_OUT")))
    argv = sys.argv[1:]
    called = Path(sys.argv[0]).name
    is_command = not os.environ.get("IEXEC_OUT") and (argv not in ([], ["run"]) or (not argv and called == "sealed-llm"))
    if is_command and find_spec("app.cli"):  # an image has no commands
        from app.cli.main import cli

        cli(prog_name="python -m app" if called == "__main__.py" else called)  # raises SystemExit
    return do_task(argv)


if __name__ == "__main__":
    leave(main())
