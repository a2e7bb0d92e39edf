"""Tests from the examples in a prompt.

    >>> f(2)            f(2) == 4           Input: [1, 2], 3        For n = 2 the output should be 4
    4                   f(2) returns 4      Output: 4               >>> f(2) == 4

Only unmistakable examples count: a call of one of the prompt's own functions with literal arguments, and a literal result.
"""

from __future__ import annotations

import ast
import builtins
import re

from app.base.limits import LIMITS
from app.jobs.code.findings import syntax_tree

# The text between a call and its result.
_ARROW = re.compile(
    r"\s*+[`'\"]?\s*+(?:==+>?|=+>|-+>|➞|→|↦|=|:|,?\s*+(?:it\s++)?(?:should\s++)?(?:returns?|gives?|is|yields?|outputs?)\b:?)"
    r"\s*+`?\s*+"
)
# Arguments and result in words; the function is the one that the prompt ends with.
_WORDS = re.compile(
    r"\b(?:For|Input:?|Given|input is)\s++([^\n]{1,300}?)[,:;]?(?<!\s)\s++(?:the\s++)?"
    r"(?:output|result|expected output)(?:\s*+(?:should be|will be|would be|is|:|=)){1,2}\s*+(?=\S)",
    re.IGNORECASE,
)
_AFTER = re.compile(r"\s*(?:$|[`,;.)#])|\s+[A-Za-z(]")  # what may follow a result on its line; an operator may not
_PROMPT = re.compile(r"^\s*>>>\s?(.*)$")
_LONGEST = 2_000  # characters of one example
# A literal without brackets: adjacent strings, a number, or a word. The final parse rejects texts that are not literals.
_STRING = r"""[bBrRuU]{0,2}(?:'{3}(?:[^\\]|\\.)*?'{3}|"{3}(?:[^\\]|\\.)*?"{3}|'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
_NUMBER = r"(?:0[xXbBoO][0-9a-fA-F_]++|(?:[0-9][0-9_]*+(?:\.[0-9_]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?[jJ]?)"
_PLAIN = re.compile(rf"{_STRING}(?:\s*+{_STRING})*+|{_NUMBER}(?:\s*+[+-]\s*+{_NUMBER})?|True\b|False\b|None\b|set\(\)")
_SIGNS = re.compile(r"[\s+~-]*+")
_COMMA = re.compile(r"\s*+,")
_PIECE = re.compile(rf"{_STRING}|[(\[{{]|[)\]}}]|#|['\"]", re.DOTALL)
_SAID = re.compile(r"(?:true|false|none|null)\b", re.IGNORECASE)
_PYTHONS = {"true": "True", "false": "False", "none": "None", "null": "None"}


def examples(prompt: str) -> tuple[str, ...]:
    """Return assertions, one for each example in `prompt`, in order. The result depends on the text alone, in linear time."""
    defined = re.findall(r"^[ \t]*def\s+(\w+)\s*\(", prompt, re.MULTILINE)
    names = set(defined) or set(re.findall(r"\b(\w+)\(", prompt)) - set(dir(builtins))
    found = [*_doctests(prompt), *_inline(prompt, names), *(_worded(prompt, defined[-1]) if defined else [])]
    return tuple(dict.fromkeys(found))[: LIMITS.tests]


def functions(prompt: str) -> tuple[str, ...]:
    """Return the functions that `prompt` asks for, the likeliest first: those it ends with, then those it mentions."""
    defined = re.findall(r"^[ \t]*(?:async\s+)?def\s+(\w+)\s*\(", prompt, re.MULTILINE)
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
    """Return the assertion that `call` gives `wanted`; an empty list if that is not a single expression with a literal result.

    Without a result, `call` must itself be a comparison with a literal.
    """
    tree = syntax_tree(call)
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
    """Return the call that `text` begins with, if all its arguments are literals; else ""."""
    end = _closed(text, text.index("("))
    tree = syntax_tree(text[:end]) if end else None
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return ""
    call = tree.body[0].value
    plain = isinstance(call, ast.Call) and all(
        _is_literal(arg) for arg in (*call.args, *(word.value for word in call.keywords))
    )
    return text[:end] if plain else ""


def _literal(text: str) -> str | None:
    """Return the longest literal at the start of `text` that no operator follows; `true` and `none` become Python's words."""
    text = text.strip().replace("“", '"').replace("”", '"')[:_LONGEST]
    for end in reversed(_elements(text)):
        part = text[:end].rstrip(" ,;.`")
        if part and _AFTER.match(text, len(part)):
            return _PYTHONS.get(part.lower(), part)
    return None


def _elements(text: str) -> list[int]:
    """Return where each literal ends in the comma-separated literals at the start of `text`, counted from its start.

    Each literal is looked at once, so the time is linear in the length of the text.
    """
    if said := _SAID.match(text):
        ends = [said.end()]
        at = said.end() if said[0] in ("True", "False", "None") else -1
    else:
        ends, at = [], 0
        if (end := _element(text, 0)) is not None:
            ends, at = [end], end
    while at >= 0 and ends and (comma := _COMMA.match(text, at)):
        end = _element(text, comma.end())
        if end is None:
            break
        ends.append(end)
        at = end
    return ends


def _element(text: str, at: int) -> int | None:
    """Return where the literal at `at` ends, None if there is no literal."""
    signs = _SIGNS.match(text, at)
    begin = signs.end() if signs else at
    if text[begin : begin + 1] in ("(", "[", "{"):
        end = _closed(text, begin)
    else:
        plain = _PLAIN.match(text, begin)
        end = plain.end() if plain else 0
    tree = syntax_tree(text[at:end].strip()) if end else None
    if tree is None or len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr):
        return None
    return end if _is_literal(tree.body[0].value) else None


def _closed(text: str, begin: int) -> int:
    """Return the end of the bracket that opens at `begin`, ignoring brackets in strings; 0 if it does not close nearby."""
    depth = 0
    for found in _PIECE.finditer(text, begin, begin + _LONGEST):
        mark = found[0]
        if mark in ("#", "'", '"'):  # a comment, or a string that does not end
            return 0
        depth += (mark in ("(", "[", "{")) - (mark in (")", "]", "}"))
        if not depth:
            return found.end()
    return 0


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
