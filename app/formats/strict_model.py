"""The base classes of the models: a model accepts exactly the described fields, and cannot change afterwards."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.base.limits import LIMITS

Count = Annotated[int, Field(ge=0, le=LIMITS.json_integer)]


class Strict(BaseModel):
    """A frozen and strict model without unknown fields, so that reading gives back exactly what was written."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


class Table(BaseModel):
    """The same for our own tables in TOML, where a list stands for a tuple."""

    model_config = ConfigDict(frozen=True, extra="forbid")
