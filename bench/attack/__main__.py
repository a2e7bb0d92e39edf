"""The campaign: all parts, or those that are named.

python -m bench.attack [--minutes N] [fuzz] [growth] [mutants] [faults] [isolation] [target ...]

N minutes in all (90 if not given), each part gets what it needs; each goes on where it stopped. What a part knows so
far becomes bench/results/attack.txt. Ends with an error if anything crashed, grew, survived unexplained, tore or differed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from bench.attack import figures
from bench.attack.places import ROOT

SHARES: Mapping[str, float] = {"fuzz": 0.3, "growth": 0.15, "mutants": 0.3, "faults": 0.15, "isolation": 0.1}


def main() -> None:
    """Run the parts."""
    os.chdir(ROOT)  # mutmut looks for its settings in the folder that it is started in
    words = sys.argv[1:]
    minutes = float(words.pop(words.index("--minutes") + 1)) if "--minutes" in words else 90.0
    words = [word for word in words if word != "--minutes"]
    parts = [name for name in SHARES if name in words] or list(SHARES)
    names = [word for word in words if word not in SHARES]
    whole, failed = sum(SHARES[part] for part in parts), list[str]()
    for part in parts:
        print(f"{part}: {minutes * SHARES[part] / whole:.0f} minutes", flush=True)
        try:
            _campaign(part)(minutes * SHARES[part] / whole, *([names] if names else []))
        except SystemExit as err:
            print(err, flush=True)
            failed.append(f"{part} did not end as it should: see above")
    wrong = failed + figures.write()
    print(figures.FIGURES.read_text())
    if wrong:
        raise SystemExit("; ".join(wrong))


def _campaign(part: str) -> Callable[..., dict[str, Any]]:
    """Return what a part does; each has its own heavy imports."""
    if part == "fuzz":
        from bench.attack import fuzz

        return fuzz.campaign
    if part == "growth":
        from bench.attack import growth

        return growth.campaign
    if part == "mutants":
        from bench.attack import mutants

        return mutants.campaign
    if part == "faults":
        from bench.attack import faults

        return faults.campaign
    from bench.attack import isolation

    return isolation.campaign


if __name__ == "__main__":
    main()
