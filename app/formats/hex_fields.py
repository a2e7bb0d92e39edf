"""The patterns of `hex_words` as types of fields, as the JSON Schema shows them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.formats.hex_words import ADDRESS, LOWER_WORD, SHA256

Sha256 = Annotated[str, Field(pattern=f"^{SHA256.pattern}$")]
Digest32 = Annotated[str, Field(pattern=f"^{LOWER_WORD.pattern}$")]
Address = Annotated[str, Field(pattern=f"^{ADDRESS.pattern}$")]
Signature65 = Annotated[str, Field(pattern=r"^0x[0-9a-f]{130}$")]
