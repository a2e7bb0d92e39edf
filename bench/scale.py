"""A paper model of many answers: per hour and core of a workerpool, and what a thousand cost. Nothing here was run at scale.

    python -m bench.scale [--around SECONDS] [--match SECONDS] [--price RLC] [--deal RLC] [--volume TASKS]

The program's part is measured (bench/results/growth.txt, one thread, so one core a task); the rest is assumed and can be set.
iExec's own workerpools spread the work: a deal with `--volume` is a bag of tasks, and a bulk slice puts up to 100 datasets
into one task. Answers grow with the cores, since no task waits for another; what limits a pool is its scheduler, not this.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from app.base.limits import LIMITS

GROWTH = Path(__file__).parent / "results" / "growth.txt"
CATEGORY_0 = 300  # seconds that the app may take in the smallest category: PoCo's config.json
_LINE = re.compile(r"^ +(\d+) items of a bulk task: ([0-9.]+) s", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Assumed:
    """What no benchmark here can measure."""

    around: float
    match: float
    price: float
    deal: float
    volume: int


GUESSED = Assumed(around=60.0, match=15.0, price=0.1, deal=0.01, volume=1_000)  # round numbers, no quotes


@dataclass(frozen=True, slots=True)
class Way:
    """One way to order answers: each task's answers and seconds of the program, and the tasks of a deal."""

    name: str
    answers: int
    program: float
    tasks: int

    def an_hour(self, given: Assumed) -> float:
        """Return answers an hour and core, if a core does nothing while its task is fetched, wrapped and delivered."""
        return self.answers * 3_600 / (self.program + given.around + given.match / self.tasks)

    def at_best(self) -> float:
        """Return the same for a worker that computes one task while it prepares and delivers others."""
        return self.answers * 3_600 / self.program

    def a_thousand(self, given: Assumed) -> float:
        """Return the RLC of 1,000 answers."""
        return 1_000 / self.answers * (given.price + given.deal / self.tasks)


def measured() -> dict[int, float]:
    """Return seconds of a task by its number of items."""
    found = {int(items): float(seconds) for items, seconds in _LINE.findall(GROWTH.read_text())} if GROWTH.exists() else {}
    if not {1, LIMITS.bulk_items} <= found.keys():
        raise SystemExit("measure first: python -m bench.growth")
    return found


def lines(given: Assumed) -> Iterator[str]:
    """Yield the assumptions, then the table."""
    seconds = measured()
    single, whole = seconds[1], seconds[LIMITS.bulk_items]
    yield f"measured: {GROWTH.read_text().splitlines()[0]}"
    yield f"| seconds of the program, 1 item | {single:.2f} | measured |"
    yield f"| the same, {LIMITS.bulk_items} items | {whole:.1f} | measured; {CATEGORY_0} are allowed in category 0 |"
    yield f"| seconds around a task | {given.around:g} | --around: containers, data, upload, contribution; assumed |"
    yield f"| seconds to match a deal | {given.match:g} | --match: orders signed and matched, one block; assumed |"
    yield f"| RLC a task | {given.price:g} | --price: app and workerpool; assumed, see `iexec orderbook workerpool` |"
    yield f"| RLC a deal | {given.deal:g} | --deal: gas of the match; assumed |"
    yield f"| tasks of a deal | {given.volume} | --volume of the request order |"
    if whole > CATEGORY_0:
        yield f"a slice of {LIMITS.bulk_items} does not fit into category 0 here: take a larger one, or shorter slices"
    yield f"{'':<28}{'answers/h/core':>16}{'if overlapped':>16}{'RLC/1,000':>12}"
    for way in (
        Way("single tasks", 1, single, 1),
        Way(f"bags of {given.volume} tasks", 1, single, given.volume),
        Way(f"bulk, {LIMITS.bulk_items} a task", LIMITS.bulk_items, whole, 1),
        Way("bulk slices in one deal", LIMITS.bulk_items, whole, given.volume),
    ):
        yield f"{way.name:<28}{way.an_hour(given):>16,.0f}{way.at_best():>16,.0f}{way.a_thousand(given):>12,.2f}"


def main() -> None:
    """Print all of it."""
    options = argparse.ArgumentParser()
    for name, value in asdict(GUESSED).items():
        options.add_argument(f"--{name}", type=type(value), default=value)
    print("\n".join(lines(Assumed(**vars(options.parse_args())))))


if __name__ == "__main__":
    main()
