"""What every request has in common."""

from __future__ import annotations

from typing import Any

from app.crypto.signing import keccak256
from app.formats import strict_json
from app.formats.strict_model import Strict


class BaseRequest(Strict):
    """Frozen and strict: from here on nothing about the request can change."""

    @property
    def needs_model(self) -> bool:
        """Return whether the model has a part in the answer."""
        return True

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON values: what the commitment covers."""
        return self.model_dump(mode="json")

    def commitment(self, salt: bytes) -> str:
        """Return keccak256(salt | canonical JSON of this request), 0x hex: opens with the salt only."""
        return "0x" + keccak256(salt + strict_json.dumps(self.plain())).hex()
