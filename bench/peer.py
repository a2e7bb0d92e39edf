"""llama.cpp's own command-line programs, built from the same source archive with the same flags."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from app.desk.cache import cache_folder
from app.llm.library import build_config
from dev.build_engine import cache_key, pinned_source, run_build, tools

PROGRAMS = ("llama-completion", "llama-bench", "llama-quantize", "llama-perplexity")


def program(name: str = PROGRAMS[0]) -> Path:
    """Return the path of one of PROGRAMS; all are built into the cache on first use (a few minutes)."""
    folder = cache_folder() / "programs" / cache_key()
    if not (folder / name).exists():
        with tempfile.TemporaryDirectory(prefix="sealed-llm-peer-") as scratch:
            _build(Path(scratch), folder)
    return folder / name


def unpack(scratch: Path, python: Path) -> Path:
    """Return the folder of llama.cpp's source, from the archive in build.toml, unpacked below `scratch`."""
    command: list[str | Path] = [
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--no-build-isolation",
    ]
    command += ["--no-binary=:all:", "--require-hashes", "--dest", scratch / "sdist", "-r", pinned_source(scratch)]
    subprocess.run(command, check=True, env={**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"})
    with tarfile.open(next((scratch / "sdist").glob("*.tar.gz"))) as archive:
        archive.extractall(scratch / "source", filter="data")
    return next((scratch / "source").glob("*/vendor/llama.cpp"))


def _build(scratch: Path, folder: Path) -> None:
    python = tools(scratch)
    path, build = f"{python.parent}:{os.environ['PATH']}", scratch / "build"
    flags = [flag for flag in build_config()["flags"] if not flag.startswith("-DLLAMA_BUILD_TOOLS=")]
    configure: list[str | Path] = ["cmake", "-S", unpack(scratch, python), "-B", build, "-G", "Ninja", *flags]
    configure += ["-DBUILD_SHARED_LIBS=ON", "-DLLAMA_BUILD_TOOLS=ON", "-DCMAKE_BUILD_RPATH_USE_ORIGIN=ON"]
    run_build(configure, {"PATH": path})
    run_build(["cmake", "--build", build, "--target", *PROGRAMS, "--parallel"], {"PATH": path})
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.copytree(build / "bin", made, symlinks=True)
    made.rename(folder)
