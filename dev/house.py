"""Measure how app/ hangs together: rooms, arrows, circles, and how much one has to read for a small change.

    python dev/house.py [COMMIT]

A room is a folder of app/, or a file that lies loose in it; an arrow is an import from one module to another, wherever in the
module it stands. A circle is a set of modules that import each other in a loop. `tests/unit/test_house.py` holds that there is
none, and that every import points down.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from dev.stage_image import left_behind  # noqa: E402  the project is not installed, it is run in place

# What has to be opened for five small changes: the files that change, tests and generated pages left out.
CHANGES: dict[str, tuple[str, ...]] = {
    "an option of a request": (
        *(
            "app/request/fields.py",
            "app/request/field_types.py",
            "app/iexec/args.py",
            "app/request/ask.py",
            "app/request/code.py",
        ),
        *("app/request/sources/owner.py", "app/request/sources/pieces.py", "app/jobs/ask.py", "docs/reference/request.md"),
    ),
    "an error": ("app/base/hints.py",),
    "a source of wallet histories": (
        *("app/wallet/read/documents.py", "app/wallet/read/part.py", "app/wallet/read/fields.py"),
        *("app/wallet/history_sources.py", "docs/how-to/wallet-histories.md"),
    ),
    "a model": ("app/llm/models.toml",),
    "a type of question": (
        *(f"app/request/questionnaire/{name}.py" for name in ("row_types", "rows", "options", "answers")),
        "docs/reference/questionnaires.md",
    ),
}
# The same before the house was drawn anew (commit 1a10cc4), where every page was the README.
EARLIER: dict[str, tuple[str, ...]] = {
    "an option of a request": (
        *("app/document.py", "app/field_types.py", "app/iexec/args.py", "app/request/ask.py", "app/request/code.py"),
        *("app/iexec/owner.py", "app/iexec/pieces.py", "app/tasks/ask.py", "README.md"),
    ),
    "an error": ("app/hints.py", "README.md"),
    "a source of wallet histories": (
        *("app/wallet/readers/documents.py", "app/wallet/readers/part.py", "app/wallet/readers/fields.py"),
        *("app/wallet/sources.py", "README.md"),
    ),
    "a model": ("app/llm/models.toml", "README.md"),
    "a type of question": (*(f"app/form/{name}.py" for name in ("types", "rows", "options", "answers")), "README.md"),
}


def files(commit: str | None) -> dict[str, str]:
    """Return the text of every file of app/ and of every page, by its path, in the work tree or in a commit."""
    if commit is None:
        names = _git("ls-files", "app", "docs", "README.md").split()
        return {name: (ROOT / name).read_text(errors="replace") for name in names if (ROOT / name).is_file()}
    names = _git("ls-tree", "-r", "--name-only", commit, "app", "docs", "README.md").split()
    return {name: _git("show", f"{commit}:{name}") for name in names}


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True)
    return done.stdout.decode(errors="replace")


def arrows(texts: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the modules that each module imports."""
    found = {}
    for name, text in texts.items():
        if name.startswith("app/") and name.endswith(".py"):
            found[name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")] = text
    return {name: {other for other in _imports(text, found) if other != name} for name, text in found.items()}


def _imports(text: str, known: Mapping[str, str]) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "app":
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in known else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the modules of each circle (Tarjan's strongly connected components), the largest first."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        index[name] = low[name] = len(index)
        stack.append(name)
        for other in graph[name]:
            if other not in index:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], index[other])
        if low[name] == index[name]:
            at = stack.index(name)
            if len(stack) - at > 1:
                found.append(stack[at:])
            del stack[at:]

    for name in graph:
        if name not in index:
            visit(name)
    return sorted(found, key=len, reverse=True)


def _room(name: str) -> str:
    return ".".join(name.split(".")[:2])


def in_an_image(name: str) -> bool:
    """Return whether an image gets a file of app/."""
    place = Path(name)
    steps = [*reversed(place.parents[:-1]), place]
    return not any(step.name in left_behind(str(ROOT / step.parent), [step.name]) for step in steps[1:])


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(line + "\n")


def main() -> None:
    """Print the figures of the work tree, or of a commit."""
    commit = sys.argv[1] if len(sys.argv) > 1 else None
    texts = files(commit)
    graph = arrows(texts)
    loose = [name for name in texts if name.count("/") == 1 and name.startswith("app/") and name.endswith(".py")]
    say(f"modules {len(graph)}, of them loose in app/ {len(loose)}, rooms {len({_room(name) for name in graph} - {'app'})}")
    found = circles(graph)
    inside = sum(len(graph[name] & set(circle)) for circle in found for name in circle)
    say(f"arrows {sum(map(len, graph.values()))}, inside circles {inside}, circles {[*map(len, found)] or 'none'}")
    if commit is None:
        shipped = [name for name in texts if name.startswith("app/") and name.endswith(".py") and in_an_image(name)]
        say(f"lines of app/ in an image: {sum(texts[name].count(chr(10)) for name in shipped)}")
    for change, touched in (CHANGES if "app/base/errors.py" in texts else EARLIER).items():
        say(f"{change}: {len(touched)} files, {sum(texts[name].count(chr(10)) for name in touched)} lines")


if __name__ == "__main__":
    main()
