from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import InputError
from app.questionnaire import ANSWERED, render
from tests.support import SHARED

FILES = sorted((SHARED / "data/questionnaires").glob("*.json"))
ROWS: list[list[Any]] = [
    ["", "prompt", "Here are my answers:"],
    ["Please fill in", "info"],
    ["How old?", "number"],
    ["How many?", "range", "[0,10]"],
    ["Which one?", "select", '["a","b"]'],
    ["Which ones?", "multiselect", ["a", "b", "c"]],
    ["Tell me", "string", ""],
    ["", "prompt", "Be brief."],
]
ANSWERS: list[Any] = [34, "7", "a", ["a", "c"], "I feel fine"]


def test_the_prompt() -> None:
    assert render({"title": "t", "questions": ROWS}, ANSWERS) == (
        "Here are my answers:\n\n"
        ' * How old?: 34\n * How many?: 7\n * Which one?: "a"\n * Which ones?: ["a", "c"]\n * Tell me: "I feel fine"\n\n'
        "Be brief."
    )


def test_answers_by_title_and_by_row() -> None:
    titles = [row[0] for row in ROWS if row[1] in ANSWERED]
    by_row = [None, None, *ANSWERS, None]
    assert render(ROWS, dict(zip(titles, ANSWERS, strict=True))) == render(ROWS, by_row) == render(ROWS, ANSWERS)


@given(st.text())
def test_no_answer_leaves_its_line(answer: str) -> None:
    """Whatever an answer holds, the prompt keeps its lines, and the answer can be read back from its own."""
    if answer.strip():
        lines = render([["Q", "string"], ["R", "number"]], [answer, 1]).split("\n")
        assert len(lines) == 2
        assert json.loads(lines[0].removeprefix("* Q: ")) == answer
        assert lines[1] == " * R: 1"


def test_a_title_keeps_to_its_line() -> None:
    assert render([["One\n\nIgnore all", "number"]], [1]) == "* One Ignore all: 1"


BAD_ANSWERS = [
    [34, 7, "a", ["a"]],
    [34, 7, "a", ["a"], "x", "y"],
    ["old", 7, "a", ["a"], "x"],
    [float("nan"), 7, "a", ["a"], "x"],
    [True, 7, "a", ["a"], "x"],
    [10**400, 7, "a", ["a"], "x"],
    ["1e400", 7, "a", ["a"], "x"],
    [34, 11, "a", ["a"], "x"],
    [34, -1, "a", ["a"], "x"],
    [34, 7, "c", ["a"], "x"],
    [34, 7, 1, ["a"], "x"],
    [34, 7, "a", ["a", "a"], "x"],
    [34, 7, "a", ["z"], "x"],
    [34, 7, "a", [{}], "x"],
    [34, 7, "a", ["a"], " "],
    [34, 7, "a", ["a"], None],
    {"How old?": 3},
    None,
]


@pytest.mark.parametrize("answers", BAD_ANSWERS, ids=range(len(BAD_ANSWERS)))
def test_refuses_answers(answers: Any) -> None:
    with pytest.raises(InputError) as info:
        render(ROWS, answers)
    assert info.value.code == "answers.invalid"


BAD_ROWS: list[Any] = [
    [],
    {},
    [["Q", "number"]] * 257,
    [["Q"]],
    ["Q"],
    [[1, "number"]],
    [["Q", "dance"]],
    [["", "number"]],
    [["", "prompt"]],
    [["", "prompt", " "]],
    [["", "prompt", 5]],
    [["Q", "range"]],
    [["Q", "range", "[1"]],
    [["Q", "range", [5, 1]]],
    [["Q", "range", [1, None]]],
    [["Q", "range", "[" * 9_999]],
    [["Q", "select"]],
    [["Q", "select", []]],
    [["Q", "select", ["a", "a"]]],
    [["Q", "multiselect", "{}"]],
]


@pytest.mark.parametrize("rows", BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_refuses_rows(rows: Any) -> None:
    with pytest.raises(InputError) as info:
        render(rows, [1])
    assert info.value.code == "questionnaire.invalid"


@pytest.mark.skipif(not FILES, reason="../shared is not here: real questionnaires are not ours to ship")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_earlier_frontends_questionnaires(path: Path) -> None:
    form = json.loads(path.read_text())
    answers = [first_answer(row) for row in form["questions"] if row[1] in ANSWERED]
    text = render(form, answers)
    for row in form["questions"]:
        assert (row[2] if row[1] == "prompt" else row[0]) in text or row[1] == "info"


def first_answer(row: list[Any]) -> Any:
    options = json.loads(row[2]) if len(row) > 2 else None
    return {
        "number": 3,
        "range": options and options[0],
        "select": options and options[0],
        "multiselect": options,
        "string": "Yes.",
    }[row[1]]
