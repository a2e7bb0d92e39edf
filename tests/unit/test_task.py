from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from app.base.errors import AppError, OutputError
from app.formats.hex_words import ZERO_ADDRESS
from app.formats.protected_data_writer import protect
from app.iexec.task import Task, open_task
from app.request.sources.items import read_inputs
from app.run.run import run
from tests.support.desk import SALT, TASK_ID, Desk


def opened(desk: Desk, **changes: str | None) -> Task:
    for name, value in changes.items():
        if value is None:
            desk.environ.pop(name, None)
        else:
            desk.environ[name] = value
    return open_task(desk.environ, [])


def test_a_worker_without_a_dataset(desk: Desk) -> None:
    task = opened(desk)
    assert (task.task_id, task.datasets, task.is_bulk, task.trouble) == (TASK_ID, (), False, None)


def test_only_iexec_out_must_be_there(desk: Desk) -> None:
    for name in [name for name in desk.environ if name not in {"IEXEC_OUT", "IEXEC_IN"}]:
        assert opened(desk, **{name: None}).trouble is None
    assert opened(desk).task_id is None


@pytest.mark.parametrize("value", [None, "", "/no/such/folder", "/etc/hostname"])
def test_without_iexec_out_there_is_nowhere_to_report(desk: Desk, value: str | None) -> None:
    with pytest.raises(OutputError) as info:
        opened(desk, IEXEC_OUT=value)
    assert (info.value.code, info.value.exit_code) == ("env.iexec_out", 73)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("IEXEC_IN", None, "env.iexec_in"),
        ("IEXEC_IN", "", "env.iexec_in"),
        ("IEXEC_IN", "/no/such/folder", "env.iexec_in"),
        ("IEXEC_IN", "/etc/hostname", "env.iexec_in"),
        ("IEXEC_TASK_ID", "0x12", "env.invalid"),
        ("IEXEC_TASK_ID", "0x" + "g" * 64, "env.invalid"),
        ("IEXEC_DATASET_FILENAME", "../secret", "env.invalid"),
        ("IEXEC_DATASET_FILENAME", "..", "env.invalid"),
        ("IEXEC_DATASET_FILENAME", "a" * 256, "env.invalid"),
        ("IEXEC_DATASET_FILENAME", "\udcff", "env.invalid"),
        ("IEXEC_BULK_SLICE_SIZE", "-1", "env.invalid"),
        ("IEXEC_BULK_SLICE_SIZE", "101", "env.invalid"),
        ("IEXEC_BULK_SLICE_SIZE", "many", "env.invalid"),
        ("IEXEC_BULK_SLICE_SIZE", "9" * 5_000, "env.invalid"),
        ("IEXEC_INPUT_FILES_NUMBER", "1", "env.invalid"),
        ("IEXEC_INPUT_FILES_NUMBER", "101", "env.invalid"),
        ("IEXEC_BOT_TASK_INDEX", "-1", "env.invalid"),
    ],
)
def test_trouble_is_kept_for_the_report(desk: Desk, name: str, value: str | None, code: str) -> None:
    task = opened(desk, **{name: value})
    assert task.trouble is not None and task.trouble.code == code
    assert task.task_id == (None if name == "IEXEC_TASK_ID" else TASK_ID)


def test_secrets_come_in_the_order_of_their_numbers(desk: Desk) -> None:
    task = opened(desk, IEXEC_REQUESTER_SECRET_10="b", IEXEC_REQUESTER_SECRET_2="a", IEXEC_REQUESTER_SECRET_x="c")
    assert task.requester_secrets == {2: "a", 10: "b"}
    assert "IEXEC_APP_DEVELOPER_SECRET" not in repr(task) and str(task.app_secret) not in repr(task)


