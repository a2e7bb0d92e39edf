"""Find an address in the text of a program, without running it.

An address is found by its path: one anchor after another, each the literal text before what it names, the last
one right before the address.
"""

from __future__ import annotations

import re

_COMMENT = re.compile(r"(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL)
_ADDRESS = re.compile(r"""\W{0,20}(?:I\w+\()?["'\s]*(0x[0-9a-fA-F]{40})\b""")


def at(text: str, *path: str) -> str:
    """Return the address behind the last anchor of `path`; an anchor that ends with { keeps to its block."""
    text = within(text, *path)
    found_address = _ADDRESS.match(text)
    if found_address is None:
        raise LookupError(f"no address after {path}: {text[:60]!r}")
    return found_address[1]


def within(text: str, *path: str) -> str:
    """Return what follows the last anchor, without comments."""
    text = _COMMENT.sub("", text)
    for anchor in path:
        before, found, text = text.partition(anchor)
        if not found:
            raise LookupError(f"no {anchor!r} after {before[-60:]!r}")
        text = _block(text) if anchor.endswith("{") else text
    return text


def _block(text: str) -> str:
    depth = 1
    for brace in re.finditer("[{}]", text):
        depth += 1 if brace[0] == "{" else -1
        if depth == 0:
            return text[: brace.start()]
    raise LookupError("a block has no end")
