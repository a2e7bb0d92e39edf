"""Addresses, digests and signatures in hex: what they look like, in one place."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

ZERO_HASH = "0x" + "00" * 32
ZERO_ADDRESS = "0x" + "00" * 20

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
WORD = re.compile(r"0x[0-9a-fA-F]{64}")
"""32 bytes: a hash, a task id, a word of the ABI."""
LOWER_WORD = re.compile(r"0x[0-9a-f]{64}")
SHA256 = re.compile(r"[0-9a-f]{64}")

# the same as types of fields, as the JSON Schema has them
Sha256 = Annotated[str, Field(pattern=f"^{SHA256.pattern}$")]
Digest32 = Annotated[str, Field(pattern=f"^{LOWER_WORD.pattern}$")]
Address = Annotated[str, Field(pattern=f"^{ADDRESS.pattern}$")]
Signature65 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{130}$")]
