"""Stands for iExec's marketplace API: keeps signed orders and shows them again. Who may publish is not checked:
an order carries its own signature, which the contracts check when it is matched."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.crypto.signing import keccak256
from tests.support.iexec.service import NOT_FOUND, Reply, Request, as_json

_KINDS = {"/apporders": "app", "/datasetorders": "dataset", "/workerpoolorders": "workerpool"}
_ENDLESS = 2**53 - 1  # the volume of a datasetorder that may be used in bulk (DATASET_INFINITE_VOLUME of the SDK)
_CHALLENGE = {
    "types": {"EIP712Domain": [{"name": "name", "type": "string"}], "Challenge": [{"name": "challenge", "type": "string"}]},
    "primaryType": "Challenge",
    "domain": {"name": "the test's marketplace"},
    "message": {"challenge": "unchecked"},
}


class Market:
    """Orders by kind, newest first; and the deals that the chain knows."""

    def __init__(self, deals: Callable[[str], list[dict[str, Any]]]) -> None:
        self.orders: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
        self._deals = deals

    def answer(self, request: Request) -> Reply:
        """Serve /challenge, the order books and /deals."""
        if request.path == "/challenge":
            return as_json({"ok": True, "data": _CHALLENGE})
        if request.path == "/deals":
            deals = self._deals(request.query["requestorderHash"])
            return as_json({"ok": True, "count": len(deals), "deals": deals})
        if request.path not in _KINDS:
            return NOT_FOUND
        if request.method == "POST":
            order = json.loads(request.body)["order"]
            self.orders[request.path].insert(0, order)
            return as_json({"ok": True, "published": {"orderHash": _hash(order)}})
        return as_json(self._page(request))

    def _page(self, request: Request) -> dict[str, Any]:
        name, query = _KINDS[request.path], request.query
        wanted = query.get(name, "any").lower()
        found = [one for one in self.orders[request.path] if wanted in ("any", one[name].lower())]
        if query.get("bulkOnly") == "true":
            found = [one for one in found if int(one["volume"]) >= _ENDLESS]
        if query.get("isRequesterStrict") == "true" and query.get("requester", "any") != "any":
            found = [one for one in found if one["requesterrestrict"].lower() == query["requester"].lower()]
        shown = [{"order": one, "orderHash": _hash(one), "remaining": int(one["volume"]), "status": "open"} for one in found]
        return {"ok": True, "count": len(shown), "orders": shown}


def _hash(order: dict[str, Any]) -> str:
    return "0x" + keccak256(json.dumps(order, sort_keys=True).encode()).hex()
