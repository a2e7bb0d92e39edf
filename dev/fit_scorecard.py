"""Fit app/wallet/scorecard.json on labelled accounts: `python dev/fit_scorecard.py CSV [--check]`.

Logistic regression on the bins of each feature, one coefficient for each edge passed, so that a feature which common
sense wants to rise can be held to it: its coefficients are bounded below by zero. Ridge penalty 1. Coefficients become
whole points at 60 points to a factor e of the odds, and 500 points where the odds are even.

CSV is transaction_dataset.csv of Farrugia, Ellul and Azzopardi (Detection of illicit accounts over the Ethereum blockchain,
Expert Systems with Applications 150, 2020; Kaggle: Ethereum Fraud Detection Dataset), or a part of it; it is not ours to ship.
`fitted_on` in the table names the file by its SHA-256.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.wallet.scorecard import Scorecard
from bench.accounts import Row, auroc, read

FILE = Path(__file__).parent.parent / "app" / "wallet" / "scorecard.json"
SCALE, EVEN = 60, 500
RIDGE = 1.0
QUANTILES = 8
Array = NDArray[np.float64]

# feature, factor, direction: 1 never falls as the feature rises, -1 never rises, 0 as the data has it
FITTED = (
    ("span_minutes", "maturity", 1),
    ("minutes_per_receipt", "activity", 0),
    ("sent", "activity", 1),
    ("repeat_received", "activity", 1),
    ("received", "activity", 1),
    ("receipt_gap_minutes", "activity", 0),
    ("contracts_created", "diversity", 1),
    ("senders", "conduct", 0),
    ("senders_percent", "conduct", -1),
    ("sent_percent", "conduct", 0),
    ("received_micro", "conduct", 1),
    ("received_per_sender_micro", "conduct", 1),
    ("largest_receipt_percent", "conduct", -1),
)
# No labelled data has these; the points are judged, small beside the fitted ones, and unknown is none.
JUDGED = (
    ("active_months", "maturity", [[0, 0], [3, 5], [6, 10], [12, 20], [24, 30]]),
    ("contracts_called", "diversity", [[0, 0], [2, 10], [5, 20], [15, 30]]),
    ("protocols", "diversity", [[0, 0], [1, 10], [3, 20], [6, 30]]),
)
DEDUCTIONS = (
    ("failed_percent", [[0, 0], [10, 20], [25, 50], [50, 100]]),
    ("sent_to_sanctioned", [[0, 0], [1, 400], [3, 600]]),
    ("sent_to_mixer", [[0, 0], [1, 80], [3, 150], [10, 250]]),
    ("sent_to_scam", [[0, 0], [1, 40], [3, 100], [10, 200]]),
    ("received_from_flagged", [[0, 0], [3, 20], [10, 60], [30, 120]]),
    ("flagged_approvals", [[0, 0], [1, 60], [3, 150]]),
)
TIERS = ([800, "premium"], [600, "standard"], [0, "basic"])


def edges(values: list[int]) -> list[int]:
    """Return at most QUANTILES-1 edges at the quantiles, of two significant digits, that part the values."""
    ordered = sorted(values)
    cuts = (ordered[len(ordered) * k // QUANTILES] for k in range(1, QUANTILES))
    return [cut for cut in sorted({_round(cut) for cut in cuts}) if any(value < cut for value in values)]


def _round(value: int) -> int:
    unit: int = 10 ** max(0, len(str(abs(value))) - 2)
    return round(value / unit) * unit


def fit(rows: list[Row]) -> dict[str, Any]:
    """Return the table fitted on `rows`."""
    cuts = {name: edges([values[name] or 0 for values, _ in rows]) for name, *_ in FITTED}
    columns, bounds = [], []
    for name, _, direction in FITTED:
        have = np.array([values[name] or 0 for values, _ in rows])
        columns += [have >= cut for cut in cuts[name]]
        bounds += [(0 if direction > 0 else None, 0 if direction < 0 else None)] * len(cuts[name])
    weights = _regress(np.stack(columns, axis=1).astype(float), np.array([legit for _, legit in rows]), bounds)
    base, place = EVEN + SCALE * weights[-1], 0
    points: list[dict[str, Any]] = []
    for name, factor, _ in FITTED:
        worth = [0.0, *np.cumsum(weights[place : place + len(cuts[name])])]
        place += len(cuts[name])
        base += SCALE * min(worth)
        bins = [[cut, round(SCALE * (value - min(worth)))] for cut, value in zip([0, *cuts[name]], worth, strict=True)]
        bins = [pair for before, pair in zip([None, *bins], bins, strict=False) if before is None or before[1] != pair[1]]
        points.append({"feature": name, "factor": factor, "basis": "fitted", "bins": bins})
    for row in points:
        row["unknown"] = _low_quartile(row, rows)
    judged = [{"feature": f, "factor": k, "basis": "judged", "bins": bins, "unknown": 0} for f, k, bins in JUDGED]
    return {
        "version": "scorecard/1",
        "base": round(base),
        "points": points + judged,
        "deductions": [{"feature": name, "bins": bins} for name, bins in DEDUCTIONS],
        "deductions_for_no_trust": 600,
        "tiers": list(TIERS),
    }


def _regress(x: Array, legit: NDArray[np.bool_], bounds: list[tuple[int | None, int | None]]) -> Array:
    x = np.hstack([x, np.ones((len(x), 1))])
    sign = np.where(legit, 1.0, -1.0)

    def loss(w: Array) -> tuple[float, Array]:
        z = sign * (x @ w)
        slope = x.T @ (-sign / (1 + np.exp(z)))
        slope[:-1] += RIDGE * w[:-1]
        return float(np.logaddexp(0, -z).sum() + RIDGE / 2 * (w[:-1] ** 2).sum()), slope

    start, limits = np.zeros(x.shape[1]), [*bounds, (None, None)]
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=limits, options={"maxiter": 5000, "ftol": 1e-12})
    return np.asarray(best.x)


def _low_quartile(row: dict[str, Any], rows: list[Row]) -> int:
    """Return what a quarter of all accounts do not exceed: the points for an unknown value."""
    card = Scorecard({"points": [{**row, "unknown": 0}]})
    return sorted(card.earned(values) for values, _ in rows)[len(rows) // 4]


def unseen(rows: list[Row], folds: int = 10) -> Iterator[list[tuple[Row, int]]]:
    """Yield each fold with its totals, scored by a table fitted on the other folds."""
    shuffled = rows[:]
    random.Random(1).shuffle(shuffled)  # noqa: S311  a fixed deal, not a secret
    shuffled.sort(key=lambda row: row[1])
    for fold in range(folds):
        card = Scorecard(fit([row for place, row in enumerate(shuffled) if place % folds != fold]))
        yield [(row, card.score(row[0]).total) for row in shuffled[fold::folds]]


def cross_validate(rows: list[Row]) -> tuple[float, float]:
    """Return mean and standard deviation of the AUROC over ten folds, each scored by a table fitted on the others."""
    found = [auroc([(total, legit) for (_, legit), total in fold]) for fold in unseen(rows)]
    mean = sum(found) / len(found)
    return mean, math.sqrt(sum((one - mean) ** 2 for one in found) / len(found))


def main() -> None:
    """Write scorecard.json, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("csv", type=Path)
    parser.add_argument("--check", action="store_true", help="only say whether scorecard.json is what comes out")
    wishes = parser.parse_args()
    rows = read(wishes.csv)
    made = fit(rows) | {"fitted_on": {"accounts": len(rows), "sha256": hashlib.sha256(wishes.csv.read_bytes()).hexdigest()}}
    text = json.dumps(made, indent=1) + "\n"
    if wishes.check:
        raise SystemExit(0 if FILE.read_text() == text else "scorecard.json differs")
    FILE.write_text(text)


if __name__ == "__main__":
    main()
