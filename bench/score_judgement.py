"""Does the model's own judgement rank accounts better? `python -m bench.score_judgement CSV [COUNT]`.

For each factor the model is told the features behind it and asked for a grade from 0 to 9; its judgement is the expected
grade under its own probabilities, read off without sampling. Compared, on the same accounts: the scorecard's total, by a table
fitted on the nine folds that an account is not in; the judgement alone; and a logistic blend of both, fitted on nine folds.
"""

from __future__ import annotations

import math
import random
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.llm import chat
from app.llm.choice_probabilities import weigh
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.wallet.features import FEATURES
from app.wallet.scorecard import Scorecard
from bench.accounts import Row, auroc, read
from dev.fit_scorecard import unseen

MODEL = "qwen2.5-coder-0.5b-instruct"
GRADES = [str(grade) for grade in range(10)]
SYSTEM = "You are a credit analyst. You grade one aspect of a blockchain account from 0 (fraudulent) to 9 (trustworthy)."
Array = NDArray[np.float64]


def judge(engine: Engine, row: Row) -> list[float]:
    """Return the expected grade for each factor that has features in the table."""
    values, _ = row
    template = engine.chat_template()
    grades = []
    for factor in ("activity", "maturity", "diversity", "conduct"):
        names = [line["feature"] for line in Scorecard.packaged().table["points"] if line["factor"] == factor]
        facts = [f"{FEATURES[name][1]}: {values[name]} {FEATURES[name][0]}" for name in names if values.get(name) is not None]
        user = f"Aspect: {factor}\n" + "\n".join(facts) + "\nAnswer with one digit."
        prompt = chat.tokenize(engine, template, [chat.Message("system", SYSTEM), chat.Message("user", user)])
        weights = weigh(engine, prompt, GRADES)
        grades.append(sum(grade * weight for grade, weight in enumerate(weights)) / max(1, sum(weights)))
    return grades


def blended(x: Array, legit: NDArray[np.bool_], folds: int = 10) -> Array:
    """Return out-of-fold scores of a ridge logistic regression on the standardised columns of `x`."""
    x = np.hstack([(x - x.mean(0)) / (x.std(0) + 1e-9), np.ones((len(x), 1))])
    sign = np.where(legit, 1.0, -1.0)
    out = np.zeros(len(x))
    for fold in range(folds):
        test = np.arange(len(x)) % folds == fold

        def loss(w: Array, a: Array = x[~test], s: Array = sign[~test]) -> float:
            return float(np.logaddexp(0, -s * (a @ w)).sum() + 0.5 * (w[:-1] ** 2).sum())

        out[test] = x[test] @ minimize(loss, np.zeros(x.shape[1])).x
    return out


def standard_error(area: float, positive: int, negative: int) -> float:
    """Return that of an AUROC (Hanley and McNeil 1982)."""
    q1, q2, square = area / (2 - area), 2 * area**2 / (1 + area), area**2
    spread = area * (1 - area) + (positive - 1) * (q1 - square) + (negative - 1) * (q2 - square)
    return math.sqrt(spread / (positive * negative))


def main(path: Path, count: int) -> None:
    """Print the figures."""
    scored = [pair for fold in unseen(read(path)) for pair in fold]
    random.Random(2).shuffle(scored)
    rows = [row for row, _ in scored[:count]]
    with Engine(checked_path(find(MODEL))) as engine:
        grades = np.array([judge(engine, row) for row in rows])
    legit = np.array([label for _, label in rows])
    totals = np.array([[total] for _, total in scored[:count]], dtype=float)

    def shown(scores: Array) -> str:
        area = auroc([(float(score), bool(label)) for score, label in zip(scores, legit, strict=True)])
        return f"{area:.4f} +- {standard_error(area, int(legit.sum()), int((~legit).sum())):.4f}"

    print(f"{len(rows)} accounts, {int(legit.sum())} legitimate; {MODEL}; AUROC, each judged by what was fitted without it")
    print(f"scorecard                     {shown(totals[:, 0])}")
    print(f"model's judgement             {shown(blended(grades, legit))}")
    print(f"scorecard and judgement       {shown(blended(np.hstack([totals, grades]), legit))}")
    print(f"scorecard, the same blending  {shown(blended(totals, legit))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 400)
