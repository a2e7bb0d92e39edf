"""Every limit from both sides: it passes, one beyond is refused. A new limit fails here until it has its pair."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import AppError
from app.base.limits import LIMITS, Limits
from app.formats import protected_data, strict_json
from app.iexec import args
from app.iexec.task import open_task
from app.net.http import Host
from app.request.parse import parse
from app.request.sources import pieces
from app.request.sources.items import read_inputs
from app.result.envelope import seal
from app.run import build_report
from app.run.work import Outcome
from app.sandbox.sandbox import Pair, Sandbox
from app.simulate.postcompute import judge
from app.verify.delivered_file import read_delivered
from app.wallet.labels.lists import Labels
from app.wallet.read.any_source import read_documents
from tests.support.desk import Desk
from tests.support.reports import KEY, REPORT


def zipped(sizes: list[int]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, size in enumerate(sizes):
            archive.writestr(str(index), bytes(size))
    return out.getvalue()


def dataset(desk: Desk, data: bytes) -> Any:
    desk.dataset(data)
    fields = read_inputs(open_task(desk.environ, []), {})[0].fields
    if isinstance(fields, AppError) and fields.code != "input.missing":  # it was read, and asks nothing
        raise fields
    return fields


def opened(desk: Desk, **environ: str) -> None:
    if trouble := open_task(desk.environ | environ, []).trouble:
        raise trouble


def input_file(desk: Desk, size: int) -> None:
    (desk.inside / "f").write_bytes(b"x" * size)
    read_inputs(open_task(desk.environ | {"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": "f"}, []), {})


def input_files(desk: Desk, count: int) -> None:
    opened(desk, IEXEC_INPUT_FILES_NUMBER=str(count), **{f"IEXEC_INPUT_FILE_NAME_{n}": "f" for n in range(1, count + 1)})


def total(extra: int) -> bytes:
    full, rest = divmod(LIMITS.zip_total_bytes + extra, LIMITS.zip_entry_bytes)
    return zipped([*[LIMITS.zip_entry_bytes] * full, *([rest] if rest else [])])


def sealed(size: int) -> bytes:
    """Return a result of exactly `size` bytes."""
    assert REPORT.answer is not None
    spare = size - len(seal(REPORT.model_copy(update={"answer": REPORT.answer.model_copy(update={"text": ""})}), KEY).data)
    return seal(REPORT.model_copy(update={"answer": REPORT.answer.model_copy(update={"text": "x" * spare})}), KEY).data


def delivered(path: Path, size: int) -> None:
    with path.open("wb") as stream:
        stream.truncate(size)
    read_delivered(path)


def named(folder: Path, length: int) -> None:
    (folder / "result.json").write_bytes(b"{}")
    (folder / "computed.json").write_text(json.dumps({"deterministic-output-path": str(folder / "result.json")}))
    (folder / ("a" * length)).touch()
    judge(folder)
    (folder / ("a" * length)).unlink()


def chat(turns: int) -> None:
    parse({"messages": [{"role": "user", "content": "x"}] * turns})


def form(rows: int) -> None:
    parse({"questionnaire": [["Q", "number"]] * rows, "answers": [1] * rows})


def code(**fields: Any) -> None:
    parse({"language": "python", "prompt": "p", **fields})


def turns(count: int) -> None:
    turn = {"feedback": [], "code": "x", "status": "ok", "verdicts": []}
    session = {"language": "python", "prompt": "p", "turns": [turn] * (count - 1)}  # one more is about to be added
    parse({"session": session, "feedback": ["f"]})


def printed(snippet: str, output: str) -> None:
    """Raise `ValueError` unless the snippet prints `output`."""
    found = Sandbox().run(snippet, [Pair("", output)]).tests[0].status
    if found != "passed":
        raise ValueError(found)


def history(records: int) -> None:
    wallet = "0x" + "11" * 20
    row = {"blockNumber": "1", "timeStamp": "1", "hash": "", "from": wallet, "to": wallet, "value": "0"}
    read_documents([{**row, "hash": f"0x{at:064x}"} for at in range(records)], wallet, 1)


class Body:
    """An answer of so many bytes."""

    length = 0

    def __init__(self, size: int) -> None:
        self.left = size

    def read1(self, most: int) -> bytes:
        found, self.left = min(most, self.left), max(0, self.left - most)
        return bytes(found)

    def close(self) -> None: ...


def answers(*sizes: int) -> None:
    host = Host("http://127.0.0.1", ["127.0.0.1"])
    for size in sizes:
        host._read(Body(size))  # type: ignore[arg-type]  # as much of an HTTPResponse as is read


def answers_after(seconds: float) -> None:
    moments = [0.0, seconds - 0.5]
    Host("http://127.0.0.1", ["127.0.0.1"], clock=lambda: moments.pop(0))._check_time()


def decoded(nodes: int) -> None:
    """Take answers with so many values and names together."""
    host = Host("http://127.0.0.1", ["127.0.0.1"])
    for size in (LIMITS.json_nodes, nodes - LIMITS.json_nodes):
        host.decoded(listed(size))


def listed(nodes: int) -> bytes:
    """Return a list of so many values and names, itself included, as they are counted: by its marks."""
    return b"[" + b",".join([b"1"] * nodes) + b"]"


def lines(count: int) -> None:
    pieces.read_source(pieces.Origin("dataset"), b"a" + b"\n" * count)


def large(size: int) -> None:
    """Raise `ValueError` if an answer of `size` bytes is not taken."""
    assert REPORT.answer is not None
    spare = size - len(strict_json.dumps(REPORT.answer.model_copy(update={"text": ""}).model_dump(mode="json")))
    outcome = Outcome(answer=REPORT.answer.model_copy(update={"text": "x" * spare}))
    if error := build_report.fitting(outcome).error:
        raise error


PAIRS: dict[str, Callable[[Desk, int], Any]] = {
    "dataset_bytes": lambda desk, n: dataset(desk, b'{"x": "' + b"x" * (n - 9) + b'"}'),
    "zip_entries": lambda _, n: protected_data.read_archive(zipped([0] * n)),
    "zip_entry_bytes": lambda _, n: protected_data.read_archive(zipped([n])),
    "zip_total_bytes": lambda _, n: protected_data.read_archive(total(n - LIMITS.zip_total_bytes)),
    "input_file_bytes": input_file,
    "input_name_bytes": lambda desk, n: opened(desk, IEXEC_DATASET_FILENAME="a" * n),
    "input_files": input_files,
    "secret_bytes": lambda desk, n: read_inputs(open_task(desk.environ | {"IEXEC_REQUESTER_SECRET_1": "x" * n}, []), {}),
    "args_bytes": lambda _, n: args.parse_args(["x" * (n - 1)]),
    "bulk_items": lambda desk, n: opened(desk, IEXEC_BULK_SLICE_SIZE=str(n)),
    "json_depth": lambda _, n: strict_json.loads(b"[" * n + b"]" * n),
    "json_nodes": lambda _, n: strict_json.loads(listed(n)),
    "table_cells": lambda _, n: lines(n),
    "live_nodes": lambda _, n: decoded(n),
    "item_bytes": lambda _, n: large(n),
    "task_seconds": lambda _, n: args.parse_args(["--seconds", str(n)]),
    "label_rows": lambda _, n: Labels.packaged().with_file(b"\n".join(f"0x{at:040x}".encode() for at in range(n)), "scam"),
    "history_records": lambda _, n: history(n),
    "hosts": lambda _, n: parse({"wallet": "0x" + "1" * 40, "history": {"transaction_count": 1}, "hosts": ["h"] * n}),
    "live_seconds": lambda _, n: answers_after(n),
    "live_bytes": lambda _, n: answers(*[LIMITS.live_answer_bytes // 2] * 15, n - 15 * (LIMITS.live_answer_bytes // 2)),
    "live_answer_bytes": lambda _, n: answers(n),
    "prompt_bytes": lambda _, n: parse({"prompt": "x" * n}),
    "system_bytes": lambda _, n: parse({"prompt": "p", "system": "x" * n}),
    "messages": lambda _, n: chat(n),
    "questions": lambda _, n: form(n),
    "max_tokens": lambda _, n: parse({"prompt": "p", "max_tokens": n}),
    "temperature_milli": lambda _, n: parse({"prompt": "p", "temperature": n / 1000}),
    "max_seed": lambda _, n: parse({"prompt": "p", "seed": n}),
    "task_bytes": lambda _, n: code(prompt="x" * n),
    "turns": lambda _, n: turns(n),
    "attempts": lambda _, n: code(attempts=n),
    "snippet_bytes": lambda _, n: code(code="x" * n, feedback="f"),
    "tests": lambda _, n: code(tests=["pass"] * n),
    "test_input_bytes": lambda _, n: code(tests=[{"input": "x" * n, "output": ""}]),
    "test_output_bytes": lambda _, n: printed(f"print('x' * {n - 1})", "x" * (n - 1)),
    "result_bytes": lambda _, n: sealed(n),
    "delivered_bytes": lambda desk, n: delivered(desk.out / "task.zip", n),
    "file_name_bytes": lambda desk, n: named(desk.out, n),
    "json_integer": lambda _, n: args.parse_args(["--chain-id", str(n)]),
    "threads": lambda _, n: args.parse_args(["--threads", str(n)]),
}
IN_TEST_SCORE_WORDS = {"wording_seconds"}
NO_MAXIMUM = {"default_max_tokens", "default_attempts", "slice_seconds"}  # what is taken when the caller says nothing
IN_TEST_SANDBOX = {"test_fuel", "run_fuel", "test_memory_bytes"}
IN_TEST_CODE_REQUEST = {"item_fuel"}


def test_every_limit_has_a_pair() -> None:
    assert {
        field.name for field in dataclasses.fields(Limits)
    } == PAIRS.keys() | NO_MAXIMUM | IN_TEST_SANDBOX | IN_TEST_CODE_REQUEST | IN_TEST_SCORE_WORDS


IN_THE_GUEST = {"test_output_bytes"}


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name in IN_THE_GUEST)) for name in PAIRS])
def test_both_sides(name: str, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(1_000)))  # a machine that has more than the limit
    limit = getattr(LIMITS, name)
    PAIRS[name](desk, limit)
    with pytest.raises((AppError, ValueError)):
        PAIRS[name](desk, limit + 1)