# docs/reference/iexec-protocol.md, "The environment": what iexec-common's `getComputeStageEnvList` (IexecEnvUtils.java) gives
WORKER = {
    "IEXEC_TASK_ID": TASK_ID,
    "IEXEC_DEAL_ID": "0x" + "cd" * 32,
    "IEXEC_TASK_INDEX": "0",
    "IEXEC_BOT_SIZE": "1",
    "IEXEC_BOT_FIRST_INDEX": "0",
    "IEXEC_BOT_TASK_INDEX": "0",
    "IEXEC_INPUT_FILES_NUMBER": "0",
    "IEXEC_DATASET_ADDRESS": ZERO_ADDRESS,
    "IEXEC_DATASET_FILENAME": ZERO_ADDRESS,
}
# and what cli/src/cmd/test.ts of iExecBlockchainComputing/iapp gives
IAPP = {"IEXEC_TASK_ID": TASK_ID, "IEXEC_BULK_SLICE_SIZE": "0", "IEXEC_INPUT_FILES_NUMBER": "0"}
ONE, TWO, THREE = ("0x" + digit * 40 for digit in "123")
MOCKS = [f"protectedDataMock_{number}" for number in (1, 2, 3)]
SLICE = {f"IEXEC_DATASET_{number}_FILENAME": name for number, name in enumerate((ONE, TWO, THREE), 1)}
ENVIRONMENTS: dict[str, tuple[dict[str, str], list[str], list[str]]] = {  # with the files named, and those that are there
    "iapp test, one": (IAPP | {"IEXEC_DATASET_FILENAME": MOCKS[0]}, MOCKS[:1], MOCKS[:1]),
    "iapp test, three": (
        IAPP | {"IEXEC_BULK_SLICE_SIZE": "3"} | {f"IEXEC_DATASET_{at}_FILENAME": name for at, name in enumerate(MOCKS, 1)},
        MOCKS,
        MOCKS,
    ),
    "iapp test, none": (IAPP, [], []),
    "worker, one": (WORKER | {"IEXEC_DATASET_ADDRESS": ONE, "IEXEC_DATASET_FILENAME": ONE}, [ONE], [ONE]),
    "worker, one that could not be fetched": (
        WORKER | {"IEXEC_DATASET_ADDRESS": ONE, "IEXEC_DATASET_FILENAME": ONE},
        [ONE],
        [],
    ),
    "worker, none": (WORKER, [], []),
    "worker, three": (WORKER | SLICE | {"IEXEC_BULK_SLICE_SIZE": "3"}, [ONE, TWO, THREE], [ONE, TWO, THREE]),
    "worker, the second missing": (WORKER | SLICE | {"IEXEC_BULK_SLICE_SIZE": "3"}, [ONE, TWO, THREE], [ONE, THREE]),
    "worker, no slice": (WORKER | {"IEXEC_BULK_SLICE_SIZE": "0"}, [], []),
}


@pytest.mark.parametrize(("environ", "names", "there"), ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
def test_environments(environ: dict[str, str], names: list[str], there: list[str], desk: Desk) -> None:
    """Every file that is there is read as its question, every other one that is named is an error of its own item."""
    for name in there:
        (desk.inside / name).write_bytes(protect({"email": f"What is {name}?"}))
    task = open_task(environ | {"IEXEC_IN": str(desk.inside), "IEXEC_OUT": str(desk.out)}, [])
    assert (task.trouble, task.task_id, task.is_bulk) == (None, TASK_ID, len(names) > 1)
    items = read_inputs(task, {})
    assert [item.dataset.file_name for item in items if item.dataset] == names
    for item in items:
        if item.dataset and item.dataset.file_name in there:
            assert not isinstance(item.fields, AppError)
            assert item.fields["email"] == f"What is {item.dataset.file_name}?"
        elif item.dataset:
            assert isinstance(item.fields, AppError) and item.fields.code == "file.missing"
        else:
            assert item.fields == {}


# docs/reference/inputs.md: the first source that names an option has it; two prompts are a contradiction.
SOURCES = ("dataset", "secret 1", "secret 2", "input file 1", "input file 2", "args")
OPTIONS: list[dict[str, Any]] = [{"seed": 1}, {"max_tokens": 9}, {"temperature": 0.5}, {"model_name": "m"}]
WORDS: list[dict[str, Any]] = [{"prompt": "p"}, {"system": "s"}, {"language": "python"}, {"wallet": "0x" + "12" * 20}]


def given(desk: Desk, fields: dict[str, dict[str, Any]]) -> Any:
    """Return what the run reads when each source holds its fields."""
    environ = dict(desk.environ)
    if "dataset" in fields:
        desk.dataset(fields["dataset"])
        environ = dict(desk.environ)
    for number in (1, 2):
        if f"secret {number}" in fields:
            environ[f"IEXEC_REQUESTER_SECRET_{number}"] = json.dumps(fields[f"secret {number}"])
        (desk.inside / f"f{number}").write_text(json.dumps(fields.get(f"input file {number}", {})))
        environ[f"IEXEC_INPUT_FILE_NAME_{number}"] = f"f{number}"
    task = open_task(environ | {"IEXEC_INPUT_FILES_NUMBER": "2"}, [])
    return read_inputs(task, fields.get("args", {}))[0].fields


@pytest.mark.parametrize(("winner", "loser"), list(itertools.combinations(SOURCES, 2)))
@pytest.mark.parametrize("field", OPTIONS, ids=lambda field: next(iter(field)))
def test_the_first_source_that_names_an_option_has_it(desk: Desk, winner: str, loser: str, field: dict[str, Any]) -> None:
    ((name, value),) = field.items()
    other = value + value if isinstance(value, str) else value * 2
    assert given(desk, {winner: {name: value}, loser: {name: other}}) == {name: value}
    assert given(desk, {loser: {name: other}, winner: {}}) == {name: other}


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(SOURCES, 2)))
@pytest.mark.parametrize("field", WORDS, ids=lambda field: next(iter(field)))
def test_two_sources_that_say_different_things_are_named(desk: Desk, first: str, second: str, field: dict[str, Any]) -> None:
    ((name, value),) = field.items()
    same: Any = given(desk, {first: {name: value}, second: {name: value}})
    error: Any = given(desk, {first: {name: value}, second: {name: value + "0"}})
    assert isinstance(error, AppError) and error.code == "request.contradiction"
    assert f"({first})" in error.message and f"({second})" in error.message
    if first == "dataset":  # what another source says is not even compared: that would tell whether a guess is right
        assert isinstance(same, AppError) and (same.code, same.message) == (error.code, error.message)
    else:
        assert same == {name: value}


