"""The bill of materials is valid, complete and up to date; nothing is unpinned; no binary is in git."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from app.llm.library import build_config
from app.llm.models import catalogue
from app.sandbox.guest import catalogue as guest
from dev.check_drift import files

ROOT = Path(__file__).parents[2]
BILL = ROOT / "sbom/sealed-llm.cdx.json"
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|SSPL|BUSL)")


def parts() -> dict[str, dict[str, Any]]:
    return {part["name"]: part for part in json.loads(BILL.read_text())["components"]}


@pytest.mark.slow
def test_up_to_date() -> None:
    subprocess.run([sys.executable, "dev/sbom.py", "--check"], check=True, cwd=ROOT, env={"PYTHONPATH": "."})


def test_valid() -> None:
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(BILL.read_text()) is None


def test_complete() -> None:
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/run.lock").read_text(), re.MULTILINE)
    assert locked
    assert set(locked) <= parts().keys()
    default = next(iter(catalogue().values()))
    assert {"alg": "SHA-256", "content": default.sha256} in parts()[default.name]["hashes"]
    engine = build_config()
    assert {"alg": "SHA-256", "content": engine["sdist_sha256"]} in parts()[engine["binding"]]["hashes"]
    assert "app/sandbox/guest.bin" in parts()


def test_licences_let_everybody_ship_it() -> None:
    for name, part in parts().items():
        assert part["licenses"], name
        assert not COPYLEFT.search(json.dumps(part["licenses"])), name


@pytest.mark.slow
def test_no_binary_in_git() -> None:
    """Git takes for binary what has a NUL byte in its first 8,000; a copy without git is looked through as well."""
    paths = files()
    assert len(paths) > 100
    vectors = "tests/vectors/verify/raw_"  # one with a NUL byte, one in UTF-16: bytes that must be refused
    binary = [path.relative_to(ROOT).as_posix() for path in paths if b"\0" in path.read_bytes()[:8_000]]
    assert [name for name in binary if not name.startswith(vectors)] == []


# Where an image may be named without its digest, and why.
TAGS_ALONE = {
    "python:3.13.3-bullseye": "Dockerfile.scone and README say what to give BUILD_BASE, which is refused without its digest",
    "iexec-sconify-image:$SCONIFIER_TAG": "sconify.sh runs it only with SCONIFIER_DIGEST behind it",
}
IMAGE = re.compile(r"\b(?:python|debian|iexec-sconify-image):[\w$][\w.$-]*(?:@sha256:[0-9a-f]+)?")


def test_every_image_is_named_by_its_digest() -> None:
    paths = [ROOT / "sconify.sh", *ROOT.glob("Dockerfile*"), *(ROOT / "image").iterdir(), *(ROOT / ".ci").iterdir()]
    named = [found for path in paths for found in IMAGE.findall(path.read_text())]
    bare = {name for name in named if not re.search("@sha256:[0-9a-f]{64}$", name)}
    assert len(named) >= 6
    stand_ins = {"python:3.13-SUITE", "python:3.13-slim-SUITE"}  # image/standin.sh makes images of its own in their place
    assert bare - stand_ins == TAGS_ALONE.keys()


# A model whose hub revision is a branch, and why: none.
BRANCHES: dict[str, str] = {}


def test_every_hub_revision_is_a_commit() -> None:
    """The bytes are known by their SHA-256; at a branch they would one day not be found any more."""
    artefacts = [*catalogue().values(), guest().guest]
    revisions = {(one.name, source.revision) for one in artefacts for source in one.sources if source.hub}
    assert len(revisions) == 3
    assert {name for name, revision in revisions if not re.fullmatch("[0-9a-f]{40}", revision or "")} == BRANCHES.keys()
    assert all(source.hub or all(re.fullmatch(r"[\w-]+==[\d.]+", wheel) for wheel in source.wheels)
               for one in artefacts for source in one.sources)  # fmt: skip


@pytest.mark.slow
def test_nothing_is_fetched_at_a_branch() -> None:
    for path in files():
        if path.suffix in {".py", ".sh", ".toml", ".mjs", ".in"} or path.name.startswith(("Dockerfile", "Makefile")):
            assert not re.search(
                r"resolve/(main|master)\b|raw\.githubusercontent\.com|curl\b.*\|\s*(ba)?sh", path.read_text()
            ), path


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").glob("*.lock")), ids=lambda path: path.name)
def test_locks_are_pinned_by_hash_and_name_no_registry(path: Path) -> None:
    text = path.read_text()
    pins = re.findall(r"^(\S+?)(==\S+)?( \\)?$", text, re.MULTILINE)
    wishes = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert wishes
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+ \\", line) for line in wishes), pins
    assert "://" not in text


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("*/package-lock.json")) + sorted(ROOT.glob("tests/*/package-lock.json")), ids=str
)
def test_npm_locks_are_pinned_by_hash_and_name_no_registry(path: Path) -> None:
    packages = json.loads(path.read_text())["packages"]
    assert all("integrity" in entry for name, entry in packages.items() if name)
    assert not any("resolved" in entry for entry in packages.values())
