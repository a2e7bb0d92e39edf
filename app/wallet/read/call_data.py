"""Read the call data of a transaction: which function it calls, and whom it lets spend the wallet's tokens.

Signatures: ERC-20 and ERC-721 `approve(address,uint256)`, ERC-721 and ERC-1155 `setApprovalForAll(address,bool)`, and
OpenZeppelin's `increaseAllowance(address,uint256)`. The arguments are two words of the Solidity ABI.
"""

from __future__ import annotations

import re
from typing import Any

from app.formats.hex_words import ZERO_ADDRESS
from app.wallet.read.fields import invalid

_APPROVALS = frozenset({"0x095ea7b3", "0xa22cb465", "0x39509351"})
_SELECTOR = re.compile("0x[0-9a-fA-F]{8}")
_HEX = re.compile("0x([0-9a-fA-F]{2})*+")


def selector(data: Any, method_id: Any = None) -> str | None:
    """Return the first four bytes of the call data, 0x hex in lower case; None if there are fewer.

    `data` None, "" or "deprecated" (which Etherscan gives for tokens) means that the source does not tell. Then `method_id`
    counts if it is valid. Raises `HistoryError` history.invalid if `data` is not hex.
    """
    if data is None or data in ("", "deprecated"):
        return method_id.lower() if isinstance(method_id, str) and _SELECTOR.fullmatch(method_id) else None
    text = _checked(data)
    return text[:10] if len(text) >= 10 else None


def is_told(data: Any, method_id: Any = None) -> bool:
    """Return whether a source tells the call data of a transaction, or at least its first four bytes."""
    return data not in (None, "", "deprecated") or (isinstance(method_id, str) and bool(_SELECTOR.fullmatch(method_id)))


def spender(data: Any) -> str | None:
    """Return the address that may spend tokens after this call.

    None if the call approves nothing or nobody, or if the source does not tell.
    """
    if data is None or data in ("", "deprecated"):
        return None
    text = _checked(data)
    if text[:10] not in _APPROVALS or len(text) < 10 + 128 or int(text[10:34], 16) or not int(text[74:138], 16):
        return None
    approved = "0x" + text[34:74]
    return approved if approved != ZERO_ADDRESS else None


def _checked(data: Any) -> str:
    if not isinstance(data, str) or not _HEX.fullmatch(data):
        invalid("the call data of a transaction is not hex")
    return data[: 2 + 2 * 68].lower()  # no approval is longer
