"""The build context: what docker, buildah and iExec's iapp are given of a checkout, by their own code."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.desk import ROOT

pytestmark = pytest.mark.slow


PEERS = ROOT / "tests/peers"
KEPT = ("Dockerfile", "Dockerfile.scone", ".dockerignore")  # dockerode does not find a Dockerfile that is left out
COPIED = ("app", "requirements", "dev")
MADE = shutil.ignore_patterns("__pycache__", "weights", "guest.bin")
# what a checkout holds besides once somebody has worked in it; no image may hold any of it
KEYS = (
    *("iapp.config.json", "enclave-key.pem", ".env", ".env.local", "wallet.json", "deploy/wallet.json", "app/.env"),
    *(
        "app/signing.pem",
        "dev/server.key",
        "app/iapp.config.json",
        "deploy/keystore/UTC--2026-11-25T03-00-00Z--11",
        ".npmrc",
    ),
    *("app/UTC--2026-11-25T03-00-00Z--11", "requirements/.netrc"),
)
LEFT_BEHIND = (
    *("cache/arbitrum-mainnet/deployments.json", "cache/runs.json", "input/protectedDataMock_1", "output/computed.json"),
    *(
        "output/result.json",
        "mock/protectedData/default",
        "sealed-result/result.json",
        "examples/deploy/result.json",
        "0xTASK.zip",
    ),
)
MADE_ANEW = (
    *(".git/config", ".venv/bin/python", "app/llm/weights/qwen.gguf", "app/llm/weights/link", "app/sandbox/guest.bin"),
    *("app/__pycache__/run.cpython-313.pyc", "dev/__pycache__/iexec.pyc", "examples/deploy/node_modules/iexec/package.json"),
    *(".mypy_cache/x.json", ".pytest_cache/v", ".ruff_cache/v", "app/.DS_Store", ".hypothesis/x", "app/copy.gguf"),
)
THE_REST = (
    "tests/unit/test_run.py",
    "bench/ask.py",
    "docs/how-to/iapp.md",
    "examples/deploy/ask.mjs",
    "README.md",
    "iexec.json",
    "Makefile",
)
FORBIDDEN = (*KEYS, *LEFT_BEHIND, *MADE_ANEW, *THE_REST)
# a checkout may lie below folders of any name: those above it must not decide what is in it
ABOVE = ("home/app", "tests/bench/docs/deploy", "input/output/cache/mock", "image/sealed-result")


def checkout(folder: Path) -> Path:
    """Make a checkout that somebody has worked in, and return it."""
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=MADE)
    for name in KEPT:
        shutil.copy(ROOT / name, folder / name)
    for name in FORBIDDEN:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("0x" + "5e" * 32)
    return folder


def patterns() -> list[str]:
    """Return the lines of .dockerignore that say something."""
    return [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]


def files(archive: bytes) -> set[str]:
    """Return the names of the files in a tar, compressed or not."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name for member in opened if not member.isdir()}


def wanted(folder: Path) -> set[str]:
    """Return what each builder must be given of `folder`."""
    below = {path.relative_to(folder).as_posix() for name in COPIED for path in (folder / name).rglob("*") if path.is_file()}
    return below.union(KEPT) - set(FORBIDDEN)


def sent_by_iapp(folder: Path, way: str) -> set[str]:
    """Return the files that dockerode sends to docker's socket, called as iapp calls it."""
    command = ["node", os.fspath(PEERS / "context.mjs"), os.fspath(folder), way]
    return files(subprocess.run(command, capture_output=True, check=True, timeout=60).stdout)


needs_dockerode = pytest.mark.skipif(
    shutil.which("node") is None or not (PEERS / "node_modules/dockerode").is_dir(),
    reason="node, or tests/peers/node_modules, is not here (`make test` fills the second)",
)
needs_buildah = pytest.mark.skipif(
    shutil.which("buildah") is None or os.getuid() != 0,
    reason="buildah is not here (apt-get install buildah), or we are not root",
)


