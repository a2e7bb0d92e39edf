"""Put what an image ships below /stage, layer by layer; run by the build stage of both Dockerfiles.

    stage_image.py engine        build llama.cpp and install it beside the wheels that pip put there
    stage_image.py model NAME    fetch a model, check its SHA-256
    stage_image.py guest         make the sandbox's guest, check its SHA-256
    stage_image.py states NAME   work out the model's prompt states, check their SHA-256
    stage_image.py app NAME      the program; compile, prune, check, and answer nothing but what is the same every time

What would differ between two builds is dropped or fixed here: modes (git's umask), pip's notes of where a
wheel came from, `.pyc` files (bound to their source by a hash, never by its time). File times are left to the builder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STAGE = Path("/stage")
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"
LIB = Path("usr/local/lib") / VERSION
SITE = STAGE / "python" / LIB / "site-packages"
APP = STAGE / "app/app/app"  # layer app, folder /app, package app
WEIGHTS = Path("app/app/llm/weights")

# What no task needs, and so nobody should have to measure, hold or trust: the desk, and what runs in the guest alone.
DESK = ("build", "cli", "desk", "simulate", "verify")
_GUEST_S_OWN = ("harness*.py", "*.wat")
_HOST_S_TOO = frozenset({"harness_lacks.py", "harness_checks.py", "harness_pytest.py", "harness_patching.py"})
# Never read at run time; in an enclave every byte is measured and held in memory. `lib` and `include` are
# llama.cpp's libraries once more and its headers.
PRUNED = [
    *("lib", "include", "docs", "newsfragments", "llama_cpp/server", "Crypto/SelfTest"),
    *("**/tests", "**/*.pyi", "**/*.pyx", "**/*.pxd"),
    # pip's notes: where a wheel came from, and hashes of files that are pruned, llama.cpp's pkgconfig with its scratch path
    *("**/*.dist-info/direct_url.json", "**/*.dist-info/RECORD"),
]


def engine() -> None:
    """Install llama-cpp-python's wheel, built with the flags in app/llm/build.toml; no instruction beyond AVX2."""
    from dev.build_engine import wheel

    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-compile", "--no-deps", "--quiet"]
    subprocess.run([*command, f"--root={STAGE / 'python'}", "--prefix=/usr/local", wheel()], check=True)
    for library in sorted((SITE / "llama_cpp/lib").glob("*.so")):
        with subprocess.Popen(["objdump", "-d", "--no-show-raw-insn", library], stdout=subprocess.PIPE, text=True) as dump:
            if any("%zmm" in line for line in dump.stdout or ()):
                raise SystemExit(f"{library.name} holds AVX-512 instructions")


def model(name: str) -> None:
    """Copy the model file, every byte checked."""
    from app.build.fetch import fetch
    from app.llm.models import check_file, find

    entry = find(name)
    target = STAGE / "model" / WEIGHTS / entry.file
    target.parent.mkdir(parents=True)
    shutil.copyfile(fetch(entry), target)
    check_file(entry, target)
    _fix_modes(STAGE / "model")


def guest() -> None:
    """Copy the CPython that tests snippets, made and checked by the program's own command."""
    command = [sys.executable, "-m", "app", "sandbox", "build", "--copy"]
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": os.fspath(SITE)})
    target = STAGE / "guest/app/app/sandbox/guest.bin"
    target.parent.mkdir(parents=True)
    shutil.move(ROOT / "app/sandbox/guest.bin", target)
    _fix_modes(STAGE / "guest")


def states(name: str) -> None:
    """Work out the prompt states with the engine just built; bits other than the pinned ones end the build.

    A run would do without such a state. But an engine that gives other bits here gives other answers there too,
    which nobody could replay. A model without pins gets no states.
    """
    from app.llm import models
    from app.llm.prompt_cache import path, pins
    from dev.make_states import make

    target = STAGE / "states" / WEIGHTS
    target.mkdir(parents=True)
    entry, pinned = models.find(name), pins().get(name, {})
    if pinned:
        models.WEIGHTS.mkdir()
        (models.WEIGHTS / entry.file).symlink_to(STAGE / "model" / WEIGHTS / entry.file)
        made = make(entry)
        if wrong := [job for job, pin in made.items() if pinned.get(job) != pin]:
            raise SystemExit(
                f"prompt states of {name}: not the bits pinned in app/llm/states.toml: {', '.join(wrong)}\n"
                "were the words, the model or the engine changed? then `make_states.py --pin` is due;"
                " else this compiler or processor gives other answers than everybody's: build elsewhere"
            )
        for job in made:
            shutil.move(path(entry, job), target)
        shutil.rmtree(models.WEIGHTS)
    _fix_modes(STAGE / "states")


