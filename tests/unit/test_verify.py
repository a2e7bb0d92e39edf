from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from app.base.errors import AppError
from app.base.limits import LIMITS
from app.crypto.signing import Domain, digest, load_key
from app.formats import strict_json
from app.formats.hex_words import ZERO_HASH
from app.result.envelope import message_for, read_result, seal
from app.result.report import Report
from app.verify.verifier import verify
from tests.support.desk import ROOT
from tests.support.reports import ANSWER, BULK, EMPTY, KEY, OUTSIDE, REPORT


@pytest.mark.parametrize("report", [REPORT, BULK, EMPTY, OUTSIDE], ids=["single", "bulk", "empty", "outside"])
@pytest.mark.parametrize("chain_id", [None, 421614])
def test_what_is_sealed_verifies_and_follows_the_schema(report: Report, chain_id: int | None) -> None:
    data = seal(report, KEY, chain_id).data
    assert verify(data, KEY.address).result.report == report
    assert verify(data, KEY.address.lower()).signer == KEY.address
    schema = json.loads((ROOT / "schema/result-v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(data))


def test_sealing_is_deterministic() -> None:
    assert seal(REPORT, KEY).data == seal(REPORT, KEY).data


def test_every_flipped_bit_is_refused() -> None:
    data = seal(REPORT, KEY).data
    for at in range(len(data)):
        for bit in (0x01, 0x20, 0x80):
            with pytest.raises(AppError):
                verify(data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :], KEY.address)


def test_another_signer_is_refused() -> None:
    other = load_key("2e" * 32)
    with pytest.raises(AppError) as info:
        verify(seal(REPORT, other).data, KEY.address)
    assert info.value.code == "result.wrong_signer"


def edited(path: str, value: Any, *, resign: bool = False) -> bytes:
    """Return a result with one leaf changed and everything else, canonical form included, as it was."""
    plain = json.loads(seal(REPORT, KEY).data)
    node = plain
    *above, leaf = path.split(".")
    for name in above:
        node = node[name]
    node[leaf] = value
    if resign:
        message = message_for(Report.model_validate_json(json.dumps(plain["report"])))
        plain["attestation"]["message"] = message.model_dump()
        plain["attestation"]["signature"] = load_key("3f" * 32).sign(digest(message, Domain()))
    return strict_json.dumps(plain)


EDITS = [
    ("report.answer.text", "other", "result.hash_mismatch"),
    ("report.answer.completion_tokens", 9, "result.hash_mismatch"),
    ("report.model.sha256", "99" * 32, "result.hash_mismatch"),
    ("report.model.build", "99" * 32, "result.hash_mismatch"),
    ("report.parameters.seed", 1, "result.hash_mismatch"),
    ("report.task_id", None, "result.hash_mismatch"),
    ("report.request.datasets", [], "result.hash_mismatch"),
    ("report.key_origin", "ephemeral", "result.hash_mismatch"),
    ("attestation.message.taskId", "0x" + "00" * 32, "result.hash_mismatch"),
    ("attestation.domain.chainId", 1, "result.signature"),
    ("attestation.domain.name", "other", "result.schema"),
    ("attestation.domain.version", "2", "result.schema"),
    ("attestation.signer", "0x" + "11" * 20, "result.signature"),
    ("attestation.signature", "0x" + "00" * 65, "result.signature"),
    ("attestation.signature", "0x" + "00" * 64, "result.schema"),
    ("attestation.second_signature", "0x", "result.schema"),
    ("report.extra", 1, "result.schema"),
    ("report.format", "sealed-llm/report/2", "result.schema"),
    ("report.status", "fine", "result.schema"),
    ("report.parameters.seed", -1, "result.schema"),
    ("report.parameters.seed", "0", "result.schema"),
    ("report.parameters.seed", True, "result.schema"),
]


@pytest.mark.parametrize(
    ("path", "value", "code"), EDITS, ids=[f"{path}={str(value)[-12:]}-{code}" for path, value, code in EDITS]
)
def test_an_edit_is_refused(path: str, value: Any, code: str) -> None:
    with pytest.raises(AppError) as info:
        verify(edited(path, value), KEY.address)
    assert info.value.code == code


def test_an_engine_outside_passes_for_no_model() -> None:
    data = seal(OUTSIDE, KEY).data
    result = verify(data, KEY.address).result
    assert (result.report.embedded_model, str(result.report.outside_model)) == (None, "m (openai-compatible at h)")
    assert result.attestation.message.modelHash == ZERO_HASH
    assert result.attestation.message.parametersHash != message_for(REPORT).parametersHash
    for model in ("12" * 32, "00" * 32):
        with pytest.raises(AppError) as info:
            verify(data, KEY.address, model_sha256=model)
        assert info.value.code == "result.wrong_model"


def test_an_edit_that_is_signed_again_has_another_signer() -> None:
    with pytest.raises(AppError) as info:
        verify(edited("report.answer.text", "other", resign=True), KEY.address)
    assert info.value.code == "result.signature"


def rewritten() -> dict[str, tuple[bytes, str]]:
    data = seal(REPORT, KEY).data
    return {
        "reformatted": (json.dumps(json.loads(data), indent=1).encode(), "result.not_canonical"),
        "reordered": (
            json.dumps(dict(reversed(json.loads(data).items())), separators=(",", ":")).encode(),
            "result.not_canonical",
        ),
        "trailing newline": (data + b"\n", "result.not_canonical"),
        "trailing bytes": (data + b"{}", "json.invalid"),
        "truncated": (data[:-1], "json.invalid"),
        "empty": (b"", "json.invalid"),
        "duplicate key": (data[:-1] + b',"report":{}}', "json.invalid"),
        "float": (data.replace(b'"seed":0', b'"seed":0.0'), "result.schema"),
        "exponent": (data.replace(b'"seed":0', b'"seed":0e0'), "result.schema"),
        "no object": (b"[]", "result.schema"),
        "too large": (data + b" " * LIMITS.result_bytes, "result.unreadable"),
        "null domain chain": (data.replace(b'"domain":{', b'"domain":{"chainId":null,'), "result.not_canonical"),
    }


@pytest.mark.parametrize(("data", "code"), rewritten().values(), ids=rewritten().keys())
def test_another_form_is_refused(data: bytes, code: str) -> None:
    with pytest.raises(AppError) as info:
        verify(data, KEY.address)
    assert info.value.code == code


def test_read_does_not_check_signatures() -> None:
    assert read_result(edited("report.answer.text", "other")).report.answer == ANSWER.model_copy(update={"text": "other"})
