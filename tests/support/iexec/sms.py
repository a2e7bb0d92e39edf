"""Stands for iExec's secret management service: takes secrets only from whom they belong to, hands them to the worker.

Endpoints and challenges are those of the SDK's src/common/sms/{push,check}.js. A real SMS gives secrets to attested
enclaves only; this one gives them to the test's worker, which holds the same object.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from eth_account import Account
from eth_account.messages import encode_defunct

from app.crypto.signing import keccak256
from tests.support.iexec.service import DONE, NOT_FOUND, REFUSED, TAKEN, Reply, Request

_DOMAIN = keccak256(b"IEXEC_SMS_DOMAIN")
_NAMES = {"dataset": (), "app": ("1",), "requester": ("",), "web2": ("",)}  # in the challenge; "" is the secret's name


class Sms:
    """Secrets by kind, address in lower case, and name."""

    def __init__(self, owner: Callable[[str], str]) -> None:
        self.secrets: dict[tuple[str, str, str], str] = {}
        self._owner = owner

    def get(self, kind: str, address: str, name: str = "") -> str | None:
        """Return a secret: kind is dataset, app, requester or web2."""
        return self.secrets.get((kind, address.lower(), name))

    def answer(self, request: Request) -> Reply:
        """Serve HEAD (is it there?), POST (new), and PUT (another value; web2 only)."""
        kind, address, name = _route(request)
        known = (kind, address.lower(), name) in self.secrets
        if request.method == "HEAD":
            return DONE if known else NOT_FOUND
        if kind not in _NAMES:
            return NOT_FOUND
        holder = self._owner(address) if kind in ("dataset", "app") else address.lower()
        words = [*(part or name for part in _NAMES[kind]), request.body.decode()]
        if _signer(address, words, request.headers.get("authorization", "")) != holder:
            return REFUSED
        if known and (kind, request.method) != ("web2", "PUT"):
            return TAKEN
        self.secrets[kind, address.lower(), name] = request.body.decode()
        return DONE


def _route(request: Request) -> tuple[str, str, str]:
    if request.path == "/secrets/web3":
        return "dataset", request.query["secretAddress"], ""
    if request.path == "/secrets/web2":
        return "web2", request.query["ownerAddress"], request.query["secretName"]
    if found := re.fullmatch("/apps/(0x[0-9a-fA-F]{40})/secrets", request.path):
        return "app", found[1], ""
    if found := re.fullmatch("/requesters/(0x[0-9a-fA-F]{40})/secrets/(.+)", request.path):
        return "requester", found[1], found[2]
    return "", "", ""


def _signer(address: str, texts: Sequence[str], signature: str) -> str:
    """Return who signed the challenge for these words, in lower case."""
    hashed = b"".join(keccak256(text.encode()) for text in texts)
    challenge = keccak256(_DOMAIN + bytes.fromhex(address[2:]) + hashed)
    return str(Account.recover_message(encode_defunct(challenge), signature=signature)).lower()
