"""300 snippets twice, in two sandboxes: every verdict and every unit of fuel must be the same. Then the guest made anew.

python -m bench.campaign_sandbox

The snippets are HumanEval's own solutions, each with its hidden test, and as many altered ones that must not all pass.
"""

from __future__ import annotations

import gzip
import hashlib
import json

from app.build.fetch import fetch
from app.build.guest import make
from app.sandbox.guest import catalogue
from app.sandbox.sandbox import Assertion, Sandbox, Verdicts
from bench.humaneval import DATA

SNIPPETS = 300


def main() -> None:
    """Print what was found; any difference ends with an error."""
    tasks = [json.loads(line) for line in gzip.decompress(fetch(DATA).read_bytes()).splitlines()]
    right = [(task, task["prompt"] + task["canonical_solution"]) for task in tasks]
    wrong = [(task, code.replace("return", "return not", 1)) for task, code in right]
    cases = [(code, f"{task['test']}\ncheck({task['entry_point']})") for task, code in [*right, *wrong]][:SNIPPETS]
    first, second = ([_run(sandbox, *case) for case in cases] for sandbox in (Sandbox(), Sandbox()))
    different = sum(one != two for one, two in zip(first, second, strict=True))
    good = sum(found.passed for found in first[: len(right)])
    print(f"{len(cases)} snippets twice: {different} differ in a verdict or a unit of fuel")
    print(f"{good} of {len(right)} reference solutions pass, {sum(found.passed for found in first[len(right) :])} altered ones")
    same = hashlib.sha256(make(fetch(catalogue().guest).read_bytes())).hexdigest() == catalogue().build.sha256
    print(f"the guest made anew has {'the same' if same else 'ANOTHER'} sha-256")
    if different or not same:
        raise SystemExit("not deterministic")


def _run(sandbox: Sandbox, code: str, test: str) -> Verdicts:
    return sandbox.run(code, [Assertion(test)])


if __name__ == "__main__":
    main()
