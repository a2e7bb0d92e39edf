"""Vectors of results with scores: what `make_vectors` adds to its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import rfc8785

from app.crypto.signing import Domain, Key, digest
from app.result.envelope import message_for, seal
from app.result.report import Attestation, Draft, Report, Result
from app.result.score_signatures import sign_report, sign_scores

Vectors = Iterator[tuple[str, bytes, str | None, str]]

WORDS = "The wallet was active in 12 months."
SCORE: dict[str, Any] = {
    "score": 712, "wallet_address": "0x" + "ab" * 20, "address_form": "lower", "timestamp_ms": 1770494087000,
    "tier": "standard", "completion_tokens": 20, "fallback": None,
    "claims": [{"kind": "strength", "text": WORDS, "evidence": ["active_months"], "by": "model"}],
    "metadata": {
        "scoreBreakdown": {"activity": 50, "maturity": 60, "diversity": 70, "conduct": 80, "riskBehavior": 9, "surveyMatch": 5},
        "reasoning": "", "risk_factors": [], "strengths": [WORDS],
        "features": {"active_months": 12, "tokens": None},
    },
    "scorecard": {
        "version": "scorecard/1", "sha256": "9a" * 32, "base": -300, "kept": 0,
        "points": [{"feature": "active_months", "factor": "maturity", "points": 20, "most": 30}],
    },
    "data": {
        "origin": "enclave", "host": "rpc.example", "format": "rpc", "chain_id": 1, "chain_checked": True,
        "as_of_block": 24000000, "as_of_time": 1770494087, "records": 419, "left_out": 2, "truncated": False,
        "sha256": "bc" * 32, "labels_sha256": "de" * 32, "own_labels": None,
    },
}  # fmt: skip
GIVEN: dict[str, Any] = {"origin": "requester", "host": None, "chain_checked": False}
# facts that are signed of a score: its name, and another value of it
FACTS: dict[str, tuple[str, Any]] = {
    "origin": ("origin", "owner"), "host": ("host", "evil.example"), "port": ("host", "rpc.example:8443"),
    "chain": ("chain_id", 11155111), "chain_checked": ("chain_checked", False), "lists": ("own_labels", "requester"),
    "truncated": ("truncated", True),
}  # fmt: skip
WHY = {"code": "model.missing", "message": "the model is not there", "hint": "fetch it"}


def vectors(base: dict[str, Any], item: dict[str, Any], key: Key, other: Key) -> Vectors:
    """Yield (name, result.json, expected code, why) made of the report `base` and the bulk item `item` of an ask."""
    single = base | {"kind": "score", "answer": SCORE}
    count = SCORE | {"scorecard": None, "metadata": SCORE["metadata"] | {"scoreBreakdown": None}, "completion_tokens": 0}
    bare = single | {"mode": "count", "answer": count, "model": None, "parameters": None}
    scored = item | {"index": 2, "kind": "score", "answer": SCORE | {"score": 0, "timestamp_ms": 1}}
    many = {"totalCount": 2, "successCount": 2, "errorCount": 0, "results": [item, scored]}
    bulk = base | {"kind": None, "mode": None, "answer": None, "parameters": None, "bulk": many}
    for name, report in {
        "score": single,
        "score_fallback": single | {"mode": "fallback", "model": None, "answer": SCORE | {"fallback": WHY}},
        "score_count": bare,
        "score_bulk": bulk,
        "score_of_the_requester": single | {"answer": _of(GIVEN | {"sha256": None})},
        "score_of_the_owner": single | {"answer": _of(GIVEN | {"origin": "owner", "own_labels": "owner", "sha256": None})},
        "score_with_lists": single | {"answer": _of({"own_labels": "requester"})},
        "score_of_a_port": single | {"answer": _of({"host": "[2001:db8::1]:8545", "chain_checked": False, "truncated": True})},
        "score_of_a_long_host": single | {"answer": _of({"host": "a" * 200 + ".example", "chain_id": 2**53 - 1})},
        "score_as_given": single | {"answer": SCORE | {"wallet_address": "0x" + "aB" * 20, "address_form": "as_given"}},
    }.items():
        yield name, seal(_draft(report), key).data, None, f"a valid result: {name.replace('_', ' ')}"
    yield "score_bound_to_a_chain", seal(_draft(single), key, 421614).data, None, "a valid result: a score, bound to a chain"
    yield from _edited(json.loads(seal(_draft(single), key).data), json.loads(seal(_draft(base), key).data))
    yield from _resigned(_draft(single), key, other)


def _edited(plain: dict[str, Any], ask: dict[str, Any]) -> Vectors:
    """Yield results in which the Sui part of the attestation, which EIP-712 does not cover, was changed."""

    def edited(change: Callable[[dict[str, Any]], Any]) -> bytes:
        changed = copy.deepcopy(plain)
        change(changed["attestation"])
        return rfc8785.dumps(changed)

    own = plain["report"]["answer"]["sui"]
    for scheme in ("secp256k1", "ed25519"):
        for field in ("public_key", "signature", "sui_address"):
            value = plain["attestation"]["sui"][scheme][field]
            flipped = value[:-1] + ("0" if value[-1] != "0" else "1")
            changed = copy.deepcopy(plain)
            changed["attestation"]["sui"][scheme][field] = flipped
            yield (
                f"score_sui_{scheme}_{field}_fail",
                rfc8785.dumps(changed),
                "result.signature",
                f"the {field} of {scheme} was changed",
            )
    yield (
        "score_sui_missing_fail",
        edited(lambda top: top.pop("sui")),
        "result.signature",
        "the report's Sui signatures are gone",
    )
    yield "score_sui_null_fail", edited(lambda top: top.update(sui=None)), "result.not_canonical", "absent signatures as null"
    swapped = edited(lambda top: top.update(sui=own))
    yield "score_sui_of_the_score_fail", swapped, "result.signature", "the score's signatures in place of the report's"
    ask["attestation"]["sui"] = own
    yield "score_sui_without_a_score_fail", rfc8785.dumps(ask), "result.signature", "Sui signatures in a result without a score"


def _resigned(report: Draft, key: Key, other: Key) -> Vectors:
    """Yield results that the right key signed as a whole, but whose scores carry wrong Sui signatures."""
    good = sign_scores(report, key)
    answer = json.loads(good.answer.model_dump_json() if good.answer else "{}")
    others = json.loads(sign_scores(report, other).model_dump_json())["answer"]
    theirs = others["sui"]
    unbound = json.loads(sign_scores(report, key, Domain(chainId=1)).model_dump_json())["answer"]
    given = json.loads(
        sign_scores(_draft(json.loads(report.model_dump_json()) | {"answer": _of(GIVEN)}), key).model_dump_json()
    )["answer"]
    wrong = {
        "stale": (answer | {"score": 1000}, "the score was raised after its message was signed"),
        "other_key": (answer | {"sui": theirs, "signature": theirs["secp256k1"]["signature"]}, "another key signed the score"),
        "other_ed25519": (answer | {"sui": answer["sui"] | {"ed25519": theirs["ed25519"]}}, "two ed25519 keys in one result"),
        "given_with_the_earlier_message": (
            given | {"sui": answer["sui"], "signature": answer["signature"]},
            "a history that the requester gave, with the earlier message signed",
        ),
        "given_in_the_earlier_place": (
            given | {"sui": given["sui_origin"], "signature": given["sui_origin"]["secp256k1"]["signature"]},
            "intent 2 in the place of intent 0",
        ),
        "fetched_without_the_earlier_message": (
            answer | {"sui": None, "signature": None},
            "a fetched history without intent 0",
        ),
        "earlier_for_origin": (answer | {"sui_origin": answer["sui"]}, "intent 0 in the place of intent 3"),
        "origin_other_key": (answer | {"sui_origin": others["sui_origin"]}, "another key signed the origin"),
        "evm_other_key": (answer | {"evm": others["evm"]}, "another key made the score's EIP-712 signature"),
        "evm_other_domain": (
            answer | {"evm": unbound["evm"]},
            "the score's EIP-712 signature is bound to a chain, the result is not",
        ),
        "host_of_a_given": (given | {"data": given["data"] | {"host": "rpc.example"}}, "a given history with a host"),
        "chain_checked_of_a_given": (
            given | {"data": given["data"] | {"chain_checked": True}},
            "a given history whose chain was checked",
        ),
        "fetched_of_no_host": (answer | {"data": answer["data"] | {"host": None}}, "a fetched history without a host"),
        **{
            f"other_{name}": (
                answer | {"data": answer["data"] | {fact: value}},
                f"{fact} was changed after the score was signed",
            )
            for name, (fact, value) in FACTS.items()
        },
        "two_secp256k1": (answer | {"signature": theirs["secp256k1"]["signature"]}, "two secp256k1 signatures that differ"),
    }
    for name, (changed, why) in wrong.items():
        whole = Report.model_validate_json(json.dumps(json.loads(good.model_dump_json()) | {"answer": changed}))
        message = message_for(whole)
        attestation = Attestation(
            domain=Domain(),
            message=message,
            signature=key.sign(digest(message, Domain())),
            signer=key.address,
            sui=sign_report(whole, message.reportHash, key.secret),
        )
        plain = json.loads(Result(attestation=attestation, report=whole).model_dump_json())
        del plain["attestation"]["domain"]["chainId"]
        yield f"score_{name}_fail", rfc8785.dumps(plain), "result.signature", why
    gone = {
        "unsigned": (("sui", "signature", "sui_origin", "evm"), "the score carries no signatures"),
        "origin_unsigned": (("sui_origin",), "no signature names the origin"),
        "evm_unsigned": (("evm",), "no EIP-712 signature of the score"),
    }
    for name, (fields, why) in gone.items():
        plain = json.loads(seal(report, key).data)
        plain["report"]["answer"] |= dict.fromkeys(fields)
        yield f"score_{name}_fail", rfc8785.dumps(plain), "result.schema", why


def _of(data: dict[str, Any]) -> dict[str, Any]:
    """Return the score with other facts about its history."""
    return SCORE | {"data": SCORE["data"] | data}


def _draft(plain: dict[str, Any]) -> Draft:
    return Draft.model_validate_json(json.dumps(plain))
