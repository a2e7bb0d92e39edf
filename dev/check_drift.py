"""Keep README, docs and locks in step with code and tests, and the project on its own feet.

`check_drift.py` says what differs, `--write` mends the README.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path

from packaging.requirements import Requirement

from app.base.hints import HINTS, fill
from app.base.limits import Limits
from app.llm.models import catalogue
from app.request.fields import SAME
from app.request.sources.owner import POLICY
from app.wallet import features as features_of
from app.wallet.features import FEATURES

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"


def _help() -> str:
    command = [sys.executable, "-m", "app", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={"COLUMNS": "100", "PATH": ""})
    return f"```text\n{done.stdout.rstrip()}\n```"


def _errors() -> str:
    rows = [f"| `{code}` | {fill(hint).replace('|', '/')} |" for code, hint in sorted(HINTS.items())]
    return "\n".join(["| code | hint |", "| --- | --- |", *rows])


def _models() -> str:
    rows = [
        f"| `{model.name}` | {model.bytes / 2**20:.0f} MiB | {model.context} | {model.licence} | `{model.sha256[:16]}…` |"
        for model in catalogue().values()
    ]
    return "\n".join(["| name | size | context | licence | sha-256 |", "| --- | --- | --- | --- | --- |", *rows])


def _limits() -> str:
    """Take each limit's reason from the comment beside it: there is no second place."""
    source = (ROOT / "app/base/limits.py").read_text()
    defaults = Limits()
    rows = [
        f"| `{name}` | {getattr(defaults, name):,} | {reason} |"
        for name, reason in re.findall(r"^    (\w+): int = [^#]+#\s*(.+)$", source, re.MULTILINE)
    ]
    return "\n".join(["| limit | value | why |", "| --- | --- | --- |", *rows])


def _images() -> str:
    """Take the table of images from what the rehearsal wrote down."""
    rows = [
        "| MiB | unpacked | of it over the base | 48 tokens | the same, `--no-mmap` | 4,000 tokens | the same, `--no-mmap` |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for part in re.split(r"^(?=Dockerfile)", (ROOT / "bench/results/images.txt").read_text(), flags=re.MULTILINE)[1:]:
        name = re.sub(r"(\S+), (\S+)", r"`\1`, `\2`", part.partition(":")[0])
        figures = re.findall(r"(\d+) MiB unpacked|(\d+) MiB of it|address space +(\d+) MiB", part)
        rows.append(f"| {name} | {' | '.join(''.join(figure) for figure in figures)} |")
    return "\n".join(rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "help": _help,
    "images": _images,
    "models": _models,
    "errors": _errors,
    "limits": _limits,
}


def readme(*, write: bool) -> Iterator[str]:
    """Yield the names of the generated blocks that differ; mend them if `write`."""
    text = README.read_text()
    for name, make in BLOCKS.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        before, found, rest = text.partition(begin)
        body, closed, after = rest.partition(end)
        if not found or not closed:
            yield f"README.md has no block {name}"
        elif body != (fresh := make() + "\n"):
            yield f"README.md, block {name}: run `make docs`"
            text = before + begin + fresh + end + after
    if write:
        README.write_text(text)


def attacks(*, write: bool) -> Iterator[str]:
    """Yield the name of the block of docs/attacks.md that differs from the campaign's figures; mend it if `write`."""
    path, begin, end = ROOT / "docs/attacks.md", "<!-- attack -->\n", "<!-- /attack -->"
    before, _, rest = path.read_text().partition(begin)
    body, closed, after = rest.partition(end)
    fresh = f"```\n{(ROOT / 'bench/results/attack.txt').read_text()}```\n"
    if not closed or body != fresh:
        yield "docs/attacks.md, block attack: run `make docs`"
        if write:
            path.write_text(before + begin + fresh + end + after)


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


def named_tests() -> Iterator[str]:
    """Yield every test that the README names, as file.py::test[case] or behind `pytest`, and that is not there."""
    text = README.read_text()
    sources = {path.name: path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    for file, test, case in re.findall(r"(test_\w+\.py)::(\w+)(?:\[([^\]]+)\])?", text):
        source = sources.get(file, "")
        if not re.search(rf"^def {test}\(", source, re.MULTILINE) or (case and f'"{case}"' not in source):
            yield f"README.md names {file}::{test}{case and f'[{case}]'}, which is not there"
    for path in re.findall(r"pytest (tests/[\w./]+)", text):
        if not (ROOT / path).exists():
            yield f"README.md names {path}, which is not there"


def features(*, write: bool) -> Iterator[str]:
    """Yield the name of the table of features if it differs; write it if `write`."""
    path = ROOT / "app/wallet/FEATURES.md"
    rows = [f"| `{name}` | {unit} | {meaning} |" for name, (unit, meaning) in FEATURES.items()]
    about = (features_of.__doc__ or "").strip().splitlines()
    head = ["# Features of a wallet", "", *about, "", "| feature | unit | meaning |", "| --- | --- | --- |"]
    text = "\n".join([*head, *rows]) + "\n"
    if not path.exists() or path.read_text() != text:
        yield "app/wallet/FEATURES.md: run `make docs`"
        if write:
            path.write_text(text)


_SAID = {"free": "anybody", "fewer": "anybody, up to the default", "aside": "its owner; left aside", "refused": "its owner"}


def owners(*, write: bool) -> Iterator[str]:
    """Yield the name of the table of who may set what beside protected data if it differs; mend it if `write`."""
    path = ROOT / "docs/protected-data.md"
    other = {name: [one for one, first in SAME.items() if first == name] for name in POLICY}
    rows = [
        f"| {', '.join(f'`{one}`' for one in (name, *other[name]))} | {_SAID[rule.request]} | {_SAID[rule.wallet]} "
        f"| {_SAID[rule.material]} | {rule.why} |"
        for name, rule in POLICY.items()
    ]
    head = ["| field | beside a request | beside a wallet alone | beside material | what it could do |", "| --- " * 5 + "|"]
    before, begin, rest = path.read_text().partition("<!-- owner -->\n")
    body, end, after = rest.partition("<!-- /owner -->")
    fresh = "\n".join([*head, *rows]) + "\n"
    if not begin or not end or body != fresh:
        yield "docs/protected-data.md, block owner: run `make docs`"
        if write and begin and end:
            path.write_text(before + begin + fresh + end + after)


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


def citations() -> Iterator[str]:
    """Yield every page of docs/, and every section of one, that a file cites (page, "Section") and that is not there."""
    for path in files():
        place, text = path.relative_to(ROOT).as_posix(), re.sub(r"[\s#]+", " ", path.read_bytes().decode(errors="replace"))
        for name, cited in re.findall(r"\bdocs/([\w-]+\.md)((?:(?:,| and|, and)? \"[^\"]+\")*)", text):
            there = (ROOT / "docs" / name).read_text() if (ROOT / "docs" / name).exists() else None
            if there is None:
                yield f"{place} cites docs/{name}, which is not there"
                continue
            for section in re.findall(r'"([^"]+)"', cited):
                if f"\n## {section}\n" not in there:
                    yield f'{place} cites docs/{name}, "{section}", a section that is not there'


if __name__ == "__main__":
    wish = "--write" in sys.argv
    differences = [
        *readme(write=wish),
        *features(write=wish),
        *owners(write=wish),
        *attacks(write=wish),
        *locks(),
        *named_tests(),
        *citations(),
        *beside(),
    ]
    if not wish and differences:
        raise SystemExit("\n".join(differences))
