"""The languages that `code` writes, and the many names that people have for them."""

from __future__ import annotations

import re
from typing import Literal, get_args

from app.base import hints

Language = Literal["python", "c++", "c", "java", "scala", "sql", "javascript", "bash"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
# Without inner spaces, dots, slashes and hyphens, and without a version. "shell" means what a POSIX shell runs, so bash fits.
ALIASES: dict[str, Language] = {
    **dict.fromkeys(("py", "py3", "cpython", "pypy"), "python"),
    **dict.fromkeys(("cpp", "cxx", "cc", "hpp", "cplusplus", "gnu++", "g++", "stdc++", "isoc++"), "c++"),
    **dict.fromkeys(("ansic", "isoc", "stdc", "gnuc", "gnu", "clang", "gcc"), "c"),
    **dict.fromkeys(("javase", "openjdk", "jdk", "corejava"), "java"),
    **dict.fromkeys(("postgresql", "postgres", "pgsql", "plpgsql", "sqlite", "mysql", "mariadb"), "sql"),
    **dict.fromkeys(("tsql", "transactsql", "mssql", "sqlserver", "plsql", "oraclesql", "ansisql", "bigquery"), "sql"),
    **dict.fromkeys(("js", "mjs", "cjs", "node", "nodejs", "ecmascript", "es", "vanillajs", "javascriptes"), "javascript"),
    **dict.fromkeys(("sh", "shell", "posixshell", "posixsh", "gnubash", "bourneshell"), "bash"),
}
hints.offer("languages", LANGUAGES)
hints.offer("language_aliases", ALIASES)
_WORDS = re.compile(r"(?<=\w)[\s-]+(?:script|code|lang|language|programming language|program|dialect)$")
_VERSION = re.compile(r"(?<=[a-z+])[\s@:_-]*v?(?P<version>\d[\d.]*(?:\.?x|[abxyz])?)(?:\s*lts)?\+?$")
_BRACKETS = re.compile(r"\s*\([^()]*\)$")
_INSIDE = re.compile(r"(?<=\w)[\s._/-]+(?=\w)")


def language_of(name: str) -> Language | None:
    """Return the language that `name` means, in any letter case, with or without a version; None if it is unknown.

    Python 2 counts as unknown.
    """
    text = " ".join(name.lower().split()).removeprefix(".")
    for _ in range(4):
        known = _known(text)
        if known:
            return known
        match = _VERSION.search(text)
        if match and match["version"].startswith("2") and _known(text[: match.start()]) == "python":
            return None
        shorter = _BRACKETS.sub("", _VERSION.sub("", _WORDS.sub("", text)))
        if shorter == text:
            return None
        text = shorter
    return _known(text)


def _known(text: str) -> Language | None:
    plain = _INSIDE.sub("", text)
    found = next((language for language in LANGUAGES if language == plain), None)
    return found or ALIASES.get(plain)
