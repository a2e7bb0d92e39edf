"""The common base of all commands: how the program was called, help, uniform error messages, a progress line."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import click

from app.base.errors import EXIT_INTERNAL, EXIT_REFUSED, EXIT_STOPPED, EXIT_USAGE, AppError, OutputError
from app.base.hints import HINTS
from app.desk.printable import printable

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
if os.environ.get("NO_COLOR"):  # click itself does not look
    SETTINGS["color"] = False


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG, errno.EROFS}


def is_module() -> bool:
    """Return whether this program was called as `python -m app`."""
    return Path(sys.argv[0]).name == "__main__.py"


def typed() -> str:
    """Return how this program was called, ready to be pasted into the same shell, for example `.venv/bin/sealed-llm`."""
    if is_module():
        return shlex.join([_as_typed(sys.orig_argv[0]), "-m", "app"])
    return shlex.quote(_as_typed(sys.argv[0])) if Path(sys.argv[0]).name == "sealed-llm" else "sealed-llm"


def _as_typed(path: str) -> str:
    """Return the bare name of a program that the shell found in its PATH, because the system passes the whole path."""
    name = Path(path).name
    return name if shutil.which(name) == path else path


def say(text: object, *, err: bool = False) -> None:
    """Print lines of text, made harmless for terminals. All output to a person's screen goes through here."""
    click.echo(printable(str(text)), err=err)


class Command(click.Command):
    """A command whose help shows the program's name as it was called; in the sources its name is sealed-llm."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the text of the help."""
        written, called = self.help or "", ctx.find_root().info_name or "sealed-llm"
        self.help = re.sub(r"\bsealed-llm (?=[a-z])", f"{called} ", written)
        try:
            super().format_help_text(ctx, formatter)
        finally:
            self.help = written


class Group(Command, click.Group):
    """A group of such commands."""

    command_class = Command


class Program(Group):
    """The whole program: every failure ends in one line, a hint and an exit code."""

    group_class = Group

    def main(self, *positional: Any, **named: Any) -> Any:
        """Run the command and exit with its code, or return the code if not `standalone_mode`."""
        standalone = named.get("standalone_mode", True)
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        given = positional[0] if positional else named.get("args")
        as_json = "--json" in (sys.argv[1:] if given is None else given)
        try:
            code = super().main(*positional, **named | {"standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as err:  # a group without a command
            err.show()
            code = EXIT_USAGE
        except click.Abort:
            code = _refuse("stopped", "stopped before the end", "", EXIT_STOPPED, as_json=False)
        except BrokenPipeError:  # the reader of stdout has gone: there is nothing to report, and nothing to flush
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            code = EXIT_REFUSED
        except Exception as err:  # noqa: BLE001  no traceback: it could quote the input
            code = _failed(err, as_json=as_json)
        if standalone:
            sys.exit(code)
        return code


def _failed(err: Exception, *, as_json: bool) -> int:
    """Report the error and return the exit code."""
    if isinstance(err, click.ClickException):
        return _refuse("usage", _in_our_voice(err), _usage_hint(err), EXIT_USAGE, as_json=as_json)
    if isinstance(err, AppError):
        # a mistake of the person at the desk, in an option or in an input
        mistake = err.code == "model.unknown" or (err.exit_code == EXIT_INTERNAL and err.code != "internal")
        return _refuse(err.code, err.message, err.hint, EXIT_USAGE if mistake else err.exit_code, as_json=as_json)
    if isinstance(err, OSError) and err.errno in _FULL:  # the disk of a file, or of standard output
        full = OutputError("disk.full", f"the output cannot be written: {(err.strerror or '').lower()}")
        return _refuse(full.code, full.message, full.hint, full.exit_code, as_json=as_json)
    return _refuse("internal", _where(err), HINTS["internal"], EXIT_INTERNAL, as_json=as_json)


def _in_our_voice(err: click.ClickException) -> str:
    said = err.format_message().strip().rstrip(".").replace(". Did you mean", ": did you mean")
    return said[:1].lower() + said[1:]


def _usage_hint(err: click.ClickException) -> str:
    context = err.ctx if isinstance(err, click.UsageError) else None
    return f"`{context.command_path if context else 'sealed-llm'} --help` shows what there is"


def _where(err: Exception) -> str:
    """Return the kind of a bug and its place in the program, without its message, which could quote the input."""
    trace = err.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    place = f" at {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else ""
    return f"an unforeseen {type(err).__name__}{place}"


def _refuse(code: str, message: str, hint: str, exit_code: int, *, as_json: bool) -> int:
    """Print the error on stderr, and with --json also as an object on stdout; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # so that its remaining content does not fail again at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2 if stream is sys.stderr else 1)
    with contextlib.suppress(OSError):  # nobody can be told
        if as_json:
            say(json.dumps({"error": {"code": code, "message": message, "hint": hint}}, indent=1))
    with contextlib.suppress(OSError):
        say(f"sealed-llm: error: {message} ({code})", err=True)
        if hint:
            say(f"sealed-llm: hint: {hint}", err=True)
    return exit_code


class Progress:
    """A line on a terminal that shows the current step and its time, and disappears in the end; on a pipe it shows nothing."""

    def __init__(self, label: str) -> None:
        self._label, self._width = label, 0

    def __enter__(self) -> Callable[[float], None]:
        self._tick(0)
        return self._tick

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)
        return False

    def _tick(self, seconds: float) -> None:
        if sys.stderr.isatty():
            line = f"{self._label} … {seconds:.1f} s"
            self._width = max(self._width, len(line))
            click.echo(f"\r{line:<{self._width}}", nl=False, err=True)
