"""What a person reads after a task: every kind of answer, what went wrong first and aloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.desk.printable import printable
from app.jobs.dispatch import answer_to
from app.llm.answerer import NOT_LOADED
from app.request.code_session import Session, SessionTurn
from app.request.parse import parse
from app.result.answers import code as answers
from app.result.answers.ask import AskAnswer
from app.result.answers.code import Attempt, Budget, CodeAnswer, Finding
from app.result.report import Bulk, BulkItem, Input, OutsideModel
from app.simulate.postcompute import Delivered
from app.simulate.show import as_text, exit_code, story, summary
from app.simulate.simulation import Simulated
from app.simulate.tell_answer import tell
from app.simulate.worker import Order
from app.verify.verifier import verify
from tests.support.results import FAILURE, KEY, NOTHING, PARAMETERS, report, sealed

WALLET = "0x" + "1" * 40
ATTEMPT = Attempt(
    status="ok",
    passed=0,
    temperature_milli=0,
    seed=0,
    finish_reason="stop",
    prompt_tokens=1,
    completion_tokens=1,
    edit=None,
    reason=None,
)


def scored(history: Any) -> dict[str, Any]:
    answer, mode, parameters = answer_to(parse({"wallet": WALLET, "history": history})[0], NOT_LOADED)
    return {"kind": "score", "answer": answer, "mode": mode, "parameters": parameters, "model": None}


def coded(*verdicts: tuple[str, str], untested: str | None = None, **update: Any) -> dict[str, Any]:
    tested: Any = {
        "source": "caller" if verdicts else "none",
        "untested": untested,
        "verdicts": tuple(
            {"status": status, "message": message, "apart": status == "passed", "fuel": 1, "checks": 1}
            for status, message in verdicts
        ),
        "guest": None,
    }
    fields: dict[str, Any] = {
        "status": "ok",
        "language": "python",
        "text": "def one():\n    return 1\n",
        "tested": answers.Tested.model_validate(tested),
        "attempts": (ATTEMPT,),
        "best": 0,
        "budget": Budget(attempts=4, tokens=9, fuel=0),
        "second_opinion": "on_task",
        "warnings": (),
        "session": None,
        "changed": None,
    }
    return {"kind": "code", "answer": CodeAnswer(**fields | update)}


def turns(*codes: str) -> Session:
    made = [SessionTurn(feedback=[], code=code, status="ok", verdicts=[]) for code in codes]
    return Session(language="python", prompt="one()", turns=made)


ETHERSCAN_ROW = {
    "blockNumber": "21686822",
    "timeStamp": "1737630863",
    "hash": "0x" + "ab" * 32,
    "nonce": "1",
    "from": WALLET,
    "to": "0x" + "2" * 40,
    "value": "1000000000000000000",
    "gas": "21000",
    "gasPrice": "20000000000",
    "gasUsed": "21000",
    "isError": "0",
    "txreceipt_status": "1",
    "input": "0x",
    "contractAddress": "",
}
SCORE = scored({"status": "1", "message": "OK", "result": [ETHERSCAN_ROW]})

# what the answer is -> how the first line begins, and what else must be there
TOLD: dict[str, tuple[dict[str, Any], str, tuple[str, ...]]] = {
    "ask": ({}, "Paris.", ()),
    "ask, cut": (
        {"answer": AskAnswer(text="Par", finish_reason="length", prompt_tokens=3, completion_tokens=5)},
        "Par",
        ("CUT OFF after 5 tokens",),
    ),
    "ask, silent": (
        {"answer": AskAnswer(text="", finish_reason="stop", prompt_tokens=3, completion_tokens=0)},
        "(the model said nothing)",
        (),
    ),
    "code": (coded(("passed", "")), "1 of 1 tests passed", ("def one():", "  test 1 passed")),
    "code, failed": (
        coded(("passed", ""), ("failed", "assert 1 == 2")),
        "TESTS FAILED: 1 of 2",
        ("  test 2 failed: assert 1 == 2",),
    ),
    "code, out of fuel": (coded(("out_of_fuel", "")), "TESTS FAILED: 1 of 1", ("  test 1 out of fuel",)),
    "code, unavailable": (
        coded(("passed", ""), ("unavailable", "numpy is not there")),
        "TESTS COULD NOT RUN: 1 of 2; 1 passed",
        ("  test 2 unavailable: numpy is not there",),
    ),
    "code, untested": (coded(untested="no_tests"), "not tested: there are no tests", ()),
    "code, no sandbox": (coded(untested="no_guest"), "NOT TESTED: the sandbox is not here", ()),
    "code, refused": (coded(status="refused", text="It cannot be done."), "REFUSED BY THE MODEL", ("It cannot be done.",)),
    "code, no code": (coded(status="not_code"), "NO CODE", ()),
    "code, cut": (coded(status="unfinished"), "CUT OFF", ()),
    "code, findings": (
        coded(("passed", ""), warnings=(Finding(kind="network", name="socket", line=3),)),
        "1 of 1 tests passed",
        ("look at line 3 before you run it: network (socket)",),
    ),
    "code, off the task": (
        coded(untested="no_tests", second_opinion="off_task"),
        "not tested: there are no tests",
        ("  the model itself does not take this for an answer to the task",),
    ),
    "code, unchanged": (
        coded(("passed", ""), session=turns("a", "a"), changed=False),
        "1 of 1 tests passed",
        ("NOTHING CHANGED",),
    ),
    "score": (
        SCORE | {"mode": "ai"},
        f"Score {getattr(SCORE['answer'], 'score')} of 1000, tier",  # noqa: B009  an answer of any job, to mypy
        (
            f"wallet {WALLET}",
            "data   in the format of etherscan, chain 1, 1 records, as of block",
            "\nORIGIN: history given by the requester: nobody checked it\n",
            "  risk behaviour 100",
            "\nWhy\n  - ",
            "\nRisks\n  - ",
            "\nAdvice\n  - ",
        ),
    ),
    "score, fallback": (SCORE, "Score ", ("FALLBACK: fixed words",)),
    "score, truncated": (
        SCORE
        | {"answer": SCORE["answer"].model_copy(update={"data": SCORE["answer"].data.model_copy(update={"truncated": True})})},
        "Score ",
        ("TRUNCATED: the source had more than it gave",),
    ),
    "score, count": (scored({"transaction_count": 7}), "Score 70 of 1000, tier basic", ("COUNT ONLY", "an unknown block")),
    "error": (NOTHING | {"status": "error"}, "ERROR input.missing: there is no prompt", ("  hint: give one",)),
    "incomplete": (
        NOTHING | {"status": "incomplete", "error": FAILURE.model_copy(update={"code": "incomplete"})},
        "INCOMPLETE: there is no prompt",
        (),
    ),
}


@pytest.mark.parametrize("case", list(TOLD))
def test_every_kind_of_answer_is_told(case: str) -> None:
    update, first, more = TOLD[case]
    lines = tell(report(**update))
    text = "\n".join(lines)
    assert lines[0].startswith(first), text
    assert all(words in text for words in more), text
    assert max(map(len, lines)) <= 80
    assert "\n" not in "".join(lines)


def test_the_screen_is_silent_about_an_answer_on_its_task() -> None:
    on, off, unknown = (tell(report(**coded(("passed", ""), second_opinion=said))) for said in ("on_task", "off_task", None))
    assert on == unknown and "opinion" not in "\n".join(off)
    (told,) = set(off) - set(on)
    assert told == "  the model itself does not take this for an answer to the task"


def done(tmp_path: Path, order: Order | None = None, **update: Any) -> Simulated:
    data = sealed(**update)
    (tmp_path / "result.json").write_bytes(data)
    delivered = Delivered(data, "0x" + "ab" * 32, {"result.json": len(data), "computed.json": 2}, None, None)
    return Simulated(delivered, verify(data, KEY.address), None, True, order or Order(simulated_key=True), 1.25, tmp_path)


SOURCES = (
    Input(source="dataset", number=None, kind="material", used=True),
    Input(source="secret", number=2, kind="prompt", used=True),
    Input(source="input_file", number=1, kind="options", used=False),
    Input(source="args", number=None, kind="prompt", used=False),
)


def test_the_screen_says_what_was_used_who_signed_and_what_comes_next(tmp_path: Path) -> None:
    text = as_text(done(tmp_path, inputs=SOURCES), "sealed-llm")
    facts = {line[:11].strip(): line[11:] for line in text.splitlines() if line[:1].isalpha() and len(line) > 11}
    assert facts["used"] == "material in the dataset, prompt in secret 2"
    assert facts["NOT USED"] == "options in input file 1, prompt in the args"
    assert facts["model"] == "m, 3 tokens read, 2 written"
    assert KEY.address in facts["signed by"] and facts["verified"].startswith("yes")
    lines = text.splitlines()
    assert lines[-3].startswith("Next: ") and lines[-2].endswith("result.json \\")
    assert lines[-2].startswith("  sealed-llm verify ") and lines[-1] == f"    --signer {KEY.address}"
    assert "simulation key" in text and "IEXEC_APP_DEVELOPER_SECRET" in as_text(done(tmp_path, Order()), "sealed-llm")


def test_a_path_with_a_blank_can_be_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "my results"
    folder.mkdir()
    assert f"verify '{folder}/result.json'" in as_text(done(folder), "sealed-llm")


def item(index: int, **update: Any) -> BulkItem:
    fields: dict[str, Any] = {
        "index": index,
        "dataset": None,
        "success": True,
        "kind": "ask",
        "mode": "ai",
        "answer": report().answer,
    }
    fields |= {"error": None, "parameters": PARAMETERS, "inputs": (), "commitment": None}
    construct: Any = BulkItem.model_construct
    made: BulkItem = construct(**fields | update)
    return made


def test_a_bulk_result_tells_each_item_and_counts_them_first(tmp_path: Path) -> None:
    items = (
        item(1, inputs=SOURCES[:1]),
        item(2, **coded(("failed", "assert 0"))),
        item(3, success=False, answer=None, mode=None, error=FAILURE),
        item(4, **SCORE),
    )
    bulk = Bulk.model_construct(totalCount=4, successCount=3, errorCount=1, results=items)
    told = report(answer=None, bulk=bulk, status="error", error=FAILURE.model_copy(update={"code": "bulk.partial"}))
    lines = story(told)
    assert lines[0] == "1 of 4 WITH AN ERROR, 1 of 4 NOT AS ASKED FOR, 2 of 4 answered"
    heads = ("1. Paris.", "2. TESTS FAILED: 1 of 1", "3. ERROR input.missing", "4. Score ")
    assert all(any(line.startswith(head) for line in lines) for head in heads), lines
    assert "   (used: material in the dataset)" in lines and max(map(len, lines)) <= 83
    assert done(tmp_path).verified is not None


CODES: dict[str, tuple[dict[str, Any], int]] = {
    "ok": ({}, 0),
    "error": (NOTHING | {"status": "error"}, 1),
    "incomplete": (NOTHING | {"status": "incomplete"}, 1),
    "count": (scored({"transaction_count": 7}), 0),
}


@pytest.mark.parametrize("case", list(CODES))
def test_the_exit_code_says_what_happened(tmp_path: Path, case: str) -> None:
    update, code = CODES[case]
    ended = done(tmp_path, **update)
    assert exit_code(ended) == code
    shown = summary(ended, "sealed-llm")
    assert json.dumps(shown) and shown["outcome"] == {0: "ok"}.get(code, case)
    unverified = Simulated(ended.delivered, None, None, False, ended.order, 1.0, tmp_path)
    assert exit_code(unverified) == 1 and "doctor" in as_text(unverified, "sealed-llm")


def test_no_answer_leads_a_terminal_astray(tmp_path: Path) -> None:
    evil = "a\x1b[31mred\x07\rb\u202ec\n\td"
    assert printable(evil) == "a\\x1b[31mred\\x07\\x0db\\u202ec\n\td"
    answer = AskAnswer(text=evil, finish_reason="stop", prompt_tokens=1, completion_tokens=1)
    assert "\x1b" not in as_text(done(tmp_path, answer=answer), "sealed-llm")


def test_an_engine_outside_is_said(tmp_path: Path) -> None:
    outside = OutsideModel(embedded=False, engine="openai-compatible", host="h", name="m", version=None)
    assert "NOT embedded" in as_text(done(tmp_path, model=outside), "sealed-llm")
