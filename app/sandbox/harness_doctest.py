"""Doctests. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import ast
import io
import sys
from typing import Any

from app.sandbox.harness_checks import SHOWN, TALLY, Failure, Words, shown
from app.sandbox.harness_pytest import Unavailable


def doctests(text: str, scope: dict[str, Any]) -> None:
    """Run the examples in `text`. Raises `AssertionError` with the first whose output is another, and what one raises."""
    import doctest

    checker = doctest.OutputChecker()
    for example in doctest.DocTestParser().get_examples(_unquoted(text)):
        source, wanted = example.source.strip(), example.want
        said = _compared(source) if not wanted else None
        found, err = _output(said or source, scope)
        if err is not None and example.exc_msg is None:
            raise Failure(source.split("\n")[0][:SHOWN], err)
        if said:
            wanted = "True\n"
        if not wanted:
            continue
        if err is not None:
            found, wanted = f"{type(err).__name__}: {err}\n", example.exc_msg or ""
        TALLY.count += 1
        flags = sum(flag for flag, on in example.options.items() if on)
        if not checker.check_output(wanted, found, flags):
            TALLY.failed.append(source)
            said_now, said_then = shown(found.strip()), shown(wanted.strip())
            raise AssertionError(Words(f"{source[:SHOWN]}: the output is {said_now}, expected {said_then}"))


def _compared(source: str) -> str | None:
    """Return a comparison without an expected output as one that prints whether it holds."""
    try:
        node = ast.parse(source, mode="eval").body
    except SyntaxError:
        return None
    return f"bool({source})" if isinstance(node, ast.Compare) else None


def _output(source: str, scope: dict[str, Any]) -> tuple[str, BaseException | None]:
    kept, sys.stdout = sys.stdout, io.StringIO()
    hook, sys.displayhook = sys.displayhook, sys.__displayhook__
    try:
        exec(compile(source + "\n", "<test>", "single", dont_inherit=True), scope)
    except (SystemExit, Unavailable, MemoryError):
        raise
    except BaseException as err:
        return sys.stdout.getvalue(), err
    finally:
        found, sys.stdout, sys.displayhook = sys.stdout, kept, hook
    return found.getvalue(), None


def _unquoted(text: str) -> str:
    """Return a doctest without the quotes around it, if that is how it was given."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    return "\n".join(
        str(node.value.value) for node in tree.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
