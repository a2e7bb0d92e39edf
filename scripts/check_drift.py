"""Keep README and locks in step with code and tests: `check_drift.py` says what differs, `--write` mends the README."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from packaging.requirements import Requirement

from app.errors import HINTS
from app.hints import fill
from app.limits import Limits
from app.llm.models import catalogue
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
    source = (ROOT / "app/limits.py").read_text()
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


if __name__ == "__main__":
    wish = "--write" in sys.argv
    differences = [*readme(write=wish), *features(write=wish), *locks(), *named_tests()]
    if not wish and differences:
        raise SystemExit("\n".join(differences))
