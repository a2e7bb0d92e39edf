"""Convert a report to the bytes of result.json and back: canonical JSON, hashes and signature."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from app.base.errors import VerifyError
from app.base.limits import LIMITS
from app.crypto.signing import Domain, Key, ResultStruct, digest, keccak256
from app.formats import strict_json
from app.formats.hex_words import ZERO_HASH
from app.result.report import Attestation, Draft, Report, Result
from app.result.score_signatures import sign_report, sign_scores


@dataclass(frozen=True, slots=True)
class Sealed:
    """The bytes of a result.json, and the parts of its callback-data besides their digest."""

    data: bytes
    status: str
    report_hash: str

    @property
    def callback_data(self) -> str:
        """Return the callback-data of this result: see `callback_data`."""
        return callback_words(self.data, self.status, self.report_hash)


def hash_json(value: Any) -> str:
    """Return keccak256 of the canonical JSON of `value` as 0x hex."""
    return hash_bytes(strict_json.dumps(value))


def hash_bytes(data: bytes) -> str:
    """Return keccak256 of `data` as 0x hex."""
    return "0x" + keccak256(data).hex()


def message_for(report: Report) -> ResultStruct:
    """Return the struct to sign; every word in it is computed from the report alone."""
    plain = report.model_dump(mode="json")
    used = plain["parameters"] if report.bulk is None else [item["parameters"] for item in plain["bulk"]["results"]]
    return ResultStruct(
        taskId=report.task_id or ZERO_HASH,
        requestHash=hash_json(plain["request"]),
        modelHash=_model_hash(report),
        parametersHash=hash_json({"engine": engine_of(report), "parameters": used}),
        reportHash=hash_json(plain),
    )


def engine_of(report: Report) -> list[str] | None:
    """Return the engine and the build of the embedded model, as parametersHash covers them; None without one."""
    model = report.embedded_model  # an outside engine must never pass for an embedded one
    return None if model is None else [model.engine, model.build]


def _model_hash(report: Report) -> str:
    return "0x" + report.embedded_model.sha256 if report.embedded_model else ZERO_HASH


def seal(draft: Draft, key: Key, chain_id: int | None = None) -> Sealed:
    """Return the signed result of `draft` in canonical form.

    Its scores and the whole report are signed by `key`, and the bytes are read back and checked.
    """
    domain = Domain(chainId=chain_id)
    report = sign_scores(draft, key, domain)
    attestation = _attested(report, message_for(report), key, domain)
    data = strict_json.dumps(_plain(Result.model_construct(attestation=attestation, report=report)))
    check_back(data, attestation.message)
    return Sealed(data, report.status, attestation.message.reportHash)


def seal_parts(
    report: Report, data: bytes, request_hash: str, parameters_hash: str, key: Key, chain_id: int | None = None
) -> Sealed:
    """Return the result of `report`, whose scores are already signed and whose canonical JSON is `data`.

    The result is not read back.
    """
    message = ResultStruct(
        taskId=report.task_id or ZERO_HASH,
        requestHash=request_hash,
        modelHash=_model_hash(report),
        parametersHash=parameters_hash,
        reportHash=hash_bytes(data),
    )
    signed = strict_json.dumps(_plain_attestation(_attested(report, message, key, Domain(chainId=chain_id))))
    return Sealed(b'{"attestation":' + signed + b',"report":' + data + b"}", report.status, message.reportHash)


def check_back(data: bytes, message: ResultStruct | None = None) -> None:
    """Read a fresh result back and compare its `message`. Raises `VerifyError` internal, or as `read_result` does."""
    found = read_result(data)
    if found.attestation.message != (message or message_for(found.report)):
        raise VerifyError("internal", "a fresh result did not read back as it was written")


def _attested(report: Report, message: ResultStruct, key: Key, domain: Domain) -> Attestation:
    bound = sign_report(report, message.reportHash, key.secret)
    signature = key.sign(digest(message, domain))
    return Attestation(domain=domain, message=message, signature=signature, signer=key.address, sui=bound)


def callback_data(result: bytes) -> str:
    """Return the callback-data for a sealed `result`: three ABI words, 96 bytes, as 0x hex.

    The words are (uint256 status, bytes32 resultDigest, bytes32 reportHash). status is 0 for incomplete, 1 for ok, 2 for error
    and 3 for failed; resultDigest is the SHA-256 of result.json; reportHash is the word of that name in the signed struct.
    """
    sealed = read_result(result)
    return callback_words(result, sealed.report.status, sealed.attestation.message.reportHash)


def callback_words(result: bytes, status: str, report_hash: str) -> str:
    """Return the callback-data of a result whose status and report hash are known. They are not checked against the result."""
    number = ("incomplete", "ok", "error", "failed").index(status)
    return "0x" + (number.to_bytes(32, "big") + hashlib.sha256(result).digest()).hex() + report_hash[2:]


def read_result(data: bytes) -> Result:
    """Return the result in `data`, which must be the exact canonical form of a document that follows the schema.

    Hashes and signatures are not checked here: `app.verify` does that. Raises `VerifyError` result.unreadable, result.schema or
    result.not_canonical, and `InputError` json.invalid.
    """
    if len(data) > LIMITS.result_bytes:
        raise VerifyError("result.unreadable", f"the result is larger than {LIMITS.result_bytes} bytes")
    strict_json.loads(data)  # finds duplicate keys and similar faults, which pydantic accepts
    try:
        result = Result.model_validate_json(data)
    except ValidationError as err:
        raise VerifyError("result.schema", "the result does not follow the schema") from err
    if strict_json.dumps(_plain(result)) != data:
        raise VerifyError("result.not_canonical", "the result is not in canonical form")
    return result


def _plain(result: Result) -> dict[str, Any]:
    return {"attestation": _plain_attestation(result.attestation), "report": result.report.model_dump(mode="json")}


def _plain_attestation(attestation: Attestation) -> dict[str, Any]:
    """Return the attestation as JSON values. An absent chainId is left out, as EIP-712 requires, and so are Sui signatures."""
    plain: dict[str, Any] = attestation.model_dump(mode="json")
    if attestation.domain.chainId is None:
        del plain["domain"]["chainId"]
    if attestation.sui is None:
        del plain["sui"]
    return plain
