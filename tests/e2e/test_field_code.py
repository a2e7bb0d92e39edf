"""Requests as users sent them, from worker to signed result: the right status of each, and what was checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.jobs.code.prompt import has_code
from app.jobs.dispatch import answer_to
from app.llm.answerer import Embedded
from app.llm.engine import Engine
from app.llm.models import find
from app.request.code import Code
from app.request.parse import parse
from app.result.answers.code import CodeAnswer
from app.verify.verifier import verify
from tests.support.desk import SIGNER, Desk

pytestmark = pytest.mark.slow


ADD = "Write a function add(a, b) that returns a - b."
# Fields -> answer.status and report.status, the verdicts, and what the first message must hold.
SENT: dict[str, tuple[dict[str, Any], tuple[str, str], list[str], str]] = {
    "pytest": (
        {
            "prompt": ADD,
            "tests": ["def test_a():\n    assert isinstance(add(5, 3), int)\n\ndef test_b():\n    assert add(1, 1) == 999\n"],
        },
        ("tests_failed", "failed"),
        ["failed"],
        "test_b: assert add(1, 1) == 999",
    ),
    "bare": ({"prompt": ADD, "tests": ["add(1, 1) == 999"]}, ("tests_failed", "failed"), ["failed"], "add(1, 1) == 999"),
    "doctest": ({"prompt": ADD, "tests": [">>> add(1, 1)\n999"]}, ("tests_failed", "failed"), ["failed"], "expected '999'"),
    "nothing": ({"prompt": ADD, "tests": ["print(add(1, 1))"]}, ("tests_failed", "failed"), ["error"], "nothing was checked"),
    "numpy": ({"prompt": ADD, "tests": ["import numpy"]}, ("untested", "failed"), ["unavailable"], "numpy"),
}


@pytest.mark.parametrize("name", SENT)
def test_the_status_of_what_users_sent(desk: Desk, name: str) -> None:
    fields, statuses, verdicts, message = SENT[name]
    desk.dataset({"language": "Python 3", "attempts": "1", **fields, "tests": json.dumps(fields["tests"])})
    report = verify(desk.run("--threads", "1", "--callback", small=False).raw, SIGNER).result.report
    said = report.answer
    assert isinstance(said, CodeAnswer), report.error
    assert ((said.status, report.status), len(said.attempts)) == (statuses, 1)
    assert [verdict.status for verdict in said.tested.verdicts] == verdicts
    assert message in said.tested.verdicts[0].message and report.error is None
    computed = json.loads((desk.out / "computed.json").read_text())
    assert int(computed["callback-data"][2:66], 16) == 3 and "error-message" not in computed


def test_in_bulk_an_answer_that_is_not_what_was_asked_for_is_no_success(desk: Desk) -> None:
    datasets = [
        {"language": "py", "prompt": "Print one.", "max_tokens": "16"},
        {"language": "py", "prompt": "x", "max_tokens": "1"},
    ]
    desk.environ |= {"IEXEC_BULK_SLICE_SIZE": "2"}
    for index, each in enumerate(datasets, 1):
        desk.dataset(each, address := "0x" + f"{index}{index}" * 20)
        desk.environ |= {f"IEXEC_DATASET_{index}_ADDRESS": address, f"IEXEC_DATASET_{index}_FILENAME": address}
    report = verify(desk.run("--threads", "1", small=False).raw, SIGNER).result.report
    assert report.bulk is not None and report.error is None
    statuses = [getattr(item.answer, "status", None) for item in report.bulk.results]
    assert statuses[1] == "unfinished" and all(item.error is None for item in report.bulk.results)
    assert [item.success for item in report.bulk.results] == [status == "ok" for status in statuses]
    assert report.bulk.errorCount == sum(status != "ok" for status in statuses) and report.status == "failed"


MAIN = "Write main.py: it defines greet(name), which prints a greeting for that name, calls it once, and ends with exit code 0."
ORDINARY = [
    ("python", "Make a snake game with pygame."),
    ("python", MAIN),
    ("python", "Read one line and print it in upper case"),
    ("python", "Ask the user for a number and tell whether it is prime"),
    ("python", "Ein Programm, das eine Zahl einliest und ihre Quersumme ausgibt"),
    ("javascript", "a countdown timer on a web page"),
    ("sql", "Find the three customers with the highest total of orders"),
]  # fmt: skip


def test_ordinary_tasks_are_not_refused(default_engine: Engine) -> None:
    for language, prompt in ORDINARY:
        request, _ = parse({"language": language, "prompt": prompt, "attempts": 1, "max_tokens": 200})
        said, _, _ = answer_to(request, lambda: Embedded(default_engine, find(None).context))
        assert isinstance(said, CodeAnswer) and isinstance(request, Code), prompt
        assert said.status in {"ok", "unfinished"} and has_code(request, said.text), (prompt, said.text)


def test_an_async_function_is_really_run(default_engine: Engine) -> None:
    tests = ["import asyncio\nassert asyncio.run(double(2)) == 4"]
    fields = {"language": "python", "prompt": "Write an async function double(x) that returns 2*x.", "tests": tests}
    said, _, _ = answer_to(parse({**fields, "max_tokens": 64})[0], lambda: Embedded(default_engine, find(None).context))
    assert isinstance(said, CodeAnswer)
    assert [(one.status, one.checks) for one in said.tested.verdicts] == [("passed", 1)]
