"""What CI runs: a clone of the last commit with nothing beside it, `make test` in it, its exit code, and no rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.desk import ROOT

pytestmark = pytest.mark.slow


MAKE = """#!/bin/sh
echo "make $* in $(basename "$PWD"), beside it: $(ls -A .. | tr '\\n' ' '), in it: $(ls -A | tr '\\n' ' '), home $HOME"
exit $CODE
"""
CI = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def ci(tmp_path: Path) -> CI:
    """Run .ci/run of a checkout with a folder beside it and a file that is not committed; `make` only tells where it is."""
    checkout, tools, temporary = tmp_path / "place/checkout", tmp_path / "tools", tmp_path / "tmp"
    for folder in (checkout, tools, temporary, tmp_path / "place/beside"):
        folder.mkdir(parents=True)
    shutil.copytree(ROOT / ".ci", checkout / ".ci")
    (checkout / "committed").touch()
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message", "x"]):
        subprocess.run([*git, *command], cwd=checkout, check=True)
    (checkout / "loose").touch()
    (tools / "make").write_text(MAKE)
    (tools / "make").chmod(0o755)

    def run(code: int, **environ: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": f"{tools}:{os.environ['PATH']}", "HOME": str(tmp_path), "TMPDIR": str(temporary), "CODE": str(code)}
        done = subprocess.run(
            ["bash", ".ci/run"],
            cwd=checkout,
            env=given | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert list(temporary.iterdir()) == []
        return done

    return run


@pytest.mark.parametrize("code", [0, 1, 2, 5])
def test_ci_runs_what_a_stranger_runs(ci: CI, code: int, tmp_path: Path) -> None:
    done = ci(code, CI="true")
    assert done.returncode == code
    wanted = "make test in sealed-llm, beside it: sealed-llm , in it: .ci .git committed "
    assert done.stdout == f"{wanted}, home {tmp_path}\n"
    assert done.stderr == "ci: note: what is not committed is not tested\n"


def test_shellcheck() -> None:
    subprocess.run([Path(sys.executable).with_name("shellcheck"), ".ci/run"], check=True, cwd=ROOT)
