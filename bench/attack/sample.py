"""A few mutants of the last campaign with the test that killed each: `make test` kills them again.

Kept in tests/attack/sample.jsonl, by the key of the mutant. Where a module or a test has changed since, what is no longer
there is passed over; a test says when too few are left.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from typing import Any

from bench.attack import mutant, mutants, places
from bench.attack.places import KEPT, ROOT

SAMPLE = KEPT / "sample.jsonl"
_ROWS = 25  # of each group


def write() -> int:
    """Choose mutants that a test killed from the kept verdicts; return how many."""
    state, rng, rows = places.load("mutants"), random.Random(0), list[str]()
    for group, modules in mutants.GROUPS.items():
        found = [
            {
                "group": group,
                "module": module,
                "number": int(number),
                "function": function,
                "was": was,
                "now": now,
                "killer": killer,
            }
            for module in modules
            for number, (outcome, function, was, now, killer) in state.get(module, {}).get("verdicts", {}).items()
            if outcome == "killed" and killer.startswith("tests/")
        ]
        found.sort(key=lambda row: (row["module"], row["number"]))
        rows += [json.dumps(row) for row in rng.sample(found, min(_ROWS, len(found)))]
    SAMPLE.write_text("".join(f"{row}\n" for row in rows))
    return len(rows)


def known() -> list[dict[str, Any]]:
    """Return the rows that still mean something: their module, their mutant and the function of their test are there."""
    rows = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
    return [found for row in rows if _has_test(row["killer"]) and (found := _found(row)) is not None]


def _has_test(name: str) -> bool:
    path, _, rest = name.partition("::")
    function = rest.partition("[")[0]
    return (ROOT / path).exists() and f"def {function}(" in (ROOT / path).read_text()


def _found(row: dict[str, Any]) -> dict[str, Any] | None:
    """Return the row with the number that its mutant has now."""
    if not (ROOT / row["module"]).exists():
        return None
    key = (row["module"], row["function"], row["was"], row["now"])
    number = next((at for at in _likely(row) if mutant.mutant(row["module"], at).key == key), None)
    return None if number is None else row | {"number": number}


def _likely(row: dict[str, Any]) -> Iterator[int]:
    count, function = mutant.count(row["module"]), row["function"]
    if row["number"] < count and mutant.function_of(row["module"], row["number"]) == function:
        yield row["number"]
    yield from (at for at in range(count) if at != row["number"] and mutant.function_of(row["module"], at) == function)


def run(rows: list[dict[str, Any]]) -> tuple[int, list[str]]:
    """Return how many had their test, and those that it does not kill."""
    ran, lived = 0, list[str]()

    def take(module: str, number: int, verdict: mutants.Verdict) -> None:
        nonlocal ran
        ran += 1
        if verdict.outcome not in ("killed", "timeout"):
            lived.append(f"{module} {number} ({verdict.was} -> {verdict.now}): {verdict.outcome}")

    wanted = [(row["group"], row["module"], row["number"]) for row in rows]
    killers = {job: row["killer"] for job, row in zip(wanted, rows, strict=True)}
    mutants.judge(wanted, time.monotonic() + 3_600, take, killers)
    return ran, lived
