"""Print what the contracts take of a result with a score: `python examples/score/arguments.py result.json`, as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ORIGINS = {None: 0, "requester": 1, "owner": 2, "enclave": 3}

result = json.loads(Path(sys.argv[1]).read_text())
answer, domain = result["report"]["answer"], result["attestation"]["domain"]
data = answer["data"]
score = {
    "wallet": answer["wallet_address"],
    "score": answer["score"],
    "timestampMs": answer["timestamp_ms"],
    "chainId": data["chain_id"],
    "origin": ORIGINS[data["origin"]],
    "host": data["host"] or "",
    "chainChecked": data["chain_checked"],
    "ownLabels": ORIGINS[data["own_labels"]],
    "truncated": data["truncated"],
}
solidity = {"score": score, "domainChain": domain.get("chainId", 0), "signature": answer["evm"]}
move = {"sig": answer["sui_origin"]["secp256k1"]["signature"], "pk": answer["sui_origin"]["secp256k1"]["public_key"]}
sys.stdout.write(json.dumps({"solidity": solidity, "move": move}, indent=1) + "\n")
