"""From a report to the bytes of result.json and back: canonical JSON, hashes, signature."""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import ValidationError

from app import strict_json
from app.errors import VerifyError
from app.limits import LIMITS
from app.report import Attestation, Report, Result
from app.score_seal import sign_report, sign_scores
from app.signing import ZERO_HASH, Domain, Key, Message, digest, keccak256


def hash_json(value: Any) -> str:
    """Return keccak256 of the canonical JSON of `value` as 0x hex."""
    return "0x" + keccak256(strict_json.dumps(value)).hex()


def message_for(report: Report) -> Message:
    """Return the struct to sign: every word is recomputed from the report alone."""
    plain = report.model_dump(mode="json")
    model = report.embedded_model  # one outside of the image must never pass for one in it
    build = None if model is None else [model.engine, model.build]
    used = plain["parameters"] if report.bulk is None else [item["parameters"] for item in plain["bulk"]["results"]]
    return Message(
        taskId=report.task_id or ZERO_HASH,
        requestHash=hash_json(plain["request"]),
        modelHash="0x" + model.sha256 if model else ZERO_HASH,
        parametersHash=hash_json({"engine": build, "parameters": used}),
        reportHash=hash_json(plain),
    )


def seal(report: Report, key: Key, chain_id: int | None = None) -> bytes:
    """Return the bytes of result.json: `report` signed by `key`, in canonical form, read back and checked."""
    domain = Domain(chainId=chain_id)
    report = sign_scores(report, key, domain)
    message = message_for(report)
    bound = sign_report(report, message.reportHash, key.secret)
    signature = key.sign(digest(message, domain))
    attestation = Attestation(domain=domain, message=message, signature=signature, signer=key.address, sui=bound)
    data = strict_json.dumps(_plain(Result(attestation=attestation, report=report)))
    if read(data).attestation.message != message:
        raise VerifyError("internal", "a fresh result did not read back as it was written")
    return data


def callback_data(result: bytes) -> str:
    """Return what a callback contract gets of a sealed `result`: three ABI words, 96 bytes, 0x hex.

    (uint256 status, bytes32 resultDigest, bytes32 reportHash): status 0 incomplete, 1 ok, 2 error, 3 failed;
    resultDigest the SHA-256 of result.json; reportHash the word of that name in the signed struct.
    """
    sealed = read(result)
    status = ("incomplete", "ok", "error", "failed").index(sealed.report.status)
    words = status.to_bytes(32, "big") + hashlib.sha256(result).digest()
    return "0x" + words.hex() + sealed.attestation.message.reportHash[2:]


def read(data: bytes) -> Result:
    """Return the result in `data`; it must be the exact canonical form of a schema-valid document.

    Does not check any hash or signature: that is `app.verify`. Raises `VerifyError`
    result.unreadable, result.schema or result.not_canonical, and `InputError` json.invalid.
    """
    if len(data) > LIMITS.result_bytes:
        raise VerifyError("result.unreadable", f"the result is larger than {LIMITS.result_bytes} bytes")
    strict_json.loads(data)  # duplicate keys and the like, which pydantic lets through
    try:
        result = Result.model_validate_json(data)
    except ValidationError as err:
        raise VerifyError("result.schema", "the result does not follow the schema") from err
    if strict_json.dumps(_plain(result)) != data:
        raise VerifyError("result.not_canonical", "the result is not in canonical form")
    return result


def _plain(result: Result) -> dict[str, Any]:
    """Return JSON values; an absent chainId is left out, as EIP-712 wants it, and so are absent Sui signatures."""
    plain: dict[str, Any] = result.model_dump(mode="json")
    if result.attestation.domain.chainId is None:
        del plain["attestation"]["domain"]["chainId"]
    if result.attestation.sui is None:
        del plain["attestation"]["sui"]
    return plain
