"""A slice whose result is put together from its items is the very result that is sealed as a whole."""

from __future__ import annotations

import gc
import json
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.base.errors import AppError, InputError
from app.base.limits import LIMITS
from app.formats import strict_json
from app.iexec.args import Args
from app.iexec.task import open_task
from app.jobs.dispatch import answer_to
from app.llm.answerer import NOT_LOADED
from app.llm.models import find
from app.request.parse import parse
from app.request.sources.combine import combine
from app.request.sources.items import Items, read_inputs
from app.result.envelope import check_back, read_result, seal
from app.result.report import DraftBulk
from app.run import build_report
from app.run.bulk import Slice, work_through
from app.run.timings import Timings
from app.run.work import Outcome, Work, as_app_error, parse_item
from app.verify.verifier import verify
from tests.support.desk import Desk
from tests.support.reports import KEY, REPORT


@pytest.fixture
def items(desk: Desk) -> Items:
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = "4"
    for index in range(1, 5):
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = f"0x{index:040x}"
        (desk.inside / f"0x{index:040x}").write_bytes(b'{"prompt": "zebrafish"}')
    return read_inputs(open_task(desk.environ, []), {})


def outcomes(items: Items) -> Iterator[Outcome]:
    yield Outcome(items.dataset(0), answer=REPORT.answer, mode="ai", parameters=REPORT.parameters, job="ask")
    yield Outcome(items.dataset(1), error=InputError("input.missing", "there is no prompt"))
    answer, mode, parameters = answer_to(parse({"wallet": "0x" + "1" * 40, "history": {"transaction_count": 7}})[0], NOT_LOADED)
    yield Outcome(items.dataset(2), answer=answer, mode=mode, parameters=parameters, job="score")
    yield Outcome(items.dataset(3), answer=REPORT.answer, mode="ai", parameters=REPORT.parameters, job="ask")


@pytest.mark.parametrize("chain_id", [None, 421614])
def test_the_parts_make_the_very_bytes_of_the_whole(items: Items, chain_id: int | None) -> None:
    draft = build_report.draft(items.task, (), KEY)
    made = Slice(draft, items, KEY, chain_id)
    done = [build_report.undone(items.dataset(at)) for at in range(4)]
    for at, outcome in enumerate(outcomes(items)):
        done[at] = outcome
        made.put(at, outcome)
        found, error = made.sealed(find(None))
        all_items = tuple(map(build_report.bulk_item, done))
        good = sum(item.success for item in all_items)
        bulk = DraftBulk(totalCount=4, successCount=good, errorCount=4 - good, results=all_items)
        report, wanted = build_report.finish_bulk(draft, bulk, find(None), is_done=at == 3)
        assert found.data == seal(report, KEY, chain_id).data
        assert str(error) == str(wanted)
        check_back(found.data)
        sealed = verify(found.data, KEY.address).result
        assert (found.status, found.report_hash) == (sealed.report.status, sealed.attestation.message.reportHash)
        assert sealed.report.status == ("error" if at == 3 else "incomplete")
        codes = [item["error"] and item["error"]["code"] for item in json.loads(found.data)["report"]["bulk"]["results"]]
        assert codes == [None, "input.missing", None, None][: at + 1] + ["incomplete"] * (3 - at)


def test_an_item_that_is_too_large_is_an_error_and_the_rest_stays(items: Items) -> None:
    made = Slice(build_report.draft(items.task, (), KEY), items, KEY, None)
    assert REPORT.answer is not None
    large = REPORT.answer.model_copy(update={"text": "x" * LIMITS.item_bytes})
    for at, outcome in enumerate(outcomes(items)):
        made.put(at, replace(outcome, answer=large) if at == 3 else outcome)
    bulk = read_result(made.sealed(None)[0].data).report.bulk
    assert bulk is not None
    assert [item.error and item.error.code for item in bulk.results] == [None, "input.missing", None, "answer.too_large"]


