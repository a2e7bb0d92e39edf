"""Check a result: hashes, schema, signature, signer; and if asked also the model, the request and the chain.

    from app.verify.verifier import verify
    report = verify(Path("result.json").read_bytes(), signer="0x…").result.report

This module loads neither llama_cpp nor web3 nor eth_account.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from app.base.errors import VerifyError
from app.crypto.signing import digest, recover
from app.request.parse import Request, parse
from app.result import score_signatures
from app.result.envelope import message_for, read_result
from app.result.report import Result


@dataclass(frozen=True, slots=True)
class Verified:
    """A result that passed the checks, and who signed it."""

    result: Result
    signer: str
    sha256: str
    """SHA-256 of the file, 64 hex digits. With 0x before it, it is the task's resultDigest on chain."""


def verify(data: bytes, signer: str, *, model_sha256: str | None = None) -> Verified:
    """Return the checked result in `data` if the trusted address `signer` signed it.

    1 the bytes are the canonical JSON of a schema-valid result, and nothing else
    2 every hash of the signed struct is recomputed from the report and must equal the file's
    3 the signature is canonical and recovers an address
    4 that address is the one in the file, and the one the caller trusts
    5 the Sui and EIP-712 signatures of scores match the report, also the origin of the history, and are by the same key
    6 the model is the one the caller expects, if one is named

    It does **not** check that the answer is true, that the signer's key lives in an enclave, that the task exists
    on chain (`app.verify.on_chain`), or, without step 6, that a model inside an image answered
    (`report.outside_model`). Raises `AppError` with the code of the step that failed.
    """
    result = read_result(data)  # 1
    attestation = result.attestation
    if message_for(result.report) != attestation.message:  # 2
        raise VerifyError("result.hash_mismatch", "a signed hash does not belong to this report")
    found = recover(digest(attestation.message, attestation.domain), attestation.signature)  # 3
    if found != attestation.signer:  # 4
        raise VerifyError("result.signature", "the signature was not made by the signer that the file names")
    if found.lower() != signer.lower():
        raise VerifyError("result.wrong_signer", f"signed by {found}, expected {signer}")
    score_signatures.check_signatures(
        result.report, attestation.message.reportHash, attestation.sui, found, attestation.domain
    )  # 5
    model = result.report.embedded_model
    if model_sha256 is not None and (model is None or model.sha256 != model_sha256):  # 6
        found = model.sha256 if model else "not an embedded one" if result.report.model else "none"
        raise VerifyError("result.wrong_model", f"the model is {found}, expected {model_sha256}")
    return Verified(result, found, hashlib.sha256(data).hexdigest())


def open_commitment(verified: Verified, request: dict[str, Any]) -> Request:
    """Return the request in the fields `request` if the result commits to it.

    The fields must hold the `salt` and everything that shaped the decoded request, from whichever source it came. In bulk the
    commitment of any item suffices. Raises `VerifyError` result.wrong_request, and `InputError` if the fields are not a
    request.
    """
    parsed, salt = parse(request)
    report = verified.result.report
    made = [item.commitment for item in report.bulk.results] if report.bulk else [report.request.commitment]
    if not any(made):
        raise VerifyError("result.wrong_request", "the result holds no commitment: the request had no salt")
    if salt is None or parsed.commitment(salt) not in made:
        raise VerifyError("result.wrong_request", "the commitment in the result is not to this request")
    return parsed
