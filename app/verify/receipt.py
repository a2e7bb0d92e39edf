"""A receipt: the facts that a verification found, as an in-toto statement."""

from __future__ import annotations

from typing import Any

from app.result import score_signatures
from app.verify.on_chain import OnChain
from app.verify.verifier import Verified


def receipt(verified: Verified, on_chain: OnChain | None = None) -> dict[str, Any]:
    """Return an unsigned in-toto Statement (v1) with the facts about the file, in the form that supply-chain tools use.

    `on_chain` is the result of `app.verify.on_chain.check_task`, or None if the chain was not asked.
    """
    report = verified.result.report
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "result.json", "digest": {"sha256": verified.sha256}}],
        "predicateType": "urn:sealed-llm:result:1",
        "predicate": {
            "signer": verified.signer,
            "version": report.version,
            "keyOrigin": report.key_origin,
            "status": report.status,
            "message": verified.result.attestation.message.model_dump(),
            "model": report.model.model_dump(mode="json") if report.model else None,
            "scores": score_signatures.origins(report),
            "onChain": on_chain
            and {
                "chainId": on_chain.chain_id,
                "hub": on_chain.hub,
                "app": on_chain.app,
                "dealId": on_chain.deal_id,
                "taskId": on_chain.task_id,
                "resultDigest": on_chain.result_digest,
                "hasCallback": on_chain.has_callback,
            },
        },
    }
