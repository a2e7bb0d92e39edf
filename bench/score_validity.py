"""How well the shipped scorecard ranks: `python -m bench.score_validity CSV`.

AUROC: how often a legitimate account scores above a fraudulent one, ties counting half. The peer is the earlier
oracle's min(1000, 10 x transactions). Only what an explorer's txlist gives is used, and no list of addresses.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.wallet.scorecard import Scorecard
from bench.accounts import auroc, read
from dev.fit_scorecard import cross_validate


def main(path: Path) -> None:
    """Print AUROC, the baseline's, and how many of each decile of scores are legitimate."""
    rows = read(path)
    card = Scorecard.packaged()
    scored = sorted((card.score(values).total, legit) for values, legit in rows)
    counts = [(min(1000, 10 * (values["transactions"] or 0)), legit) for values, legit in rows]
    print(f"{len(rows)} accounts, {sum(legit for _, legit in rows)} legitimate; {card.version} {card.digest()[:12]}")
    print(f"AUROC scorecard           {auroc(scored):.4f}")
    mean, deviation = cross_validate(rows)
    print(f"AUROC ten-fold            {mean:.4f} +- {deviation:.4f}: each fold scored by a table fitted on the other nine")
    print(f"AUROC min(1000, 10 x tx)  {auroc(counts):.4f}")
    print("decile  scores       legitimate")
    for k in range(10):
        part = scored[len(scored) * k // 10 : len(scored) * (k + 1) // 10]
        share = sum(legit for _, legit in part) / len(part)
        print(f"{k + 1:>6}  {part[0][0]:>4} - {part[-1][0]:<4}  {share:6.1%}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bench.score_validity CSV")
    main(Path(sys.argv[1]))
