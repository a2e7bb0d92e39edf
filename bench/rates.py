"""Prefill and decode in tokens a second against llama-bench of the same build, and decode against what memory can deliver.

    python -m bench.rates [rounds] [model]

Ours is what an `ask` does: batches of 128 without flash attention, and for each token penalties, sampler, text and decode;
llama-bench, without flash attention too, decodes made-up tokens and samples nothing. The bound on decode is a C loop that
reads a large buffer (bandwidth.c), over the bytes of weights that one token reads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.jobs.ask_words import REPEAT_PENALTY_MILLI
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.sampling import Sampling, chain, choice, penalties
from bench.gguf import read_per_token
from bench.measure import Cost, in_turns, median, run
from bench.peer import program

PREFILL, DECODED = 512, 64  # llama-bench's own default, and the length of the other benchmarks' answers


def prefill(engine: Engine) -> float:
    """Return tokens a second."""
    tokens = [1_000 + 7 * place for place in range(PREFILL)]
    with engine.context(PREFILL) as context:
        began = time.perf_counter()
        context.read(tokens)
        return PREFILL / (time.perf_counter() - began)


def decode(engine: Engine) -> float:
    """Return tokens a second, sampling included."""
    sampling = Sampling(repeat_penalty_milli=REPEAT_PENALTY_MILLI)
    sampler = chain(engine.c, [*penalties(engine.c, engine.n_vocab, sampling), *choice(engine.c, sampling)])
    try:
        with engine.context(DECODED + 2) as context:
            context.read([1_000, 1_007])
            began = time.perf_counter()
            for _ in range(DECODED):
                token = engine.c.llama_sampler_sample(sampler, context.pointer, -1)
                engine.piece(token, control=False)
                context.decode([token])
            return DECODED / (time.perf_counter() - began)
    finally:
        engine.c.llama_sampler_free(sampler)


def llama_bench(model: Path, threads: int, prompt: int, generated: int) -> Cost:
    """Return one run that reads `prompt` tokens or generates `generated`; the other is 0."""
    command: list[str | Path] = [program("llama-bench"), "-m", model, "-p", str(prompt), "-n", str(generated)]
    return run([*command, "-t", str(threads), "-fa", "0", "-r", "1", "-o", "json"], os.environ)


def rate(cost: Cost) -> float:
    """Return the tokens a second that llama-bench told."""
    (row,) = json.loads(cost.stdout)
    return float(row["avg_ts"])


def _its(model: Path, threads: int, prompt: int, generated: int) -> float:
    return rate(llama_bench(model, threads, prompt, generated))


def bandwidth(threads: int) -> float:
    """Return the bytes a second that so many threads can read together."""
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, "bandwidth")
        source = Path(__file__).with_name("bandwidth.c")
        subprocess.run(["cc", "-O3", "-mavx2", "-pthread", source, "-o", made], check=True)  # noqa: S607  as make finds it
        return float(subprocess.run([made, str(threads)], check=True, capture_output=True).stdout)


def main(rounds: int, name: str | None) -> None:
    """Print both rates, the ratios and the share of the bound."""
    model = find(name)
    path = checked_path(model).resolve()
    weights = read_per_token(path)
    program("llama-bench")
    print(f"{model.name}, tokens a second, medians of {rounds}, load {os.getloadavg()[0]:.1f}")
    for threads in sorted({1, len(os.sched_getaffinity(0))}):
        with Engine(path, threads=threads) as engine:
            prefill(engine)  # warm, as llama-bench is
            contenders: dict[str, Callable[[], float]] = {
                "prefill": partial(prefill, engine),
                "its prefill": partial(_its, path, threads, PREFILL, 0),
                "decode": partial(decode, engine),
                "its decode": partial(_its, path, threads, 0, DECODED),
            }
            found = in_turns(contenders, rounds)
        rates = {what: median(some) for what, some in found.items()}
        most = bandwidth(threads)
        print(f"  {threads} thread(s)")
        for what in ("prefill", "decode"):
            ours, its = rates[what], rates[f"its {what}"]
            print(f"    {what}: ours {ours:.1f}, llama-bench {its:.1f}, ratio {ours / its:.2f}")
        print(
            f"    memory {most / 1e9:.1f} GB/s, {weights / 1e6:.0f} MB of weights a token: at most {most / weights:.0f},"
            f" decode is at {rates['decode'] * weights / most:.0%} of it"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7, sys.argv[2] if len(sys.argv) > 2 else None)
