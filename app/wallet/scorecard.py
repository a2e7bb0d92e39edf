"""Compute a score from the features, with a table of whole points and nothing else.

    total = base + points + kept - deductions, held between 0 and 1000

The points are fitted (dev/fit_scorecard.py) or, where no labelled data exists, judged; the table says which.
`kept` are points that an earlier month had earned: they stay through clean months, so a clean active month never
lowers a score. Deductions only grow with bad events. No text and no model influences the score.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

from app.formats import strict_json

Factor = Literal["activity", "maturity", "diversity", "conduct", "risk"]
FACTORS: tuple[Factor, ...] = ("activity", "maturity", "diversity", "conduct", "risk")
MAX = 1_000
Values = Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Line:
    """The points of one feature."""

    feature: str
    factor: Factor
    points: int
    """Below zero for a deduction."""
    most: int
    """The most points that the feature can bring, or the lowest points of a deduction."""


@dataclass(frozen=True, slots=True)
class ScoredWallet:
    """A total and how it came about."""

    total: int
    """From 0 to 1000."""
    tier: str
    factors: dict[Factor, int]
    """Each from 0 to 100: the share that was earned of the points a feature can bring; risk: 100 without any deduction."""
    lines: tuple[Line, ...]
    base: int
    kept: int


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The table of points. `table` is the JSON of scorecard.json."""

    table: Mapping[str, Any]

    @staticmethod
    @functools.cache
    def packaged() -> Scorecard:
        """Return the table that ships with the program."""
        return Scorecard(strict_json.loads((resources.files("app.wallet") / "scorecard.json").read_bytes()))

    @property
    def version(self) -> str:
        """Return the name of the table, such as scorecard/1."""
        return str(self.table["version"])

    def digest(self) -> str:
        """Return the SHA-256 of the canonical JSON of the table, 64 hex digits."""
        return hashlib.sha256(strict_json.dumps(self.table)).hexdigest()

    def score(self, values: Values, months: Iterable[tuple[Values, bool]] = ()) -> ScoredWallet:
        """Return the score of the features `values`; `months` is the output of `app.wallet.features.months`.

        A feature that is missing or None earns the points that its row has for unknown values; an unknown deduction counts as
        none.
        """
        earned = [self._line(row, values) for row in self.table["points"]]
        deducted = [self._deduction(row, values) for row in self.table["deductions"]]
        kept = self._kept(months)
        total = int(self.table["base"]) + sum(line.points for line in (*earned, *deducted)) + kept
        total = max(0, min(MAX, total))
        factors: dict[Factor, int] = {}
        for factor in FACTORS[:-1]:
            lines = [line for line in earned if line.factor == factor]
            factors[factor] = 100 * sum(line.points for line in lines) // sum(line.most for line in lines)
        factors["risk"] = max(0, 100 + sum(line.points for line in deducted) * 100 // self.table["deductions_for_no_trust"])
        return ScoredWallet(total, self.tier(total), factors, (*earned, *deducted), self.table["base"], kept)

    def tier(self, total: int) -> str:
        """Return the name of the tier that `total` reaches."""
        return str(next(name for least, name in self.table["tiers"] if total >= least))

    def _kept(self, months: Iterable[tuple[Values, bool]]) -> int:
        """Return how many points an earlier month had earned beyond those of the last month, if all months since were clean."""
        fitted = [row for row in self.table["points"] if row["basis"] == "fitted"]
        best = now = 0
        for values, clean in months:
            now = sum(_points(row["bins"], values.get(row["feature"])) or 0 for row in fitted)
            best = max(best, now) if clean else now
        return best - now

    def earned(self, values: Values) -> int:
        """Return the points for `values`, without base and deductions."""
        return sum(self._line(row, values).points for row in self.table["points"])

    def _line(self, row: Mapping[str, Any], values: Values) -> Line:
        points = _points(row["bins"], values.get(row["feature"]))
        most = max(points for _, points in row["bins"])
        return Line(row["feature"], row["factor"], row["unknown"] if points is None else points, most)

    def _deduction(self, row: Mapping[str, Any], values: Values) -> Line:
        points = _points(row["bins"], values.get(row["feature"]))
        return Line(row["feature"], "risk", -(points or 0), 0)


def _points(bins: list[list[int]], value: int | None) -> int | None:
    """Return the points of the last bin whose lower edge `value` reaches; None for an unknown value."""
    if value is None:
        return None
    return next((points for least, points in reversed(bins) if value >= least), bins[0][1])
