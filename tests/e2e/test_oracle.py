"""Nothing about one owner's prompt shows in what becomes of another's: no state of it serves the next, and no count tells."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from app.base.deadline import Deadline
from app.formats.protected_data_writer import protect
from app.iexec import args
from app.iexec.task import open_task
from app.request.sources.items import read_inputs
from app.run.timings import Timings
from app.run.work import Work
from tests.support.desk import SMALL, Desk

pytestmark = pytest.mark.slow


PRIVATE = "The patient Ada Lovelace has been told that the test for the illness was positive. What may she do now?"
RIGHT = "The patient Ada Lovelace has been told that the test for the illness was positive. Who is it?"
WRONG = "The letter from my bank says that the money for the house was sent on Tuesday. Who has it now?"
CLOCKS = {"start_cpu", "write_ahead", "check_model", "load_model"}
LONG = "You answer in few words, politely, and in the language of the question, whatever it may be. " * 4


def slice_of(desk: Desk, items: Sequence[Mapping[str, Any]]) -> None:
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = str(len(items))
    for index, fields in enumerate(items, 1):
        address = f"0x{index:040x}"
        (desk.inside / address).write_bytes(protect(fields))
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address


def worked(desk: Desk, secret: str | None = None) -> dict[str, int | str]:
    """Return all that the work writes down, before any of it is held back."""
    if secret is not None:
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = secret
    options, timings = args.parse_args(["--model", SMALL, "--max-tokens", "1"]), Timings()
    items = read_inputs(open_task(desk.environ, []), options.fields, options.words)
    with Work(options, timings, items=len(items)) as work:
        for at in range(len(items)):
            outcome = work.read(items, at)
            work.prepare(outcome)
            assert work.do(outcome, Deadline(math.inf)).error is None
    return timings.table


@pytest.mark.parametrize("secret", [None, json.dumps({"system": LONG, "prompt": "What may be done?"})])
def test_a_right_guess_spares_no_token_of_another_owners_prompt(new_desk: Callable[[str], Desk], secret: str | None) -> None:
    field = "prompt" if secret is None else "material"
    spared = {}
    for name, guess in (("right", RIGHT), ("wrong", WRONG), ("same", PRIVATE)):
        one = new_desk(name)
        slice_of(one, [{field: guess}, {field: PRIVATE}])
        spared[name] = worked(one, secret)["restored_tokens"]
    assert len(set(spared.values())) == 1, spared


def test_the_files_of_a_right_guess_are_those_of_a_wrong_one(new_desk: Callable[[str], Desk]) -> None:
    reports, tables = [], []
    for name, guess in (("right", RIGHT), ("wrong", WRONG)):
        one = new_desk(name)
        slice_of(one, [{"prompt": guess, "max_tokens": 1}, {"prompt": PRIVATE, "max_tokens": 1}])
        report = one.run("--threads", "1").report
        tables.append(json.loads((one.out / "timings.json").read_text()))
        mine, private = report["bulk"]["results"]
        reports.append(json.dumps([{**report, "bulk": None}, private, {**mine, "answer": None}]))
    assert reports[0] == reports[1]
    assert [json.dumps({name: value for name, value in table.items() if name not in CLOCKS}) for table in tables] == [
        '{"threads": 1}'
    ] * 2
    assert all(table.keys() - {"threads"} == CLOCKS for table in tables)


@pytest.mark.parametrize(
    "data", [{"prompt": "Hello?", "max_tokens": 1}, {"max_tokens": "x"}, {"prompt": "Hello?", "system": "S."}]
)
def test_with_protected_data_no_figure_depends_on_it(desk: Desk, data: dict[str, Any]) -> None:
    desk.dataset(data)
    desk.run("--max-tokens", "2")
    assert json.loads((desk.out / "timings.json").read_text()).keys() <= CLOCKS | {"threads"}


def test_without_protected_data_the_requesters_own_figures_stay(desk: Desk) -> None:
    desk.run("--max-tokens", "1", "Hello?")
    assert {"answer", "read_inputs", "restored_tokens"} < json.loads((desk.out / "timings.json").read_text()).keys()


def test_the_requesters_own_system_prompt_is_read_once(new_desk: Callable[[str], Desk]) -> None:
    """It begins the prompt of each item, so the first of them gains too; the bits are those of each item alone."""
    secret = json.dumps({"system": LONG, "prompt": "What colour is it?"})
    items = [
        {"material": f"The {thing} is {colour}."} for thing, colour in (("sea", "blue"), ("sun", "yellow"), ("sky", "grey"))
    ]
    one = new_desk("three")
    slice_of(one, items)
    spared = worked(one, secret)["restored_tokens"]
    alone = new_desk("alone")
    slice_of(alone, items[:1])
    assert int(spared) > 3 * 60 > 3 * int(worked(alone, secret)["restored_tokens"])
    answers = []
    for name, held in (("all", items), *((str(at), [item]) for at, item in enumerate(items))):
        single = new_desk(name)
        slice_of(single, held)
        single.environ["IEXEC_REQUESTER_SECRET_1"] = secret
        answers.append([item["answer"] for item in single.run("--max-tokens", "4").report["bulk"]["results"]])
    assert answers[0] == [answer for (answer,) in answers[1:]]
