"""Tests from the examples in a prompt.

    >>> f(2)            f(2) == 4           Input: [1, 2], 3        For n = 2 the output should be 4
    4                   f(2) returns 4      Output: 4               >>> f(2) == 4

Only what can be read without doubt counts: a call with literals of one of the prompt's own functions, and a literal.
"""

from __future__ import annotations

import ast
import builtins
import re

from app.limits import LIMITS
from app.tasks.findings import parse

# What stands between a call and its result.
_ARROW = re.compile(
    r"\s*[`'\"]?\s*(?:==+>?|=+>|-+>|➞|→|↦|=|:|,?\s*(?:it\s+)?(?:should\s+)?(?:returns?|gives?|is|yields?|outputs?)\b:?)\s*`?\s*"
)
# Arguments and result in words; the function is the one that the prompt ends with.
_WORDS = re.compile(
    r"\b(?:For|Input:?|Given|input is)\s+([^\n]{1,300}?)[,:;]?\s+(?:the\s+)?"
    r"(?:output|result|expected output)(?:\s*(?:should be|will be|would be|is|:|=)){1,2}\s*(?=\S)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\s*(?:$|[`,;.)#])|\s+[A-Za-z(]")  # what may follow a result on its line; an operator may not
_PROMPT = re.compile(r"^\s*>>>\s?(.*)$")
_LONGEST = 2_000  # characters of one example


def examples(prompt: str) -> tuple[str, ...]:
    """Return assertions, one for each example in `prompt`, in order; pure text in, pure text out."""
    defined = re.findall(r"^\s*def\s+(\w+)\s*\(", prompt, re.MULTILINE)
    names = set(defined) or set(re.findall(r"\b(\w+)\(", prompt)) - set(dir(builtins))
    found = [*_doctests(prompt), *_inline(prompt, names), *(_worded(prompt, defined[-1]) if defined else [])]
    return tuple(dict.fromkeys(found))[: LIMITS.tests]


def functions(prompt: str) -> tuple[str, ...]:
    """Return the names of functions that `prompt` asks for, the likeliest first: what it ends with, then what it mentions."""
    defined = re.findall(r"^\s*(?:async\s+)?def\s+(\w+)\s*\(", prompt, re.MULTILINE)
    return tuple(
        dict.fromkeys([*reversed(defined), *re.findall(r"\b([A-Za-z_]\w*)\(", prompt), *re.findall(r"`(\w+)`", prompt)])
    )


def _doctests(prompt: str) -> list[str]:
    lines, found, index = prompt.splitlines(), [], 0
    while index < len(lines):
        match = _PROMPT.match(lines[index])
        index += 1
        if not match:
            continue
        source = match[1]
        while index < len(lines) and lines[index].lstrip().startswith("..."):
            source += "\n" + lines[index].lstrip()[3:].removeprefix(" ")
            index += 1
        wanted = []
        while index < len(lines) and lines[index].strip() and not _PROMPT.match(lines[index]):
            if lines[index].strip().startswith(('"""', "'''")):
                break
            wanted.append(lines[index].strip())
            index += 1
        found += _assertion(source.strip(), " ".join(wanted))
    return found


def _assertion(call: str, wanted: str) -> list[str]:
    """Return the assertion that `call` gives `wanted`; none if it is no single expression with a literal result.

    With no result, it is what a comparison with a literal says itself.
    """
    tree = parse(call)
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return []
    said, source = tree.body[0].value, ast.get_source_segment(call, tree.body[0])
    if not wanted:
        match said:
            case ast.Compare(left=ast.Call(), ops=[ast.Eq()], comparators=[right]) if _is_literal(right):
                return [f"assert {source}"]
        return []
    value = _literal(wanted)
    left = source if isinstance(said, ast.Call) else f"({source})"
    return [f"assert {left} == {value}"] if value else []


def _inline(prompt: str, names: set[str]) -> list[str]:
    found = []
    for line in prompt.splitlines():
        if line.lstrip().startswith(("def ", ">>>")):
            continue
        for match in re.finditer(r"(?<![\w.])(\w+)\(", line):
            if match[1] not in names:
                continue
            call = _call(line[match.start() :])
            arrow = _ARROW.match(line, match.start() + len(call)) if call else None
            value = _literal(line[arrow.end() :]) if arrow else None
            if value:
                found.append(f"assert {call} == {value}")
    return found


def _worded(prompt: str, name: str) -> list[str]:
    found = []
    for match in _WORDS.finditer(prompt):
        call, value = f"{name}({match[1].strip()})", _literal(prompt[match.end() :].partition("\n")[0])
        if value and _call(call) == call:
            found.append(f"assert {call} == {value}")
    return found


def _call(text: str) -> str:
    """Return the call that `text` begins with, "" if it is not closed."""
    for end in _ends(text, ")"):
        tree = parse(text[:end])
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            call = tree.body[0].value
            plain = isinstance(call, ast.Call) and all(
                _is_literal(arg) for arg in (*call.args, *(word.value for word in call.keywords))
            )
            return text[:end] if plain else ""
    return ""


def _literal(text: str) -> str | None:
    """Return the longest literal that `text` begins with and no operator follows; `true` and `none` as Python spells them."""
    text = text.strip().replace("“", '"').replace("”", '"')[:_LONGEST]
    for end in sorted({len(text), *_ends(text, ")]}'\""), *(end - 1 for end in _ends(text, " ,.;`)"))}, reverse=True):
        part = text[:end].rstrip(" ,;.`")
        word = {"true": "True", "false": "False", "none": "None", "null": "None"}.get(part.lower(), part)
        tree = parse(word) if word and _AFTER.match(text, len(part)) else None
        if tree is not None and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr) and _is_literal(tree.body[0].value):
            return word
    return None


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True


def _ends(text: str, marks: str) -> list[int]:
    """Return the places after each of `marks` in the beginning of `text`."""
    return [index + 1 for index, mark in enumerate(text[:_LONGEST]) if mark in marks]