def app(name: str) -> None:
    """Copy the program, compile everything, and see that it starts with no environment at all."""
    _copy_program()
    (SITE / "sealed-llm.pth").write_text("/app\n")
    for pattern in PRUNED:
        for path in list(SITE.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    shutil.rmtree(STAGE / "python/usr/local/bin", ignore_errors=True)  # console scripts of libraries
    _merge_library_names(SITE / "llama_cpp/lib")
    _compile()
    for layer in ("python", "app"):
        _fix_modes(STAGE / layer)
    _try_out(name)


def _copy_program() -> None:
    """Copy the enclave's part of it, and leave the mark by which it knows that the machine it runs on is somebody else's."""
    from app.net.reach import MARK

    shutil.copytree(ROOT / "app", APP, ignore=left_behind)
    (APP / MARK.name).touch()


def left_behind(folder: str, names: list[str]) -> set[str]:
    """Return which of the names in a folder of the package do not go into an image."""
    place = Path(folder).relative_to(ROOT / "app").as_posix()
    left = {name for name in names if name == "__pycache__"}
    if place == ".":
        left |= set(DESK)
    elif place == "sandbox":
        left |= {name for name in names if any(map(Path(name).match, _GUEST_S_OWN))} - _HOST_S_TOO
    elif place == "formats":
        left |= {"protected_data_writer.py"}
    return left


def _merge_library_names(folder: Path) -> None:
    """Leave each dynamic library once, under the name that the others ask for (its SONAME), and `libX.so` as a link to it."""
    for link in folder.glob("*.so"):
        dump = subprocess.run(["objdump", "-p", link], check=True, capture_output=True, text=True).stdout
        soname = next(line.split()[1] for line in dump.splitlines() if line.split()[:1] == ["SONAME"])
        for path in list(folder.glob(f"{link.name}*")):
            if path.name != soname:
                path.unlink()
        if link.name != soname:
            link.symlink_to(soname)


def _compile() -> None:
    """Compile program, wheels and standard library; the latter's `.pyc` alone go along, for BASE has its sources.

    A `.pyc` carries the hash of its source, checked at import: one that does not fit is ignored, never believed.
    Those that the earlier steps left beside what they imported are bound to a time: `-f` makes them anew.
    """
    library = Path("/", LIB)
    copied = STAGE / "stdlib"
    skipped = {"site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "__pycache__"}
    shutil.copytree(library, copied, ignore=lambda _, names: skipped & set(names))
    for folder, shown in ((copied, library), (SITE, library / "site-packages"), (APP, "/app/app")):
        command = [sys.executable, "-m", "compileall", "-f", "-q", "-r", "30", "--invalidation-mode", "checked-hash"]
        command += ["-s", os.fspath(folder), "-p", os.fspath(shown), os.fspath(folder)]
        subprocess.run(command, check=True, env={"PYTHONHASHSEED": "0"}, cwd="/")
    for cache in sorted(copied.rglob("__pycache__")):
        shutil.copytree(cache, STAGE / "python" / LIB / cache.relative_to(copied))
    shutil.rmtree(copied)


def _fix_modes(folder: Path) -> None:
    for path in _below(folder):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() else 0o644)


def _below(folder: Path) -> Iterator[Path]:
    yield folder
    yield from folder.rglob("*")


def _try_out(name: str) -> None:
    """Load engine and catalogue from the staged files alone, with an empty environment."""
    code = (
        f"import sys; sys.path[:0] = [{os.fspath(APP.parent)!r}, {os.fspath(SITE)!r}]\n"
        "from app.llm import library as native, models\n"
        f"native.load_library(); print('engine', native.build_id()[:16], 'model', models.find({name!r}).sha256[:16])"
    )
    subprocess.run([sys.executable, "-I", "-B", "-c", code], check=True, env={}, cwd="/")


def main() -> None:
    """Do the step that the command line names."""
    sys.path[:0] = [os.fspath(ROOT), os.fspath(SITE)]
    match sys.argv[1:]:
        case ["engine"]:
            engine()
        case ["model", name]:
            model(name)
        case ["guest"]:
            guest()
        case ["states", name]:
            states(name)
        case ["app", name]:
            app(name)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
