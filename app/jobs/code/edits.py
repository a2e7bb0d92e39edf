"""Adjust Python by its parts: the model rewrites the functions that must change, and the rest stays as it is.

Writing a whole module again for one changed line puts every other line at risk. Here a grammar made from the code forces the
answer to begin with the definition of an existing function; the rest of the answer is free. If the functions do not fit back
into the code exactly, the answer is refused, and the caller asks for the whole code.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.jobs.code import prompt, words
from app.jobs.code.findings import syntax_tree
from app.llm.answerer import Answerer, Embedded
from app.llm.engine import Generation
from app.llm.infill import Slot
from app.llm.sampling import Sampling
from app.request.code import Code

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_AROUND_TOKENS = 64  # the tokens of the fixed words in the answer, with some to spare
# The rest of a line, then any lines except those that begin with a backtick, which ends the block.
_LINES = '[^\\n]* "\\n" line*\nline ::= "\\n" | [^`\\n] [^\\n]* "\\n"\n'


@dataclass(frozen=True, slots=True)
class Editable:
    """A function, or a method of a class of the module, with its lines counted from 0."""

    name: str
    """The name of the function itself."""
    definition: str
    """The beginning of its first line, up to the parameters."""
    first: int
    """The first line; decorators come before it and stay."""
    last: int
    """The number of the line after the last one."""
    indent: int


@dataclass(frozen=True, slots=True)
class Edited:
    """The result of an edit."""

    code: str | None
    """The whole changed code; None if the written functions do not fit into it."""
    out: Generation


def choices(answerer: Answerer, request: Code) -> tuple[Editable, ...]:
    """Return the functions that may be changed on their own; none if the whole code is to be written."""
    if not isinstance(answerer, Embedded) or request.language != "python" or request.code is None:
        return ()
    return parts(request.code)


def edit(answerer: Answerer, request: Code, found: Sequence[Editable], sampling: Sampling, max_tokens: int) -> Edited | None:
    """Return the code with some functions of `found` rewritten; None if it cannot be changed so. Raises `ModelError`."""
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
    """Return the functions of a Python module that can be changed on their own; none if the module is too short to benefit."""
    tree = syntax_tree(code)
    if tree is None or "\r" in code or code.count("\n") + 1 < words.EDIT_LINES:
        return ()
    bodies = [tree.body, *(node.body for node in tree.body if isinstance(node, ast.ClassDef))]
    found = [_part(node) for body in bodies for node in body if isinstance(node, _Function)]
    count = Counter(part.name for part in found)  # a name that is defined twice is ambiguous
    single = tuple(part for part in found if count[part.name] == 1)
    return single if len(single) > 1 else ()


def form(found: Sequence[Editable], max_tokens: int) -> list[str | Slot]:
    """Return the form of the answer: a code block that begins with the definition of one of `found`."""
    names = " | ".join(f'"{_escaped(part.definition)}"' for part in found)
    before, after = words.EDIT_ANSWER
    return [before, Slot(f"root ::= ({names}) {_LINES}", max_tokens, until=len(after)), after]


def apply(code: str, found: Sequence[Editable], written: str) -> str | None:
    """Return `code` with each function of `written` in place of the function with the same name.

    `written` begins with one of `found`. Its other definitions must be new names; each is placed behind the one before it.
    Returns None if that is not so, if the text is not Python, or if nothing would change.
    """
    chosen = next((part for part in found if written.startswith(part.definition)), None)
    tree, before = syntax_tree(written), syntax_tree(code)
    if chosen is None or tree is None or before is None:
        return None
    made = [node for node in tree.body if isinstance(node, _Function)]
    anew = {part.name: part for part in found if part.indent == chosen.indent}
    there = {node.name for node in ast.walk(before) if isinstance(node, _Function | ast.ClassDef)} - anew.keys()
    defined = Counter(node.name for node in made)
    if tree.body != made or not made or defined.keys() & there or max(defined.values()) > 1:
        return None
    if any(node.decorator_list for node in made if node.name in anew):  # the existing decorators stay
        return None
    if chosen.indent and _has_long_text(made):  # changing the indent would change these lines too
        return None
    lines, new = code.split("\n"), written.split("\n")
    starts = [(anew[node.name], node.lineno - 1) for node in made if node.name in anew]
    ends = [*(start for _, start in starts[1:]), len(new)]
    for (part, start), end in sorted(zip(starts, ends, strict=True), key=lambda one: one[0][0].first, reverse=True):
        body = "\n".join(new[start:end]).rstrip().split("\n")
        lines[part.first : part.last] = [" " * part.indent + line if line else line for line in body]
    changed = "\n".join(lines)
    whole = syntax_tree(changed)
    return changed if whole and ast.dump(whole) != ast.dump(before) else None


def _part(node: _Function) -> Editable:
    definition = f"{'async ' * isinstance(node, ast.AsyncFunctionDef)}def {node.name}("
    return Editable(node.name, definition, node.lineno - 1, node.end_lineno or node.lineno, node.col_offset)


def _escaped(text: str) -> str:
    return "".join(f"\\U{ord(character):08X}" for character in text)


def _has_long_text(made: Sequence[ast.AST]) -> bool:
    """Return whether a string that is not documentation spans several lines."""
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
