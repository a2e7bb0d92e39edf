"""What a task takes of memory, by model and context: peak resident set, peak address space, smallest heap that works.

    python -m bench.memory [model]...

Each figure is of a whole `python -m app` in a process of its own. --max-tokens sets the context, which is
allocated and cleared whole before the first token, however short the answer. An enclave's heap holds the
whole address space (it does not grow lazily there), so the smallest heap is searched under RLIMIT_AS.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.llm.models import WEIGHTS, catalogue, find
from app.simulate.worker import Order, prepare
from bench.task import KEY

MEBIBYTE = 2**20
HEAP_STEP = 4 * MEBIBYTE
CONTEXTS = (256, 1_024, 2_048, 4_096)
SHORTEST, LONGEST = CONTEXTS[0], CONTEXTS[-1]
_PROMPT = "Reply with the one word: yes."
_POLL = 0.001  # seconds; VmPeak only grows, so the last look is the peak


@dataclass(frozen=True, slots=True)
class Peak:
    """One task: bytes of peak resident set and of peak address space, and its result.json ({} if there is none)."""

    resident: int
    address_space: int
    result: dict[str, Any]

    @property
    def status(self) -> str:
        """Return the report's status, "none" if no result was written."""
        return str(self.result.get("report", {}).get("status", "none"))


@functools.cache
def task(model: str, context: int, *, mmap: bool = True, heap: int | None = None) -> Peak:
    """Return the peaks of one ask with a context of `context` tokens, in an address space of at most `heap` bytes."""
    return _task(model, context - _prompt_tokens(model), mmap, heap)


@functools.cache
def need(model: str, context: int, *, mmap: bool = True) -> int:
    """Return the bytes of heap that suffice for `context` tokens, at most LONGEST: a multiple of HEAP_STEP.

    The address space is a convex function of the context (weights and libraries, a KV cache that grows with
    each token, and the larger of two scratch buffers), so the straight line between the shortest and the
    longest context never lies below it.
    """
    low, high = (task(model, tokens, mmap=mmap).address_space for tokens in (SHORTEST, LONGEST))
    exact = low + (high - low) * (context - SHORTEST) / (LONGEST - SHORTEST)
    return -int(-exact // HEAP_STEP) * HEAP_STEP


def smallest(model: str, context: int, *, mmap: bool) -> int:
    """Return the smallest multiple of HEAP_STEP in which the task still succeeds, by bisection."""
    works = need(model, context, mmap=mmap) // HEAP_STEP
    if task(model, context, mmap=mmap, heap=works * HEAP_STEP).status != "ok":
        raise SystemExit(f"{model}, {context} tokens: the computed heap does not suffice")
    fails = works * 3 // 4
    while works - fails > 1:
        middle = (works + fails) // 2
        if task(model, context, mmap=mmap, heap=middle * HEAP_STEP).status == "ok":
            works = middle
        else:
            fails = middle
    return works * HEAP_STEP


@functools.cache
def _prompt_tokens(model: str) -> int:
    return int(_task(model, 1, mmap=True, heap=None).result["report"]["answer"]["prompt_tokens"])


def _task(model: str, max_tokens: int, mmap: bool, heap: int | None) -> Peak:  # noqa: FBT001  what --no-mmap says
    command = [sys.executable, "-m", "app", "--model", model, "--max-tokens", str(max_tokens), "--prompt", _PROMPT]
    command += ["--threads", "1"]  # as in SCONE, where the heap is what it is
    with tempfile.TemporaryDirectory() as folder:
        inside, out = Path(folder, "in"), Path(folder, "out")
        inside.mkdir()
        out.mkdir()
        child = subprocess.Popen(
            [*command, *([] if mmap else ["--no-mmap"])],
            env=prepare(Order(app_secret=KEY), inside, out),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=None if heap is None else functools.partial(resource.setrlimit, resource.RLIMIT_AS, (heap, heap)),  # noqa: PLW1509  this process has one thread
        )
        address_space = watch(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        written = out / "result.json"
        result = json.loads(written.read_bytes()) if written.exists() else {}
    return Peak(usage.ru_maxrss * 1024, address_space, result)


def watch(pid: int) -> int:
    """Return VmPeak in bytes, once the process has let go of its memory."""
    peak = 0
    while True:
        sizes = [line.split()[1] for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmPeak" in line]
        if not sizes:
            return peak
        peak = int(sizes[0]) * 1024
        time.sleep(_POLL)


def main(names: list[str]) -> None:
    """Print the table of every model that is here, or of those named."""
    here = names or [name for name, model in catalogue().items() if (WEIGHTS / model.file).exists()]
    print("MiB; file: the model; heap: the smallest that works, to 4 MiB; computed: the heap that `need` names")
    for model in map(find, here):
        print(f"{model.name}, file {model.bytes / MEBIBYTE:.0f}")
        for context in CONTEXTS:
            for mmap in (True, False):
                peak = task(model.name, context, mmap=mmap)
                sizes = (peak.resident, peak.address_space, smallest(model.name, context, mmap=mmap))
                resident, space, heap = (f"{size / MEBIBYTE:4.0f}" for size in sizes)
                how = "mmap   " if mmap else "no mmap"
                computed = f"computed {need(model.name, context, mmap=mmap) / MEBIBYTE:4.0f}"
                print(
                    f"  {context:5} tokens, {how}: resident {resident}, address space {space}, heap {heap}, {computed}",
                    flush=True,
                )


if __name__ == "__main__":
    main(sys.argv[1:])
