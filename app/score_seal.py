"""The Sui signatures in a result with scores: each score's own message, and one that binds the whole report."""

from __future__ import annotations

from collections.abc import Iterator

from app import sui
from app.answers.score import ScoreAnswer, SuiSignature, SuiSignatures
from app.errors import VerifyError
from app.report import Report


def sign_scores(report: Report, secret: bytes) -> Report:
    """Return `report` with both signatures in each score: intent 0, the bytes a registry on Sui takes."""
    update: dict[str, object] = {}
    if isinstance(report.answer, ScoreAnswer):
        update["answer"] = _signed(report.answer, secret)
    if report.bulk is not None:
        items = tuple(
            item.model_copy(update={"answer": _signed(item.answer, secret)}) if isinstance(item.answer, ScoreAnswer) else item
            for item in report.bulk.results
        )
        update["bulk"] = report.bulk.model_copy(update={"results": items})
    return report.model_copy(update=update)


def sign_report(report: Report, report_hash: str, secret: bytes) -> SuiSignatures | None:
    """Return both signatures of the message that binds the report (intent 1), None if it holds no score.

    Its time is that of the score, in bulk that of the newest one.
    """
    newest = max((score.timestamp_ms for score in _scores(report)), default=None)
    return None if newest is None else _signatures(sui.report_message(report_hash, newest), secret)


def check(report: Report, report_hash: str, bound: SuiSignatures | None, signer: str) -> None:
    """Return if every Sui signature in a result is there, fits its message, and is by the owner of address `signer`.

    The ed25519 key cannot be tied to an address: it must be the same throughout, and the signed report names it.
    Raises `VerifyError` result.signature.
    """
    messages: list[tuple[SuiSignatures | None, bytes]] = []
    for score in _scores(report):
        if score.signature is None or score.sui is None or score.signature != score.sui.secp256k1.signature:
            raise VerifyError("result.signature", "a score does not carry its signatures")
        messages.append((score.sui, sui.score_message(score.score, score.timestamp_ms, score.wallet_address)))
    if bool(messages) != (bound is not None):
        raise VerifyError("result.signature", "the Sui signatures of the report and its scores do not go together")
    if messages:
        newest = max(score.timestamp_ms for score in _scores(report))
        messages.append((bound, sui.report_message(report_hash, newest)))
    keys = {both.ed25519.public_key for both, _ in messages if both is not None}
    if len(keys) > 1 or not all(both is not None and _fits(both, message, signer) for both, message in messages):
        raise VerifyError("result.signature", "a Sui signature does not fit its message, or is by another key")


def _scores(report: Report) -> Iterator[ScoreAnswer]:
    answers = [report.answer, *(item.answer for item in (report.bulk.results if report.bulk else ()))]
    return (answer for answer in answers if isinstance(answer, ScoreAnswer))


def _signed(answer: ScoreAnswer, secret: bytes) -> ScoreAnswer:
    both = _signatures(sui.score_message(answer.score, answer.timestamp_ms, answer.wallet_address), secret)
    return answer.model_copy(update={"signature": both.secp256k1.signature, "sui": both})


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
