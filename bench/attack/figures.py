"""What the campaigns found so far, as bench/results/attack.txt: docs/explanation/attacks.md shows it."""

from __future__ import annotations

import platform
from collections import Counter
from typing import Any

from bench.attack import growth, places
from bench.attack.places import FIGURES, ROOT

__all__ = ["FIGURES", "write"]


def write() -> list[str]:
    """Write the figures of all parts that have any; return what is not as it must be."""
    lines, wrong = [f"CPython {platform.python_version()}, {platform.machine()}"], list[str]()
    for part, make in {
        "fuzz": _fuzz,
        "growth": _growth,
        "mutants": _mutants,
        "faults": _faults,
        "isolation": _isolation,
    }.items():
        rows, faults = make() if places.load(part) else ([_row(part, f"all of {part}", "not run")], [])
        lines += rows
        wrong += faults
    FIGURES.write_text("\n".join(lines) + "\n")
    return wrong


def _row(command: str, what: str, figure: str) -> str:
    return f"{what:<72} {figure:>14}   python -m bench.attack {command}"


def _fuzz() -> tuple[list[str], list[str]]:
    from bench.attack import replay

    state = places.load("fuzz")
    crashes = replay.crashes()
    tried = sum(one["tried"] for one in state.values())
    rows = [
        _row("fuzz", f"inputs that {len(state)} fuzzed readers and parsers tried", f"{tried:,}"),
        _row("fuzz", "crashes: anything but a value or an error with a code and without content", f"{len(crashes)}"),
    ]
    return rows, [f"crash: {name}" for name in crashes]


def _growth() -> tuple[list[str], list[str]]:
    from bench.attack import replay

    state, slow = places.load("growth"), replay.slow()
    tried = sum(one["tried"] for one in state.values())
    rows = [
        _row("growth", "repetitions whose growth was watched", f"{tried:,}"),
        _row("growth", f"of {len(growth.known())} that once grew faster than their size, still do", f"{len(slow)}"),
    ]
    return rows, [f"superlinear: {one}" for one in slow]


def _mutants() -> tuple[list[str], list[str]]:
    from bench.attack import mutants

    state, rows, wrong = places.load("mutants"), list[str](), list[str]()
    explained = mutants.explained()
    whole: Counter[str] = Counter()
    for group, modules in mutants.GROUPS.items():
        counted: Counter[str] = Counter()
        for module in modules:
            for outcome, function, was, now, *_ in state.get(module, {}).get("verdicts", {}).values():
                counted[outcome] += 1
                if outcome == "survived" and (module, function, was, now) not in explained:
                    counted["unexplained"] += 1
        whole += counted
        rows += [_score(f"mutants of {group} killed", counted)] if counted else []
    rows += [
        _score("mutants killed, of all that were judged", whole),
        _row("mutants", "mutants that there are; which are judged first is drawn at random", f"{len(mutants.every()):,}"),
        _row("mutants", "survivors that tests/attack/survivors.toml does not explain", f"{whole['unexplained']:,}"),
        _row("mutants", "not run: the same program, or another wording for people", f"{whole['same'] + whole['wording']:,}"),
    ]
    killed, lived = whole["killed"] + whole["timeout"], whole["survived"]
    wrong += [f"mutants: {whole['unexplained']} survivors are not explained"] if whole["unexplained"] else []
    wrong += ["mutants: fewer than 90 % were killed"] if killed < 9 * lived else []
    return rows, wrong


def _score(what: str, counted: Counter[str]) -> str:
    killed = counted["killed"] + counted["timeout"]
    whole = killed + counted["survived"]
    return _row("mutants", what, f"{killed:,} of {whole:,}") + (f"   {100 * killed / whole:.1f} %" if whole else "")


def _faults() -> tuple[list[str], list[str]]:
    from bench.attack import faults

    found = faults.figures(places.load("faults"))
    rows = [
        _row("faults", "output calls that failed: 6 calls, 4 errors, each call, once and for good", f"{found['faults']:,}"),
        _row("faults", "steps of a run that got SIGTERM", f"{found['signals']}"),
        _row("faults", "runs whose clocks jumped", f"{found['jumps']}"),
        _row("faults", "torn results, and answers with another byte", f"{found['torn']}"),
    ]
    return rows, [f"faults: {found['torn']} torn results"] if found["torn"] else []


def _isolation() -> tuple[list[str], list[str]]:
    from tests.support.attack.hostile_items import KINDS

    kinds: dict[str, Any] = places.load("isolation").get("kinds", {})
    different = [kind for kind, same in kinds.items() if not same]
    share = f"{100 * (len(kinds) - len(different)) / len(kinds):.0f} %" if kinds else "not run"
    tried = f"{len(kinds)} of {len(KINDS)} hostile kinds"
    row = _row("isolation", f"good items with the same bytes beside each of {tried}", share)
    return [row], [f"isolation: {kind}" for kind in different]


if __name__ == "__main__":
    write()
    print(FIGURES.relative_to(ROOT))
