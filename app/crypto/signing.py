"""Keys and EIP-712 digests, above all that of one static struct of hashes: sign them, and recover the signer.

This module does not know files, reports or the environment. The signed struct, here and in docs/reference/result.md:

    domain  EIP712Domain(string name,string version[,uint256 chainId])   "sealed-llm", "1"
    struct  Result(bytes32 taskId,bytes32 requestHash,bytes32 modelHash,
                   bytes32 parametersHash,bytes32 reportHash)

A second struct, of a score, is in app/crypto/evm_score.py.

Signatures are RFC 6979 deterministic, low-s (EIP-2), 65 bytes r | s | v with v 27 or 28.
coincurve (libsecp256k1) makes them in 20 ms including its import. Without it eth-account makes the
same bytes 500 ms slower (tests/unit/test_signing.py compares the two).
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from app.base.errors import SigningError
from app.formats.hex_fields import Digest32
from app.formats.strict_model import Strict

STRUCT_TYPE = "Result(bytes32 taskId,bytes32 requestHash,bytes32 modelHash,bytes32 parametersHash,bytes32 reportHash)"
ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141  # secp256k1, SEC 2


class ResultStruct(Strict):
    """The signed struct: five 32-byte words, lower-case hex."""

    taskId: Digest32  # noqa: N815  the names are part of the signed type
    requestHash: Digest32  # noqa: N815
    modelHash: Digest32  # noqa: N815
    parametersHash: Digest32  # noqa: N815
    reportHash: Digest32  # noqa: N815


class Domain(Strict):
    """The EIP-712 domain; `chainId` is set only if the caller named one."""

    name: Literal["sealed-llm"] = "sealed-llm"
    version: Literal["1"] = "1"
    chainId: Annotated[int, Field(gt=0, lt=2**53)] | None = None  # noqa: N815


def keccak256(data: bytes) -> bytes:
    """Return the 32-byte Keccak-256 digest (Ethereum's, not NIST SHA3-256)."""
    import sha3

    digest: bytes = sha3.keccak_256(data).digest()
    return digest


def digest(message: ResultStruct, domain: Domain) -> bytes:
    """Return the 32 bytes of a result that are signed."""
    words = (message.taskId, message.requestHash, message.modelHash, message.parametersHash, message.reportHash)
    return typed_digest(STRUCT_TYPE, [bytes.fromhex(word[2:]) for word in words], domain)


def typed_digest(struct_type: str, words: list[bytes], domain: Domain) -> bytes:
    """Return EIP-712's encode(domainSeparator, message) for a struct whose members are `words` of 32 bytes each."""
    fields = "string name,string version" + ("" if domain.chainId is None else ",uint256 chainId")
    separator = keccak256(f"EIP712Domain({fields})".encode()) + keccak256(domain.name.encode())
    separator += keccak256(domain.version.encode())
    if domain.chainId is not None:
        separator += domain.chainId.to_bytes(32, "big")
    struct = keccak256(struct_type.encode()) + b"".join(words)
    return keccak256(b"\x19\x01" + keccak256(separator) + keccak256(struct))


@dataclass(frozen=True, slots=True)
class Key:
    """A private key, its address, and where it came from. Its repr does not show the secret."""

    address: str
    origin: Literal["app-secret", "ephemeral"]
    secret: bytes

    def __repr__(self) -> str:
        """Return the public half only."""
        return f"Key(address={self.address!r}, origin={self.origin!r})"

    def blinding(self, task_id: str | None) -> str:
        """Return 32 bytes for a task's report as 0x hex: the same each time, and unknown without the key or the result."""
        return "0x" + hmac.digest(self.secret, b"sealed-llm report blinding " + (task_id or "").encode(), "sha256").hex()

    def sign(self, digest32: bytes) -> str:
        """Return the 65-byte signature of `digest32` as 0x hex, after recovering its signer and comparing it."""
        signature = "0x" + _sign(self.secret, digest32).hex()
        if recover(digest32, signature) != self.address:
            raise SigningError("internal", "a fresh signature did not recover to its own address")
        return signature


def load_key(app_secret: str) -> Key:
    """Return the key in the app developer secret: 64 hex digits, with 0x and outer white space allowed.

    Raises `SigningError` key.invalid for anything else, also for zero and for values beyond the group order.
    """
    text = app_secret.strip().removeprefix("0x")
    try:
        secret = bytes.fromhex(text) if len(text) == 64 and text.isascii() else b""
    except ValueError:
        secret = b""
    if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < ORDER:
        raise SigningError("key.invalid", "the app developer secret is not a secp256k1 private key")
    return Key(_address_of(secret), "app-secret", secret)


def new_key() -> Key:
    """Return a fresh key that nobody can trust in advance; a report signed with it says so."""
    secret = (1 + secrets.randbelow(ORDER - 1)).to_bytes(32, "big")
    return Key(_address_of(secret), "ephemeral", secret)


def recover(digest32: bytes, signature: str) -> str:
    """Return the checksummed address that made `signature` over `digest32`.

    Raises `SigningError` result.signature unless it is r | s | v with 0 < r < n, 0 < s <= n/2 and v 27 or 28.
    """
    refusal = SigningError("result.signature", "the signature is not a canonical 65-byte r | s | v")
    raw = bytes.fromhex(signature[2:])
    if len(raw) != 65 or raw[64] not in (27, 28):
        raise refusal
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big")
    if not 0 < r < ORDER or not 0 < s <= ORDER // 2:
        raise refusal
    try:
        return checksum_address(_address_bytes(_recover_public(digest32, raw)))
    except Exception as err:  # the two backends have no common base class for "no such point"
        raise refusal from err


def checksum_address(address: bytes) -> str:
    """Return 20 bytes as a mixed-case checksummed address (EIP-55)."""
    text = address.hex()
    marks = keccak256(text.encode()).hex()
    return "0x" + "".join(c.upper() if int(m, 16) > 7 else c for c, m in zip(text, marks, strict=False))


def _address_bytes(public: bytes) -> bytes:
    """Return the 20 address bytes of a 64-byte x | y public key."""
    return keccak256(public)[12:]


def _address_of(secret: bytes) -> str:
    try:
        from coincurve import PrivateKey
    except ImportError:
        from eth_account import Account

        return str(Account.from_key(secret).address)
    return checksum_address(_address_bytes(PrivateKey(secret).public_key.format(compressed=False)[1:]))


def _sign(secret: bytes, digest32: bytes) -> bytes:
    try:
        from coincurve import PrivateKey
    except ImportError:
        from eth_account import Account

        return bytes(Account.unsafe_sign_hash(digest32, secret).signature)
    raw = PrivateKey(secret).sign_recoverable(digest32, hasher=None)
    return raw[:64] + bytes([27 + raw[64]])


def _recover_public(digest32: bytes, raw: bytes) -> bytes:
    """Return the 64-byte public key x | y that made the signature."""
    try:
        from coincurve import PublicKey
    except ImportError:
        from eth_keys.datatypes import Signature

        signature = Signature(raw[:64] + bytes([raw[64] - 27]))
        return signature.recover_public_key_from_msg_hash(digest32).to_bytes()
    compact = raw[:64] + bytes([raw[64] - 27])
    return PublicKey.from_signature_and_message(compact, digest32, hasher=None).format(compressed=False)[1:]
