"""sconify.sh against a docker that misbehaves: every check says what is wrong, and iexec.json stays as it was."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


ROOT = Path(__file__).parents[2]
FROM, TO = "me/sealed-llm:1.0.0", "me/sealed-llm:1.0.0-scone"
ENTRYPOINT = ["/usr/local/bin/python3.13", "-I", "-B", "-m", "app"]
DIGEST = "ab" * 32
SCONIFIER = "sha256:" + "cd" * 32
RUNTIME = "debian:bullseye-slim@sha256:f313b4bd62667092a59b3a664d7d3ab8b5e65f41675f48e81455a15dc5abe792"
GOOD: dict[str, Any] = {
    "images": [FROM, TO],
    "platform": "linux/amd64",
    "entrypoint": ENTRYPOINT,
    "digests": [f"me/sealed-llm@sha256:{DIGEST}"],
    "binary": "pie glibc 2.31",
    "sconifier_exit": 0,
    "forgets_heap": False,
    "hash": "HASH\n",
    "push_exit": 0,
}
IEXEC = {
    "app": {"name": "sealed-llm", "multiaddr": "x", "checksum": "x", "mrenclave": {"heapSize": 1073741824}},
    "buyConf": {"é": 1},
}


@dataclass(frozen=True)
class Said:
    code: int
    stdout: str
    stderr: str
    iexec: str
    calls: list[list[str]]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("keys")
    made = {"good": ["-3", "3072"], "short": ["-3", "2048"], "exponent": ["-F4", "3072"]}
    for name, options in made.items():
        subprocess.run(["openssl", "genrsa", "-out", folder / name, *options], check=True, capture_output=True)
    locked: list[str | Path] = [
        "openssl",
        "rsa",
        "-in",
        folder / "good",
        "-aes128",
        "-passout",
        "pass:x",
        "-out",
        folder / "locked",
    ]
    subprocess.run(locked, check=True, capture_output=True)
    (folder / "nonsense").write_text("no key")
    return {path.name: path for path in folder.iterdir()} | {"missing": folder / "none"}


def sconify(
    folder: Path,
    args: list[str | Path],
    scenario: dict[str, Any],
    iexec: object = IEXEC,
    tag: str | None = None,
    sconifier: str | None = SCONIFIER,
) -> Said:
    programs, deploy = folder / "bin", folder / "examples/deploy/scone"
    programs.mkdir()
    deploy.mkdir(parents=True)
    shutil.copy(ROOT / "sconify.sh", folder)
    if tag:
        text, count = re.subn(r"(?<=SCONIFIER_TAG=)\S+", tag, (folder / "sconify.sh").read_text())
        assert count == 1
        (folder / "sconify.sh").write_text(text)
    python = Path(sys.executable).resolve()  # no shim of a version manager in between: there are 400 starts
    (programs / "python3").symlink_to(python)
    (programs / "docker").write_text(f"#!{python} -SE\n" + (ROOT / "tests/support/docker_standin.py").read_text())
    (programs / "docker").chmod(0o755)
    (programs / "scenario.json").write_text(json.dumps({**GOOD, **scenario}))
    (deploy / "iexec.json").write_text(json.dumps(iexec))
    environ = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    environ |= {} if sconifier is None else {"SCONIFIER_DIGEST": sconifier}
    command: list[str | Path] = [folder / "sconify.sh", *args]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, cwd=folder, check=False)
    log = programs / "calls.json"
    calls = json.loads(log.read_text()) if log.exists() else []
    return Said(done.returncode, done.stdout, done.stderr, (deploy / "iexec.json").read_text(), calls)


def told(*signer: str) -> list[str]:
    """Every word that the sconifier gets: one more, one less or one split in two is a mistake."""
    return [
        f"--from={FROM}", f"--to={TO}", f"--base={RUNTIME}", "--binary-fs", "--fs-dir=/app", "--host-path=/etc/hosts",
        "--host-path=/etc/resolv.conf", "--binary=/usr/local/bin/python3.13", "--heap=1073741824", "--stack=4M", "--dlopen=1",
        *signer, "--no-color", "--verbose",
    ]  # fmt: skip


def test_production(tmp_path: Path, keys: dict[str, Path]) -> None:
    said = sconify(tmp_path, ["production", FROM, TO, keys["good"]], {})
    assert said.code == 0, said.stderr
    written = json.loads(said.iexec)
    assert written["buyConf"] == IEXEC["buyConf"]
    app = written["app"]
    assert app["multiaddr"] == f"docker.io/{TO}"
    assert app["checksum"] == f"0x{DIGEST}"
    fingerprint = app["mrenclave"].pop("fingerprint")
    assert app["mrenclave"] == {
        "framework": "SCONE",
        "version": "v5.9",
        "entrypoint": " ".join(ENTRYPOINT),
        "heapSize": 1073741824,
    }
    assert len(fingerprint) == 64
    assert fingerprint in said.stdout
    [sconifier] = [call for call in said.calls if "sconify_iexec" in call]
    assert f"{keys['good']}:/sig/enclave-key.pem:ro" in sconifier
    assert sconifier[sconifier.index("sconify_iexec") + 1 :] == told("--scone-signer=/sig/enclave-key.pem")
    assert not any(word in {"-t", "-it", "-ti", "--tty"} for call in said.calls for word in call)
    secret = keys["good"].read_text().splitlines()[5]
    assert secret not in said.stdout + said.stderr + said.iexec + json.dumps(said.calls)


def test_debug_is_not_signed(tmp_path: Path) -> None:
    said = sconify(tmp_path, ["debug", FROM, TO], {})
    assert said.code == 0, said.stderr
    [sconifier] = [call for call in said.calls if "sconify_iexec" in call]
    assert not any("sig" in word for word in sconifier)
    assert sconifier[sconifier.index("sconify_iexec") + 1 :] == told()
    assert "needs the debug SMS and the debug pool together" in said.stdout


def test_another_registry_keeps_its_name(tmp_path: Path) -> None:
    to = "registry.example:5000/me/sealed-llm:1"
    digests = {"images": [FROM, to], "digests": [f"registry.example:5000/me/sealed-llm@sha256:{DIGEST}"]}
    said = sconify(tmp_path, ["debug", FROM, to], digests)
    assert said.code == 0, said.stderr
    assert json.loads(said.iexec)["app"]["multiaddr"] == to


@pytest.mark.parametrize(("tag", "version"), [("5.9.2-v16", "v5.9"), ("5.7.6-v15", "v5"), ("5.8.0-v1", None), ("6.0.1", None)])
def test_the_version_on_chain_is_that_of_the_runtime(tmp_path: Path, tag: str, version: str | None) -> None:
    """A CAS knows certain versions only, and the worker gives the runtime the one that is on chain."""
    said = sconify(tmp_path, ["debug", FROM, TO], {}, tag=tag)
    if version:
        assert json.loads(said.iexec)["app"]["mrenclave"]["version"] == version, said.stderr
        assert any(word.endswith(f":{tag}@{SCONIFIER}") for call in said.calls for word in call)
    else:
        assert_refused(said, "no mrenclave version is known")
        assert not said.calls


@pytest.mark.parametrize(
    "digest", [None, "", "sha256:ab", "ab" * 32, "5.9.2-v16", f"{SCONIFIER}0", f"{SCONIFIER} --privileged"]
)
def test_a_sconifier_without_its_digest_gets_neither_socket_nor_key(
    tmp_path: Path, keys: dict[str, Path], digest: str | None
) -> None:
    said = sconify(tmp_path, ["production", FROM, TO, keys["good"]], {}, sconifier=digest)
    assert_refused(said, "SCONIFIER_DIGEST does not say which sconifier")
    assert "docker image inspect -f '{{index .RepoDigests 0}}'" in said.stderr
    assert not said.calls


def test_the_heap_is_what_is_signed(tmp_path: Path) -> None:
    big = sconify(tmp_path, ["debug", FROM, TO], {}, {"app": {"mrenclave": {"heapSize": 2147483648}}})
    assert big.code == 0, big.stderr
    assert any("--heap=2147483648" in call for call in big.calls)
    assert json.loads(big.iexec)["app"]["mrenclave"]["heapSize"] == 2147483648


@pytest.mark.parametrize("args", [[], ["production"], ["production", FROM], ["debug", FROM, TO, "key"], ["prod", FROM, TO]])
def test_usage(tmp_path: Path, args: list[str | Path]) -> None:
    said = sconify(tmp_path, args, {})
    assert said.code == 2
    assert "sconify.sh production FROM TO" in said.stderr
    assert not said.calls


@pytest.mark.parametrize(
    ("key", "words"),
    list(
        {
            "missing": "DCAP 1, debug enclave",
            "nonsense": "is no RSA private key",
            "locked": "without a passphrase",
            "short": "has not 3072 bits",
            "exponent": "is not 3",
        }.items()
    ),
)
def test_bad_key(tmp_path: Path, keys: dict[str, Path], key: str, words: str) -> None:
    said = sconify(tmp_path, ["production", FROM, TO, keys[key]], {})
    assert_refused(said, words)
    assert not said.calls


@pytest.mark.parametrize(
    ("iexec", "words"),
    [
        pytest.param({"app": {}}, "no app.mrenclave.heapSize", id="none"),
        pytest.param({"app": {"mrenclave": {"heapSize": "1G"}}}, "no number of bytes", id="text"),
        pytest.param({"app": {"mrenclave": {"heapSize": 1000000000}}}, "multiple of 4096", id="unaligned"),
        pytest.param({"app": {"mrenclave": {"heapSize": 8589938688}}}, "over 8 GiB", id="large"),
        pytest.param({"app": {"mrenclave": {"heapSize": 0}}}, "no number of bytes", id="zero"),
    ],
)
def test_bad_heap(tmp_path: Path, iexec: object, words: str) -> None:
    said = sconify(tmp_path, ["debug", FROM, TO], {}, iexec)
    assert said.code == 1
    assert words in said.stderr
    assert json.loads(said.iexec) == iexec
    assert not said.calls


@pytest.mark.parametrize("to", ["me/sealed-llm", "me/sealed-llm:latest", f"me/sealed-llm:1@sha256:{DIGEST}", "host:5000/name"])
def test_bad_target(tmp_path: Path, to: str) -> None:
    assert_refused(sconify(tmp_path, ["debug", FROM, to], {}), "tag")


SH = ["/bin/sh", "-c", "/usr/local/bin/python3.13 -m app"]


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        pytest.param({"images": []}, "there is no image", id="no_image"),
        pytest.param({"platform": "linux/arm64"}, "is for linux/arm64", id="arm"),
        pytest.param({"entrypoint": None}, "not the exec form", id="no_entrypoint"),
        pytest.param({"entrypoint": []}, "not the exec form", id="empty_entrypoint"),
        pytest.param({"entrypoint": SH}, "not the exec form", id="shell_form"),
        pytest.param({"entrypoint": ["/bin/sh", "/start"]}, "not the exec form", id="shell"),
        pytest.param({"entrypoint": ["/usr/bin/env", "python3"]}, "not the exec form", id="env"),
        pytest.param({"entrypoint": ["python3", "-m", "app"]}, "not the exec form", id="needs_path"),
        pytest.param({"entrypoint": [ENTRYPOINT[0], "-c", "import app"]}, "not the exec form", id="word_with_blank"),
        pytest.param({"binary": None}, "does not start", id="binary_does_not_start"),
        pytest.param({"binary": "symlink glibc 2.31"}, "DCAP 3, other binary", id="symlink"),
        pytest.param({"binary": "fixed glibc 2.31"}, "not a position-independent", id="no_pie"),
        pytest.param({"binary": "pie glibc 2.36"}, "is not glibc 2.31", id="libc"),
        pytest.param({"sconifier_exit": 1}, "the sconifier failed", id="sconifier"),
        pytest.param({"hash": ""}, "no fingerprint", id="hash_empty"),
        pytest.param({"hash": "HASH\r\n"}, "no fingerprint", id="hash_carriage_return"),
        pytest.param({"hash": "export SCONE_MODE\nHASH\n"}, "no fingerprint", id="hash_with_log"),
        pytest.param({"hash": "AB" * 32}, "no fingerprint", id="hash_upper_case"),
        pytest.param({"hash": "ab" * 31}, "no fingerprint", id="hash_short"),
        pytest.param({"hash": "0x" + "ab" * 32}, "no fingerprint", id="hash_prefixed"),
        pytest.param({"forgets_heap": True}, "DCAP 2, drift", id="drift"),
        pytest.param({"push_exit": 1}, "could not be pushed", id="push"),
        pytest.param({"digests": []}, "gave no digest", id="no_digest"),
        pytest.param({"digests": [f"me/other@sha256:{DIGEST}"]}, "gave no digest", id="other_repository"),
        pytest.param({"digests": ["me/sealed-llm@sha256:ab"]}, "gave no digest", id="digest_short"),
    ],
)  # fmt: skip
def test_docker_misbehaves(tmp_path: Path, scenario: dict[str, Any], words: str) -> None:
    assert_refused(sconify(tmp_path, ["debug", FROM, TO], scenario), words)


def assert_refused(said: Said, words: str) -> None:
    assert said.code == 1, said.stderr
    assert words in said.stderr
    assert "sconify: error: " in said.stderr
    assert "sconify: hint: " in said.stderr
    assert json.loads(said.iexec) == IEXEC


def test_the_checked_in_file_names_the_entrypoint_of_the_image() -> None:
    file = ROOT / "examples/deploy/scone/iexec.json"
    line = next(line for line in (ROOT / "Dockerfile.scone").read_text().splitlines() if line.startswith("ENTRYPOINT "))
    assert json.loads(line.partition(" ")[2]) == ENTRYPOINT
    assert json.loads(file.read_text())["app"]["mrenclave"]["entrypoint"] == " ".join(ENTRYPOINT)
