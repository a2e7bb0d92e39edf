"""The product as a worker starts it: `python -m app` with nothing but IEXEC_*, judged by the post-compute rules."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.formats.protected_data_writer import protect
from app.llm.models import find
from app.result.answers.ask import AskAnswer
from app.verify.verifier import verify
from tests.support.desk import ADDRESS, ROOT, SALT, SIGNER, SMALL, TASK_ID, Desk
from tests.support.official_sdk import Ask, needs_sdk, tagged

pytestmark = pytest.mark.slow


SHORT = ("--max-tokens", "12")


@pytest.mark.parametrize("field", ["email", "prompt", "question"])
@pytest.mark.parametrize("encoding", ["borsh", "legacy"])
def test_a_protected_prompt_is_answered(desk: Desk, field: str, encoding: str) -> None:
    if encoding == "borsh":
        desk.dataset({field: "What is the capital of France?"})
    else:
        path = desk.inside / "legacy.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(field, "What is the capital of France?")
        desk.dataset(path.read_bytes())
        path.unlink()
    ran = desk.run(*SHORT)
    report = verify(ran.raw, SIGNER).result.report
    assert (report.status, report.kind, report.task_id) == ("ok", "ask", TASK_ID)
    assert isinstance(report.answer, AskAnswer) and "Paris" in report.answer.text
    assert report.answer.finish_reason == "stop" and 0 < report.answer.completion_tokens <= 12
    assert report.embedded_model is not None and report.embedded_model.sha256 == find(SMALL).sha256
    assert report.request.datasets == (ADDRESS,)


def test_the_default_model_answers(desk: Desk) -> None:
    desk.dataset({"email": "What is the capital of France?"})
    report = verify(desk.run(small=False).raw, SIGNER).result.report
    assert isinstance(report.answer, AskAnswer) and "Paris" in report.answer.text
    assert report.model is not None and report.model.name == "qwen2.5-coder-0.5b-instruct"


def test_plain_args(desk: Desk) -> None:
    report = verify(desk.run(*SHORT, "What", "is", "the capital of France?").raw, SIGNER).result.report
    assert isinstance(report.answer, AskAnswer) and "Paris" in report.answer.text
    assert report.request.datasets == ()


@pytest.mark.parametrize("first", ["run", None])
def test_run_is_the_same_as_nothing(new_desk: Callable[[str], Desk], first: str | None) -> None:
    results = []
    for name, argv in (("plain", []), ("named", ["run"] if first else [])):
        one = new_desk(name)
        one.dataset({"prompt": "Hello?", "max_tokens": 4})
        results.append(one.run(*argv, small=False).raw)
    assert results[0] == results[1]


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "a", "--max-tokens=4"],
        ["verify", "--max-tokens=4"],
        ["--max-tokens=4", "--", "--help"],
        ["model", "list", "--max-tokens=4"],
    ],
)
def test_commands_are_words_inside_a_task(desk: Desk, argv: list[str]) -> None:
    done = subprocess.run(desk.command(argv), env=desk.environ, cwd="/", capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    report = verify((desk.out / "result.json").read_bytes(), SIGNER).result.report
    assert report.status == "ok"


def test_options_in_the_protected_data(desk: Desk) -> None:
    desk.dataset({"prompt": "Say something.", "options": {"max_tokens": 3, "temperature": 0.7, "seed": 9, "system": "Be odd."}})
    report = desk.run().report
    assert report["answer"]["completion_tokens"] <= 3
    wanted = {"max_tokens": 3, "temperature_milli": 700, "seed": 9, "system": "caller"}
    assert wanted.items() <= report["parameters"].items()


def test_legacy_numbers(desk: Desk) -> None:
    path = desk.inside / "made"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("email", "Hello?")
        archive.writestr("max_tokens", "3")
        archive.writestr("seed", (5).to_bytes(16, "little"))
        archive.writestr("temperature", struct.pack("<d", 1.5))
    desk.dataset(path.read_bytes())
    path.unlink()
    wanted = {"max_tokens": 3, "temperature_milli": 1500, "seed": 5}
    assert wanted.items() <= desk.run().report["parameters"].items()


def test_the_answer_ends_at_max_tokens(desk: Desk) -> None:
    answer = desk.run("--max-tokens", "5", "Write a long story.").report["answer"]
    assert (answer["finish_reason"], answer["completion_tokens"]) == ("length", 5)


def test_bulk_isolates_each_item(desk: Desk, new_desk: Callable[[str], Desk]) -> None:
    items: list[bytes | None] = [
        protect({"email": "What is the capital of France?"}),
        None,
        b"PK\3\4 not a zip",
        protect({"prompt": "Name a colour.", "temperature": 0.8, "seed": 3}),
        protect({"other": "x"}),
        protect({"prompt": "What is the capital of France?"}),
    ]
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = str(len(items))
    for index, data in enumerate(items, 1):
        address = f"0x{index:040x}"
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address
        if data is not None:
            (desk.inside / address).write_bytes(data)
    report = verify(desk.run(*SHORT).raw, SIGNER).result.report
    assert report.bulk is not None
    assert (report.bulk.totalCount, report.bulk.successCount, report.bulk.errorCount) == (6, 3, 3)
    assert [item.error and item.error.code for item in report.bulk.results] == [
        None,
        "file.missing",
        "protected_data.invalid",
        None,
        "input.missing",
        None,
    ]
    assert report.bulk.results[0].answer == report.bulk.results[5].answer
    alone = new_desk("alone")
    alone.dataset(items[3] or b"")
    assert report.bulk.results[3].answer is not None
    assert alone.run(*SHORT).report["answer"] == report.bulk.results[3].answer.model_dump()


FAILURES: dict[str, tuple[dict[str, Any] | bytes | None, list[str], dict[str, str | None], str]] = {
    "no input": (None, [], {}, "input.missing"),
    "empty prompt": ({"prompt": ""}, [], {}, "input.empty"),
    "blank email": ({"email": "  "}, [], {}, "input.empty"),
    "no known field": ({"color": "x"}, [], {}, "input.missing"),
    "not a zip": (b"PK\3\4, but what is this?", [], {}, "protected_data.invalid"),
    "binary": (b"\xff\xfe\x00", [], {}, "input.unreadable"),
    "broken text": ({"prompt": b"\xff\xfe"}, [], {}, "protected_data.entry"),
    "unknown option": ({"prompt": "p"}, ["--frobnicate"], {}, "args.unknown_option"),
    "unknown option inside": ({"prompt": "p", "options": {"top_k": 1}}, [], {}, "option.unknown"),
    "bad option": ({"prompt": "p"}, ["--max-tokens", "0"], {}, "option.invalid"),
    "bad option inside": ({"prompt": "p", "temperature": 9.0}, [], {}, "option.invalid"),
    "bidi override": ({"prompt": "p\u202e"}, [], {}, "text.invalid"),
    "two jobs": ({"prompt": "p", "wallet": "0x" + "1" * 40}, [], {}, "request.contradiction"),
    "too long": ({"prompt": "word " * 5_000}, [], {}, "prompt.too_long"),
    "too many tokens": ({"prompt": "p", "max_tokens": 4096}, [], {}, "prompt.too_long"),
    "unknown model": ({"prompt": "p"}, ["--model=gpt-9"], {}, "model.unknown"),
    "wallet": ({"wallet": "0x" + "1" * 40}, [], {}, "history.missing"),
    "dataset gone": (None, [], {"IEXEC_DATASET_FILENAME": ADDRESS}, "file.missing"),
    "no iexec_in": (None, ["p"], {"IEXEC_IN": None}, "env.iexec_in"),
    "bad task id": (None, ["p"], {"IEXEC_TASK_ID": "0x1"}, "env.invalid"),
    "key is no key": ({"prompt": "p"}, [], {"IEXEC_APP_DEVELOPER_SECRET": "hunter2 hunter2"}, "key.invalid"),
    "broken secret": (None, [], {"IEXEC_REQUESTER_SECRET_1": '{"prompt":'}, "json.invalid"),
    "deep secret": (None, [], {"IEXEC_REQUESTER_SECRET_1": "{" * 4_000}, "json.invalid"),
}


@pytest.mark.parametrize(("data", "args", "environ", "code"), FAILURES.values(), ids=FAILURES.keys())
def test_a_failure_is_a_signed_result(
    desk: Desk, data: dict[str, Any] | bytes | None, args: list[str], environ: dict[str, str | None], code: str
) -> None:
    if data is not None:
        desk.dataset(data)
    for name, value in environ.items():
        desk.environ = {key: old for key, old in desk.environ.items() if key != name} | (
            {name: value} if value is not None else {}
        )
    ran = desk.run(*args, small=not any(arg.startswith("--model") for arg in args))
    signer = json.loads(ran.raw)["attestation"]["signer"]
    report = verify(ran.raw, signer).result.report
    assert report.status == "error" and report.error is not None
    assert (report.error.code, bool(report.error.hint)) == (code, True)
    assert code in json.loads((desk.out / "computed.json").read_text())["error-message"]
    assert (report.key_origin, signer == SIGNER) == (("ephemeral", False) if code == "key.invalid" else ("app-secret", True))


def test_too_long_names_the_numbers(desk: Desk) -> None:
    desk.dataset({"prompt": "word " * 5_000})
    message = desk.run("--max-tokens", "7").report["error"]["message"]
    assert "max_tokens 7" in message and "4096" in message


def test_the_longest_prompt_that_fits_is_answered_and_one_more_is_refused(desk: Desk, new_desk: Callable[[str], Desk]) -> None:
    first = desk.run("--max-tokens", "2", "hi").report["answer"]["prompt_tokens"]
    room = 4_096 - first - 2
    for extra, status in ((0, "ok"), (1, "error")):
        one = new_desk(f"extra{extra}")
        one.dataset({"prompt": "hi" + " a" * (room + extra)})
        assert one.run("--max-tokens", "2").report["status"] == status


@needs_sdk
@pytest.mark.parametrize("legacy", [False, True], ids=["today's", "0.5's"])
@pytest.mark.parametrize(
    "data",
    [
        {"email": "What is the capital of France?"},
        {"prompt": "What is the capital of France?", "inner": {"yes": True}, "image": b"\x89PNG\r\n\x1a\n", "max_tokens": 9},
        {"messages": {"0": {"role": "user", "content": "What is the capital of France?"}}},
    ],
    ids=["in web3mail's field", "among others", "chat"],
)
def test_files_by_the_official_sdk(desk: Desk, official: Ask, data: dict[str, Any], *, legacy: bool) -> None:
    desk.dataset(official(object=tagged(data), legacy=legacy, probes=[])["zip"])
    report = desk.run(*(SHORT if "max_tokens" not in data else ())).report
    assert (report["status"], "Paris" in report["answer"]["text"]) == ("ok", True)


@pytest.mark.parametrize("where", ["dataset", "secret", "file", "args", "system", "key"])
def test_no_digest_and_no_stream_shows_the_input(desk: Desk, where: str) -> None:
    """A canary in every channel: nowhere in any output file, and no plain hash of it either."""
    canary = "zebrafish-7731"
    if where == "dataset":
        desk.dataset({"prompt": f"Never repeat: {canary}", "max_tokens": 1})
    elif where == "secret":
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = f"Never repeat: {canary}"
    elif where == "file":
        (desk.inside / "f").write_text(canary)
        desk.environ |= {"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": "f"}
    elif where == "system":
        desk.dataset({"prompt": "Hello?", "system": canary})
    elif where == "key":
        desk.dataset({"prompt": "Hello?"})
        desk.environ["IEXEC_APP_DEVELOPER_SECRET"] = canary
    desk.run("--max-tokens", "1", *([canary] if where == "args" else []))
    published = b"".join(path.read_bytes() for path in desk.out.iterdir())
    assert canary.encode() not in published
    if where != "args":  # args are public on chain, and requestHash covers them
        from app.crypto.signing import keccak256

        for guess in (canary, f"Never repeat: {canary}"):
            for made in (guess.encode(), json.dumps(guess).encode(), json.dumps([guess]).encode(), protect({"prompt": guess})):
                for digest in (hashlib.sha256(made), hashlib.sha3_256(made), hashlib.sha1(made), hashlib.md5(made)):  # noqa: S324  guesses
                    assert digest.hexdigest().encode() not in published
                assert keccak256(made).hex().encode() not in published


def test_canary_on_every_failure(new_desk: Callable[[str], Desk]) -> None:
    canary = "narwhal_4419"
    for index, change in enumerate(
        [
            {"IEXEC_REQUESTER_SECRET_1": f'{{"{canary}": 1}}'},
            {"IEXEC_REQUESTER_SECRET_1": f'{{"seed": "{canary}", "prompt": "p"}}'},
            {"IEXEC_REQUESTER_SECRET_1": f'{{"prompt": "{canary}'},
            {"IEXEC_TASK_ID": canary},
            {"IEXEC_BULK_SLICE_SIZE": canary},
            {"IEXEC_DATASET_FILENAME": canary + "/x"},
            {"IEXEC_APP_DEVELOPER_SECRET": canary},
        ]
    ):
        one = new_desk(f"canary{index}")
        one.environ |= change
        ran = one.run(f"--{canary}") if index % 2 else one.run()
        assert ran.report["status"] == "error"
        assert canary.encode() not in b"".join(path.read_bytes() for path in one.out.iterdir())


@pytest.mark.parametrize("sampling", [{}, {"temperature": 0.9, "seed": 11}], ids=["greedy", "seeded"])
def test_twenty_fresh_processes_give_one_result(new_desk: Callable[[str], Desk], sampling: dict[str, Any]) -> None:
    """1 and 2 threads, mmap or not, another cwd, locale, hash seed and time zone: the same bytes."""
    results = set()
    for index in range(20 if not sampling else 6):
        one = new_desk(f"fresh{index}")
        one.dataset({"email": "Tell me about the sea.", "max_tokens": 24, **sampling})
        one.environ |= {
            "TZ": ("UTC", "Asia/Tokyo")[index % 2],
            "LC_ALL": ("C", "C.UTF-8")[index % 2],
            "PYTHONHASHSEED": str(index),
        }
        speed = ["--threads", str(1 + index % 2), *(["--no-mmap"] if index % 3 == 0 else [])]
        results.add(one.run(*speed, cwd=("/", "/tmp")[index % 2]).raw)  # noqa: S108  any other folder
    assert len(results) == 1


def test_another_host_and_another_cpu_count_change_nothing(new_desk: Callable[[str], Desk]) -> None:
    """A host name of its own needs the right to make a UTS namespace; the CPU count does not."""
    may = subprocess.run(["unshare", "--uts", "true"], capture_output=True, check=False).returncode == 0
    wrappers = [
        [],
        ["taskset", "-c", "0"],
        *([["unshare", "--uts", "sh", "-c", 'hostname other; exec "$0" "$@"']] if may else []),
    ]
    results = set()
    for index, wrapper in enumerate(wrappers):
        one = new_desk(f"host{index}")
        one.dataset({"email": "Tell me about the sea.", "max_tokens": 8})
        command = [*wrapper, *one.command(["--model", SMALL])]
        subprocess.run(command, env=one.environ | {"PATH": os.environ["PATH"]}, cwd="/", check=True)
        results.add((one.out / "result.json").read_bytes())
    assert len(results) == 1


def test_the_environment_of_iapp_test(desk: Desk) -> None:
    """No address, no deal, a size of 0 for no bulk, and a name that is no address."""
    (desk.inside / "protectedDataMock_1").write_bytes(protect({"email": "Hello?", "max_tokens": 2}))
    kept = ("IEXEC_IN", "IEXEC_OUT", "IEXEC_TASK_ID", "IEXEC_INPUT_FILES_NUMBER")
    desk.environ = {name: desk.environ[name] for name in kept} | {
        "IEXEC_DATASET_FILENAME": "protectedDataMock_1",
        "IEXEC_BULK_SLICE_SIZE": "0",
    }
    report = desk.run().report
    assert (report["status"], report["request"]["datasets"], report["bot_index"]) == ("ok", [None], None)


def test_the_place_in_a_bag_of_tasks_is_echoed(desk: Desk) -> None:
    desk.environ["IEXEC_BOT_TASK_INDEX"] = "7"
    assert desk.run("--max-tokens", "1", "Hi.").report["bot_index"] == 7


def test_items_that_begin_alike_get_the_answers_that_each_gets_alone(desk: Desk, new_desk: Callable[[str], Desk]) -> None:
    """What one item's prompt came to is not the next one's to use: tests/e2e/test_oracle.py."""
    prompts = [f"{'Here is a long story about a brown fox. ' * 12}Who is in it? {count}" for count in range(2)]
    alone = []
    for name, prompt in zip("ab", prompts, strict=True):
        single = new_desk(name)
        single.dataset({"prompt": prompt, "max_tokens": 3})
        alone.append(single.run().report["answer"])
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = "2"
    for index, prompt in enumerate(prompts, 1):
        address = f"0x{index:040x}"
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address
        (desk.inside / address).write_bytes(protect({"prompt": prompt, "max_tokens": 3}))
    assert [item["answer"] for item in desk.run().report["bulk"]["results"]] == alone


def test_a_full_slice_of_a_hundred(desk: Desk) -> None:
    """The largest slice there is; most of it missing or hostile, three answers in it."""
    good = {1, 50, 100}
    for index in range(1, 101):
        address = f"0x{index:040x}"
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address
        if index in good:
            (desk.inside / address).write_bytes(protect({"prompt": "Name a colour.", "max_tokens": 4}))
        elif index % 2:
            (desk.inside / address).write_bytes(b"PK\3\4" + bytes(index))
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = "100"
    bulk = desk.run().report["bulk"]
    assert (bulk["totalCount"], bulk["successCount"], bulk["errorCount"]) == (100, 3, 97)
    assert {item["index"] for item in bulk["results"] if item["success"]} == good
    assert len({json.dumps(item["answer"]) for item in bulk["results"] if item["success"]}) == 1


def test_only_three_files_come_out(desk: Desk) -> None:
    desk.run(*SHORT, "Hello?")
    assert sorted(os.listdir(desk.out)) == ["computed.json", "result.json", "timings.json"]
    timings = json.loads((desk.out / "timings.json").read_text())
    assert {"check_model", "load_model", "answer"} < timings.keys()
    assert timings["restored_tokens"] > 0 and "prompt_state_ask" not in timings
    assert 1 <= timings["threads_in_the_end"] <= timings["threads"] <= len(os.sched_getaffinity(0))


def test_a_signature_bound_to_a_chain(desk: Desk) -> None:
    ran = desk.run("--chain-id", "421614", *SHORT, "Hello?")
    assert verify(ran.raw, SIGNER).result.attestation.domain.chainId == 421614


@pytest.mark.parametrize("how", ["args", "secret", "secret beside a broken one", "no"])
@pytest.mark.parametrize("good", [True, False], ids=["answer", "error"])
def test_callback_data_only_when_asked_for(desk: Desk, how: str, good: bool) -> None:
    if how.startswith("secret"):
        desk.environ["IEXEC_REQUESTER_SECRET_2"] = '{"callback": true}'
    if how.endswith("one"):
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = "{"
    if good:
        desk.dataset({"prompt": "Hello?", "max_tokens": 2})
    ran = desk.run(*(["--callback"] if how == "args" else []))
    found = json.loads((desk.out / "computed.json").read_text()).get("callback-data")
    if how == "no":
        assert found is None
        return
    ok = good and not how.endswith("one")
    words = bytes.fromhex(found.removeprefix("0x"))
    assert len(words) == 96
    assert int.from_bytes(words[:32], "big") == (1 if ok else 2)
    assert words[32:64] == hashlib.sha256(ran.raw).digest()
    assert "0x" + words[64:].hex() == json.loads(ran.raw)["attestation"]["message"]["reportHash"]


def test_a_chat_and_a_form_are_answered(new_desk: Callable[[str], Desk]) -> None:
    chat = [
        {"role": "user", "content": "I am Ada."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Who am I?"},
    ]
    form = {"title": "t", "questions": [["", "prompt", "My answers:"], ["How old?", "number"]]}
    for name, data in (
        ("chat", {"messages": json.dumps(chat)}),
        ("form", {"questionnaire": json.dumps(form), "answers": json.dumps([30])}),
    ):
        one = new_desk(name)
        one.dataset(data)
        assert one.run(*SHORT).report["status"] == "ok"


def test_a_dataset_in_plain_text_and_in_json(new_desk: Callable[[str], Desk]) -> None:
    for name, data in (("text", b"What is the capital of France?"), ("json", b'{"prompt": "What is the capital of France?"}')):
        one = new_desk(name)
        one.dataset(data)
        assert "Paris" in one.run(*SHORT).report["answer"]["text"]


def test_a_salted_commitment(new_desk: Callable[[str], Desk]) -> None:
    seen = set()
    for index, salt in enumerate([SALT, SALT[::-1]]):
        one = new_desk(f"salt{index}")
        one.dataset({"prompt": "Hello?", "salt": salt, "max_tokens": 1})
        seen.add(one.run().report["request"]["commitment"])
    assert len(seen) == 2 and None not in seen


def test_without_the_task_nothing_is_written() -> None:
    done = subprocess.run([sys.executable, "-m", "app"], env={}, cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (73, b"")
    assert done.stderr.count(b"\n") == 1 and b"env.iexec_out" in done.stderr
    assert Path("/iexec_out").exists() is False
