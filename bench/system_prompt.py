"""`ask` with a system prompt of 400 tokens against llama.cpp's own program, with a prompt state and without.

    python -m bench.system_prompt [rounds] [model]

The words of an image are evaluated at its build, so ours runs from a copy of the code whose fixed words of `ask` are 400
tokens long, built as `make` builds it. Without its state file the same copy shows what a *caller's* own system prompt of that
length costs: nobody has evaluated those words before. llama.cpp's program reads them each time, as it has no state to load.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from app.jobs import ask_words as words
from app.llm.models import find
from bench.altered import copy
from bench.ask import PROMPT, TOKENS, Once, once, theirs
from bench.measure import in_turns, median
from bench.prefix import WORDS
from bench.task import task

SYSTEM = (WORDS * 23).strip()  # 400 tokens with Qwen's vocabulary
_ROOM = 768  # tokens of context of llama.cpp's program


def build(folder: Path, model: str) -> None:
    """Make a copy of the code in `folder` whose `ask` says SYSTEM, with its state."""
    copy(folder, "app/jobs/ask_words.py", json.dumps(words.SYSTEM), json.dumps(SYSTEM))
    command: list[str | Path] = [sys.executable, folder / "dev/make_states.py", "--pin", model]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": os.fspath(folder)}, stderr=subprocess.DEVNULL)


def ours(folder: Path, model: str, threads: int, *, restored: bool) -> Once:
    """Return one whole task of the copy. Ends the benchmark if it did not start from the state, or did."""
    state = next((folder / "app/llm/weights").glob(f"{find(model).file}.ask.state*"))
    state = state.rename(state.with_name(f"{find(model).file}.ask.state{'' if restored else '.away'}"))
    options = ["--model", model, "--max-tokens", str(TOKENS), "--threads", str(threads)]
    done = task([{"prompt": PROMPT}], options, code=folder)
    if bool(done.timings["restored_tokens"]) != restored:
        raise SystemExit("the prompt state was not used as meant")
    return once(done)


def main(rounds: int, name: str | None) -> None:
    """Print the ratios for one thread and for all there are."""
    model = find(name).name
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        build(folder, model)
        print(f"{model}, {TOKENS} tokens after a system prompt of 400, medians of {rounds}, load {os.getloadavg()[0]:.1f}")
        for threads in sorted({1, len(os.sched_getaffinity(0))}):
            contenders: dict[str, Callable[[], Once]] = {
                "with its state": functools.partial(ours, folder, model, threads, restored=True),
                "without": functools.partial(ours, folder, model, threads, restored=False),
                "llama.cpp": functools.partial(theirs, PROMPT, TOKENS, threads, system=SYSTEM, room=_ROOM, model=model),
            }
            found = in_turns(contenders, rounds)
            seconds = {who: median([one.cost.seconds for one in runs]) for who, runs in found.items()}
            size = found["without"][0]
            each = ", ".join(f"{who} {value:.2f} s" for who, value in seconds.items())
            ratios = ", ".join(f"{who} {value / seconds['llama.cpp']:.2f}" for who, value in list(seconds.items())[:2])
            tokens = f"{size.prompt_tokens} tokens read, {size.completion_tokens} written"
            print(f"  {threads} thread(s), {tokens}: {each}; over llama.cpp: {ratios}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, sys.argv[2] if len(sys.argv) > 2 else None)
