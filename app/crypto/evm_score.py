"""Sign a score for contracts on an EVM chain: a second EIP-712 struct beside that of the result, in the same domain.

    Score(address wallet,uint256 score,uint256 timestampMs,uint256 chainId,uint8 origin,string host,bool chainChecked,
          uint8 ownLabels,bool truncated)

The signed result holds only hashes, from which a contract could not read where a history came from. The codes are those
of `score_statement`. The signed bytes include the name of the type, so this signature never passes for that of a result,
nor the reverse.
"""

from __future__ import annotations

from app.crypto.score_statement import ORIGIN_CODES, Statement
from app.crypto.signing import Domain, keccak256, typed_digest

STRUCT_TYPE = (
    "Score(address wallet,uint256 score,uint256 timestampMs,uint256 chainId,uint8 origin,string host,bool chainChecked,"
    "uint8 ownLabels,bool truncated)"
)


def score_digest(said: Statement, domain: Domain) -> bytes:
    """Return the 32 bytes of a score that are signed. Not checked: whether a result holds such a score."""
    numbers = (said.score, said.timestamp_ms, said.chain_id, ORIGIN_CODES[said.origin])
    flags = (int(said.chain_checked), said.labels_code, int(said.truncated))
    words = [
        bytes(12) + bytes.fromhex(said.wallet[2:]),
        *(number.to_bytes(32, "big") for number in numbers),
        keccak256((said.host or "").encode()),
        *(number.to_bytes(32, "big") for number in flags),
    ]
    return typed_digest(STRUCT_TYPE, words, domain)
