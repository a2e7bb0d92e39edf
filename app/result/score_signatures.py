"""The signatures of scores in a result: those that contracts on Sui and EVM chains check, and one that binds the report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.base.errors import AppError, VerifyError
from app.crypto import sui
from app.crypto.evm_score import score_digest
from app.crypto.score_statement import Statement
from app.crypto.signing import Domain, Key, recover
from app.result.answers.answer import Answer, JobAnswer
from app.result.answers.score import ScoreAnswer, SuiSignature, SuiSignatures, UnsignedScore
from app.result.report import Bulk, BulkItem, Draft, DraftItem, Report

_NO_DOMAIN = Domain()
_ORIGIN = {"origin", "host", "chain_id", "chain_checked", "own_labels", "truncated"}


def sign_scores(draft: Draft, key: Key, domain: Domain = _NO_DOMAIN) -> Report:
    """Return the report of `draft` with each of its scores signed."""
    bulk = None
    if draft.bulk is not None:
        items = tuple(sign_item(item, key, domain) for item in draft.bulk.results)
        bulk = Bulk.model_construct(**dict(draft.bulk) | {"results": items})
    return Report.model_construct(**dict(draft) | {"answer": _signed(draft.answer, key, domain), "bulk": bulk})


def sign_item(item: DraftItem, key: Key, domain: Domain) -> BulkItem:
    """Return the item of a slice; if its answer is a score, the score is signed."""
    return BulkItem.model_construct(**dict(item) | {"answer": _signed(item.answer, key, domain)})


def sign_report(report: Report, report_hash: str, secret: bytes) -> SuiSignatures | None:
    """Return both signatures of the message that binds the report (intent 1); None if the report holds no score.

    The message carries the time of the score, in bulk the time of the newest one.
    """
    newest = max((score.timestamp_ms for score in _scores(report)), default=None)
    return None if newest is None else _signatures(sui.report_message(report_hash, newest), secret)


def check_signatures(
    report: Report, report_hash: str, bound: SuiSignatures | None, signer: str, domain: Domain = _NO_DOMAIN
) -> None:
    """Check that every signature of a score is there, matches its message, and is by the owner of the address `signer`.

    A signature of intent 0 for a history that was given is refused as well. An ed25519 key cannot be tied to an address, so the
    check is that all scores use the same key; the signed report names it. Raises `VerifyError` result.signature.
    """
    messages: list[tuple[SuiSignatures | None, bytes]] = []
    for score in _scores(report):
        said = statement(score)
        earlier = None if score.sui is None else score.sui.secp256k1.signature
        if score.signature != earlier or (earlier is not None) != said.has_earlier_message:
            raise VerifyError("result.signature", "a score does not carry the signatures that belong to its history's origin")
        messages.append((score.sui_origin, _message(said)))
        if score.sui is not None:
            messages.append((score.sui, sui.score_message(score.score, score.timestamp_ms, score.wallet_address)))
        if recover(score_digest(said, domain), score.evm) != signer:
            raise VerifyError("result.signature", "the EIP-712 signature of a score does not fit it, or is by another key")
    if bool(messages) != (bound is not None):
        raise VerifyError("result.signature", "the Sui signatures of the report and its scores do not go together")
    if messages:
        newest = max(score.timestamp_ms for score in _scores(report))
        messages.append((bound, sui.report_message(report_hash, newest)))
    keys = {both.ed25519.public_key for both, _ in messages if both is not None}
    if len(keys) > 1 or not all(both is not None and _fits(both, message, signer) for both, message in messages):
        raise VerifyError("result.signature", "a Sui signature does not fit its message, or is by another key")


def statement(answer: UnsignedScore) -> Statement:
    """Return the statement about a score that is signed."""
    data = answer.data
    return Statement(
        score=answer.score,
        timestamp_ms=answer.timestamp_ms,
        wallet=answer.wallet_address,
        chain_id=data.chain_id,
        origin=data.origin,
        host=data.host,
        chain_checked=data.chain_checked,
        own_labels=data.own_labels,
        truncated=data.truncated,
    )


def origins(report: Report) -> list[dict[str, Any]]:
    """Return each score with the origin of its history, as values for a program."""
    return [
        {"wallet_address": score.wallet_address, "score": score.score, **score.data.model_dump(include=_ORIGIN)}
        for score in _scores(report)
    ]


def _message(said: Statement) -> bytes:
    """Return the message that names the origin. Raises `VerifyError` if the report holds what this program never writes."""
    try:
        return sui.origin_message(said)
    except AppError as err:
        raise VerifyError("result.signature", f"a score cannot be signed as it stands: {err.message}") from err


def _scores(report: Report) -> Iterator[ScoreAnswer]:
    answers = [report.answer, *(item.answer for item in (report.bulk.results if report.bulk else ()))]
    return (answer for answer in answers if isinstance(answer, ScoreAnswer))


def _signed(answer: JobAnswer | None, key: Key, domain: Domain) -> Answer | None:
    """Return the answer; a score gets its signatures.

    Intent 0 is the bytes that the earlier registry on Sui accepts. It is signed only for a fetched history without lists that
    somebody gave. Intent 2 or 3 and the EIP-712 struct, which name the origin of the history, are signed for every score.
    """
    if not isinstance(answer, UnsignedScore):
        return answer
    said = statement(answer)
    earlier = sui.score_message(answer.score, answer.timestamp_ms, answer.wallet_address)
    both = _signatures(earlier, key.secret) if said.has_earlier_message else None
    signatures: dict[str, Any] = {
        "signature": both and both.secp256k1.signature,
        "sui": both,
        "sui_origin": _signatures(sui.origin_message(said), key.secret),
        "evm": key.sign(score_digest(said, domain)),
    }
    return ScoreAnswer.model_construct(**dict(answer) | signatures)


def _signatures(message: bytes, secret: bytes) -> SuiSignatures:
    first, second = sui.sign_secp256k1(secret, message), sui.sign_ed25519(sui.ed25519_seed(secret), message)
    return SuiSignatures(secp256k1=_shown(sui.SECP256K1_FLAG, *first), ed25519=_shown(sui.ED25519_FLAG, *second))


def _shown(flag: int, signature: bytes, public: bytes) -> SuiSignature:
    return SuiSignature(public_key=public.hex(), signature=signature.hex(), sui_address=sui.sui_address(flag, public))


def _fits(both: SuiSignatures, message: bytes, signer: str) -> bool:
    k1, ed = both.secp256k1, both.ed25519
    k1_public, ed_public = bytes.fromhex(k1.public_key), bytes.fromhex(ed.public_key)
    return (
        sui.verify_secp256k1(bytes.fromhex(k1.signature), k1_public, message)
        and sui.evm_address(k1_public) == signer
        and sui.verify_ed25519(bytes.fromhex(ed.signature), ed_public, message)
        and k1.sui_address == sui.sui_address(sui.SECP256K1_FLAG, k1_public)
        and ed.sui_address == sui.sui_address(sui.ED25519_FLAG, ed_public)
    )
