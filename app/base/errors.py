"""Every foreseeable failure, as one family of exceptions with stable codes.

Only an `AppError` crosses a module boundary. Its message is lower case, has no full stop and never holds any content of the
input, because a result that anyone may read publishes it.
"""

from __future__ import annotations

from collections.abc import Mapping

from app.base.hints import DESK_HINTS, HINTS, filled

# Exit codes: sysexits where one fits. `run` uses 0 and 73 only.
EXIT_OK = 0
EXIT_REFUSED = 1  # a result was refused, or holds an error and no answer
EXIT_USAGE = 2  # a mistake in what was typed or in a file that was named
EXIT_FAILED = 3  # a valid result whose answer is not what was asked for: failed tests, a refusal, no code
EXIT_UNAVAILABLE = 69
EXIT_INTERNAL = 70
EXIT_CANNOT_WRITE = 73
EXIT_STOPPED = 130  # by Ctrl-C; 128 and the number of the signal for the others


class AppError(Exception):
    """A foreseeable failure: a stable `code`, a `message` without input content, and a `hint`."""

    exit_code = EXIT_INTERNAL

    def __init__(self, code: str, message: str) -> None:
        """Look up the hint. Raises KeyError if `HINTS` lacks the code, which is a programming error."""
        super().__init__(message)
        self.code = code
        self.message = message
        self._hint = HINTS[code]

    @property
    def hint(self) -> str:
        """Return the hint: what the reader can do about the failure."""
        return filled(self._hint)

    def __str__(self) -> str:
        """Return `message (code)` on one line."""
        return f"{self.message} ({self.code})"


def bare(err: AppError) -> AppError:
    """Return `err` without its traceback and causes: their frames would keep the input in memory as long as `err` is kept."""
    err.__traceback__ = err.__cause__ = err.__context__ = None
    return err


class InputError(AppError):
    """The requester or the worker handed over something that cannot be used."""


class ContradictionError(InputError):
    """Two fields or inputs exclude each other; the message names both."""

    def __init__(self, first: str, second: str, why: str = "") -> None:
        """Take the names of two request fields or inputs, and the reason why they exclude each other."""
        super().__init__("request.contradiction", f"both {first} and {second} are given{why and f': {why}'}")
        self.first, self.second, self.why = first, second, why

    def located(self, origins: Mapping[str, object]) -> ContradictionError:
        """Return the same error with the source of each field in its message; `origins` maps a field's name to its source."""
        first, second = (f"{name} ({origins[name]})" if name in origins else name for name in (self.first, self.second))
        return ContradictionError(first, second, self.why)


class ProtectedDataError(InputError):
    """The protectedData file or one of its entries cannot be read."""


class HistoryError(InputError):
    """A wallet's history cannot be fetched, read or believed."""


class UsageError(AppError):
    """A mistake in an option that a person typed, or in a file of their own. The message may name the file."""

    exit_code = EXIT_USAGE

    def __init__(self, code: str, message: str) -> None:
        """Take the code's hint for the command line if there is one, else its usual hint."""
        super().__init__(code, message)
        self._hint = DESK_HINTS.get(code, self._hint)


class ModelError(AppError):
    """The model or the engine is missing, altered or failed."""

    exit_code = EXIT_UNAVAILABLE


class SandboxError(AppError):
    """The sandbox is missing, altered or failed. A failing snippet is a verdict and never such an error."""

    exit_code = EXIT_UNAVAILABLE


class SigningError(AppError):
    """The key cannot be used, or a fresh signature did not verify."""


class OutputError(AppError):
    """IEXEC_OUT cannot be written: the only failure that no result can report."""

    exit_code = EXIT_CANNOT_WRITE


class ChainError(AppError):
    """The chain cannot be asked, or its answer makes no sense."""

    exit_code = EXIT_UNAVAILABLE


class VerifyError(AppError):
    """Verification refused a result."""

    exit_code = EXIT_REFUSED


class SimulationError(AppError):
    """A local simulation did not produce output that a worker would accept."""

    exit_code = EXIT_REFUSED
