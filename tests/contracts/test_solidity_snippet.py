"""The Solidity snippet, compiled by the npm solc as it stands and called on anvil: what it accepts, refuses, and lets pass."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from app.crypto.signing import ORDER, ResultStruct
from app.formats.hex_words import ZERO_ADDRESS
from app.result.envelope import seal
from tests.support.contracts.chain import Chain, needs_chain
from tests.support.desk import ROOT
from tests.support.reports import KEY, REPORT

pytestmark = [pytest.mark.slow, needs_chain]
VECTORS = ROOT / "tests/vectors"
Verify = Callable[..., Any]

# `app.verify` refuses these for what the snippet does not read (another signer or domain name, further fields), or for
# another way to write the same signature.
PASSES = {
    *("edit_attestation_domain_name_fail", "edit_attestation_domain_version_fail", "edit_attestation_signer_fail"),
    *("extra_attestation_domain_fail", "extra_attestation_fail", "extra_attestation_message_fail", "extra_root_fail"),
    *("missing_attestation_domain_name_fail", "signature_high_s_fail", "signature_upper_case_fail"),
    *("signer_lower_case_in_file_fail", "two_signatures_fail"),
}


@pytest.fixture(scope="module")
def verify(chain: Chain) -> Verify:
    """Return a function that calls the snippet with the parts of a result.json, as a web page would take them out."""
    at = chain.deploy("VerifyResult")

    def call(plain: dict[str, Any], signer: str, **other: Any) -> Any:
        attestation = plain["attestation"]
        named = {
            "report": "0x" + rfc8785.dumps(plain["report"]).hex(),
            "words": [attestation["message"][word] for word in ResultStruct.model_fields],
            "chainId": attestation["domain"].get("chainId", 0),
            "signature": attestation["signature"],
            "trusted": signer,
        } | other
        request = {"contract": "VerifyResult", "to": at, "method": "verify", "args": list(named.values())}
        answer = chain.ask("call", **request, **{"from": chain.stranger})
        return answer["values"][0] if "values" in answer else answer

    return call


def parsed(folder: Path) -> tuple[dict[str, Any], str] | None:
    """Return a vector whose file can be taken apart at all, and the signer to trust."""
    about = json.loads((folder / "vector.json").read_text())
    if (about["error"] or "").startswith("json.") or folder.name.startswith("raw_"):
        return None
    plain = json.loads((folder / "result.json").read_bytes())
    whole = {"attestation", "report"} <= plain.keys() and {"message", "domain", "signature"} <= plain["attestation"].keys()
    return (plain, about["signer"]) if whole and "taskId" in plain["attestation"]["message"] else None


def test_each_vector_that_can_be_taken_apart(verify: Verify) -> None:
    verdicts = {folder.name: verify(*vector) for folder in (VECTORS / "verify").iterdir() if (vector := parsed(folder))}
    accepted = {name for name, verdict in verdicts.items() if verdict is True}
    assert all(verdict in (True, False) for verdict in verdicts.values())
    good = {name for name in verdicts if not name.endswith("_fail")}
    assert len(good) >= 30 and len(verdicts) - len(good) >= 60, (len(good), len(verdicts))
    sui = {name for name in verdicts if name.startswith("score_") and name.endswith("_fail")}  # no business of the snippet's
    sui = {name for name in sui if not name.endswith("unsigned_fail")}  # whose words are not those that were signed
    assert len(sui) >= 10 and accepted == good | PASSES | sui


def test_each_released_result(verify: Verify) -> None:
    paths = list((VECTORS / "golden").glob("*/result.json"))
    assert len(paths) >= 4
    for path in paths:
        assert verify(json.loads(path.read_bytes()), (path.parent / "signer").read_text().strip()) is True, path


@pytest.mark.parametrize("chain_id", [None, 421614], ids=["no chain", "chain"])
def test_anything_else_is_refused(verify: Verify, chain_id: int | None) -> None:
    plain = json.loads(seal(REPORT, KEY, chain_id).data)
    signature = plain["attestation"]["signature"]
    report = rfc8785.dumps(plain["report"])
    words = [plain["attestation"]["message"][name] for name in ResultStruct.model_fields]
    assert verify(plain, KEY.address) is True
    for other in (0, 1, 421614, 421615, 2**256 - 1):
        assert verify(plain, KEY.address, chainId=str(other)) is (other == (chain_id or 0))
    for at in range(5):
        wrong = [*words[:at], "0x" + "77" * 32, *words[at + 1 :]]
        assert verify(plain, KEY.address, words=wrong) is False
    for bad in ("0x", signature[:-2], signature + "00", "0x" + "00" * 65, signature[:-2] + "1d", signature[:-2] + "00"):
        assert verify(plain, KEY.address, signature=bad) is False
    s = int(signature[66:130], 16)
    for changed in (0, ORDER, s ^ 1):
        assert verify(plain, KEY.address, signature=f"{signature[:66]}{changed:064x}{signature[130:]}") is False
    for data in (b"", report[:-1], report + b"\n", report.replace(b"ask", b"asc")):
        assert verify(plain, KEY.address, report="0x" + data.hex()) is False
    assert verify(plain, "0x" + "11" * 20) is False
    # where recovery fails the precompile gives zero, which must not be anybody's address
    assert verify(plain, ZERO_ADDRESS, signature="0x" + "00" * 65) is False
    assert verify(plain, ZERO_ADDRESS) is False
