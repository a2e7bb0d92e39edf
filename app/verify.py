"""Check a result offline: hashes, schema, signature, signer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.errors import VerifyError
from app.report import Result
from app.sealing import message_for, read
from app.signing import digest, recover


@dataclass(frozen=True, slots=True)
class Verified:
    """A result that passed, and the two things a reader wants to see of it."""

    result: Result
    signer: str


def verify(data: bytes, signer: str) -> Verified:
    """Return the checked result in `data` if the trusted address `signer` signed it.

    1 the bytes are the canonical JSON of a schema-valid result, and nothing else
    2 every hash of the signed struct is recomputed from the report and must equal the file's
    3 the signature is canonical and recovers an address
    4 that address is the one in the file, and the one the caller trusts

    Does **not** check that the answer is true, that the signer's key lives in an enclave, or that
    the task exists on chain. Raises `AppError` with the code of the step that failed.
    """
    result = read(data)  # 1
    attestation = result.attestation
    if message_for(result.report) != attestation.message:  # 2
        raise VerifyError("result.hash_mismatch", "a signed hash does not belong to this report")
    found = recover(digest(attestation.message, attestation.domain), attestation.signature)  # 3
    if found != attestation.signer:  # 4
        raise VerifyError("result.signature", "the signature was not made by the signer that the file names")
    if found.lower() != signer.lower():
        raise VerifyError("result.wrong_signer", f"signed by {found}, expected {signer}")
    return Verified(result, found)


def verify_file(path: Path, signer: str) -> Verified:
    """Return `verify` of the file at `path`; one that cannot be read is `VerifyError` result.unreadable."""
    try:
        data = path.read_bytes()
    except OSError as err:
        raise VerifyError("result.unreadable", "the file cannot be read") from err
    return verify(data, signer)
