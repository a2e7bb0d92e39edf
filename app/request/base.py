"""The base class of all requests."""

from __future__ import annotations

from typing import Any

from app.crypto.signing import keccak256
from app.formats import strict_json
from app.formats.strict_model import Strict


class BaseRequest(Strict):
    """A frozen and strict model: a request cannot change once it is parsed."""

    @property
    def needs_model(self) -> bool:
        """Return whether answering takes the model."""
        return True

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON values, which are what the commitment covers."""
        return self.model_dump(mode="json")

    def commitment(self, salt: bytes) -> str:
        """Return keccak256(salt | canonical JSON of this request), 0x hex: opens with the salt only."""
        return "0x" + keccak256(salt + strict_json.dumps(self.plain())).hex()
