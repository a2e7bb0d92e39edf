"""verify beyond the offline checks, on results that a run really made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import ROOT, SALT, SIGNER, SMALL, Desk

pytestmark = pytest.mark.slow


REQUEST: dict[str, Any] = {"prompt": "What is the capital of France?", "max_tokens": 8, "temperature": 0.7, "seed": 5}
SALTED = REQUEST | {"salt": SALT}


def checked(desk: Desk, *args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app", "verify", str(desk.out / "result.json"), "--signer", SIGNER, *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env={"PATH": ""})


def written(desk: Desk, request: Any) -> Path:
    path = desk.root / "request.json"
    path.write_text(json.dumps(request))
    return path


@pytest.mark.parametrize("how", ["dataset", "secret", "words in the args"])
def test_the_commitment_opens_wherever_the_request_came_from(desk: Desk, how: str) -> None:
    args: list[str] = []
    if how == "dataset":
        desk.dataset(
            {"prompt": REQUEST["prompt"], "salt": SALTED["salt"], "options": {"max_tokens": 8, "temperature": 0.7, "seed": 5}}
        )
    elif how == "secret":
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps(SALTED)
    else:
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps({"salt": SALT})
        args = ["--max-tokens=8", "--temperature", "0.7", "--seed", "5", *REQUEST["prompt"].split()]
    desk.run(*args)
    assert checked(desk, "--request", written(desk, SALTED)).returncode == 0
    assert checked(desk, "--request", written(desk, SALTED), "--replay").returncode == 0


def test_another_request_does_not_open_it(desk: Desk) -> None:
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps(SALTED)
    desk.run()
    for other in (
        SALTED | {"seed": 6},
        SALTED | {"salt": SALT[::-1]},
        SALTED | {"prompt": "p"},
        REQUEST,
        {"system": "s"} | SALTED,
    ):
        done = checked(desk, "--request", written(desk, other))
        assert (done.returncode, "result.wrong_request" in done.stderr) == (1, True), other


def test_without_a_salt_only_a_replay_tells(desk: Desk) -> None:
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps(REQUEST)
    desk.run()
    assert "result.wrong_request" in checked(desk, "--request", written(desk, REQUEST)).stderr
    assert checked(desk, "--request", written(desk, REQUEST), "--replay").returncode == 0
    for other in (REQUEST | {"seed": 6}, REQUEST | {"prompt": "What is the capital of Spain?"}, REQUEST | {"max_tokens": 9}):
        assert "result.not_reproduced" in checked(desk, "--request", written(desk, other), "--replay").stderr
    assert checked(desk, "--replay").returncode == 2


def test_an_error_cannot_be_replayed(desk: Desk) -> None:
    desk.run()
    assert "result.no_answer" in checked(desk, "--request", written(desk, REQUEST), "--replay").stderr


def test_the_expected_model(desk: Desk) -> None:
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps(REQUEST)
    sha256 = desk.run().report["model"]["sha256"]
    assert checked(desk, "--model", SMALL).returncode == 0
    assert checked(desk, "--model", sha256).returncode == 0
    assert "result.wrong_model" in checked(desk, "--model", "0" * 64).stderr
    assert "result.wrong_model" in checked(desk, "--model", "qwen2.5-0.5b-instruct").stderr
    assert "model.unknown" in checked(desk, "--model", "gpt-9").stderr


def test_the_receipt_is_an_in_toto_statement(desk: Desk) -> None:
    import hashlib

    raw = desk.run("--max-tokens", "1", "Hi.").raw
    statement = json.loads(checked(desk, "--receipt").stdout)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["subject"] == [{"name": "result.json", "digest": {"sha256": hashlib.sha256(raw).hexdigest()}}]
    assert statement["predicate"]["message"] == json.loads(raw)["attestation"]["message"]


def test_a_commitment_in_bulk(desk: Desk) -> None:
    from app.formats.protected_data_writer import protect

    for index, request in enumerate((SALTED, SALTED | {"seed": 6}), 1):
        (desk.inside / f"d{index}").write_bytes(protect(request))
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = f"d{index}"
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = "2"
    desk.run()
    assert checked(desk, "--request", written(desk, SALTED | {"seed": 6})).returncode == 0
    assert checked(desk, "--request", written(desk, SALTED | {"seed": 7})).returncode == 1
