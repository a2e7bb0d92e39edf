from __future__ import annotations

import pytest

from app.base.errors import InputError
from app.base.hints import HINTS, filled
from app.request.languages import ALIASES, LANGUAGES, language_of
from app.request.parse import parse

NAMES = {
    "python": ["Python 3", "python3.11", "Python 3.12.1", "PYTHON", " py ", ".py", "Python (3.11)", "python 3.x", "py3",
               "pypy3", "Python3 script", "python code", "Python programming language", "cpython"],
    "javascript": ["Node.js", "nodejs", "node v18", "Node.js 20 LTS", "ES6", "es2020", "ECMAScript 2015", "js", ".mjs",
                   "Java Script", "JavaScript (ES6)", "JavaScript ES2020", "Vanilla JS"],
    "c++": ["c++17", "C++ 20", "gnu++17", "c++2a", "C++0x", "cpp17", "cpp", ".cpp", "C plus plus".replace(" ", "")],
    "c": ["C11", "ANSI C", "C 99", "c89", "gnu11", "C2x", "ISO C"],
    "sql": ["T-SQL", "PL/pgSQL", "SQLite3", "PostgreSQL 15", "MySQL 8.0", "SQL Server 2019", "SQL-92", "SQL:2016", "PL/SQL"],
    "java": ["Java 17", "Java8", "Java SE 8", "OpenJDK 21"],
    "scala": ["Scala 3", "scala 2.13"],
    "bash": ["bash 5", "Bash 5.2", "shell script", "bash script", "sh", "POSIX shell"],
}  # fmt: skip
NONE = ["C#", "c# 12", "Go", "go 1.22", "Rust", "TypeScript", "Objective-C", "F#", "c--", "C+", "zsh", "R", "perl 5", "c/c++",
        "3", "v3", "python2", "Python 2.7", "JavaFX", "Kotlin", "html"]  # fmt: skip


@pytest.mark.parametrize(("name", "language"), [(name, language) for language, names in NAMES.items() for name in names])
def test_the_language_that_a_name_means(name: str, language: str) -> None:
    assert language_of(name) == language
    assert parse({"language": name, "prompt": "p"})[0].plain()["language"] == language


@pytest.mark.parametrize("name", NONE)
def test_what_is_none_of_the_eight_is_refused_with_a_hint(name: str) -> None:
    assert language_of(name) is None
    with pytest.raises(InputError) as refused:
        parse({"language": name, "prompt": "p"})
    assert refused.value.code == "language.unknown" and name not in refused.value.message


def test_the_hint_names_every_one() -> None:
    assert set(filled(HINTS["language.unknown"]).replace(",", "").split()) >= {*LANGUAGES, *ALIASES}
