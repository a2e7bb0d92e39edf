"""`ask` against llama.cpp's own program: same GGUF, source, flags, prompt, threads and token count, in one run.

    python -m bench.ask [rounds]

Ours is the whole of `python -m app` as a worker starts it: environment, zip, SHA-256 of the model,
load, prefill, decode, report, signature, self-check, fsync. Theirs is `llama-completion` with the same
chat text in a file, its warm-up off. The engine's part is ours from load to last token, without the
hash, against the whole of theirs.
"""

from __future__ import annotations

import functools
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from app.jobs import ask_words as words
from app.llm.models import WEIGHTS, find
from bench.measure import Cost, in_turns, median, run
from bench.peer import program
from bench.task import Task, task

PROMPT = (
    "Explain step by step and in great detail how a rainbow forms, what each colour means in physics, and who found it out."
)
TOKENS = 64
CONTEXT = 2_048  # tokens, for the memory line


@dataclass(frozen=True, slots=True)
class Once:
    """One run; of llama.cpp's program only the whole is known."""

    cost: Cost
    engine_seconds: float
    prompt_tokens: int = 0
    completion_tokens: int = 0


def ours(prompt: str, tokens: int, threads: int, *, mmap: bool = True, model: str | None = None) -> Once:
    """Return one whole task with `model`, or the default."""
    options = ["--threads", str(threads), *([] if mmap else ["--no-mmap"]), *(["--model", model] if model else [])]
    return once(task([{"prompt": prompt}], ["--max-tokens", str(tokens), *options]))


def once(done: Task) -> Once:
    """Return what counts of a task with one answer."""
    answer = done.report["answer"]
    engine = (done.timings["load_model"] + done.timings["answer"]) / 1000
    return Once(done.cost, engine, answer["prompt_tokens"], answer["completion_tokens"])


def chat_text(system: str, prompt: str) -> str:
    """Return the chat as the template of our models writes it."""
    return f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"


def theirs(
    prompt: str, tokens: int, threads: int, *, system: str = words.SYSTEM, room: int = 512, model: str | None = None
) -> Once:
    """Return one run of llama.cpp's program on the chat text that our template makes."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(chat_text(system, prompt))
        file.flush()
        weights = (WEIGHTS / find(model).file).resolve()
        command: list[str | Path] = [program(), "-m", weights, "-f", file.name, "-n", str(tokens), "--temp", "0"]
        command += ["--repeat-penalty", str(words.REPEAT_PENALTY_MILLI / 1000), "--repeat-last-n", "64"]
        command += ["-t", str(threads), "-tb", str(threads), "-c", str(room), "-fa", "off", "--ignore-eos", "-no-cnv"]
        cost = run([*command, "--no-display-prompt", "--no-warmup", "--seed", "0"], os.environ)
    return Once(cost, cost.seconds)


def speed(rounds: int) -> None:
    """Print the ratios of wall time for one thread and for all there are."""
    print(f"whole task and engine's part / llama-completion, {TOKENS} tokens, medians of {rounds}")
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        contenders = {
            name: functools.partial(start, PROMPT, TOKENS, threads) for name, start in (("ours", ours), ("theirs", theirs))
        }
        found = in_turns(contenders, rounds)
        if any(one.completion_tokens != TOKENS for one in found["ours"]):
            raise SystemExit("the model ended its turn early: the counts differ")
        whole = median([one.cost.seconds for one in found["ours"]])
        engine = median([one.engine_seconds for one in found["ours"]])
        peer = median([one.cost.seconds for one in found["theirs"]])
        print(f"  {threads} thread(s): ours {whole:.2f} s, engine {engine:.2f} s, theirs {peer:.2f} s", end="  ")
        print(f"whole {whole / peer:.2f}, engine {engine / peer:.2f}")


def memory() -> None:
    """Print the peak resident memory over the model file's size, with the context full."""
    size = find(None).bytes / 2**20
    print(f"peak resident memory, {CONTEXT} tokens of context in use, model file {size:.0f} MiB")
    for mmap in (True, False):
        probe = ours("a", 8, 1)
        filled = ours("a" + " a" * (CONTEXT - 8 - probe.prompt_tokens), 8, len(os.sched_getaffinity(0)), mmap=mmap)
        used = filled.prompt_tokens + 8
        peak = filled.cost.mebibytes
        print(f"  {'mmap' if mmap else 'no mmap'}: {used} tokens, {peak:.0f} MiB, file + {peak - size:.0f} MiB")


if __name__ == "__main__":
    speed(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
    memory()
