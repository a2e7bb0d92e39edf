"""What can be said of the image recipe without building it; `make image-rehearsal` builds it."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.llm import models, prompt_cache
from app.llm.models import catalogue, checked_path, find
from dev import stage_image
from tests.support.desk import SMALL

ROOT = Path(__file__).parents[2]
DOCKERFILES = ("Dockerfile", "Dockerfile.scone")
SHELL_SCRIPTS = ("sconify.sh", "image/build.sh", "image/standin.sh")


def lines(dockerfile: str) -> list[str]:
    """The instructions, continuations joined, without comments."""
    text = "\n".join(line for line in (ROOT / dockerfile).read_text().splitlines() if not line.startswith("#"))
    return [line for line in text.replace("\\\n", " ").splitlines() if line.strip()]


def last_stage(dockerfile: str) -> list[str]:
    found = lines(dockerfile)
    return found[max(index for index, line in enumerate(found) if line.startswith("FROM ")) :]


def bases(dockerfile: str) -> dict[str, str]:
    return dict(([*line[4:].split("=", 1), ""])[:2] for line in lines(dockerfile)[:2])


def test_the_two_recipes_differ_in_their_bases_alone() -> None:
    first, second = (lines(name) for name in DOCKERFILES)
    assert first[2:] == second[2:]
    assert [line.partition("=")[0] for line in first[:2]] == ["ARG BUILD_BASE", "ARG BASE"]
    assert [line.partition("=")[0] for line in second[:2]] == ["ARG BUILD_BASE", "ARG BASE"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_bases_are_pinned_and_fit_each_other(dockerfile: str) -> None:
    named = bases(dockerfile)
    pinned = re.fullmatch(r"python:(3\.13\.\d+)-slim-(\w+)@sha256:[0-9a-f]{64}", named["BASE"])
    assert pinned
    if dockerfile == "Dockerfile.scone":  # its digest is not known here: without a default no builder can take a tag for it
        assert named["BUILD_BASE"] == "" and f"python:{pinned[1]}-{pinned[2]}@sha256:" in (ROOT / dockerfile).read_text()
    else:
        assert re.fullmatch(rf"python:{re.escape(pinned[1])}-{pinned[2]}@sha256:[0-9a-f]{{64}}", named["BUILD_BASE"])


DIGEST = "sha256:" + "ab" * 32
# build options -> what the refusal names; None: it goes on, to find no engine
UNPINNED: dict[tuple[str, ...], str | None] = {
    ("Dockerfile",): None,
    ("Dockerfile.scone",): "BUILD_BASE of Dockerfile.scone",
    ("Dockerfile.scone", "--build-arg", f"BUILD_BASE=python:3.13.3-bullseye@{DIGEST}"): None,
    ("Dockerfile.scone", f"--build-arg=BUILD_BASE=python@{DIGEST}"): None,
    (
        "Dockerfile.scone",
        "--build-arg=BUILD_BASE=localhost/standin:bullseye-build",
        "--build-arg=BASE=localhost/standin:b",
    ): None,
    ("Dockerfile.scone", "--build-arg", "BUILD_BASE=python:3.13.3-bullseye"): "python:3.13.3-bullseye",
    ("Dockerfile.scone", "--build-arg", "BUILD_BASE=python@sha256:ab"): "python@sha256:ab",
    ("Dockerfile.scone", "--build-arg", "BUILD_BASE="): "BUILD_BASE of Dockerfile.scone",
    ("Dockerfile", "--build-arg", "BASE=python:3.13-slim"): "python:3.13-slim",
    ("Dockerfile", f"--build-arg=BASE=x@{DIGEST}", "--build-arg=BASE=python:3.13-slim"): "python:3.13-slim",
    ("Dockerfile", "--build-arg", f"BASE=evil/localhost/x@{DIGEST}x"): f"evil/localhost/x@{DIGEST}x",
}


@pytest.mark.slow
@pytest.mark.parametrize("words", UNPINNED)
def test_no_base_is_taken_by_its_tag(words: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("dirname", "sed"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    command = ["/bin/bash", "image/build.sh", words[0], "x:1", *words[1:]]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    named = UNPINNED[words]
    said = (
        f"image: error: {named} is not named by its digest"
        if named
        else "image: error: none of buildah, podman, docker is here"
    )
    assert done.stderr.startswith(said)


def test_scone_gets_a_libc_that_it_knows() -> None:
    assert "-slim-bullseye@" in bases("Dockerfile.scone")["BASE"]  # glibc 2.31
    assert 'readonly LIBC="glibc 2.31"' in (ROOT / "sconify.sh").read_text()


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_nothing_but_the_staged_layers_gets_into_the_image(dockerfile: str) -> None:
    kinds = [line.split()[0] for line in last_stage(dockerfile)]
    assert set(kinds) == {"FROM", "COPY", "ARG", "LABEL", "ENTRYPOINT", "CMD"}
    copies = [line for line in last_stage(dockerfile) if line.startswith("COPY ")]
    assert all(re.fullmatch(r"COPY --from=build /stage/\w+/ /", line) for line in copies)
    assert last_stage(dockerfile)[0] == "FROM ${BASE}"


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_the_entrypoint_needs_nothing_around_it(dockerfile: str) -> None:
    [entrypoint] = [line for line in last_stage(dockerfile) if line.startswith("ENTRYPOINT ")]
    words = json.loads(entrypoint.partition(" ")[2])
    assert re.fullmatch(r"/usr/local/bin/python3\.\d+", words[0])  # the file itself: `python3` beside it is a link
    assert "-I" in words
    assert "-B" in words
    assert words[-2:] == ["-m", "app"]
    assert not any(re.search(r"[\s\"'\\$]", word) for word in words)  # SCONE gets one string, joined by blanks
    assert last_stage(dockerfile)[-1] == "CMD []"


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_a_classic_builder_takes_it(dockerfile: str) -> None:
    for line in lines(dockerfile):
        assert not re.search(r"^(RUN|COPY|ADD) .*--(mount|network|security|link|chmod|parents)", line), line
        assert "<<" not in line
        assert not line.startswith("ADD ")
    assert not (ROOT / dockerfile).read_text().startswith("# syntax")


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_everything_installed_is_locked_by_hash(dockerfile: str) -> None:
    installs = [line for line in lines(dockerfile) if "pip" in line]
    assert len(installs) == 1
    assert all(flag in installs[0] for flag in ("--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile"))
    assert not any(re.search(r"\b(apt-get|apk|curl|wget|git)\b", line) for line in lines(dockerfile))


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_the_model_is_known_by_its_hash(dockerfile: str) -> None:
    [default] = [line.partition("=")[2] for line in lines(dockerfile) if line.startswith("ARG MODEL=")]
    assert default == next(iter(catalogue()))


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_labels(dockerfile: str) -> None:
    [label] = [line for line in last_stage(dockerfile) if line.startswith("LABEL ")]
    names = re.findall(r"org\.opencontainers\.image\.(\w+)=\"[^\"]+\"", label)
    assert names == ["title", "description", "version", "revision", "licenses"]


@pytest.mark.parametrize("dockerfile", DOCKERFILES)
def test_every_copied_file_is_there(dockerfile: str) -> None:
    """That .dockerignore lets them through is seen in test_context.py, with the builders' own code."""
    wanted = [
        path for line in lines(dockerfile) if line.startswith("COPY ") and "--from" not in line for path in line.split()[1:-1]
    ]
    assert wanted
    for path in wanted:
        assert (ROOT / path).exists(), path


