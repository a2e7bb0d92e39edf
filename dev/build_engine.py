"""Build llama-cpp-python's wheel from the flags in app/llm/build.toml, once, and install it.

The wheel is kept in the cache under a key of everything that shapes it: source hash, flags, compiler,
C library and machine. A second call with the same key takes seconds. Run by `make` and by the images.
Two builds with one key give the same bytes: no path of the scratch folder, no time of day gets in.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, TextIO

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, os.fspath(ROOT))

from app.desk.cache import cache_folder, lock  # noqa: E402  the project is not installed, it is run in place
from app.llm.library import build_config  # noqa: E402

STEP = re.compile(r"\[(\d+)/(\d+)\]")
# `llama-common` is not used, but the package's install step wants it; what is not run stays out of the wheel
SETTINGS = ["build.targets=llama;llama-common", "wheel.exclude=lib/**;include/**;bin/**;llama_cpp/server/**"]
# assertions carry __FILE__, which pip unpacks to a folder of a random name
NO_PATHS = 'add_compile_options("-ffile-prefix-map=${CMAKE_SOURCE_DIR}=." "-ffile-prefix-map=${CMAKE_BINARY_DIR}=build")\n'
EPOCH = "315532800"  # 1980-01-01, the first time that a zip can hold


def cache_key() -> str:
    """Return 16 hex digits that change whenever the built libraries could."""
    compilers = [
        subprocess.run([name, "--version"], check=True, capture_output=True, text=True).stdout for name in ("cc", "c++")
    ]
    built = {name: value for name, value in build_config().items() if name != "run"}
    locked = (ROOT / "requirements/build.lock").read_text()
    parts = [built, compilers, platform.machine(), platform.libc_ver(), locked, SETTINGS, NO_PATHS]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:16]


def wheel() -> Path:
    """Return the wheel in the cache, built first if it is not there, by one process of many that want it."""
    key = cache_key()
    folder = cache_folder() / "wheels" / key
    with lock(f"wheel-{key}", "building llama.cpp"):
        return next(folder.glob("*.whl"), None) or _built(folder)


def _built(folder: Path) -> Path:
    config = build_config()
    click.echo(f"building {config['binding']} {config['version']}: a few minutes, once", err=True)
    with tempfile.TemporaryDirectory(prefix="sealed-llm-build-") as scratch:
        built = _build(Path(scratch), config)
        folder.mkdir(parents=True, exist_ok=True)
        made = folder / f"{built.name}.{os.getpid()}"
        shutil.copyfile(built, made)
        return made.rename(folder / built.name)


def tools(scratch: Path) -> Path:
    """Return the python of a fresh environment below `scratch` that holds cmake and ninja, hash-checked."""
    venv = scratch / "tools"
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    command: list[str | Path] = [
        venv / "bin/python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    subprocess.run([*command, "-r", ROOT / "requirements/build.lock"], check=True)
    return venv / "bin/python"


def pinned_source(scratch: Path) -> Path:
    """Return a requirements file that allows exactly the source archive in build.toml."""
    config, path = build_config(), scratch / "engine.txt"
    path.write_text(f"{config['binding']}=={config['version']} --hash=sha256:{config['sdist_sha256']}\n")
    return path


def _build(scratch: Path, config: dict[str, Any]) -> Path:
    python = tools(scratch)
    (scratch / "no_paths.cmake").write_text(NO_PATHS)
    flags = [*config["flags"], f"-DCMAKE_PROJECT_INCLUDE={scratch / 'no_paths.cmake'}"]
    command: list[str | Path] = [python, "-m", "pip", "wheel", "-v", "--disable-pip-version-check", "--no-deps"]
    command += ["--no-cache-dir", "--no-build-isolation", "--require-hashes", "--no-binary=:all:"]
    command += ["--wheel-dir", scratch / "out", "-r", pinned_source(scratch)]
    command += [f"--config-settings={setting}" for setting in SETTINGS]
    path = f"{python.parent}:{os.environ['PATH']}"
    # ggml would write down the commit of whatever git repository lies around the scratch folder
    fixed = {"SOURCE_DATE_EPOCH": EPOCH, "GIT_DIR": os.devnull}
    run_build(command, {"CMAKE_ARGS": " ".join(flags), "PATH": path, **fixed})
    return next((scratch / "out").glob("*.whl"))


def run_build(command: list[str | Path], environment: dict[str, str]) -> None:
    """Run `command` with its progress on stderr and its words in a log; end the program if it fails."""
    log = cache_folder() / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as out,
        subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as child,
    ):
        _show(child, out)
    if child.returncode:
        click.echo("".join(log.read_text().splitlines(keepends=True)[-30:]), err=True)
        raise SystemExit(f"the build failed; the whole log is in {log}")


def _show(child: subprocess.Popen[str], log: TextIO) -> None:
    """Copy the build's output to `log` and its progress to stderr: a bar, or a line every tenth."""
    terminal, shown = sys.stderr.isatty(), -1
    for line in child.stdout or ():
        log.write(line)
        if found := STEP.search(line):
            done, total = map(int, found.groups())
            tenth = done * 10 // total
            if terminal:
                click.echo(f"\r  compiling {done} of {total} ", nl=False, err=True)
            elif tenth > shown:
                click.echo(f"  compiling {done} of {total}", err=True)
            shown = tenth
    if terminal:
        click.echo(err=True)


def main() -> None:
    """Install the wheel into the environment that runs this."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--force-reinstall", wheel()], check=True)


if __name__ == "__main__":
    main()
