"""How the cost of a whole task grows: with the items of a bulk slice, with the prompt, with the answer.

    python -m bench.growth [rounds] [model]

Writes every run to bench/results/growth.txt and the plot of the medians to bench/results/growth.svg. One thread, fresh
processes in turns. "single tasks" in the plot is one task's median times their number; `bench.bulk` runs all of them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from app.llm.models import Model, find
from bench.ask import Once, ours
from bench.bulk import answered
from bench.measure import in_turns, median
from bench.plot import Panel, Points, svg

ITEMS = (1, 10, 100)
ITEM_TOKENS = 16
PROMPTS = (100, 500, 1_000, 2_000, 3_000, 4_000)
ANSWERS = (1, 10, 100, 250, 500, 1_000)
SHORT = 8  # tokens of the answer while the prompt grows
# Of some that were tried, the one that the default model does not end before a thousand tokens.
ENDLESS = (
    "Write a Python module with twenty different sorting algorithms, each as a function of its own with a long documentation"
    " string and comments."
)
RESULTS = Path(__file__).parent / "results"
Taken = Mapping[int, Sequence[tuple[float, float]]]  # asked for -> (what it was, seconds) of each run


def bulk(model: Model, count: int) -> tuple[float, float]:
    """Return the items and the seconds of one bulk task."""
    prompts = [f"Tell me a fact about the number {number}." for number in range(count)]
    options = ["--model", model.name, "--max-tokens", str(ITEM_TOKENS), "--threads", "1"]
    cost, done = answered(prompts, bulk=True, args=options)
    if done != count:
        raise SystemExit("not every item was answered")
    return count, cost.seconds


def reading(model: Model, filler: int) -> tuple[float, float]:
    """Return prompt tokens and seconds of a prompt of `filler` more tokens than the template has."""
    once = ours("a" + " a" * (filler - 1), SHORT, 1, model=model.name)
    return once.prompt_tokens, once.cost.seconds


def writing(model: Model, tokens: int) -> tuple[float, float]:
    """Return answer tokens, fewer than asked for if the model ends its turn, and seconds."""
    once: Once = ours(ENDLESS, tokens, 1, model=model.name)
    return once.completion_tokens, once.cost.seconds


def taken(start: Callable[[int], tuple[float, float]], sizes: Sequence[int], rounds: int) -> Taken:
    """Return the runs of each size, taken in turns."""
    found = in_turns({str(size): partial(start, size) for size in sizes}, rounds)
    return {int(size): runs for size, runs in found.items()}


def medians(runs: Taken) -> Points:
    """Return one point a size, in order; answers that ended early may be of one size."""
    found = {median([size for size, _ in some]): median([seconds for _, seconds in some]) for some in runs.values()}
    return sorted(found.items())


def slope(points: Points) -> tuple[float, float]:
    """Return the seconds that one more costs between the second and the third size, and between the last two."""
    (a, b), (c, d) = points[1:3], points[-2:]
    return (b[1] - a[1]) / (b[0] - a[0]), (d[1] - c[1]) / (d[0] - c[0])


def main(rounds: int, name: str | None) -> None:
    """Measure, print, and write both files."""
    model = find(name)
    spare = reading(model, 1)[0] - 1  # tokens of template and system prompt
    fits = [size for size in PROMPTS if size + SHORT <= model.context]
    found = {
        "items of a bulk task": taken(partial(bulk, model), ITEMS, rounds),
        "prompt tokens": taken(lambda size: reading(model, size - int(spare)), fits, rounds),
        "answer tokens": taken(partial(writing, model), ANSWERS, rounds),
    }
    lines = [f"{model.name}, 1 thread, whole tasks, {rounds} runs of each, load {os.getloadavg()[0]:.1f} at the end"]
    for what, runs in found.items():
        for some in runs.values():
            each = " ".join(f"{seconds:.2f}" for _, seconds in some)
            lines.append(f"  {median([size for size, _ in some]):5.0f} {what}: {median([s for _, s in some]):.2f} s ({each})")
    points = {what: medians(runs) for what, runs in found.items()}
    single, hundred = points["items of a bulk task"][0][1], points["items of a bulk task"][-1][1]
    lines.append(f"{ITEMS[-1]} items of {ITEM_TOKENS} tokens / {ITEMS[-1]} times one: {hundred / (ITEMS[-1] * single):.2f}")
    for what in ("prompt tokens", "answer tokens"):
        early, late = slope(points[what])
        lines.append(f"a further one of the {what}: {early * 1000:.1f} ms at first, {late * 1000:.1f} ms in the end")
    singles = [(size, size * single) for size, _ in points["items of a bulk task"]]
    panels = [
        Panel("bulk", "items", {"one bulk task": points["items of a bulk task"], "single tasks": singles}),
        Panel("reading", "tokens of prompt", {f"{SHORT} tokens of answer": points["prompt tokens"]}),
        Panel("writing", "tokens of answer", {"one task": points["answer tokens"]}),
    ]
    print("\n".join(lines))
    (RESULTS / "growth.txt").write_text("\n".join(lines) + "\n")
    (RESULTS / "growth.svg").write_text(svg(panels, f"Seconds of a whole task of {model.name}, one thread"))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3, sys.argv[2] if len(sys.argv) > 2 else None)