def test_a_slice_of_the_largest_items_fits_into_a_result() -> None:
    around = LIMITS.result_bytes - LIMITS.bulk_items * LIMITS.item_bytes
    assert around >= 768 * 2**10
    row = Outcome(answer=REPORT.answer, mode="ai", parameters=REPORT.parameters, job="ask")
    item = strict_json.dumps(build_report.bulk_item(row).model_dump(mode="json"))
    assert REPORT.answer is not None
    beside = len(item) - len(strict_json.dumps(REPORT.answer.model_dump(mode="json")))
    named = LIMITS.bulk_items * 64 + LIMITS.input_files * (LIMITS.input_name_bytes + 3) + LIMITS.args_bytes
    inputs = (LIMITS.input_files + 64) * 10 * 64  # one line for each source and kind
    assert LIMITS.bulk_items * beside + named + inputs < around


def test_a_session_that_no_result_has_room_for_is_refused_before_the_work() -> None:
    turn = {"feedback": [], "code": "#" * 60_000, "status": "ok", "verdicts": []}
    session = {"language": "python", "prompt": "p", "turns": [turn] * 6}
    with pytest.raises(InputError) as err:
        parse({"session": session, "feedback": "f"})
    assert err.value.code == "answer.too_large"
    parse({"session": {**session, "turns": [turn] * 5}, "feedback": "f"})


class Marked(dict[str, Any]):
    """A dict that a weak reference can follow."""


def test_an_error_keeps_nothing_that_was_read(items: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    """A raised error holds its frames, and they hold the decoded fields: so none of them may be left on it."""
    followed: list[weakref.ref[Marked]] = []

    def refusing(fields: Any, *_: Any) -> Any:
        held = Marked(fields)
        followed.append(weakref.ref(held))
        try:
            int("x")
        except ValueError as err:
            raise InputError("input.missing", "it is so") from err

    monkeypatch.setattr("app.run.work.parse", refusing)
    outcome = parse_item(items[0])
    assert outcome.error is not None
    gc.collect()
    assert (outcome.error.__traceback__, outcome.error.__cause__, outcome.error.__context__) == (None, None, None)
    assert followed[0]() is None


@pytest.mark.parametrize("where", ["app.run.work.parse", "app.request.sources.items.combine", "app.run.work.answer_to"])
def test_a_lack_of_memory_stays_with_its_item(items: Items, where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real: dict[str, Callable[..., Any]] = {
        "parse": parse,
        "combine": combine,
        "answer_to": lambda *_: (REPORT.answer, "ai", None),
    }
    calls: list[int] = []

    def failing(*given: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        return real[where.rpartition(".")[2]](*given)

    monkeypatch.setattr("app.run.work.answer_to", real["answer_to"])
    monkeypatch.setattr(where, failing)
    monkeypatch.setattr("app.run.work._engine", lambda *_: pytest.fail("not needed"))
    monkeypatch.setattr("app.request.base.BaseRequest.needs_model", False)
    found: dict[int, Outcome] = {}
    with Work(Args(), Timings(), items=4) as work:
        work_through(items, work, 240, found.__setitem__)
    assert [one.error and one.error.code for one in found.values()] == [None, "engine.failed", None, None]


def test_an_item_that_is_cut_off_is_tried_again_with_what_is_left(items: Items, monkeypatch: pytest.MonkeyPatch) -> None:
    had: list[float] = []

    def slow(_: Any, __: Any, deadline: Any) -> Any:
        had.append(deadline.left)
        if len(had) in (1, 3):
            raise deadline.passed()
        return REPORT.answer, "ai", None

    monkeypatch.setattr("app.run.work.answer_to", slow)
    monkeypatch.setattr("app.request.base.BaseRequest.needs_model", False)
    order: list[int] = []
    found: dict[int, Outcome] = {}

    def put(at: int, outcome: Outcome) -> None:
        order.append(at)
        found[at] = outcome

    with Work(Args(), Timings(), items=4) as work:
        work_through(items, work, 240, put)
    assert order == [0, 1, 2, 3, 0, 2]
    assert all(one.error is None and one.request is None and one.kind == "ask" for one in found.values())
    assert had[4] > had[0] and had[5] > had[2] and sum(had[4:5]) <= 240


def test_errors_that_are_told_are_bare() -> None:
    try:
        bytearray(2**62)
    except MemoryError as err:
        told = as_app_error(err)
    assert isinstance(told, AppError) and told.__context__ is None and told.__traceback__ is None
