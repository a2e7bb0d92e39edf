"""The same request gives the same bytes: how often that was tried, and what would break it.

    python -m bench.bits [processes]

Prints the table that bench/results/bits.txt keeps; ends non-zero if bytes that must be equal are not.
"same" and "changed" below speak of all logits after a prompt of 299 tokens, and after each of 24 greedy ones (bench.logits).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.llm.models import find
from bench import libm
from bench.task import task
from bench.variants import VARIANTS, libraries
from tests.support.system import QEMU

SMALL = "smollm2-135m-instruct"
SAMPLING = {"temperature 0": [], "temperature 0.9, seed 11": ["--temperature", "0.9", "--seed", "11"]}
OFTEN = 5  # every fifth process has more than one thread: spinning threads are slow on a busy machine
CPUS = ("Haswell", "Skylake-Client")
FREE: dict[str, dict[str, Any]] = {
    "no mmap": {"mmap": False},
    "micro-batches of 32": {"ubatch": 32},
    "batches of 40": {"batch": 40, "ubatch": 40},
    "batches of 512": {"batch": 512, "ubatch": 512},
    "a context of 2,048": {"context": 2_048},
    "2 threads": {"threads": 2},
}
BREAKERS: dict[str, dict[str, Any]] = {
    "flash attention": {"flash": True},
    "flash attention, keys and values in Q8_0": {"flash": True, "kv": "Q8_0"},
    "keys and values in F32": {"kv": "F32"},
    "a last batch of one token": {"tail_of_one": True},
    "every batch of one token": {"batch": 1, "ubatch": 1},
}


def fresh_processes(model: str, count: int) -> None:
    """Print how many different results `count` fresh processes give, on all thread counts, with mmap and without."""
    threads = len(os.sched_getaffinity(0))
    for name, sampling in SAMPLING.items():
        seen = set()
        for index in range(count):
            speed = ["--threads", str(2 + index // OFTEN % (threads - 1) if threads > 1 and index % OFTEN == 0 else 1)]
            speed += ["--no-mmap"] if index % 3 == 0 else []
            args = ["--model", model, "--max-tokens", "24", *sampling, *speed]
            seen.add(task([{"prompt": "Tell me about the sea."}], args).result)
        _must(len(seen) == 1, f"{model}, {name}: {len(seen)} different results")
        digest = hashlib.sha256(seen.pop()).hexdigest()[:16]
        print(f"  {model}, {name}: {count} processes, 1..{threads} threads, mmap or not: 1 result.json ({digest}…)", flush=True)


def slices(model: str) -> None:
    """Print that an answer is the same alone and at every place of a bulk slice."""
    made: list[dict[str, Any]] = [{"prompt": f"Tell me a fact about the number {number}."} for number in range(4)]
    made += [{"prompt": "Name a colour.", "temperature": 0.9, "seed": 3}]
    args = ["--model", model, "--max-tokens", "16"]
    alone = [task([fields], args).report["answer"] for fields in made]
    for turn in range(len(made)):
        report = task(made[turn:] + made[:turn], args, bulk=True).report
        answers = [item["answer"] for item in report["bulk"]["results"]]
        _must(answers == alone[turn:] + alone[:turn], f"{model}: a slice turned by {turn} gives other answers")
    print(f"  {model}: {len(made)} answers, each alone and at each of {len(made)} places of a slice: the same", flush=True)


def emulated(model: str) -> None:
    """Print that emulated CPUs give the host's result.json."""
    if QEMU is None:
        print("  not run: there is no qemu-user here")
        return
    asked, args = [{"prompt": "Name a colour.", "system": "Be brief."}], ["--model", model, "--max-tokens", "8"]
    host = task(asked, args).result
    for cpu in CPUS:
        _must(task(asked, args, wrapper=[QEMU, "-cpu", cpu]).result == host, f"{cpu} gives another result.json")
        print(f"  {model}, qemu -cpu {cpu}: the host's result.json", flush=True)


def settings(model: str) -> None:
    """Print what each free setting and each breaker does to the logits."""
    base = _logits(model, {}, None)
    for name, setting in FREE.items():
        _must(_logits(model, setting, None)["digest"] == base["digest"], f"{model}, {name}: other logits")
        print(f"  {name:42} same", flush=True)
    for name, setting in BREAKERS.items():
        print(f"  {name:42} {_change(base, _logits(model, setting, None))}", flush=True)
    for name in VARIANTS:
        try:
            found = _logits(model, {}, libraries(name))
        except SystemExit:
            print(f"  build: {name:35} not tried: it does not build here")
            continue
        print(f"  build: {name:35} {_change(base, found)}; {'refused' if found['refused'] else 'accepted'} at load", flush=True)


def _logits(model: str, setting: dict[str, Any], folder: Path | None) -> dict[str, Any]:
    environ = {**os.environ, **({"LD_LIBRARY_PATH": os.fspath(folder)} if folder else {})}
    command = [sys.executable, "-m", "bench.logits", model, json.dumps(setting)]
    found: dict[str, Any] = json.loads(subprocess.run(command, env=environ, check=True, capture_output=True).stdout)
    return found


def _change(base: dict[str, Any], found: dict[str, Any]) -> str:
    if found["digest"] == base["digest"]:
        return "same"
    return "changed, and the text with them" if found["text"] != base["text"] else "changed, the text not (yet)"


def _must(holds: bool, trouble: str) -> None:  # noqa: FBT001  one fact, one sentence
    if not holds:
        raise SystemExit(trouble)


def main(processes: int) -> None:
    """Run the campaign."""
    models = (SMALL, find(None).name)
    print("fresh processes")
    for model in models:
        fresh_processes(model, processes)
    print("bulk slices")
    for model in models:
        slices(model)
    print("emulated CPUs")
    emulated(SMALL)
    for model in models:
        print(f"logits of {model}")
        settings(model)
    print(libm.line())


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50)
