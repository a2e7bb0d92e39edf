"""One bulk task of 100 datasets against 100 single tasks; and memory from 10 items to 100. 135M model, 16 tokens each.

python -m bench.bulk
"""

from __future__ import annotations

from collections.abc import Sequence

from bench.measure import Cost, median
from bench.task import task

ITEMS = 100
ARGS = ["--model", "smollm2-135m-instruct", "--max-tokens", "16"]


def answered(prompts: Sequence[str], *, bulk: bool, args: Sequence[str] = ARGS) -> tuple[Cost, int]:
    """Return the cost of one task over `prompts`, and how many were answered."""
    done = task([{"prompt": prompt} for prompt in prompts], args, bulk=bulk)
    return done.cost, done.report["bulk"]["successCount"] if bulk else int(done.report["status"] == "ok")


def main() -> None:
    """Print the ratio and the memory."""
    prompts = [f"Tell me a fact about the number {number}." for number in range(ITEMS)]
    singles = [answered([prompt], bulk=False) for prompt in prompts]
    bulks = {count: answered(prompts[:count], bulk=True) for count in (10, ITEMS)}
    if sum(done for _, done in singles) != ITEMS or any(done != count for count, (_, done) in bulks.items()):
        raise SystemExit("not every item was answered")
    alone, together = sum(cost.seconds for cost, _ in singles), bulks[ITEMS][0].seconds
    print(f"{ITEMS} single tasks {alone:.1f} s, one bulk task of {ITEMS} {together:.1f} s: ratio {together / alone:.2f}")
    single = median([cost.mebibytes for cost, _ in singles])
    sizes = ", ".join(f"{count} items {cost.mebibytes:.0f} MiB" for count, (cost, _) in bulks.items())
    print(f"peak resident memory: single {single:.0f} MiB, {sizes}")


if __name__ == "__main__":
    main()
