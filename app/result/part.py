"""What every part of a report has in common."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.base.limits import LIMITS

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Count = Annotated[int, Field(ge=0, le=LIMITS.json_integer)]


class Part(BaseModel):
    """Frozen, strict, and without unknown fields: what is read back is what was written."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)
