from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from app.base.hints import HINTS
from app.base.limits import Limits
from dev import check_drift, reference
from dev.field_meanings import MEANINGS

REAL = check_drift.ROOT
# in two parts, or this file would cite them
PAGE, GONE, SHOWN = "docs/" + "page.md", "docs/" + "gone.md", "examples/" + "shown.json"


WORD = check_drift.BESIDE


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the checks take for the project."""
    monkeypatch.setattr(check_drift, "ROOT", tmp_path)
    return tmp_path


def write(tree: Path, place: str, text: str | bytes) -> None:
    (tree / place).parent.mkdir(parents=True, exist_ok=True)
    (tree / place).write_bytes(text if isinstance(text, bytes) else text.encode())


def test_the_project_itself_does_not_differ() -> None:
    """What `make check` says too; the bounds of locks and of the folder beside have their own tests."""
    assert list(reference.differing(check_drift.ROOT / "docs", write=False)) == []
    assert [*check_drift.named_tests(), *check_drift.citations(), *check_drift.locks()] == []


@pytest.mark.parametrize("page", list(reference.BLOCKS))
def test_a_block_that_differs_is_named_and_mended(page: str, tmp_path: Path) -> None:
    name = reference.BLOCKS[page][0]
    shutil.copytree(check_drift.ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("_build"))
    path = tmp_path / "docs" / page
    whole = path.read_text()
    path.write_text(whole.replace(f"<!-- /{name} -->", f"| more |\n<!-- /{name} -->"))
    assert list(reference.differing(tmp_path / "docs", write=True)) == [f"docs/{page}, block {name}: run `make generate`"]
    assert path.read_text() == whole
    path.write_text(whole.replace(f"<!-- /{name} -->", ""))
    assert list(reference.differing(tmp_path / "docs", write=True)) == [f"docs/{page} has no block {name}"]


def test_each_limit_has_its_own_reason() -> None:
    rows = [row.strip("| ").split(" | ") for row in reference.limits().splitlines()[2:]]
    assert {row[0].strip("`") for row in rows} == {*Limits.__dataclass_fields__}
    reasons = [row[2] for row in rows]
    assert all(reasons) and len({*reasons}) == len(reasons)


@pytest.mark.parametrize("name", ["request", "result"])
def test_each_field_of_a_schema_has_a_meaning(name: str) -> None:
    rows = [row for row in getattr(reference, name)().splitlines() if row.startswith("| `")]
    assert len(rows) > 30 and [row for row in rows if row.endswith("|  |")] == []


def test_no_meaning_is_left_over() -> None:
    found = set()
    for name, title in (("request", "Document"), ("result", "Result")):
        schema = json.loads((REAL / f"schema/{name}-v1.schema.json").read_text())
        for part, body in {title: schema, **schema["$defs"]}.items():
            found |= {f"{part}.{field}" for field, value in body["properties"].items() if not value.get("description")}
    assert {*MEANINGS} <= found


def test_each_error_code_has_an_anchor_and_each_option_a_range() -> None:
    there = check_drift.anchors((check_drift.ROOT / "docs/reference/errors.md").read_text())
    assert {code.replace(".", "") for code in HINTS} <= there
    ranges = reference.request()
    assert "| `max_tokens` | whole number from 1 to 4,096 or null |" in ranges
    assert "| `temperature` | number from 0.0 to 2.0 or text or null |" in ranges


@pytest.mark.parametrize(
    ("words", "there"),
    [
        ("`test_drift.py::test_a_named_test_must_be_there`", True),
        ("`test_sconify.py::test_docker_misbehaves[drift]`", True),
        ("`pytest tests/unit/test_drift.py`, `pytest tests/e2e -k twenty`", True),
        ("`test_drift.py::test_a_named_test`", False),
        ("`test_gone.py::test_a_named_test_must_be_there`", False),
        ("`test_sconify.py::test_docker_misbehaves[gone]`", False),
        ("`pytest tests/gone`", False),
    ],
)
@pytest.mark.parametrize("place", ["README.md", PAGE.replace("page", "explanation/page"), SHOWN.replace("json", "md")])
def test_a_named_test_must_be_there(words: str, there: bool, place: str, tree: Path) -> None:
    write(tree, "README.md", "nothing")
    write(tree, place, f"| 1 | a cause | {words} |\n")
    write(tree, PAGE.replace("page", "_build/page"), "`pytest tests/gone`")
    (tree / "tests").symlink_to(REAL / "tests")
    assert (list(check_drift.named_tests()) == []) == there


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("tests/test_x.py", f'FILES = ROOT.parent / "{WORD}" / "data"'),
        ("tests/test_x.py", f"open('../{WORD}/x')"),
        ("app/x.py", f"# see {WORD}/reference/x.md"),
        ("bench/x.sh", f"cat /work/{WORD}/x"),
        ("bench/x.sh", f"cd .. && cd {WORD}"),
        ("x.bat", f"..\\{WORD}\\x"),
        ("tests/support.py", f"{WORD.upper()} = 1"),
        ("README.md", f"{WORD.title()} by all"),
        ("x.json", f'["{WORD}"]'),
        ("image/x.sh", f"./configure --enable-{WORD} && ls ../{WORD}"),
        ("tests/vectors/x", b"\xff\0" + WORD.encode() + b"\0"),
        (f"tests/{WORD}/x", "nothing"),
        (f"tests/{WORD}.py", "nothing"),
    ],
)
def test_no_file_names_the_folder_beside(tree: Path, place: str, text: str | bytes) -> None:
    write(tree, "other.py", "x = 1\n")
    assert list(check_drift.beside()) == []
    write(tree, place, text)
    assert [line.partition(":")[0] for line in check_drift.beside()] == [place]


def test_a_link_to_the_folder_beside(tree: Path) -> None:
    (tree / "data").symlink_to(f"../{WORD}/data")
    assert len(list(check_drift.beside())) == 1


@pytest.mark.parametrize("text", [f"./configure --enable-{WORD}", f"maven-{WORD}-utils 3.3.4", f"MAP_{WORD.upper()}"])
def test_names_that_others_gave_are_no_folder(tree: Path, text: str) -> None:
    write(tree, "x.sh", text)
    assert list(check_drift.beside()) == []


def test_what_git_leaves_out_is_no_part_of_the_project(tree: Path) -> None:
    """In a copy without `.git` it is .gitignore that tells."""
    write(tree, ".gitignore", "/.venv/\n/app/weights/\n__pycache__/\n*.pem\n")
    for place in (".venv/x", "app/weights/x", "app/sub/__pycache__/x", "key.pem", ".git/config"):
        write(tree, place, WORD)
    for place in ("app/x", "sub/.venv/x", "sub/app/weights/x"):
        write(tree, place, "x")
    found = {path.relative_to(tree).as_posix() for path in check_drift.files()}
    assert found == {".gitignore", "app/x", "sub/.venv/x", "sub/app/weights/x"}
    assert list(check_drift.beside()) == []


def test_a_file_of_one_s_own_is_no_part_of_the_project(tree: Path) -> None:
    write(tree, "app/x.py", "x = 1")
    subprocess.run(["git", "init", "--quiet"], cwd=tree, check=True)
    subprocess.run(["git", "add", "."], cwd=tree, check=True)
    write(tree, "notes.txt", WORD)
    assert list(check_drift.files()) == [tree / "app/x.py"]
    write(tree, "app/x.py", WORD)
    assert len(list(check_drift.beside())) == 1


@pytest.mark.parametrize(
    ("text", "there"),
    [
        (f"# {PAGE}", True),
        (f'"""Rules: {PAGE}, "One" and\n# "Two words"."""', True),
        (f"[page]({PAGE})", True),
        (f"see {PAGE}#two-words for more", True),
        (f"see {PAGE}#title, {PAGE}#one", True),
        (f"see {PAGE}#three", False),
        (f"see {PAGE}#in-a-block", False),
        (f"see {PAGE.replace('page', 'folder/page')}", False),
        (f"see {SHOWN}", True),
        (f"see {SHOWN.replace('shown', 'gone')}", False),
        (f"# {GONE}", False),
        (f'# {PAGE}, "Three"', False),
        (f'# {PAGE}, "One", "Three"', False),
        (f'# {PAGE}, "Title"', False),
    ],
)
def test_a_cited_section_is_there(tree: Path, text: str, *, there: bool) -> None:
    write(tree, PAGE, "# Title\n\n## One\n\nText\n\n## Two words\n\n```sh\n# In a block\n```\n")
    write(tree, SHOWN, "{}")
    write(tree, "app/x.py", text)
    assert (list(check_drift.citations()) == []) == there
