"""A score from what people download, and one without its model: the whole way from the worker's folder to the signature."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.formats.protected_data_writer import protect
from app.request.parse import parse
from app.result.answers.score import ScoreAnswer
from app.verify.replay import replay
from app.verify.verifier import verify
from tests.support import histories
from tests.support.desk import ROOT, SALT, SIGNER, SMALL, Desk
from tests.support.histories import exports, indexers

pytestmark = pytest.mark.slow


PAST = histories.made_up(random.Random(7), transactions=60, first_block=5_000_000)
NDJSON = "\n".join(json.dumps(row) for answer in histories.etherscan(PAST) for row in answer["result"])
COUNTED = {"total_transactions": 9, "outgoing_transactions": 4, "incoming_transactions": 5, "unique_counterparties": 3}
FILES: dict[str, tuple[list[str], str]] = {
    "etherscan csv": (exports.etherscan_csv(PAST), "etherscan_csv"),
    "page data": (["\ufeff" + text for text in exports.etherscan_csv(PAST, "page")], "etherscan_csv"),
    "blockscout csv": (exports.blockscout_csv(PAST), "blockscout_csv"),
    "ndjson": ([NDJSON], "etherscan"),
    "an export": ([json.dumps({"documents": histories.etherscan(PAST), "as_of_block": 9_000_000})], "etherscan"),
    "two exports": ([json.dumps({"documents": [one]}) for one in histories.etherscan(PAST)], "etherscan"),
    "covalent": ([json.dumps(one) for one in indexers.covalent(PAST)], "covalent"),
    "moralis": ([json.dumps(one) for one in indexers.moralis(PAST)], "moralis"),
    "an aggregator": ([json.dumps({"wallet": PAST.wallet, "wallet_metadata": COUNTED})], "aggregator"),
    "covalent's body": ([json.dumps(one["data"]) for one in indexers.covalent(PAST)], "covalent"),
    "bitquery": ([json.dumps(indexers.bitquery(PAST))], "bitquery"),
}


def attach(desk: Desk, texts: list[str]) -> None:
    for number, text in enumerate(texts, 1):
        (desk.inside / f"file{number}").write_text(text, newline="")
        desk.environ |= {f"IEXEC_INPUT_FILE_NAME_{number}": f"file{number}", "IEXEC_INPUT_FILES_NUMBER": str(number)}


@pytest.mark.parametrize("name", [*FILES])
def test_input_files(desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.support.desk.SMALL", "qwen2.5-0.5b-instruct")  # in the catalogue, not here: fixed words
    texts, source = FILES[name]
    attach(desk, texts)
    desk.dataset({"wallet": PAST.wallet})
    report = verify(desk.run().raw, SIGNER).result.report
    assert isinstance(report.answer, ScoreAnswer), report.error
    records = 0 if source == "aggregator" else len(PAST.txs) + len(PAST.logs)
    data = report.answer.data
    assert (data.format, data.records, data.origin, data.host) == (source, records, "requester", None)
    assert data.sha256 is not None  # of input files, which anyone may read
    assert report.answer.data.left_out == 0
    assert report.answer.fallback is not None and report.answer.fallback.code == "model.missing"


def test_a_dataset_with_a_csv_as_its_history(desk: Desk) -> None:
    desk.dataset({"wallet": PAST.wallet, "history": exports.etherscan_csv(PAST)[0]})
    answer = desk.run().report["answer"]
    assert (answer["data"]["format"], answer["data"]["records"]) == ("etherscan_csv", len(PAST.txs))
    assert answer["metadata"]["features"]["contracts_called"] is None


@pytest.mark.parametrize(
    ("history", "says"),
    [
        ({"items": [{"name": "milk", "price": 2}]}, "not a known format"),
        ({"history_list": [], "token_dict": {}}, "DeBank"),
        ("just words", "neither JSON nor NDJSON nor a CSV"),
    ],
)
def test_a_foreign_history_is_an_error_that_lists_what_is_read(desk: Desk, history: Any, says: str) -> None:
    text = history if isinstance(history, str) else json.dumps(history)
    desk.dataset({"wallet": PAST.wallet, "history": text})
    ran = desk.run()
    error = ran.report["error"]
    assert (ran.report["status"], error["code"]) == ("error", "history.invalid")
    assert says in error["message"] and "Covalent" in error["hint"] and b"milk" not in ran.raw


@pytest.fixture
def altered_app(tmp_path: Path) -> Path:
    """The package with one word of the model's file changed."""
    from app.llm.models import WEIGHTS, find

    target, name = tmp_path / "copy", find(SMALL).file
    shutil.copytree(ROOT / "app", target / "app", ignore=shutil.ignore_patterns("weights", "__pycache__"))
    (target / "app/llm/weights").mkdir()
    shutil.copyfile(WEIGHTS / name, target / "app/llm/weights" / name)
    with (target / "app/llm/weights" / name).open("r+b") as stream:
        stream.seek(50_000_000)
        stream.write(b"\x00sealed\x00")
    return target


def test_an_altered_model_is_named_in_the_report(new_desk: Callable[[str], Desk], altered_app: Path) -> None:
    fields = {"wallet": PAST.wallet, "history": json.dumps(histories.etherscan(PAST)), "salt": SALT}
    sound, desk = new_desk("sound"), new_desk("altered")
    sound.dataset(fields)
    desk.dataset(fields)
    told, checked = verify(sound.run().raw, SIGNER).result.report, verify(desk.run(cwd=altered_app).raw, SIGNER)
    report = checked.result.report
    assert isinstance(told.answer, ScoreAnswer) and isinstance(report.answer, ScoreAnswer)
    assert (told.mode, told.answer.fallback) == ("ai", None)
    assert (report.status, report.mode, report.model) == ("ok", "fallback", None)
    assert report.answer.fallback is not None and report.answer.fallback.code == "model.altered"
    assert report.answer.sui_origin == told.answer.sui_origin  # the score is the same
    assert report.parameters is not None
    replay(checked, parse(fields)[0])


def test_each_item_of_a_bulk_names_it_too(desk: Desk, altered_app: Path) -> None:
    histories_of = [histories.etherscan(PAST), {"transaction_count": 3}, {"items": [{"name": "milk"}]}]
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = str(len(histories_of))
    for index, history in enumerate(histories_of, 1):
        address = f"0x{index:040x}"
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address
        (desk.inside / address).write_bytes(protect({"wallet": PAST.wallet, "history": json.dumps(history)}))
    report = verify(desk.run(cwd=altered_app).raw, SIGNER).result.report
    assert report.bulk is not None
    first, second, third = report.bulk.results
    assert isinstance(first.answer, ScoreAnswer) and first.answer.fallback is not None
    assert (first.mode, first.answer.fallback.code) == ("fallback", "model.altered")
    assert isinstance(second.answer, ScoreAnswer) and (second.mode, second.answer.fallback) == ("count", None)
    assert third.error is not None and third.error.code == "history.invalid"
