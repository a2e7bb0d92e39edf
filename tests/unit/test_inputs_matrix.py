"""Every source with every kind of thing beside every other: what is used, and no cell in which something vanishes."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from app.base.errors import AppError
from app.formats.protected_data_writer import protect
from app.request.ask import Ask
from app.request.code import Code
from tests.support.desk import Desk
from tests.support.sources import outcome, put, rows_of

SOURCES = ("dataset", "secret", "input file", "args", "bulk")
KINDS = ("material", "question", "request", "nothing")
NAMES = {"secret": "secret 1", "input file": "input file 1", "bulk": "dataset"}
TABLE = "id,status\n1,paid\n2,failed\n"
STATEMENT = "Order 2 has failed."
QUESTIONS = ("How many orders failed?", "What is the total?")
REQUESTS = ("Name a colour.", "Name a bird.")


def text(kind: str, second: bool, source: str) -> str:
    """Return what a source of this kind holds. The second of two differs from the first."""
    if kind == "material":
        return STATEMENT if source == "args" else TABLE + "3,late\n" * second
    if kind == "question":
        return QUESTIONS[second]
    return (
        (f"--prompt={REQUESTS[second]}" if source == "args" else json.dumps({"prompt": REQUESTS[second]}))
        if kind == "request"
        else ""
    )


PAIRS = [pair for pair in itertools.combinations(SOURCES, 2) if set(pair) != {"dataset", "bulk"}]


@pytest.mark.parametrize(("first", "second"), PAIRS)
@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, KINDS)), ids="-".join)
def test_every_cell(desk: Desk, first: str, second: str, kinds: tuple[str, str]) -> None:
    texts = (text(kinds[0], False, first), text(kinds[1], True, second))
    argv = [word for source, said in zip((first, second), texts, strict=True) for word in put(desk, source, said)]
    found = outcome(desk, argv)
    given = {NAMES.get(source, source): kind for source, kind in zip((first, second), kinds, strict=True) if kind != "nothing"}
    assert {source for source, _, _ in rows_of(found)} == {name.removesuffix(" 1") for name in given}, "nothing vanishes"
    asking = [name for name, kind in given.items() if kind in ("question", "request")]
    if len(asking) == 2:
        assert found.error is not None and found.error.code == "request.contradiction"
        assert all(f"({name})" in found.error.message for name in asking)
        return
    if not asking and "args" in given:  # the args say what to do, whatever they say
        asking = ["args"]
    if not asking:
        assert found.error is not None and found.error.code == "input.missing"
        assert all(name in found.error.message for name in given)
        return
    if asking[0] == "dataset" and len(given) == 2:  # a request there is its owner's, and nobody adds to it
        assert found.error is not None and found.error.code == "owner.forbids" and "material" in found.error.message
        return
    assert found.error is None and isinstance(found.request, Ask)
    words = dict(zip((NAMES.get(first, first), NAMES.get(second, second)), texts, strict=True))
    said = words.pop(asking[0])
    asked = json.loads(said)["prompt"] if said.startswith("{") else said.removeprefix("--prompt=")
    assert found.request.turns[-1].content == asked
    assert found.request.material == tuple(one for one in words.values() if one)
    assert all(used for _, _, used in rows_of(found)), "nothing is left aside"


CSV = b"id,status\n1,paid\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
DOCX = [("[Content_Types].xml", "<Types/>"), ("word/document.xml", "<document/>")]
XLSX = [("[Content_Types].xml", "<Types/>"), ("xl/workbook.xml", "<workbook/>")]


def archive(entries: list[tuple[str, str]]) -> bytes:
    import io
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        for name, content in entries:
            made.writestr(name, content)
    return out.getvalue()


UNREAD: dict[str, tuple[bytes, str]] = {
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF"),
    "png": (PNG, "a PNG image"),
    "jpeg": (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
    "docx": (archive(DOCX), "a Word document (DOCX)"),
    "xlsx": (archive(XLSX), "an Excel workbook (XLSX)"),
    "odt": (
        archive([("mimetype", "application/vnd.oasis.opendocument.text"), ("content.xml", "<x/>")]),
        "an OpenDocument file",
    ),
    "zip of files": (archive([("orders.csv", "id\n1\n"), ("notes.txt", "x")]), "a zip of files"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an old Office file"),
    "rtf": (b"{\\rtf1\\ansi Hello}", "an RTF document"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "a gzip archive"),
    "utf-16": ("id,status\n1,paid\n".encode("utf-16"), "text in UTF-16"),
    "sqlite": (b"SQLite format 3\0\x10\0", "an SQLite database"),
    "parquet": (b"PAR1\x15\4\x15\x10", "a Parquet file"),
    "latin-1": ("Grüße".encode("latin-1"), "neither UTF-8 text (byte 3 of 5)"),
    "png in a field": (protect({"file": PNG}), "a PNG image"),
    "pdf in a field": (protect({"documents": {"first": b"%PDF-1.4\n\xe2\xe3"}}), "a PDF"),
}


@pytest.mark.parametrize(("data", "name"), UNREAD.values(), ids=UNREAD.keys())
@pytest.mark.parametrize("asked", [True, False], ids=["with a question", "alone"])
def test_a_format_that_is_not_read_is_named(desk: Desk, data: bytes, name: str, asked: bool) -> None:
    desk.dataset(data)
    found = outcome(desk, ["What does it say?"] if asked else [])
    assert found.error is not None and found.error.message.startswith("dataset: ") and name in found.error.message


MATERIAL: dict[str, tuple[bytes, str]] = {
    "fields of another app": (protect({"iban": "FR00", "salary": "2100"}), '{\n "iban": "FR00",\n "salary": "2100"\n}'),
    "one text": (protect({"secretText": "The total is 42."}), "The total is 42."),
    "a file in a field": (protect({"file": CSV}), CSV.decode()),
    "data": (b'{"data": [1, 2]}', '{"data": [1, 2]}'),
    "array": (b'[{"id": 1}]', '[{"id": 1}]'),
    "ticket": (b'{"status": "open", "message": "Late.", "customer": "C-1"}',) * 2,  # type: ignore[dict-item]
    "record with an address": (b'{"name": "S. Holmes", "address": "221B Baker Street", "code": "NW1"}',) * 2,  # type: ignore[dict-item]
    "ndjson": (b'{"id": 1}\n{"id": 2}\n', '{"id": 1}\n{"id": 2}\n'),
    "log": (b"[2026-11-25 10:00:00] ERROR disk full\n[2026-11-25 10:00:01] INFO retry\n",) * 2,  # type: ignore[dict-item]
    "template": (b"{{greeting}}, {{name}}!\nYour order is late.\n",) * 2,  # type: ignore[dict-item]
    "truncated json": (b'{"status": "open", "mess', '{"status": "open", "mess'),
    "html": (b"<!doctype html><p>The total is 42.</p>",) * 2,  # type: ignore[dict-item]
    "bom": (b"\xef\xbb\xbf" + CSV, CSV.decode()),
}


@pytest.mark.parametrize(("data", "material"), MATERIAL.values(), ids=MATERIAL.keys())
def test_a_dataset_in_which_nothing_is_known_is_material(desk: Desk, data: bytes, material: str | bytes) -> None:
    desk.dataset(data)
    found = outcome(desk, ["What does it say?"])
    assert found.error is None and isinstance(found.request, Ask)
    assert found.request.material == (material if isinstance(material, str) else material.decode(),)
    assert rows_of(found) == [("dataset", "material", True), ("args", "prompt", True)]


@pytest.mark.parametrize(
    "name", ["fields of another app", "one text", "data", "array", "ticket", "record with an address", "ndjson"]
)
def test_and_refused_where_nothing_says_what_to_do_with_it(desk: Desk, name: str) -> None:
    desk.dataset(MATERIAL[name][0])
    found = outcome(desk, [])
    assert found.error is not None and found.error.code == "input.missing" and "dataset" in found.error.message


FORMS: dict[str, tuple[Any, str]] = {
    "responses": (
        {"total_items": 1, "items": [{"submitted_at": "2017-09-14T22:38:22Z", "answers": [{"type": "text"}]}]},
        "Typeform",
    ),
    "webhook": ({"event_type": "form_response", "form_response": {"answers": []}}, "Typeform"),
    "google": ({"responses": [{"responseId": "r", "answers": {}}]}, "Google Forms"),
    "monkey": ({"data": [{"id": "1", "pages": [{"questions": []}]}]}, "SurveyMonkey"),
}


@pytest.mark.parametrize(("form", "name"), FORMS.values(), ids=FORMS.keys())
def test_an_export_of_a_form_is_no_wallet(desk: Desk, form: Any, name: str) -> None:
    desk.dataset(json.dumps(form).encode())
    alone = outcome(desk, [])
    assert alone.error is not None and (alone.error.code, name in alone.error.message) == ("input.missing", True)
    assert rows_of(outcome(desk, ["What was answered?"])) == [("dataset", "material", True), ("args", "prompt", True)]


EMAIL: list[tuple[Any, list[str], str | None, str | None]] = [
    ({"email": "person@example.org"}, ["How are you?"], None, "How are you?"),
    ({"email": "person@example.org"}, [], None, "input.missing"),
    ({"email": "Why is the sky blue?"}, [], None, "Why is the sky blue?"),
    ({"email": "Why is the sky blue?"}, ["How are you?"], None, "How are you?"),
    ({"email": "Why is the sky blue?"}, [], "How are you?", "How are you?"),
    ({"email": "person@example.org", "prompt": "Hello?"}, [], None, "Hello?"),
    ({"email": "person@example.org", "note": "x"}, ["What does it say?"], None, "What does it say?"),
    ({"prompt": "person@example.org"}, [], None, "input.missing"),
]


@pytest.mark.parametrize(("data", "argv", "secret", "wanted"), EMAIL)
def test_an_e_mail_address_is_never_a_prompt_and_email_yields(
    desk: Desk, data: dict[str, str], argv: list[str], secret: str | None, wanted: str
) -> None:
    desk.dataset(protect(data))
    desk.environ |= {} if secret is None else {"IEXEC_REQUESTER_SECRET_1": secret}
    found = outcome(desk, argv)
    if found.error is not None:
        assert found.error.code == wanted
        return
    assert isinstance(found.request, Ask) and found.request.turns[-1].content == wanted
    assert not any("@" in one for one in found.request.material)
    assert ("dataset", "email", wanted == data["email"] if "email" in data else False) in rows_of(found)


SLIPS: list[tuple[bytes, str, str]] = [
    (protect({"prompt": "p", "max_token": 3}), "request.unknown_field", "max_token is not a field: max_tokens is"),
    (b'{"prompt": "p", "max_\\ntokens": 3}', "request.unknown_field", "the name of a field is nearly max_tokens"),
    ('{"prompt": "p", "tempera\u202eture": 3}'.encode(), "request.unknown_field", "the name of a field is nearly temperature"),
    (protect({"prompt": "p", "maxTokens": 3}), "request.unknown_field", "maxTokens is not a field: max_tokens is"),
    (protect({"prompt": "p", "options": {"temprature": 3}}), "option.unknown", "temprature is not a field: temperature is"),
    (b'{"prompt": "p", "Temperature": 1}', "request.unknown_field", "Temperature is not a field: temperature is"),
    (b'{"prompt": "p", "system_prompt": "s"}', "request.unknown_field", "system_prompt is not a field: system is"),
    (b'{"messages": [{"role": "user", "content": "x"}], "top_p": 0.9}', "request.unknown_field", "top_p is not a field"),
    (
        b'{"language": "python", "prompt": "p", "test_cases": []}',
        "request.unknown_field",
        "test_cases is not a field: tests is",
    ),
    (b'{"promt": "How are you?"}', "input.missing", "nearly prompt"),
    (b'{"questionaire": [["a", "number"]], "answers": [1]}', "input.missing", "nearly questionnaire"),
]


@pytest.mark.parametrize(("data", "code", "says"), SLIPS)
def test_a_slip_of_the_key_is_named(desk: Desk, data: bytes, code: str, says: str) -> None:
    desk.dataset(data)
    error = outcome(desk, []).error
    assert error is not None and (error.code, says in error.message) == (code, True)


def test_fields_of_other_apps_beside_a_request_are_listed(desk: Desk) -> None:
    desk.dataset({"prompt": "Hello?", "telegram_chatId": "1", "nested": {"prompt": "no"}})
    found = outcome(desk, [])
    assert rows_of(found) == [("dataset", "prompt", True), ("dataset", "unknown", False)]


BROKEN: list[tuple[str, str | None]] = [
    ('{"prompt": "What is 2+2?",}', "line 1, column 27"),
    ('{"prompt": "What is 2+2?"\n "seed": 1}', "line 2, column 2"),
    ("{'prompt': 'What is 2+2?'}", "line 1, column 2"),
    ('{prompt: "What is 2+2?"}', "line 1, column 2"),
    ('{“prompt”: "What is 2+2?"}', "line 1, column 2"),
    ('[{"role": "user" "content": "x"}]', "line 1, column 18"),
    ('{"prompt": "a", "prompt": "b"}', "the same name twice"),
    ('{"prompt": NaN}', "NaN"),
    ("prompt: What is 2+2?\nmax_tokens: 8\n", "YAML"),
    ("prompt: What is 2+2?", None),
    ("language: python\nWrite a function.", None),
    ("[BUG] head([]) raises IndexError", None),
    ("[![Tests](https://example.org/badge.svg)](https://example.org)\n\nSummarise this.", None),
    ("{{name}}, how are you?", None),
    ("{ that is how a set begins", None),
    ("[1] First footnote.", None),
]


@pytest.mark.parametrize(("said", "place"), BROKEN)
def test_broken_json_of_ours_is_an_error_with_its_place_and_all_else_is_text(desk: Desk, said: str, place: str | None) -> None:
    desk.dataset(said.encode())
    found = outcome(desk, [])
    if place is None:
        assert isinstance(found.request, Ask) and found.request.turns[0].content == said
    else:
        assert found.error is not None and (found.error.code, place in found.error.message) == ("json.invalid", True)


def test_an_address_that_two_sources_hold_is_used_of_neither(desk: Desk) -> None:
    desk.dataset({"email": "person@example.org"})
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps({"email": "person@example.org"})
    assert rows_of(outcome(desk, ["How are you?"])) == [
        ("dataset", "email", False),
        ("secret", "email", False),
        ("args", "prompt", True),
    ]


def test_feedback_says_what_to_do_with_a_table(desk: Desk) -> None:
    desk.dataset(TABLE.encode())
    secret = {"language": "python", "code": "def rows(): ...", "feedback": "read such a table"}
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps(secret)
    error = outcome(desk, []).error
    assert error is not None and error.code == "code.incomplete", "what is wanting is the prompt, and no word about the table"
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps({**secret, "prompt": "a reader"})
    assert rows_of(outcome(desk, []))[0] == ("dataset", "material", True)


@pytest.mark.parametrize("said", ["Dear Bob,\nsee you soon,", "{{greeting}}\n{{name}}", "Roses are red,\nviolets are blue,"])
def test_lines_that_are_no_table_are_words(desk: Desk, said: str) -> None:
    desk.dataset(said.encode())
    assert rows_of(outcome(desk, [])) == [("dataset", "prompt", True)]


def test_a_document_of_very_many_names_is_read_at_once(desk: Desk) -> None:
    desk.dataset(json.dumps({f"promp{index}": index for index in range(200_000)}).encode())
    error = outcome(desk, ["How many are there?"]).error
    assert error is not None and error.code == "prompt.too_long"


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_error_and_no_answer_about_nothing(desk: Desk, data: bytes) -> None:
    desk.dataset(data)
    for argv in ([], ["How many orders failed?"]):
        error = outcome(desk, argv).error
        assert error is not None and (error.code, error.message) == ("input.empty", "dataset: it is empty")


def test_form_feed_and_vertical_tab_are_white_space(desk: Desk) -> None:
    said = "Page one.\n\fPage two.\v\nWhat is the total?"
    desk.dataset(said.encode())
    found = outcome(desk, [])
    assert isinstance(found.request, Ask) and found.request.turns[0].content == said
    desk.dataset(b"One.\nTwo\x07.")
    error = outcome(desk, []).error
    assert error is not None and "U+0007, at line 2, column 4" in error.message


def test_a_form_is_asked_about_unless_it_says_itself_what_to_do(desk: Desk) -> None:
    form = {"questionnaire": json.dumps([["How old?", "number"]]), "answers": "[3]"}
    desk.dataset(protect(form))
    found = outcome(desk, ["Is that old?"])
    assert isinstance(found.request, Ask) and found.request.material == ("* How old?: 3",)
    assert rows_of(found) == [("dataset", "form", True), ("args", "prompt", True)]
    desk.dataset(protect({**form, "questionnaire": json.dumps([["Be kind.", "prompt"], ["How old?", "number"]])}))
    error = outcome(desk, ["Is that old?"]).error
    assert error is not None and error.message == "both questionnaire (dataset) and a question (args) are given"


def test_a_code_task_takes_material_too(desk: Desk) -> None:
    desk.dataset(TABLE.encode())
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps({"language": "python", "prompt": "a function that reads it"})
    found = outcome(desk, [])
    assert isinstance(found.request, Code)
    assert found.request.prompt == f"a function that reads it\n\n<material>\n{TABLE.strip()}\n</material>"
    assert rows_of(found) == [("dataset", "material", True), ("secret", "prompt", True), ("secret", "code", True)]


def test_the_rows_of_the_earlier_system_are_a_form(desk: Desk) -> None:
    rows = [{"title": "How old?", "qtype": "number"}]
    desk.dataset(json.dumps({"title": "A form", "qlist": rows, "answers": [3]}).encode())
    found = outcome(desk, [])
    assert isinstance(found.request, Ask) and found.request.turns[0].content == "* How old?: 3"
    assert rows_of(found) == [("dataset", "form", True), ("dataset", "unknown", False)]


def test_options_that_a_job_has_no_use_for_are_listed(desk: Desk) -> None:
    desk.dataset({"wallet": "0x" + "12" * 20, "history": '{"transaction_count": 4}', "max_tokens": 3})
    found = outcome(desk, ["--seed=3"])
    assert rows_of(found) == [
        ("dataset", "wallet", True),
        ("dataset", "history", True),
        ("dataset", "options", False),
        ("args", "options", False),
    ]


def test_a_wallet_and_words_exclude_each_other(desk: Desk) -> None:
    desk.dataset({"wallet": "0x" + "12" * 20, "history": '{"transaction_count": 4}'})
    error = outcome(desk, ["How risky is it?"]).error
    assert error is not None and (error.code, "(dataset)" in error.message, "(args)" in error.message) == (
        "request.contradiction",
        True,
        True,
    )


def test_a_file_that_is_no_history_beside_a_wallet_is_an_error_that_says_what_is_read(desk: Desk) -> None:
    from app.wallet.read.any_source import SOURCES as READ

    desk.dataset({"wallet": "0x" + "12" * 20})
    for said in (CSV, b'{"status": "open", "message": "Late.", "customer": 1}', b'[{"name": "milk"}]', b'{"truncated": '):
        put(desk, "input file", said.decode())
        error = outcome(desk, []).error
        assert isinstance(error, AppError) and error.code == "history.invalid"
        assert error.message.startswith("input file 1") and READ in error.hint
