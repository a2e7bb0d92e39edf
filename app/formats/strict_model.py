"""The bases of the models: what is read is exactly what is described, and nothing changes it afterwards."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.base.limits import LIMITS

Count = Annotated[int, Field(ge=0, le=LIMITS.json_integer)]


class Strict(BaseModel):
    """Frozen, strict, and without unknown fields: what is read back is what was written."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Table(BaseModel):
    """The same for tables of our own in TOML, where a list stands for a tuple."""

    model_config = ConfigDict(frozen=True, extra="forbid")
