"""What a contributor's machine is asked for: hooks that fetch nothing, and no package of the system without being asked."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dev import fetch_test_tools
from tests.support.desk import ROOT

PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
MAKEFILE = (ROOT / "Makefile").read_text()


def recipes() -> dict[str, str]:
    """Return each target's recipe by the target's name."""
    found = re.findall(r"^([^\s#:=][^:=\n]*):[^=\n]*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return {name.strip(): recipe for name, recipe in found}


def test_only_who_asks_for_it_gets_packages_of_the_system() -> None:
    found = recipes()
    assert {"test", "quick", "check", "$(VENV)/.tools"} <= found.keys()
    assert [name for name, recipe in found.items() if re.search(r"\b(apt|apt-get|dnf|yum|sudo)\b", recipe)] == [
        "system-packages"
    ]
    assert not re.search(r"^[^#\n]*:[^=\n]*\bsystem-packages\b", MAKEFILE.replace(".PHONY:", "#"), re.MULTILINE)


def test_the_hooks_are_of_this_checkout_alone() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    hooks = config["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert {hook["id"]: hook.get("stages") for hook in hooks}["quick"] == ["pre-push"]
    assert not any(re.search(r"\b(pip|npm|apt|curl|wget|docker)\b", hook["entry"]) for hook in hooks)


@pytest.mark.slow
def test_the_hooks_are_valid_and_pass(tmp_path: Path) -> None:
    environ = os.environ | {"PRE_COMMIT_HOME": str(tmp_path)}
    subprocess.run([PRE_COMMIT, "validate-config"], cwd=ROOT, env=environ, check=True)
    done = subprocess.run(
        [PRE_COMMIT, "run", "--all-files"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.count("Passed")) == (0, 3), done.stdout + done.stderr


@pytest.mark.slow
def test_make_hooks_installs_them(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    shutil.copy(ROOT / ".pre-commit-config.yaml", tmp_path)
    words = re.findall(r"pre-commit (.*)", recipes()["hooks"])
    subprocess.run(
        [PRE_COMMIT, *words[0].split()], cwd=tmp_path, env=os.environ | {"PRE_COMMIT_HOME": str(tmp_path)}, check=True
    )
    assert {"pre-commit", "pre-push"} <= {path.name for path in (tmp_path / ".git/hooks").iterdir()}


def test_a_program_that_cannot_be_had_is_named_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch_test_tools, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(fetch_test_tools, "fetch", refuse)
    assert fetch_test_tools.main() == 2
    *_, last = capsys.readouterr().out.splitlines()
    assert last.startswith("missing: strace, qemu-x86_64-static") and "make system-packages" in last and "skipped" in last


def refuse(name: str, kept: Path) -> None:
    raise FileNotFoundError(name, kept)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("apt-get") is None, reason="apt-get is not here: this is no Debian")
def test_where_there_is_apt_get_it_is_unpacked_and_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(fetch_test_tools, "TOOLS", tmp_path / "tools")
    monkeypatch.setattr(fetch_test_tools, "WANTED", {"strace": fetch_test_tools.WANTED["strace"]})
    monkeypatch.setattr(fetch_test_tools, "here", lambda _: False)
    before = Path("/var/lib/dpkg/status").read_bytes()
    if fetch_test_tools.main():
        pytest.skip("Debian's packages cannot be reached")
    done = subprocess.run([tmp_path / "tools/strace", "-f", "-e", "trace=exit_group", "true"], capture_output=True, check=False)
    assert (done.returncode, b"exit_group(0)" in done.stderr) == (0, True)
    assert Path("/var/lib/dpkg/status").read_bytes() == before


def test_a_program_that_is_there_is_not_fetched(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(fetch_test_tools, "here", lambda _: True)
    monkeypatch.setattr(fetch_test_tools, "fetch", refuse)
    assert (fetch_test_tools.main(), capsys.readouterr().out) == (0, "")
