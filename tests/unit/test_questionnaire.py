from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import InputError
from app.request.questionnaire.prompt import ANSWERED, render

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


# As the frontend of HarryR/ethsofia-hackathon had them: rows of two or three, options as JSON text, words of our own.
FORMS: dict[str, list[list[Any]]] = {
    "a case's notes": [
        ["", "prompt", "I look after house plants; this is what I am told:"],
        ["Please fill in what you know of the plant", "info"],
        ["How old is it?", "number"],
        ["How many leaves a week does it lose?", "range", "[0,100]"],
        ["Where does it stand?", "select", '["window", "shelf", "floor"]'],
        ["Since when is it unwell?", "select", '["Today","This week", "Longer than 1 year"]'],
        ["Please describe it", "string"],
        ["", "prompt", "Please answer briefly"],
    ],
    "habits": [
        ["This form is about how you get to work, with no right or wrong answers.", "info"],
        ["", "prompt", "I plan cycle lanes. Here are somebody's answers:"],
        ["How many kilometres is it to work?", "number"],
        ["How often do you cycle?", "select", '["Never", "1-2 times a week", "5+ times a week"]'],
        ["Do you own a cycle?", "select", '["Yes, always have", "No", "I don\'t know"]'],
        ["How many tyres did you mend?", "range", "[0,20]"],
        ["What else do you ride?", "string"],
        ["", "prompt", "Name the one thing that would help most, and say why."],
    ],
    "an opinion": [
        ["", "prompt", "Answers about a library:"],
        ["Have you been there?", "select", '["Yes", "No"]'],
        ["If yes, how many times?", "number"],
        ["Rate it", "range", "[1,10]"],
        ["What comes to mind?", "string"],
        ["If you chose 'Other', please say what:", "string"],
        ["What is best?", "select", '["Books", "Chairs", "Tea", "Other"]'],
        ["Would you go again?", "select", '["Definitely", "Not sure", "Definitely not"]'],
        ["", "prompt", "Sum up in three lines."],
    ],
    "several at once": [
        ["This form asks what you know of bread.", "info"],
        ["", "prompt", "Here is what somebody knows of bread:"],
        ["How much do you know, in all?", "range", "[1,10]"],
        ["Have you baked?", "select", '["Yes, often", "Only once", "Never"]'],
        ["Which flours have you used? (A list with commas)", "string"],
        ["Which of these do you own?", "multiselect", '["An oven", "A scale", "Scales, two", "None of these"]'],
        ["Do you know what 'proving' is?", "select", '["Yes, I\'ve done it", "No"]'],
        ["", "prompt", "Say what to bake next."],
    ],
}


@pytest.mark.parametrize("rows", FORMS.values(), ids=FORMS.keys())
def test_forms_as_the_earlier_frontend_stored_them(rows: list[list[Any]]) -> None:
    answers = [first_answer(row) for row in rows if row[1] in ANSWERED]
    text = render({"title": "A form", "questions": rows}, answers)
    for row in rows:
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
