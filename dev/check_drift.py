"""Keep README, docs and locks in step with code and tests, and the project on its own feet.

`check_drift.py` says what differs, `--write` mends the generated parts of docs/ (dev/reference.py).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from packaging.requirements import Requirement

from dev import reference

ROOT = Path(__file__).resolve().parent.parent


def locks() -> Iterator[str]:
    """Yield every wish in requirements/*.in without a fitting, hashed pin in its lock."""
    for path in sorted((ROOT / "requirements").glob("*.in")):
        lock = path.with_suffix(".lock").read_text()
        pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+) \\\n +--hash=sha256:", lock, re.MULTILINE))
        loose = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE)) - pins.keys()
        yield from (f"{path.name}: {name} has no hash" for name in sorted(loose))
        for line in path.read_text().splitlines():
            wish = line.partition("#")[0].strip()
            if wish and not wish.startswith("-"):
                requirement = Requirement(wish)
                pin = pins.get(requirement.name)
                if pin is None or pin not in requirement.specifier:
                    yield f"{path.name}: {requirement.name} is not locked: run `make lock`"


def pages() -> list[Path]:
    """Return every page for people: README.md, docs/ and examples/, but what Sphinx built."""
    below = (path for folder in ("docs", "examples") for path in sorted((ROOT / folder).rglob("*.md")))
    return [ROOT / "README.md", *(path for path in below if not {"_build", "node_modules"} & set(path.parts))]


def named_tests() -> Iterator[str]:
    """Yield every test that a page names, as file.py::test[case] or behind `pytest`, and that is not there."""
    sources = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    for page in pages():
        place, text = page.relative_to(ROOT).as_posix(), page.read_text()
        for file, test, case in re.findall(r"(test_\w+\.py)::(\w+)(?:\[([^\]]+)\])?", text):
            source = sources.get(file, "")
            if not re.search(rf"^def {test}\(", source, re.MULTILINE) or (case and f'"{case}"' not in source):
                yield f"{place} names {file}::{test}{case and f'[{case}]'}, which is not there"
        for path in re.findall(r"pytest (tests/[\w./]+)", text):
            if not (ROOT / path).exists():
                yield f"{place} names {path}, which is not there"


def files() -> list[Path]:
    """Return the files of the project: those in git, or where there is no git all that .gitignore does not leave out."""
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode()
    except FileNotFoundError:  # a copy that came without git is checked on a machine without it
        listed = ""
    tracked = [ROOT / name for name in listed.split("\0") if name]
    return [path for path in tracked if path.is_file() or path.is_symlink()] or list(_walk(ROOT))


def _walk(folder: Path) -> Iterator[Path]:
    lines = (ROOT / ".gitignore").read_text().splitlines() if (ROOT / ".gitignore").exists() else []
    ignored = [".git", *(line.rstrip("/") for line in lines if line and not line.startswith(("#", "!")))]
    for path in sorted(folder.iterdir()):
        place = f"/{path.relative_to(ROOT).as_posix()}"
        if not any(fnmatch(place if "/" in wish else path.name, wish) for wish in ignored):
            yield from _walk(path) if path.is_dir() and not path.is_symlink() else [path]


# Developers may have a folder of this name beside their checkout. Users have not, so no file may name it, in any spelling;
# what else the word means has other words. Written in two parts, because this file may not name it either.
BESIDE = "sha" + "red"
# A switch of CPython's configure, one of the C compiler's, a library of Apache Maven's.
OTHERS_NAMES = (f"--enable-{BESIDE}", f'"-{BESIDE}"', f"maven-{BESIDE}-utils")


def beside() -> Iterator[str]:
    """Yield every place that names the folder beside the checkout, and every path that holds its name."""
    word = re.compile(rf"\b{BESIDE}\b", re.IGNORECASE)
    names = re.compile("|".join(map(re.escape, OTHERS_NAMES)))
    for path in files():
        place = path.relative_to(ROOT).as_posix()
        if word.search(place):
            yield f"{place}: a path of the project has the name of the folder {BESIDE}"
        text = str(path.readlink()) if path.is_symlink() else path.read_bytes().decode(errors="replace")
        for number, line in enumerate(text.splitlines(), 1):
            if word.search(names.sub("", line)):
                yield f"{place}:{number} says {BESIDE}: no file may name that folder, which users have not; use another word"


MADE = r"(?!_build|deploy/(?:node_modules|re(?:sult|quest)[\w-]*\.json))"  # not in a clone
CITED = re.compile(rf"\b((?:docs|examples)/{MADE}[\w/.-]+\.\w+)(?:#([\w.-]+))?((?:(?:,| and|, and)? \"[^\"]+\")*)")


def anchors(text: str) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower().replace(" ", "-")) for heading in headings}


def citations() -> Iterator[str]:
    """Yield every file of docs/ or examples/, every anchor and every section that a file cites and that is not there.

    A citation is a path from the root, alone, with an anchor (page.md#anchor) or with sections (page.md, "Section").
    """
    for path in files():
        place, text = (
            path.relative_to(ROOT).as_posix(),
            re.sub(r"[\s#]*\n[\s#]*", " ", path.read_bytes().decode(errors="replace")),
        )
        for name, anchor, cited in CITED.findall(text):
            if not (ROOT / name).is_file():
                yield f"{place} cites {name}, which is not there"
                continue
            there = (ROOT / name).read_text() if name.endswith(".md") else ""
            if anchor and anchor not in anchors(there):
                yield f"{place} cites {name}#{anchor}, an anchor that is not there"
            for section in re.findall(r'"([^"]+)"', cited):
                if f"\n## {section}\n" not in there:
                    yield f'{place} cites {name}, "{section}", a section that is not there'


if __name__ == "__main__":
    wish = "--write" in sys.argv
    differences = [*reference.differing(ROOT / "docs", write=wish), *locks(), *named_tests(), *citations(), *beside()]
    if not wish and differences:
        raise SystemExit("\n".join(differences))
