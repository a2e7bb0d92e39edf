"""30 mutants of the modules that decide what is believed, each against the test that killed it in the last campaign."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections import Counter

import pytest

from bench.attack import mutant, mutants, sample
from tests.support.desk import ROOT

pytestmark = pytest.mark.slow

_RUN = """
import json, sys
from bench.attack import sample
rows = sample.known()
chosen = [row for group in sorted({row["group"] for row in rows}) for row in [row for row in rows if row["group"] == group][:6]]
print(json.dumps([*sample.run(chosen), [row["group"] for row in chosen]]))
"""


def test_thirty_mutants_are_killed() -> None:
    """In a process of its own: a pytest with another one inside forks for each mutant."""
    done = subprocess.run([sys.executable, "-c", _RUN], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    ran, lived, groups = json.loads(done.stdout.splitlines()[-1])
    assert lived == []
    assert set(groups) == set(mutants.GROUPS), "too little is left of the sample: python -m bench.attack mutants"
    assert ran >= 24, "too little is left of the sample: python -m bench.attack mutants"


def test_a_mutant_that_changes_nothing_lives() -> None:
    """What would make every verdict worthless: a runner that takes all for dead."""
    code = """
import time
from bench.attack import mutant, mutants
job = ("signing", "app/crypto/signing.py", mutant.UNCHANGED)
found = []
name = "tests/unit/test_signing.py::test_refuses_other_signatures"
mutants.judge([job], time.monotonic() + 60, lambda *said: found.append(said[2].outcome), {job: KILLER})
print(found)
"""
    killer = next(json.loads(line)["killer"] for line in sample.SAMPLE.read_text().splitlines() if '"signing"' in line)
    done = subprocess.run(
        [sys.executable, "-c", code.replace("KILLER", repr(killer))], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "['survived']"), done.stderr[-2_000:]


def test_survivors_are_explained_in_words_and_are_mutants_of_today() -> None:
    rows = mutants.explained()
    here = {module for modules in mutants.GROUPS.values() for module in modules}
    assert {module for module, *_ in rows} <= here
    assert all(len(why.split()) >= 3 for why in rows.values())
    for module in sorted({module for module, *_ in rows}):
        source = (ROOT / module).read_text()
        missing = [key for key in rows if key[0] == module and key[1] and f"def {key[1]}(" not in source]
        assert missing == [], "a survivor of a function that is gone: take it out of tests/attack/survivors.toml"


@pytest.mark.parametrize(
    ("module", "before", "after"),
    [
        ("app/wallet/read/fields.py", "MAX_WEI = 2**256 - 1", "MAX_WEI = 2**256 + 1"),  # a function's default value
        ("app/crypto/score_statement.py", "HOST = r", "HOST = None or r"),  # a pattern that another module has compiled
    ],
)
def test_a_constant_of_which_something_else_was_made_is_imported_anew(module: str, before: str, after: str) -> None:
    """Given to the loaded modules alone it would change nothing, and live."""
    importlib.import_module("app.crypto.sui")
    importlib.import_module("app.wallet.read.fields")
    source = (ROOT / module).read_text()
    assert before in source
    assert not mutant.rebind(mutant.Mutant(module, "", before, after, "mutant", source.replace(before, after)))


@pytest.mark.parametrize(
    ("before", "after", "made"),
    [
        ("f(1)", "f(2)", "mutant"),
        ("f(1)", "f( 1 )", "same"),
        ("f('a b')", "f('XXa bXX')", "wording"),
        ("f('a b')", "f(None)", "wording"),
        ("f('%Y %m')", "f('XX%Y %mXX')", "mutant"),
        ("f('a', 'b c')", "f('XXaXX', 'b c')", "mutant"),
        ("x = 1 if y else 2", "x = 1 if not y else 2", "mutant"),
    ],
)
def test_what_counts_as_a_mutant(before: str, after: str, made: str) -> None:
    assert mutant._judge(before, after) == made


def test_every_operator_leaves_mutants_in_every_module() -> None:
    counted = Counter({module: mutant.count(module) for modules in mutants.GROUPS.values() for module in modules})
    assert all(counted.values()) and sum(counted.values()) > 5_000
