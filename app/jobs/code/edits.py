"""Adjusting Python by its parts: the model writes the functions that must change, and the rest stays as it is.

To write a whole module again for one changed line costs every other line of it. Here the answer can only begin as the
definition of a function that is there (a grammar made of the code); the rest is free. What then does not fit back in
exactly is no answer: the caller has the whole code written instead.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.code import prompt, words
from app.jobs.code.findings import parse
from app.llm.answerer import Answerer, Embedded
from app.llm.engine import Generation
from app.llm.infill import Slot
from app.llm.sampling import Sampling
from app.request.code import Code

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_AROUND_TOKENS = 64  # the fixed words of the answer, and some slack
# The rest of a line, and lines of anything, but none that begins with a backtick: that is where the block ends.
_LINES = '[^\\n]* "\\n" line*\nline ::= "\\n" | [^`\\n] [^\\n]* "\\n"\n'


@dataclass(frozen=True, slots=True)
class Editable:
    """A function or a method of a module's own classes, and its lines, counted from 0."""

    name: str
    """Of the function itself."""
    definition: str
    """How its first line begins, up to the parameters."""
    first: int
    """Its decorators come before that, and stay."""
    last: int
    """The line after it."""
    indent: int


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit."""

    code: str | None
    """The whole code, changed; None if what was written does not fit into it."""
    out: Generation


def choices(answerer: Answerer, request: Code) -> tuple[Editable, ...]:
    """Return the parts that may be changed alone, none where the whole code is to be written."""
    if not isinstance(answerer, Embedded) or request.language != "python" or request.code is None:
        return ()
    return parts(request.code)


def edit(answerer: Answerer, request: Code, found: Sequence[Editable], sampling: Sampling, max_tokens: int) -> Edited | None:
    """Return the code with some of `found` written anew, None if that is no way to change it. Raises `ModelError`."""
    if not found or not isinstance(answerer, Embedded):
        return None
    messages = prompt.messages(request, None, edit=True)
    if answerer.room(messages) < max_tokens + _AROUND_TOKENS:
        return None
    filled = answerer.fill(messages, form(found, max_tokens), sampling)
    (written,) = filled.slots
    code = apply(request.code or "", found, written.text) if written.finish_reason == "stop" else None
    return Edited(code, Generation(written.text, written.finish_reason, filled.prompt_tokens, filled.sampled_tokens))


def parts(code: str) -> tuple[Editable, ...]:
    """Return the parts of a Python module that can be changed alone, none if it is too short for that to pay."""
    tree = parse(code)
    if tree is None or "\r" in code or code.count("\n") + 1 < words.EDIT_LINES:
        return ()
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    found = [_part(node) for body in bodies for node in body if isinstance(node, _Function)]
    count = Counter(part.name for part in found)  # a name that is defined twice names nothing
    single = tuple(part for part in found if count[part.name] == 1)
    return single if len(single) > 1 else ()


def form(found: Sequence[Editable], max_tokens: int) -> list[str | Slot]:
    """Return the answer's form: a code block that begins with the definition of one of `found`."""
    names = " | ".join(f'"{_escaped(part.definition)}"' for part in found)
    before, after = words.EDIT_ANSWER
    return [before, Slot(f"root ::= ({names}) {_LINES}", max_tokens, until=len(after)), after]


def apply(code: str, found: Sequence[Editable], written: str) -> str | None:
    """Return `code` with each function of `written` in the place of the part of its name, the first of which it begins with.

    What else it defines must be new, and stays behind the one before it. None if it is not so, or no Python, or if nothing
    would change.
    """
    chosen = next((part for part in found if written.startswith(part.definition)), None)
    tree, before = parse(written), parse(code)
    if chosen is None or tree is None or before is None:
        return None
    made = [node for node in tree.body if isinstance(node, _Function)]
    anew = {part.name: part for part in found if part.indent == chosen.indent}
    there = {node.name for node in ast.walk(before) if isinstance(node, _Function | ast.ClassDef)} - anew.keys()
    defined = Counter(node.name for node in made)
    if tree.body != made or not made or defined.keys() & there or max(defined.values()) > 1:
        return None
    if any(node.decorator_list for node in made if node.name in anew):  # those that are there stay
        return None
    if chosen.indent and _has_long_text(made):  # its lines would be moved too
        return None
    lines, new = code.split("\n"), written.split("\n")
    starts = [(anew[node.name], node.lineno - 1) for node in made if node.name in anew]
    ends = [*(start for _, start in starts[1:]), len(new)]
    for (part, start), end in sorted(zip(starts, ends, strict=True), key=lambda one: one[0][0].first, reverse=True):
        body = "\n".join(new[start:end]).rstrip().split("\n")
        lines[part.first : part.last] = [" " * part.indent + line if line else line for line in body]
    changed = "\n".join(lines)
    whole = parse(changed)
    return changed if whole and ast.dump(whole) != ast.dump(before) else None


def _part(node: _Function) -> Editable:
    definition = f"{'async ' * isinstance(node, ast.AsyncFunctionDef)}def {node.name}("
    return Editable(node.name, definition, node.lineno - 1, node.end_lineno or node.lineno, node.col_offset)


def _escaped(text: str) -> str:
    return "".join(f"\\U{ord(character):08X}" for character in text)


def _has_long_text(made: Sequence[ast.AST]) -> bool:
    """Return whether a string besides documentation goes over several lines."""
    documentation = {
        id(node.body[0].value)
        for one in made
        for node in ast.walk(one)
        if isinstance(node, _Function | ast.ClassDef) and isinstance(node.body[0], ast.Expr)
    }
    strings = (
        node
        for one in made
        for node in ast.walk(one)
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes))
    )
    return any(node.end_lineno != node.lineno and id(node) not in documentation for node in strings)
