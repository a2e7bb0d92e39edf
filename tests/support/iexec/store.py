"""Stands for an IPFS node and its gateway: what kubo's `add` and a gateway's `/ipfs/CID` are to iExec's clients.

Content is named by the SHA-256 of its bytes, in the spelling of a CIDv0; real IPFS hashes a tree of blocks.
"""

from __future__ import annotations

import hashlib
import json
from email.message import Message

from tests.support.iexec.service import NOT_FOUND, Reply, Request

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MULTIHASH = b"\x12\x20"  # sha2-256, 32 bytes (multiformats table)
_P2P = b"\xa5\x03\x22"  # multiaddr: protocol 421 as a varint, 34 bytes


class Store:
    """Bytes by their name."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, data: bytes) -> str:
        """Keep `data` and return its name."""
        name = _base58(_MULTIHASH + hashlib.sha256(data).digest())
        self.files[name] = data
        return name

    def at(self, multiaddr: bytes) -> bytes | None:
        """Return what is at a dataset's multiaddr as it is on chain: packed, or an URL or a path as text."""
        if multiaddr.startswith(_P2P):
            return self.files.get(_base58(multiaddr[len(_P2P) :]))
        return self.files.get(multiaddr.decode().rpartition("/")[2])

    def answer(self, request: Request) -> Reply:
        """Serve an IPFS node (`/api/v0/add`) and its gateway (`/ipfs/…`)."""
        if request.path == "/api/v0/add":
            data = _part(request)
            name = self.add(data)
            line = json.dumps({"Name": name, "Hash": name, "Size": str(len(data))}) + "\n"
            return Reply(200, line.encode(), "application/json")
        found = self.files.get(request.path.rpartition("/")[2])
        return NOT_FOUND if found is None else Reply(200, found)


def _part(request: Request) -> bytes:
    """Return the one file of a multipart form."""
    head = Message()
    head["Content-Type"] = request.headers["content-type"]
    part = request.body.split(b"--" + str(head.get_boundary()).encode())[1]
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def _base58(data: bytes) -> str:
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = _ALPHABET[digit] + text
    return text