@pytest.mark.parametrize("place", ["input file 1", "args"])
def test_a_salt_that_everybody_can_read_is_none(desk: Desk, place: str) -> None:
    with pytest.raises(AppError) as refused:
        given(desk, {place: {"prompt": "p", "salt": SALT}})
    assert refused.value.code == "salt.not_secret" and place in refused.value.message
    assert given(desk, {"secret 1": {"prompt": "p", "salt": SALT}}) == {"prompt": "p", "salt": SALT}


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        ('{"prompt": "p", "promt": 1}', "request.unknown_field"),
        ('{"prompt": "p", "options": {"max_token": 1}}', "option.unknown"),
        ('{"prompt": "p", "options": 1}', "option.invalid"),
        ('{"prompt": "p", "seed": 1, "options": {"seed": 2}}', "request.contradiction"),
        ('{"prompt": "p", "prompt": "q"}', "json.invalid"),
        ("[1]", "input.missing"),
        ("\udcff", "input.unreadable"),
        ('{"prompt": NaN}', "json.invalid"),
        ("x" * 4_097, "secret.too_large"),
    ],
)
def test_a_broken_secret(desk: Desk, secret: str, code: str) -> None:
    try:
        error: Any = read_inputs(opened(desk, IEXEC_REQUESTER_SECRET_1=secret), {})[0].fields
    except AppError as err:
        error = err
    assert isinstance(error, AppError) and error.code == code and "secret 1" in error.message


def test_the_largest_secret(desk: Desk) -> None:
    assert read_inputs(opened(desk, IEXEC_REQUESTER_SECRET_1="x" * 4_096), {})[0].fields == {"prompt": "x" * 4_096}


def test_entries_of_other_apps_are_left_alone(desk: Desk) -> None:
    desk.dataset({"email": "Hello?", "bulgariaIsCool": True, "nested": {"prompt": "no"}})
    assert read_inputs(opened(desk), {})[0].fields == {"email": "Hello?"}


