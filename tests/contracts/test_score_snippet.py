"""The Solidity snippet for scores, on anvil: a contract learns where a history came from, and takes no given one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from app.crypto.evm_score import STRUCT_TYPE
from app.crypto.score_statement import ORIGIN_CODES
from app.crypto.signing import ORDER, load_key
from app.formats.hex_words import ZERO_ADDRESS
from app.result.envelope import read_result, seal
from app.result.report import Draft
from app.result.score_signatures import statement
from dev.make_vectors import BASE, KEY
from dev.score_vectors import FACTS, GIVEN, SCORE
from tests.support.contracts.chain import Chain, needs_chain

pytestmark = pytest.mark.slow


OTHER = load_key("2e" * 32)
Ask = Callable[..., Any]
OWN_CHAIN, HOST = 1, "rpc.example"


def sealed(data: dict[str, Any], chain_id: int | None = None, **more: Any) -> bytes:
    """Return a result.json with a score whose history is as `data` says."""
    answer = SCORE | more | {"data": SCORE["data"] | data}
    report = Draft.model_validate_json(json.dumps(BASE | {"kind": "score", "answer": answer}))
    return seal(report, KEY, chain_id).data


def struct(result: bytes) -> dict[str, Any]:
    """Return the struct of the score, as a web page would make it of the report."""
    answer = json.loads(result)["report"]["answer"]
    data = answer["data"]
    return {
        "wallet": answer["wallet_address"],
        "score": answer["score"],
        "timestampMs": answer["timestamp_ms"],
        "chainId": data["chain_id"],
        "origin": ORIGIN_CODES[data["origin"]],
        "host": data["host"] or "",
        "chainChecked": data["chain_checked"],
        "ownLabels": ORIGIN_CODES[data["own_labels"]] if data["own_labels"] else 0,
        "truncated": data["truncated"],
    }


@pytest.fixture(scope="module")
def fetched(chain: Chain) -> Ask:
    """Ask the contract whether a result holds a fetched score of that chain and host."""
    at = chain.deploy("VerifyScore")

    def call(result: bytes, **other: Any) -> Any:
        plain = json.loads(result)
        named = {
            "s": struct(result),
            "chain": OWN_CHAIN,
            "host": HOST,
            "domainChain": plain["attestation"]["domain"].get("chainId", 0),
            "signature": plain["report"]["answer"]["evm"],
            "trusted": KEY.address,
        } | other
        request = {"contract": "VerifyScore", "to": at, "method": "fetched", "args": list(named.values())}
        answer = chain.ask("call", **request, **{"from": chain.stranger})
        return answer["values"][0] if "values" in answer else answer

    return call


@pytest.mark.parametrize("chain_id", [None, 421614])
def test_the_struct_is_eip_712_s(chain_id: int | None) -> None:
    """By eth-account, which encodes structs by itself."""
    for data in ({}, GIVEN, {"own_labels": "owner", "truncated": True}):
        result = sealed(data, chain_id)
        types = {"Score": [dict(zip(("type", "name"), one.split(), strict=True)) for one in STRUCT_TYPE[6:-1].split(",")]}
        domain = json.loads(result)["attestation"]["domain"]
        message = encode_typed_data(domain, types, struct(result))
        signature = json.loads(result)["report"]["answer"]["evm"]
        assert Account.recover_message(message, signature=signature) == KEY.address


@needs_chain
@pytest.mark.parametrize("chain_id", [None, 421614])
def test_a_fetched_score_is_taken(fetched: Ask, chain_id: int | None) -> None:
    result = sealed({}, chain_id)
    assert fetched(result) is True
    for other in ({"chain": 11155111}, {"host": "evil.example"}, {"host": ""}, {"trusted": OTHER.address}):
        assert fetched(result, **other) is False, other
    for domain in (0, 1, 421614):
        assert fetched(result, domainChain=domain) is (domain == (chain_id or 0))


@needs_chain
@pytest.mark.parametrize("origin", ["requester", "owner"])
def test_a_given_history_is_never_taken(fetched: Ask, origin: str) -> None:
    """Nor with the struct of the fetched one beside it, nor with any other signature that stands in the result."""
    result = sealed(GIVEN | {"origin": origin})
    assert fetched(result) is False
    said = struct(result)
    better = said | {"origin": 3, "host": HOST, "chainChecked": True}
    attestation = read_result(result).attestation
    assert attestation.sui is not None
    others = [attestation.signature, *("0x" + attestation.sui.secp256k1.signature + v for v in ("1b", "1c"))]
    answer = json.loads(result)["report"]["answer"]
    others += ["0x" + answer["sui_origin"]["secp256k1"]["signature"] + v for v in ("1b", "1c")]
    assert (answer["signature"], answer["sui"]) == (None, None)
    for signature in (answer["evm"], *others):
        for struct_ in (said, better):
            assert fetched(result, s=struct_, signature=signature) is False


@needs_chain
@pytest.mark.parametrize("fact", list(FACTS))
def test_each_fact_is_signed(fetched: Ask, fact: str) -> None:
    """Whoever changes one of the facts afterwards changes the digest; who signed it so is refused for what it says."""
    name, value = FACTS[fact]
    other = sealed(GIVEN | {"origin": "owner"} if fact == "origin" else {name: value})
    assert fetched(other) is False
    assert fetched(other, s=struct(sealed({}))) is False
    assert fetched(sealed({}), s=struct(other), chain=struct(other)["chainId"], host=struct(other)["host"]) is False


@needs_chain
def test_other_scores_wallets_and_times_are_refused(fetched: Ask) -> None:
    result = sealed({})
    said = struct(result)
    for other in ({"score": 713}, {"wallet": "0x" + "cd" * 20}, {"timestampMs": said["timestampMs"] + 1}):
        assert fetched(result, s=said | other) is False
    signature = json.loads(result)["report"]["answer"]["evm"]
    for bad in ("0x", signature[:-2], signature + "00", "0x" + "00" * 65, signature[:-2] + "1d"):
        assert fetched(result, signature=bad) is False
        assert fetched(result, signature=bad, trusted=ZERO_ADDRESS) is False
    twin = f"{signature[:66]}{ORDER - int(signature[66:130], 16):064x}{55 - int(signature[130:], 16):02x}"
    assert fetched(result, signature=twin) is True  # the high s is the same key's, and says the same


def test_the_statement_is_that_of_the_report() -> None:
    answer: Any = read_result(sealed({})).report.answer
    said = statement(answer)
    assert (said.origin, said.host, said.chain_id, said.is_fetched) == ("enclave", HOST, OWN_CHAIN, True)
