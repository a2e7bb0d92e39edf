"""The whole corpus of bad inputs through the whole run: the right code, a hint, signed, deliverable, and no canary."""

from __future__ import annotations

import json

import pytest

from app.base.hints import HINTS
from app.run.run import run
from app.simulate.postcompute import judge
from app.verify.verifier import verify
from tests.support.bad_inputs import CANARY, CASES, Case
from tests.support.desk import SIGNER, Desk


def test_there_are_enough() -> None:
    assert len(CASES) >= 250
    unforeseeable = {"internal", "simulate.failed", "incomplete", "output.unwritable", "env.iexec_out", "bulk.partial"}
    elsewhere = {
        code
        for code in HINTS
        if code.startswith(
            ("result.", "engine.", "model.", "chain.", "sandbox.", "session.", "history.", "claims.", "address.")
        )
    } | {"file.too_large", "file.wrong_kind", "source.not_secret", "usage", "wallet.contract"}
    elsewhere |= {"answer.too_large", "cache.unwritable", "disk.full", "key.torn"}
    assert HINTS.keys() - {case.code for case in CASES.values()} <= unforeseeable | elsewhere


READ_WITH_A_MODEL = {"text longer than the context"}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name.replace(CANARY, "canary"), marks=[pytest.mark.slow] * (name in READ_WITH_A_MODEL))
        for name, case in CASES.items()
    ],
)
def test_case(case: Case, desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    (desk.inside / "folder").mkdir()
    if case.dataset is not None:
        desk.dataset(case.dataset)
    if case.secret is not None:
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = case.secret
    if case.file is not None:
        (desk.inside / "f").write_bytes(case.file)
        desk.environ |= {"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": "f"}
    environ = {name: value for name, value in (desk.environ | dict(case.environ)).items() if value is not None}
    run(environ, case.args)
    assert capfd.readouterr() == ("", "")
    delivered = judge(desk.out)
    signer = json.loads(delivered.result)["attestation"]["signer"]
    assert (signer == SIGNER) == (case.code != "key.invalid")
    report = verify(delivered.result, signer).result.report
    assert report.status == "error"
    assert report.error is not None
    assert report.error.code == case.code, report.error.message
    assert report.error.hint
    shown = b"".join(path.read_bytes() for path in desk.out.iterdir())
    public = CANARY in str(case.environ.get("IEXEC_INPUT_FILE_NAME_1"))  # names of input files are in the report
    assert CANARY.encode() not in shown or public
