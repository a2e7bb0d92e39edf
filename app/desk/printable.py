r"""Make foreign text safe to print: characters that could act on a terminal or deceive a reader appear as `\x1b` or `\u202e`.

This affects controls other than line feed and tab (C0, DEL, C1: cursor, colours, titles, OSC 8 links, a carriage return that
hides the text before it), format characters (bidi overrides and isolates, zero-width and tag characters: "Trojan Source",
https://trojansource.codes, and UTS #39), other line separators, halves of surrogate pairs and letters without any visible
shape. Joiners stay where scripts and emoji need them; between ASCII letters, which do not need them, they are escaped.
"""

from __future__ import annotations

import re
import unicodedata

_PERHAPS = re.compile(r"[^\t\n -~]")
_HIDING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters, and an empty Braille pattern, that show nothing
_JOINERS = "\u200c\u200d"


def printable(text: str) -> str:
    """Return `text` with the characters escaped that could mislead a terminal or its reader; all others stay unchanged."""
    return _PERHAPS.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    mark, at = found[0], found.start()
    if mark in _JOINERS and not (found.string[max(0, at - 1) : at] + found.string[at + 1 : at + 2]).isascii():
        return mark
    if unicodedata.category(mark) in _HIDING or mark in _BLANK:
        return f"\\x{ord(mark):02x}" if ord(mark) < 0x100 else ascii(mark)[1:-1]
    return mark