@pytest.mark.parametrize("kind", ["missing", "folder", "fifo", "large"])
def test_a_dataset_that_is_no_file(desk: Desk, kind: str) -> None:
    import os

    desk.dataset(b"x")
    path = desk.inside / desk.environ["IEXEC_DATASET_FILENAME"]
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    elif kind == "large":
        with path.open("wb") as stream:
            stream.truncate(16 * 2**20 + 1)
    fields = read_inputs(opened(desk), {})[0].fields
    wanted = {"missing": "file.missing", "folder": "file.unreadable", "fifo": "file.unreadable", "large": "file.too_large"}
    assert isinstance(fields, AppError) and fields.code == wanted[kind]


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (b"What is 2+2?", {"prompt": "What is 2+2?"}),
        (b'{"question": "Why?", "color": "x", "options": {"seed": 4}}', {"question": "Why?", "seed": 4}),
        (b' {"prompt": "p", "callback": true}', {"prompt": "p"}),
        (b"\xef\xbb\xbfWhat is 2+2?", {"prompt": "What is 2+2?"}),
        (b'\xef\xbb\xbf{"prompt": "p", "seed": 4}', {"prompt": "p", "seed": 4}),
        (b"PKO is a bank.", {"prompt": "PKO is a bank."}),
    ],
    ids=["text", "json", "no callback from a dataset", "bom and text", "bom and json", "text that begins like a zip"],
)
def test_a_dataset_that_is_no_zip(desk: Desk, data: bytes, fields: dict[str, Any]) -> None:
    desk.dataset(data)
    assert read_inputs(opened(desk), {})[0].fields == fields


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xfe", "input.unreadable"),
        (b"", "input.empty"),
        (b"{", "json.invalid"),
        (b"[]", None),
        (b'{"a":1,"a":2}', "json.invalid"),
        (b'{"options": {"top_k": 1}}', "option.unknown"),
        (b"PK\3\4", "protected_data.invalid"),
        (b"PK\5\6" + bytes(18), None),
    ],
    ids=["binary", "nothing", "half json", "array", "duplicate", "option", "half zip", "empty zip"],
)
def test_a_dataset_that_is_nothing_we_know(desk: Desk, data: bytes, code: str | None) -> None:
    """An empty object or list holds no prompt: that is for the request to say."""
    desk.dataset(data)
    fields = read_inputs(opened(desk), {})[0].fields
    assert (fields.code if isinstance(fields, AppError) else None) == code


def test_a_chat_and_a_form_in_a_zip(desk: Desk) -> None:
    """Index-keyed objects are lists, at any depth; values say by their bytes what they are."""
    turns = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "5"}]
    rows = [["How old?", "number"], ["Sure?", "select", '["yes", "no"]'], ["Which?", "multiselect", ["a", "b", "c"]]]

    def keyed(value: Any) -> Any:
        if isinstance(value, list):
            return {str(index): keyed(child) for index, child in enumerate(value)}
        return {name: keyed(child) for name, child in value.items()} if isinstance(value, dict) else value

    desk.dataset({"messages": keyed(turns)})
    assert read_inputs(opened(desk), {})[0].fields == {"messages": turns}
    desk.dataset({"questionnaire": {"title": "t", "questions": keyed(rows)}, "answers": keyed([34, "yes", ["a", "c"]])})
    fields = read_inputs(opened(desk), {})[0].fields
    assert fields == {"questionnaire": {"title": "t", "questions": rows}, "answers": [34.0, "yes", ["a", "c"]]}


CALLBACKS: list[tuple[dict[str, str], list[str], bool]] = [
    ({}, [], False),
    ({}, ["--callback"], True),
    ({}, ["--callback", "--bogus"], True),
    ({}, ["--max-tokens=1", "--", "--callback"], False),
    ({}, ["--bogus", "--", "--callback"], False),
    ({}, ["--max-tokens=1", "--prompt", "--callback"], False),
    ({"1": '{"callback": true}'}, [], True),
    ({"1": '{"callback": "true"}'}, [], True),
    ({"1": '{"callback": false}'}, [], False),
    ({"1": "callback"}, ["--max-tokens=1"], False),
    ({"1": '{"callback": 1}'}, [], False),
    ({"1": '{"callback": true, "promt": "p"}'}, [], True),
    ({"1": '["callback"]'}, [], False),
    ({"1": "{broken", "2": '{"callback": true, "prompt": "p"}'}, [], True),
]


@pytest.mark.slow
@pytest.mark.parametrize(("secrets", "argv", "wanted"), CALLBACKS)
def test_a_callback_is_wanted_only_when_asked_for(desk: Desk, secrets: dict[str, str], argv: list[str], wanted: bool) -> None:
    desk.environ |= {f"IEXEC_REQUESTER_SECRET_{number}": secret for number, secret in secrets.items()}
    run(desk.environ, argv)
    computed = json.loads((desk.out / "computed.json").read_text())
    assert ("callback-data" in computed) is wanted
