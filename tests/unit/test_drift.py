from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dev import check_drift


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
def test_a_named_test_must_be_there(words: str, there: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "README.md").write_text(f"| 1 | a cause | {words} |\n")
    monkeypatch.setattr(check_drift, "README", tmp_path / "README.md")
    assert (list(check_drift.named_tests()) == []) == there


WORD = check_drift.BESIDE


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that the checks take for the project."""
    monkeypatch.setattr(check_drift, "ROOT", tmp_path)
    return tmp_path


def write(tree: Path, place: str, text: str | bytes) -> None:
    (tree / place).parent.mkdir(parents=True, exist_ok=True)
    (tree / place).write_bytes(text if isinstance(text, bytes) else text.encode())


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


PAGE, GONE = "docs/" + "page.md", "docs/" + "gone.md"  # in two parts, or this file would cite them


@pytest.mark.parametrize(
    ("text", "there"),
    [
        (f"# {PAGE}", True),
        (f'"""Rules: {PAGE}, "One" and\n# "Two words"."""', True),
        (f"[page]({PAGE})", True),
        (f"# {GONE}", False),
        (f'# {PAGE}, "Three"', False),
        (f'# {PAGE}, "One", "Three"', False),
        (f'# {PAGE}, "Title"', False),
    ],
)
def test_a_cited_section_is_there(tree: Path, text: str, *, there: bool) -> None:
    write(tree, PAGE, "# Title\n\n## One\n\nText\n\n## Two words\n\nText\n")
    write(tree, "app/x.py", text)
    assert (list(check_drift.citations()) == []) == there
