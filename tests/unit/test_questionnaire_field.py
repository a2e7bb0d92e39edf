"""Forms as people have them: exported, optional, typed by a service, with answers in one cell."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.base.errors import InputError
from app.request.parse import parse
from app.request.questionnaire.prompt import FormError, render, title_of
from app.request.questionnaire.row_types import ANSWERED, REFUSED, SILENT, kind_of
from app.simulate.explain_error import explain

EMPTY = "null (no answer)"
OTHER = {"isOther": True}  # of the Google Forms API: words of one's own
OWNER = "0x" + "11" * 20


def lines(form: Any, answers: Any = None) -> list[str]:
    """Return what stands behind each question."""
    return [line.partition(": ")[2] for line in render(form, answers).splitlines() if line.lstrip().startswith("* ")]


def one(row: Any, answer: Any) -> str:
    """Return how the answer to a form of one question is shown."""
    (line,) = lines([row], [answer])
    return line


def refused(form: Any, answers: Any) -> FormError:
    with pytest.raises(FormError) as info:
        render(form, answers)
    assert info.value.code in ("answers.invalid", "questionnaire.invalid")
    return info.value


ABC = ["A", "B", "C"]
COMMAS = ["Yes, always", "No", "Tea, milk, or both", "Yes"]
GOOD: dict[str, tuple[Any, Any, str]] = {
    # left empty
    "optional by its title": (["What should we improve? (optional)", "string"], "", EMPTY),
    "in other brackets": (["Age [Optional]", "number"], None, EMPTY),
    "behind a dash": (["Age - optional", "range", [1, 5]], " ", EMPTY),
    "in front": (["(optional, at most 20 words) Why?", "string"], "", EMPTY),
    "in French": (["Âge (facultatif)", "number"], "", EMPTY),
    "by an object for options": (["Colour", "select", {"choices": ABC, "required": False}], "", EMPTY),
    "by a fourth part": (["Colour", "select", ABC, False], None, EMPTY),
    "by a fourth part in words": (["Colour", "select", ABC, "optional"], None, EMPTY),
    "required: false": ({"title": "Why?", "type": "text", "required": False}, "", EMPTY),
    "optional: true": ({"title": "Why?", "type": "text", "optional": True}, None, EMPTY),
    "n/a where words are no answer": (["Age (optional)", "number"], "N/A", EMPTY),
    "n/a where it is a choice": (["Fits? (optional)", "select", ["yes", "n/a"]], "N/A", '"n/a"'),
    "n/a where it is words": (["Why? (optional)", "string"], "N/A", '"N/A"'),
    "none ticked": (["Which?", "multiselect", ABC], [], "[]"),
    "none ticked, in a cell": (["Which?", "multiselect", ABC], "", "[]"),
    "none ticked, as ticks": (["Which?", "multiselect", ABC], {"A": False, "B": False}, "[]"),
    # yes or no
    "true": (["Smoker?", "boolean"], True, '"yes"'),
    "false": (["Smoker?", "yes_no"], False, '"no"'),
    "Yes": (["Smoker?", "yesno"], "Yes", '"yes"'),
    "FALSE": (["Smoker?", "YES_NO"], "FALSE", '"no"'),
    "Ja": (["Raucher?", "bool"], "Ja", '"yes"'),
    "0 from a dataset": (["Smoker?", "boolean"], 0.0, '"no"'),
    "one box, ticked": (["I agree", "checkbox"], True, '"yes"'),
    "words of the form's own": (["Agree?", "boolean", ["I do", "I do not"]], "i do", '"I do"'),
    # ticks in a cell
    "a cell": (["Which?", "multiselect", ABC], "A, C", '["A", "C"]'),
    "a cell without blanks": (["Which?", "CHECKBOX", ABC], "A,C", '["A", "C"]'),
    "a cell with semicolons": (["Which?", "checkboxes", ABC], "A; C", '["A", "C"]'),
    "a cell with line ends": (["Which?", "checkboxes", ABC], "A\nC", '["A", "C"]'),
    "a cell with one": (["Which?", "multiselect", ABC], "B", '["B"]'),
    "commas inside the choices": (["Which?", "multiselect", COMMAS], "Yes, always, No", '["Yes, always", "No"]'),
    "commas inside, the last": (["Which?", "multiselect", COMMAS], "No, Tea, milk, or both", '["No", "Tea, milk, or both"]'),
    "JSON text": (["Which?", "multiselect", ABC], '["A", "C"]', '["A", "C"]'),
    "ticks by name": (["Which?", "multiselect", ABC], {"A": True, "B": False, "C": True}, '["A", "C"]'),
    "numbers as choices": (["Which?", "multiselect", [1, 2, 3]], "1, 3", '["1", "3"]'),
    "a multiple choice with one": (["Which?", "MULTIPLE_CHOICE", ABC], "A", '"A"'),
    "a multiple choice with several": (["Which?", "multiple_choice", ABC], "A, B", '["A", "B"]'),
    # choices
    "another case": (["Which?", "select", ["New", "Done"]], "done", '"Done"'),
    "blanks around": (["Which?", "dropdown", ["New", "Done"]], " Done ", '"Done"'),
    "a list of one": (["Which?", "radio", ["New", "Done"]], ["Done"], '"Done"'),
    "a number for a choice": (["How many?", "select", ["1", "2"]], 2, '"2"'),
    "a value for a label": (
        {"title": "Q", "type": "radiogroup", "choices": [{"value": "f", "text": "Female"}]},
        "f",
        '"Female"',
    ),
    "the label": ({"label": "Q", "type": "select", "options": [{"value": 1, "label": "One"}]}, "One", '"One"'),
    "other": ({"title": "Q", "type": "select", "options": ABC, "hasOther": True}, "Tea", '"Tea"'),
    "choices as text": (["Q", "select", "New, Done"], "Done", '"Done"'),
    "choices in lines": (["Q", "select", "Yes, always\nNever"], "Yes, always", '"Yes, always"'),
    "choices as JSON of JSON": (["Q", "select", json.dumps(json.dumps(ABC))], "B", '"B"'),
    # numbers
    "a number as text": (["Q", "number"], "8", "8"),
    "8.0": (["Q", "number"], "8.0", "8"),
    "a number within its bounds": ({"title": "Age", "type": "number", "max_value": 120}, "34", "34"),
    "a decimal comma": (["Q", "number"], "8,5", "8.5"),
    "a range in words": (["Q", "scale", "1-10"], "7", "7"),
    "a range with to": (["Q", "SCALE", "1 to 10"], 7.0, "7"),
    "a range as bounds": (["Q", "range", {"min": 1, "max": 10}], "8", "8"),
    "a range as steps": (["Q", "rating", [1, 2, 3, 4, 5]], "5", "5"),
    "a range of text": (["Q", "range", ["1", "10"]], "10", "10"),
    "a range by the row": ({"title": "Q", "type": "slider", "min": 0, "max": 1}, "0.5", "0.5"),
    "nps": (["Q", "nps"], "10", "10"),
    "a rating": (["Q", "RATING"], "5", "5"),
    # text
    "digits that a sheet made a number": (["Unit", "TEXT"], 12, "12"),
    "a date": (["When?", "DATE"], "2026-11-25", '"2026-11-25"'),
    "a time": (["When?", "TIME"], "17:30", '"17:30"'),
    "an e-mail address": (["Mail?", "email"], "a@example.org", '"a@example.org"'),
    "a paragraph": (["Why?", "PARAGRAPH_TEXT"], "One\nTwo", '"One\\nTwo"'),
}


@pytest.mark.parametrize(("row", "answer", "shown"), GOOD.values(), ids=GOOD)
def test_reads(row: Any, answer: Any, shown: str) -> None:
    assert one(row, answer) == shown


BAD: dict[str, tuple[Any, Any, str]] = {
    "empty, not optional": (["Why?", "string"], "", "answer 1 is missing, and the question is not optional"),
    "null, not optional": (["Age", "number"], None, "answer 1 is missing, and the question is not optional"),
    "n/a, not optional": (["Age", "number"], "n/a", "answer 1 is missing, and the question is not optional"),
    "not optional": (["Age (not optional)", "number"], "", "answer 1 is missing, and the question is not optional"),
    "optional is the subject": (["Is lunch optional?", "boolean"], "", "answer 1 is missing, and the question is not optional"),
    "required in spite of its title": (["Age (optional)", "number", "", True], "", "answer 1 is missing"),
    "none ticked, required": (["Which?", "multiselect", ABC, True], [], "answer 1 is missing"),
    "neither yes nor no": (["Smoker?", "boolean"], "maybe", "answer 1 is neither yes nor no"),
    "two is neither": (["Smoker?", "boolean"], 2, "answer 1 is neither yes nor no"),
    "a cell with something else": (["Which?", "multiselect", ABC], "A, D", "answer 1 is not a list of its choices"),
    "a cell with one twice": (["Which?", "multiselect", ABC], "A, A", "answer 1 has a choice twice"),
    "a cell of two meanings": (["Which?", "multiselect", ["A", "B", "A, B"]], "A, B", "answer 1 can be read in two ways"),
    "several for one": (["Which?", "select", ABC], "A, B", "answer 1 is not one of its choices"),
    "neither case": (["Which?", "select", ["a", "A"]], "x", "row 1 needs a list of different choices"),
    "a thousand or one": (["Q", "number"], "1,000", "answer 1 is not a number"),
    "a number beyond its bounds": (["Age", "number", [0, 120]], "150", "answer 1 is outside of its range"),
    "a number below its one bound": ({"title": "Age", "type": "number", "min": 0}, -1, "answer 1 is outside of its range"),
    "text with choices": (["Q", "text", ABC], "A", "row 1 has options, but its type takes none"),
    "an option mistyped": (
        ["Q", "select", {"choices": ABC, "requried": False}],
        "",
        'row 1 has a field that is nearly "required"',
    ),
    "a unit": (["Q", "number"], "8 kg", "answer 1 is not a number"),
    "outside": (["Q", "scale", [1, 10]], "11", "answer 1 is outside of its range"),
    "a scale without bounds": (["Q", "SCALE"], "1", "row 1 needs [low, high]"),
    "a grid": (["Q", "CHECKBOX_GRID", ABC], "A", "row 1 is a grid: make each line of it a question of its own"),
    "a matrix": ({"title": "Q", "type": "matrix"}, "A", "row 1 is a grid"),
    "a file": (["Q", "file_upload"], "x.pdf", "row 1 is of a type whose answer is not text"),
    "a ranking": (["Q", "ranking", ABC], ABC, "row 1 is a ranking"),
    "a type mistyped": (["Q", "mutliselect", ABC], "A", 'row 1 has an unknown type, nearly "multiselect"'),
    "a field mistyped": ({"title": "Q", "type": "text", "requierd": False}, "", 'row 1 has a field that is nearly "required"'),
    "no type": ({"title": "Q"}, "x", "row 1 has no type"),
    "choices that are no JSON": (["Q", "select", '["a"'], "a", "row 1 has options that are not JSON"),
    "an object for text": (["Q", "string"], {"a": 1}, "answer 1 is not text"),
    "a response": ({"token": "t", "submitted_at": "2026-11-25", "answers": []}, "x", "row 1 is a response, not a question"),
}


@pytest.mark.parametrize(("row", "answer", "message"), BAD.values(), ids=BAD)
def test_refuses(row: Any, answer: Any, message: str) -> None:
    assert refused([row], [answer]).message.startswith(message)


FORMS: dict[str, tuple[Any, Any, list[str]]] = {
    "exported from Google Forms, typed": (
        [["Unit", "TEXT"], ["Total", "SCALE", [1, 10]], ["State", "MULTIPLE_CHOICE", ["New", "Done"]]],
        ["A", "8", "Done"],
        ['"A"', "8", '"Done"'],
    ),
    "the Google Forms API": (
        {
            "formId": "f",
            "info": {"title": "T"},
            "items": [
                {"itemId": "1", "title": "Unit", "questionItem": {"question": {"questionId": "a1", "textQuestion": {}}}},
                {
                    "itemId": "2",
                    "title": "Which?",
                    "questionItem": {
                        "question": {
                            "questionId": "b2",
                            "required": True,
                            "choiceQuestion": {"type": "CHECKBOX", "options": [{"value": "A"}, {"value": "B"}, OTHER]},
                        }
                    },
                },
                {"itemId": "3", "title": "Part two", "pageBreakItem": {}},
                {"title": "How?", "questionItem": {"question": {"questionId": "c3", "scaleQuestion": {"low": 1, "high": 5}}}},
            ],
        },
        {
            "responseId": "r",
            "answers": {
                "b2": {"questionId": "b2", "textAnswers": {"answers": [{"value": "A"}, {"value": "Tea"}]}},
                "c3": {"questionId": "c3", "textAnswers": {"answers": [{"value": "4"}]}},
            },
        },
        [EMPTY, '["A", "Tea"]', "4"],
    ),
    "Typeform": (
        {
            "title": "T",
            "fields": [
                {"id": "h", "ref": "why", "title": "Why?", "type": "short_text", "validations": {"required": True}},
                {
                    "id": "i",
                    "title": "Which?",
                    "type": "multiple_choice",
                    "properties": {"allow_multiple_selection": True, "choices": [{"label": "A"}, {"label": "B"}]},
                },
                {"id": "j", "title": "How?", "type": "opinion_scale", "properties": {"steps": 11}},
                {"id": "k", "title": "Sure?", "type": "yes_no", "validations": {"required": False}},
                {"id": "s", "title": "Thanks", "type": "statement", "properties": {}},
            ],
        },
        [
            {"field": {"id": "h", "ref": "why", "type": "short_text"}, "type": "text", "text": "So"},
            {"field": {"id": "i", "type": "multiple_choice"}, "type": "choices", "choices": {"labels": ["B"]}},
            {"field": {"id": "j", "type": "opinion_scale"}, "type": "number", "number": 0},
        ],
        ['"So"', '["B"]', "0", EMPTY],
    ),
    "SurveyMonkey": (
        {
            "title": "T",
            "pages": [
                {
                    "questions": [
                        {
                            "id": "1",
                            "headings": [{"heading": "Which?"}],
                            "family": "multiple_choice",
                            "subtype": "vertical",
                            "required": {"text": "must"},
                            "answers": {"choices": [{"id": "7", "text": "A"}, {"id": "8", "text": "B"}]},
                        },
                        {"id": "2", "headings": [{"heading": "Why?"}], "family": "open_ended", "required": None},
                    ]
                }
            ],
        },
        {"Which?": "A, B"},
        ['["A", "B"]', EMPTY],
    ),
    "SurveyJS": (
        {
            "pages": [
                {"elements": [{"type": "radiogroup", "name": "q1", "isRequired": True, "choices": ["f", "m"]}]},
                {"elements": [{"type": "comment", "name": "q2"}, {"type": "rating", "name": "q3", "rateMin": 1, "rateMax": 5}]},
            ]
        },
        {"q1": "f", "q3": 5},
        ['"f"', EMPTY, "5"],
    ),
    "the earlier frontend's question objects": (
        {"owner": OWNER, "title": "T", "questions": [{"title": "Age?", "qtype": "number", "options": ""}]},
        ["34"],
        ["34"],
    ),
    "what the earlier contract returned": (
        [OWNER, "T", [["", "prompt", '"Be brief."'], ["Cigarettes?", "range", "[0,100]"], ["Sex?", "select", '["f","m"]']]],
        ["", "20", "f"],
        ["20", '"f"'],
    ),
    "qlist": ({"qlist": [{"title": "Age?", "qtype": "number"}]}, ["34"], ["34"]),
    "a qlist around a form": ({"qlist": {"title": "T", "questions": [["Age?", "number"]]}}, ["34"], ["34"]),
    "rows as JSON text": ({"title": "T", "questions": '[["Age?", "number"]]'}, ["34"], ["34"]),
    "its answers with it": ([{"question": "Age?", "answer": 34}, {"question": "Why?", "answer": "So"}], None, ["34", '"So"']),
    "its answers with it, typed": ([{"label": "Which?", "type": "select", "options": ABC, "answer": "b"}], None, ['"B"']),
    "its answers as values": ([{"questionText": "Age?", "qid": "q", "value": "34"}], None, ['"34"']),
    "values that are empty yet": ([{"label": "Age?", "type": "number", "value": ""}], ["34"], ["34"]),
    "groups and panels": (
        [
            {"title": "Both", "type": "group", "properties": {"fields": [{"title": "A", "type": "number"}]}},
            {"type": "panel", "elements": [{"type": "boolean", "name": "B"}]},
        ],
        {"A": 1, "B": True},
        ["1", '"yes"'],
    ),
    "exported with Apps Script": (
        {
            "metadata": {"title": "T"},
            "count": 2,
            "items": [
                {"type": "SCALE", "id": 1, "index": 0, "title": "How?", "isRequired": True, "lowerBound": 1, "upperBound": 5},
                {"type": "CHECKBOX", "id": 2, "index": 1, "title": "Which?", "hasOtherOption": True, "choices": ABC},
            ],
        },
        {"How?": "4", "Which?": "A, C"},
        ["4", '["A", "C"]'],
    ),
    "by key": ([{"id": "age", "title": "How old?", "type": "number"}], {"age": 3}, ["3"]),
    "by number": ([["How old?", "number"], ["Why?", "string"]], {"1": 3, "2": "So"}, ["3", '"So"']),
    "by a title without its star": ([["How old? *", "number"]], {"How old?": 3}, ["3"]),
    "by a title without (optional)": ([["Why? (optional)", "string"]], {"why?": "So"}, ['"So"']),
    "by pairs": (
        [["How old?", "number"], ["Why?", "string"]],
        [{"question": "Why?", "answer": "So"}, {"title": "How old?", "value": 3}],
        ["3", '"So"'],
    ),
    "by title, the optional one left out": ([["Age", "number"], ["Why? (optional)", "string"]], {"Age": 3}, ["3", EMPTY]),
    "some are required, so the rest is not": (
        [{"title": "A", "type": "text", "required": True}, {"title": "B", "type": "text"}],
        ["x", ""],
        ['"x"', EMPTY],
    ),
    "two titles, one of them optional": (
        [["Age", "number"], ["Age (optional)", "number"]],
        {"Age": 3, "Age (optional)": 4},
        ["3", "4"],
    ),
    "words alone": ([["", "prompt", "Say hello."]], None, []),
}


@pytest.mark.parametrize(("form", "answers", "shown"), FORMS.values(), ids=FORMS)
def test_reads_whole_forms(form: Any, answers: Any, shown: list[str]) -> None:
    assert lines(form, answers) == shown
    fields = {"questionnaire": form, "answers": answers} if answers is not None else {"questionnaire": form}
    texts = {name: json.dumps(value) for name, value in fields.items()}  # as a dataset or `simulate --file` holds them
    assert parse(fields) == parse(texts)


BAD_FORMS: dict[str, tuple[Any, Any, str]] = {
    "no answers": ([["A", "number"], ["B", "number"]], None, "the form has 2 questions and no answers: pass `answers`"),
    "an empty list of them": ([["A", "number"]], [], "the form has 1 question and no answers: pass `answers`"),
    "too few": (
        [["A", "number"], ["B", "number"]],
        [1],
        "there must be one answer for each of the 2 questions, but there are 1",
    ),
    "one left out": ([["A", "number"], ["B", "number"]], {"A": 1}, "answer 2 is missing, and the question is not optional"),
    "one of no question": ([["A", "number"]], {"A": 1, "C": 2}, "`answers` name a question that the form does not have"),
    "one twice": ([["A", "number"]], {"A": 1, "a": 2}, "question 1 is answered twice"),
    "one by title and number": ([["A", "number"]], {"A": 1, "1": 2}, "question 1 is answered twice"),
    "two of one title": ([["A", "number"], ["A", "number"]], {"A": 1}, "question 1 and another have one name"),
    "three of one title": ([["A", "number"]] * 3, {"A": 1}, "question 1 and another have one name"),
    "two pairs": ([["A", "number"]], [{"title": "A", "value": 1}, {"title": "A", "value": 2}], "two answers name the same"),
    "brought and given": ([{"question": "A", "answer": 1}], [1], "the form holds its answers"),
    "no rows": ({"title": "T"}, [1], "a questionnaire has 1 to 256 rows"),
    "a list that is no row": ([["A", "number"], "B"], [1], "row 2 is neither [title, type, options] nor an object"),
}


@pytest.mark.parametrize(("form", "answers", "message"), BAD_FORMS.values(), ids=BAD_FORMS)
def test_refuses_whole_forms(form: Any, answers: Any, message: str) -> None:
    assert refused(form, answers).message.startswith(message)


def test_an_empty_answer_can_be_told_from_words() -> None:
    """Nothing that somebody answers looks like no answer."""
    form = [["A (optional)", "string"], ["B (optional)", "string"], ["C", "multiselect", ["[]"]]]
    assert lines(form, ["", EMPTY, "[]"]) == [EMPTY, json.dumps(EMPTY), "[]"]
    assert lines(form, ["", "null", ["[]"]]) == [EMPTY, '"null"', '["[]"]']


@given(st.lists(st.sampled_from(["A", "B", "A, B", "B, C", "C"]), unique=True, min_size=1))
def test_a_cell_is_read_right_or_not_at_all(ticked: list[str]) -> None:
    """Joined as Google joins them, the choices come back, or the cell is refused: never others."""
    choices = ["A", "B", "A, B", "B, C", "C"]
    try:
        shown = one(["Q", "multiselect", choices], ", ".join(ticked))
    except FormError as err:
        assert "two ways" in err.message or "twice" in err.message  # noqa: PT017
    else:
        assert json.loads(shown) == ticked


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.floats()
    | st.sampled_from(["", "A", "number", "select", "scale", "[1]", "x, y"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["title", "type", "options", "questions", "answer", "field", "required", "id", "properties"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON)
def test_whatever_it_is_it_is_read_or_refused(form: Any, answers: Any) -> None:
    try:
        assert isinstance(render(form, answers), str)
    except FormError as err:
        assert err.code in ("answers.invalid", "questionnaire.invalid")  # noqa: PT017
        explain({"questionnaire": form, "answers": answers}, err.code)


def test_a_long_cell_ends() -> None:
    assert "not a list" in refused([["Q", "multiselect", ABC]], ["A," * 200_000]).message
    assert "not a list" in refused([["Q", "multiselect", ABC]], ["A," * 120 + "D"]).message
    assert "too many choices in one cell" in refused([["Q", "multiselect", ABC]], ["A," * 8_000 + "D"]).message


def test_an_error_carries_its_place_and_the_desk_names_the_title() -> None:
    form = [["", "prompt", "Hi"], ["How old?", "number"], ["Your canary?", "range", [0, 1]]]
    err = refused(form, [3, 7])
    assert (err.question, err.row, err.message) == (2, None, "answer 2 is outside of its range")
    assert title_of(form, 2) == "Your canary?"
    assert [title_of(form, number) for number in (0, 3, -1)] == [None, None, None]
    request = {"questionnaire": json.dumps(form), "answers": [3, 7]}
    assert explain(request, err.code) == 'question 2: "Your canary?"'
    assert explain(request, "input.missing") is None
    assert explain({"questionnaire": form, "answers": [3]}, err.code) is None
    assert explain({"questionnaire": form, "answers": {"How old?": 3, "Timestamp": 1}}, err.code) == 'in `answers`: "Timestamp"'
    rows: list[Any] = [["A", "number"], ["B", "dance"], {"title": "C", "type": "text", "requierd": True}]
    assert explain({"questionnaire": rows, "answers": [1]}, "questionnaire.invalid") == 'row 2: ["B", "dance"]'
    assert explain({"questionnaire": rows[2:]}, "questionnaire.invalid") == (
        'row 1, requierd: {"title": "C", "type": "text", "requierd": true}'
    )
    assert explain({"questionnaire": form, "answers": [3, 1]}, err.code) is None
    assert explain({"prompt": "x"}, err.code) is None
    assert refused([["A", "number"], ["B", "dance"]], [1, 2]).row == 2


def test_no_message_shows_content() -> None:
    canary = "xcanaryx"
    tried: list[tuple[Any, Any]] = [
        ([[canary, "number"]], [canary]),
        ([["Q", canary]], [1]),
        ([["Q", "select", [canary]]], ["y"]),
        ([["Q", "multiselect", [canary]]], ["y, " + canary]),
        ([{"title": "Q", canary: 1}], [1]),
        ([["Q", "number"]], {canary: 1}),
        ([["Q", "number"]], [{"question": canary, "answer": canary}]),
        ([["Q", "boolean"]], [canary]),
        ([["Q", "range", canary]], [1]),
        ({canary: [["Q", "number"]]}, [1]),
    ]
    for form, answers in tried:
        with pytest.raises(InputError) as info:
            render(form, answers)
        assert "canary" not in str(info.value)


def test_every_known_name_of_a_type_means_one_thing() -> None:
    names = [*SILENT, *ANSWERED]
    assert [kind_of(name) for name in names] == names
    assert [kind_of(name.upper().replace("t", "-t")) for name in ("multiselect", "short_text")] == ["multiselect", "string"]
    assert not any(map(kind_of, REFUSED))
    assert all(name in refused([["Q", "dance"]], [1]).hint for name in names)
