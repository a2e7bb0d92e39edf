"""No AVX-512 in what is shipped, but for two functions that nothing calls; and the host's bytes on an older CPU."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

from tests.support.desk import ROOT, Desk
from tests.support.system import QEMU, needs_qemu

pytestmark = pytest.mark.slow


AVX512 = re.compile(r"%zmm\d|%[xy]mm(?:1[6-9]|2\d|3[01])\b|\{%k[1-7]|%k[1-7],")

# libsodium picks Argon2's code by CPUID. Only its password hashing calls Argon2; ours is Ed25519.
DISPATCHED = {"_sodium.abi3.so": {"argon2_fill_segment_avx512f", "fill_block_with_xor"}}
SIGN = """
from nacl.signing import SigningKey
key = SigningKey(bytes(32))
key.verify_key.verify(key.sign(b'x'))
"""
HASH = "from nacl.pwhash import argon2id; argon2id.kdf(16, b'secret', bytes(16), opslimit=1, memlimit=8192)"


def shipped() -> list[Path]:
    """Return every dynamic library of the packages in run.lock and of the engine, each content once."""
    locked = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements/run.lock").read_text(), re.MULTILINE)
    found: dict[bytes, Path] = {}
    for package in map(distribution, ["llama-cpp-python", *locked]):
        for path in (Path(str(package.locate_file(file))) for file in package.files or ()):
            if ".so" in path.suffixes:
                found.setdefault(hashlib.sha256(path.read_bytes()).digest(), path)
    return list(found.values())


def with_avx512(path: Path) -> set[str]:
    """Return the functions of `path` that name a register or a mask of AVX-512."""
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(path)], capture_output=True, text=True, check=True).stdout
    hits = (hit.start() for hit in AVX512.finditer(code))
    return {code[code.rfind("\n\n", 0, hit) :].split("<", 1)[1].split(">:", 1)[0] for hit in hits}


def test_no_avx512_in_any_shipped_object() -> None:
    paths = shipped()
    names = {path.name.partition(".")[0] for path in paths}
    assert {"libggml-cpu", "libllama", "_pydantic_core", "_libsecp256k1", "_pysha3", "_sodium"} <= names
    assert {path.name: functions for path in paths if (functions := with_avx512(path))} == DISPATCHED


def test_the_dispatched_functions_are_never_reached(tmp_path: Path) -> None:
    """With both of them made to trap, Ed25519 signs as ever; password hashing, on a CPU with AVX-512, does not."""
    package = next(path for path in shipped() if path.name == "_sodium.abi3.so").parent
    shutil.copytree(package, tmp_path / "nacl")
    library = tmp_path / "nacl/_sodium.abi3.so"
    table = subprocess.run(["objdump", "-t", str(library)], capture_output=True, text=True, check=True).stdout
    places = re.findall(r"^([0-9a-f]+) .* \.text\t[0-9a-f]+ +argon2_fill_segment_avx512f$", table, re.MULTILINE)
    header = subprocess.run(["objdump", "-h", "-j", ".text", str(library)], capture_output=True, text=True, check=True).stdout
    section = re.search(r"\.text +\w+ +(\w+) +\w+ +(\w+)", header)
    assert len(places) == 1 and section
    code = bytearray(library.read_bytes())
    offset = int(places[0], 16) - int(section[1], 16) + int(section[2], 16)
    code[offset : offset + 2] = b"\x0f\x0b"  # ud2
    library.write_bytes(code)
    run = [sys.executable, "-c"]
    environ = {"PYTHONPATH": str(tmp_path)}
    assert subprocess.run([*run, SIGN], env=environ, check=False).returncode == 0
    if "avx512f" in Path("/proc/cpuinfo").read_text():
        assert subprocess.run([*run, HASH], env=environ, check=False).returncode == -4  # SIGILL: the trap is where it should be


@needs_qemu
def test_an_older_cpu_gives_the_same_bytes(desk: Desk) -> None:
    """A whole ask on qemu's Haswell, which has AVX2 and FMA and no AVX-512."""
    desk.dataset({"prompt": "Hi", "system": "."})
    host = desk.run("--max-tokens", "3").raw
    command = [QEMU or "", "-cpu", "Haswell", *desk.command(["--model", "smollm2-135m-instruct", "--max-tokens", "3"])]
    done = subprocess.run(command, env=desk.environ, cwd="/", capture_output=True, check=True)
    assert all(line.startswith(b"qemu") for line in done.stderr.splitlines())
    assert (desk.out / "result.json").read_bytes() == host