def test_the_early_layers_have_all_that_they_import() -> None:
    """The engine is built before app/ is copied; a new import there would break the build, or its cache."""
    found = lines("Dockerfile")
    copied = {
        path
        for line in found[: found.index("COPY app/ app/")]
        if line.startswith("COPY ") and "--from" not in line
        for path in line.split()[1:-1]
        if path.endswith(".py")
    }
    for path in copied:
        for node in ast.parse((ROOT / path).read_text()).body:
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            names = [alias.name for alias in node.names] if isinstance(node, ast.ImportFrom) else []
            for module in filter(None, modules):
                if module.partition(".")[0] == "app":
                    asked = [f"{module}.{name}" for name in names] if (ROOT / module.replace(".", "/")).is_dir() else [module]
                    for name in asked:
                        file = name.replace(".", "/") + ".py"
                        assert file in copied or not (ROOT / file).exists(), f"{path} imports {name}"


@pytest.fixture
def staged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The build's folder with the small model in its layer."""
    model = checked_path(find(SMALL)).resolve()
    for module in (models, prompt_cache):
        monkeypatch.setattr(module, "WEIGHTS", tmp_path / "weights")
    monkeypatch.setattr(stage_image, "STAGE", tmp_path / "stage")
    layer = tmp_path / "stage/model" / stage_image.WEIGHTS
    layer.mkdir(parents=True)
    (layer / model.name).symlink_to(model)
    return tmp_path


@pytest.mark.slow
def test_the_image_holds_the_pinned_states(staged: Path) -> None:
    stage_image.states(SMALL)
    layer = staged / "stage/states" / stage_image.WEIGHTS
    made = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in layer.iterdir()}
    assert made == {prompt_cache.path(find(SMALL), job).name: pin.sha256 for job, pin in prompt_cache.pins()[SMALL].items()}
    assert {oct(path.stat().st_mode)[-3:] for path in layer.iterdir()} == {"644"}
    assert not (staged / "weights").exists()  # app/ is copied next


@pytest.mark.slow
def test_states_of_other_bits_end_the_build(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pinned = prompt_cache.pins()[SMALL]
    other = pinned | {"score": pinned["score"].model_copy(update={"sha256": "0" * 64})}
    monkeypatch.setattr(prompt_cache, "pins", lambda: {SMALL: other})
    with pytest.raises(SystemExit, match=r"not the bits pinned in app/llm/states\.toml: score\n"):
        stage_image.states(SMALL)
    assert list((staged / "stage/states" / stage_image.WEIGHTS).iterdir()) == []


@pytest.mark.slow
def test_a_model_without_pins_has_an_empty_layer(staged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_cache, "pins", dict)
    stage_image.states(SMALL)
    assert list((staged / "stage/states" / stage_image.WEIGHTS).iterdir()) == []


@pytest.mark.slow
def test_hadolint() -> None:
    subprocess.run([Path(sys.executable).with_name("hadolint"), *DOCKERFILES], check=True, cwd=ROOT)


@pytest.mark.slow
def test_shellcheck() -> None:
    subprocess.run([Path(sys.executable).with_name("shellcheck"), *SHELL_SCRIPTS], check=True, cwd=ROOT)


@pytest.mark.slow
def test_build_without_any_engine_says_so(tmp_path: Path) -> None:
    for name in ("dirname", "sed"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    command = ["/bin/bash", "image/build.sh", "Dockerfile", "x:1"]
    done = subprocess.run(command, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == "image: error: none of buildah, podman, docker is here\n"
