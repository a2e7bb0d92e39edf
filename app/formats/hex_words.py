"""The patterns of addresses, digests and signatures in hex, all in one place."""

from __future__ import annotations

import re

ZERO_HASH = "0x" + "00" * 32
ZERO_ADDRESS = "0x" + "00" * 20

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
WORD = re.compile(r"0x[0-9a-fA-F]{64}")
"""32 bytes: a hash, a task id, or a word of the ABI."""
LOWER_WORD = re.compile(r"0x[0-9a-f]{64}")
SHA256 = re.compile(r"[0-9a-f]{64}")
