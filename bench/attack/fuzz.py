"""Coverage-guided fuzzing of every target with atheris, which is libFuzzer for Python: one process a target.

Begins with the corpus in tests/attack/corpus and goes on with what earlier campaigns found new ways through the code with.
A crash is an input that breaks the contract of `targets`, takes longer than 20 seconds, or more than 2 GiB, and does so
again in a process of its own with a budget of processor time; it is written to tests/attack/corpus/<target>.crashes.txt,
where `make test` finds it from then on.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.attack import corpus, places
from bench.attack.places import ROOT, STATE

_SECONDS, _MEBIBYTES, _BYTES = 20, 2_048, 8_192
_KEPT_BYTES, _KEPT_FILES = 24_000, 40  # of one target, in the tree


def fuzz(name: str, seconds: int) -> dict[str, Any]:
    """Fuzz one target for so many seconds; return how many inputs were tried and how many crashed that were not known."""
    from bench.attack import replay
    from bench.attack.targets import attempt

    work = STATE / "corpus" / name
    work.mkdir(parents=True, exist_ok=True)
    write_seeds(name, work)
    words = STATE / f"{name}.dict"
    words.write_text(_dictionary(name))
    tried, crashes, until = 0, 0, time.monotonic() + seconds
    while (left := int(until - time.monotonic())) > 0:
        limits = [f"-timeout={_SECONDS}", f"-rss_limit_mb={_MEBIBYTES}", f"-max_len={_BYTES}", f"-max_total_time={left}"]
        options = [*limits, f"-dict={words}", f"-artifact_prefix={STATE}/{name}-", "-print_final_stats=1", "-verbosity=1"]
        done = _child(name, [*options, str(work)])
        tried += _counted(done.stderr)
        found = re.search(rf"Test unit written to ({re.escape(str(STATE))}/{name}-\S+)", done.stderr)
        if done.returncode == 0 or not found:
            if done.returncode:
                raise SystemExit(f"the fuzzer of {name} ended with {done.returncode}: {done.stderr[-2000:]}")
            break
        data = Path(found[1]).read_bytes()
        if not replay.in_child(functools.partial(attempt, name, data)):
            print(f"fuzz: {name}: an input could not be repeated: was the machine stopped, or short of memory?", flush=True)
            continue
        if not corpus.add_crash(name, data):
            print(f"fuzz: {name}: a known crash is in the way of anything else: mend it first", flush=True)
            break
        crashes += 1
        print(f"fuzz: {name} crashed: the last line of {corpus.FOLDER.relative_to(ROOT)}/{name}.crashes.txt", flush=True)
    return {"tried": tried, "crashes": crashes}


def write_seeds(name: str, folder: Path) -> None:
    """Write the seeds of a target, and the inputs that the tree keeps, into a folder for libFuzzer."""
    from bench.attack.targets import TARGETS

    for data in (*TARGETS[name].seeds(), *corpus.ways(name)):
        (folder / hashlib.sha1(data, usedforsecurity=False).hexdigest()).write_bytes(data)


def keep(name: str) -> None:
    """Put the smallest inputs with all ways through the code that were found into the tree, within the bytes for that."""
    work, least = STATE / "corpus" / name, STATE / "least" / name
    least.mkdir(parents=True, exist_ok=True)
    for old in least.iterdir():
        old.unlink()
    done = _child(name, ["-merge=1", f"-max_len={_BYTES}", f"-timeout={_SECONDS}", str(least), str(work)])
    if done.returncode or not any(least.iterdir()):
        raise SystemExit(f"the corpus of {name} could not be made smaller: {done.stderr[-2000:]}")
    found, size, kept = sorted(least.iterdir(), key=lambda path: path.stat().st_size), 0, list[bytes]()
    for path in found[: _KEPT_FILES * 4 : 4] if len(found) > _KEPT_FILES * 4 else found[:_KEPT_FILES]:
        size += path.stat().st_size
        if size < _KEPT_BYTES:
            kept.append(path.read_bytes())
    corpus.keep(name, kept)


def _child(name: str, options: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bench.attack.fuzz", name, *options]
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, errors="replace", check=False)


def _counted(said: str) -> int:
    done = re.findall(r"stat::number_of_executed_units:\s*(\d+)", said) or re.findall(r"^#(\d+)\s", said, re.MULTILINE)
    return int(done[-1]) if done else 0


def _dictionary(name: str) -> str:
    from bench.attack.targets import CANARY, TARGETS

    words = dict.fromkeys((*TARGETS[name].tokens, CANARY))
    quoted = ("".join(f"\\x{byte:02x}" for byte in word.encode()) for word in words)
    return "".join(f'"{word}"\n' for word in quoted)


def campaign(minutes: float, names: Sequence[str] = ()) -> dict[str, Any]:
    """Fuzz the targets, the least tried first, for so many minutes in all; return the figures of all campaigns so far."""
    from bench.attack.targets import TARGETS

    state = places.load("fuzz")
    wanted = sorted(names or TARGETS, key=lambda name: state.get(name, {}).get("tried", 0))
    for name in wanted:
        done = fuzz(name, max(2, int(60 * minutes / len(wanted))))
        kept = state.setdefault(name, {"tried": 0})
        kept["tried"] += done["tried"]
        places.save("fuzz", state)
        print(f"fuzz: {name}: {kept['tried']} inputs", flush=True)
        keep(name)
    return state


def _again(name: str) -> str:
    """Return a program that starts this one: libFuzzer starts itself by the name it has when it makes a corpus smaller."""
    STATE.mkdir(parents=True, exist_ok=True)
    program = STATE / f"{name}.sh"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bench.attack.fuzz {name} "$@"\n')
    program.chmod(0o755)
    return str(program)


def main() -> None:
    """Fuzz the target that the first argument names, in this process: the rest is libFuzzer's."""
    import atheris

    name = sys.argv.pop(1)
    sys.argv[0] = _again(name)
    with atheris.instrument_imports(include=["app"], enable_loader_override=False):
        from bench.attack.targets import TARGETS, attempt

        for seed in TARGETS[name].seeds():  # imports what is imported late, so that it is watched as well
            attempt(name, seed)
        atheris.Setup(sys.argv, lambda data: attempt(name, data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
