"""What a verdict says of an exception. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

from app.sandbox.harness_checks import SHOWN, SNIPPET, TEST, Words


def place(err: BaseException) -> tuple[str, int | None]:
    """Return the file, snippet or test, and the line of it that an exception came from."""
    name, line = "", None
    if isinstance(err, SyntaxError):
        name, line = err.filename or "", err.lineno
    at = err.__traceback__
    while at is not None:
        if at.tb_frame.f_code.co_filename in (SNIPPET, TEST):
            name, line = at.tb_frame.f_code.co_filename, at.tb_lineno
        at = at.tb_next
    return name, line


def where(err: BaseException) -> str:
    name, line = place(err)
    return f" (line {line} of the {name[1:-1]})" if line and name in (SNIPPET, TEST) else ""


def say(err: BaseException) -> str:
    """Return the kind of an exception, its words, and where it came from."""
    try:
        words = err.msg if isinstance(err, SyntaxError) else str(err)
    except BaseException:
        words = "its message cannot be shown"
    return type(err).__name__ + (f": {words[:SHOWN]}" if words else "") + where(err)


def assertion(err: AssertionError, test: str) -> str:
    """Return the assertion that failed, with the values that it compared."""
    if len(err.args) == 1 and type(err.args[0]) is Words:
        return err.args[0].text
    name, line = place(err)
    source = test.split("\n")[line - 1].strip() if name == TEST and line else ""
    try:
        words = str(err)
    except BaseException:
        words = ""
    if words and type(err) is AssertionError and name == TEST and not source.startswith(("assert", "raise")):
        return f"{source[:SHOWN]}: {words.strip()[: 2 * SHOWN]}"  # of unittest
    return words[: 2 * SHOWN] if words and name == TEST and not source.startswith("assert") else source[: 2 * SHOWN] or say(err)