@needs_dockerode
@pytest.mark.parametrize("above", ABOVE)
def test_iapp_sends_what_the_recipe_copies_and_nothing_else(tmp_path: Path, above: str) -> None:
    folder = checkout(tmp_path / above / "sealed-llm")
    assert sent_by_iapp(folder, "names") == wanted(folder)


@needs_dockerode
def test_an_older_iapp_sends_no_key_either(tmp_path: Path) -> None:
    """Before 1.3.3 no pattern without `**/` had any effect: the build works, and what is secret or large stays out."""
    folder = checkout(tmp_path / "tests/sealed-llm")
    sent = sent_by_iapp(folder, "dot")
    assert sent >= wanted(folder)
    assert sent.isdisjoint({*KEYS, *MADE_ANEW})


@needs_dockerode
def test_the_check_bites(tmp_path: Path) -> None:
    """With `*` and re-inclusions, which docker and buildah take, dockerode leaves the recipe nothing of app/."""
    folder = checkout(tmp_path / "sealed-llm")
    (folder / ".dockerignore").write_text("*\n!app\n!requirements/run.lock\n!Dockerfile\n")
    assert sent_by_iapp(folder, "names") == {"Dockerfile"}


def built(folder: Path, recipe: str, scratch: Path) -> set[str]:
    """Return the files of the image that buildah makes of `recipe`, which needs no base."""
    (scratch / "recipe").write_text(f"FROM scratch\n{recipe}\n")
    stores = [f"--root={scratch / 'root'}", f"--runroot={scratch / 'run'}", "--storage-driver=vfs"]
    options = ["--isolation=chroot", f"--file={scratch / 'recipe'}", f"--output=type=tar,dest={scratch / 'image.tar'}"]
    subprocess.run(["buildah", *stores, "build", *options, folder], check=True, capture_output=True, timeout=120)
    return files((scratch / "image.tar").read_bytes())


@needs_buildah
def test_buildah_sees_the_same_files(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "tests/docs/sealed-llm")
    assert built(folder, "COPY . /", tmp_path) == wanted(folder)


@needs_buildah
@pytest.mark.parametrize("dockerfile", KEPT[:2])
def test_every_copy_of_the_recipe_finds_its_files(tmp_path: Path, dockerfile: str) -> None:
    folder = checkout(tmp_path / "sealed-llm")
    recipe = (folder / dockerfile).read_text()
    copies = [line for line in recipe.splitlines() if line.startswith("COPY ") and "--from" not in line]
    found = built(folder, "\n".join(copies), tmp_path)
    assert found.isdisjoint(FORBIDDEN)
    assert {name for name in found if name.startswith("app/")} == {name for name in wanted(folder) if name.startswith("app/")}


def test_nothing_else_at_the_root_is_let_in() -> None:
    """A new folder or file of the project is named in .dockerignore, unless the recipe copies it."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    names = {name.partition("/")[0] for name in listed} or set(os.listdir(ROOT))
    left = {name for name in names if not any(Path(name).match(pattern.removeprefix("**/")) for pattern in patterns())}
    assert left == {*KEPT, *COPIED}, "name the new one in .dockerignore"


def test_no_pattern_that_dockerode_reads_otherwise() -> None:
    for pattern in patterns():
        assert not pattern.startswith("!") and pattern not in ("*", "**"), pattern
        assert pattern.startswith("**/") or "/" not in pattern, pattern
    # one name after `**/` is a folder that could stand above a checkout, unless it has a dot or is known to be odd
    bare = {pattern[3:] for pattern in patterns() if pattern.startswith("**/") and "/" not in pattern[3:]}
    assert {name for name in bare if "." not in name} == {"keystore", "UTC--*", "node_modules", "__pycache__"}


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not here")
def test_git_takes_none_of_it(tmp_path: Path) -> None:
    paths = {*KEYS, *LEFT_BEHIND, *MADE_ANEW, "examples/deploy/request.json", "examples/deploy/result-3.json"} - {".git/config"}
    shutil.copy(ROOT / ".gitignore", tmp_path)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    command = ["git", "check-ignore", "--no-index", "--stdin"]
    done = subprocess.run(command, cwd=tmp_path, input="\n".join(paths), capture_output=True, text=True, check=False)
    assert set(done.stdout.splitlines()) == paths
