"""Score messages for Sui: the exact bytes of four BCS messages, their signatures by either scheme, and addresses.

This module takes bytes and plain values and returns bytes; it does not know files, reports, clocks or the environment.

    IntentMessage<T>      intent u8 | timestamp_ms u64 LE | T       only T differs
    ScoreUpdatePayload    score u64 | wallet_address String         intent 0: 60 bytes in all, 0x2a before the address
    ReportPayload         report_hash vector<u8>                    intent 1: 42 bytes in all, 0x20 before the hash
    GivenScorePayload     score u64 | wallet_address String | chain_id u64 | origin u8 (1 requester, 2 owner) |
                          own_labels u8 | truncated bool            intent 2: 71 bytes in all
    FetchedScorePayload   score u64 | wallet_address String | chain_id u64 | origin u8 (3) | host String |
                          chain_checked bool | own_labels u8 | truncated bool
                                                                    intent 3: 73 bytes and the host's, up to 127 of it

BCS writes fields in their order and without names, integers in little endian, a bool as one byte, and the length in bytes
of a String or vector before it as ULEB128. The first byte tells the intents apart, so no message has two meanings.

Intent 0 is byte for byte what the earlier oracle signed (imajus/reputa, score_oracle.move). It names NEITHER CHAIN NOR HOST
NOR ORIGIN, so it is signed only for a history that the enclave fetched. A contract that accepts it accepts any chain, and
any host that a requester named. Intents 2 and 3 are ours and name all of these. Intent 1 binds the whole report, and so
also the parts that are not on chain. own_labels: 0 the packaged lists alone, 1 lists of the requester, 2 of the data's owner.

A contract checks `ecdsa_k1::secp256k1_verify(&sig, &pk, &message, 1)`, ECDSA over the message's SHA-256 (Marlin's
Oyster, the earlier oracle), or `ed25519::ed25519_verify(&sig, &pk, &message)` over the message itself (Nautilus);
examples/snippets/verify_score.move is such a contract. No message can be a transaction: a wallet signs a hash, of 32 bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Literal

from app.base.errors import InputError, SigningError
from app.crypto.score_statement import HOST, ORIGIN_CODES, Statement
from app.crypto.signing import ORDER, checksum_address, keccak256
from app.formats.hex_words import ADDRESS, LOWER_WORD

SCORE_INTENT, REPORT_INTENT, GIVEN_INTENT, FETCHED_INTENT = 0, 1, 2, 3
MAX_SCORE, MAX_U64 = 1_000, 2**64 - 1
ED25519_FLAG: Literal[0] = 0  # signature schemes of Sui: SIGNATURE_SCHEME_TO_FLAG of @mysten/sui
SECP256K1_FLAG: Literal[1] = 1
_SEED_LABEL = b"sealed-llm/sui/ed25519/1"  # a promise like a format: another label gives another key
_HOST = re.compile(HOST)


def intent_message(intent: int, timestamp_ms: int, payload: bytes) -> bytes:
    """Return the BCS of `IntentMessage<T>`, where `payload` is the BCS of T.

    timestamp_ms is the time that the data is for, in milliseconds since 1970; the caller must make sure of that. Raises
    `InputError` option.invalid if it is not a u64, or if the intent is not a u8.
    """
    return _unsigned(intent, 255, "the intent", 1) + _unsigned(timestamp_ms, MAX_U64, "timestamp_ms", 8) + payload


def score_message(score: int, timestamp_ms: int, wallet: str) -> bytes:
    """Return the 60 bytes that say: at `timestamp_ms`, `wallet` had `score`.

    The wallet keeps its letter case, because a contract compares strings. Its checksum (EIP-55) is not checked here:
    app/request/field_types.py checks it when a wallet comes in. Raises `InputError` wallet.invalid, or option.invalid if the
    score is not from 0 to 1,000 or the time is not a u64.
    """
    payload = _unsigned(score, MAX_SCORE, "the score", 8) + _vector(_checked(wallet).encode())
    return intent_message(SCORE_INTENT, timestamp_ms, payload)


def origin_message(said: Statement) -> bytes:
    """Return the bytes of intent 2 for a given history, or intent 3 for a fetched one; they name chain, origin and host.

    Raises `InputError` as `score_message` does, and option.invalid if the chain is not a u64, if a fetched history has no valid
    host, or if a given one has a host.
    """
    payload = _unsigned(said.score, MAX_SCORE, "the score", 8) + _vector(_checked(said.wallet).encode())
    payload += _unsigned(said.chain_id, MAX_U64, "the chain", 8) + bytes([ORIGIN_CODES[said.origin]])
    if said.is_fetched:
        payload += _vector(_host(said.host)) + bytes([said.chain_checked])
    elif said.host is not None or said.chain_checked:
        raise InputError("option.invalid", "a host or a checked chain is set for a history that was not fetched")
    payload += bytes([said.labels_code, said.truncated])
    return intent_message(FETCHED_INTENT if said.is_fetched else GIVEN_INTENT, said.timestamp_ms, payload)


def report_message(report_hash: str, timestamp_ms: int) -> bytes:
    """Return the 42 bytes that bind the full report: `report_hash` is attestation.message.reportHash of the result.

    Raises `InputError` option.invalid if it is not 0x and 64 lower-case hex digits, or if the time is not a u64.
    """
    if not LOWER_WORD.fullmatch(report_hash):
        raise InputError("option.invalid", "the report hash is not 0x and 64 lower-case hex digits")
    return intent_message(REPORT_INTENT, timestamp_ms, _vector(bytes.fromhex(report_hash[2:])))


def sign_secp256k1(secret: bytes, message: bytes) -> tuple[bytes, bytes]:
    """Return the 64-byte r | s over the SHA-256 of `message`, and the 33-byte compressed public key.

    The signature follows RFC 6979 with low s, and is verified before it is returned. Any message is accepted. The bytes are the
    same with and without coincurve. Raises `SigningError` key.invalid if `secret` is not a secp256k1 private key.
    """
    digest = hashlib.sha256(message).digest()
    _check_secret(secret)
    try:
        from coincurve import PrivateKey
    except ImportError:
        from eth_keys.datatypes import PrivateKey as SlowKey

        slow = SlowKey(secret)
        signature, public = slow.sign_msg_hash_non_recoverable(digest).to_bytes(), slow.public_key.to_compressed_bytes()
    else:
        key = PrivateKey(secret)
        signature, public = key.sign_recoverable(digest, hasher=None)[:64], key.public_key.format()
    if not verify_secp256k1(signature, public, message):
        raise SigningError("internal", "a fresh signature did not verify")
    return signature, public


def verify_secp256k1(signature: bytes, public: bytes, message: bytes) -> bool:
    """Return whether `ecdsa_k1::secp256k1_verify(&signature, &public, &message, 1)` is true.

    It is false for any other form: 65 bytes, a high s, a key that is not compressed. Whose key it is, is not checked.
    """
    if len(signature) != 64 or int.from_bytes(signature[32:], "big") > ORDER // 2:
        return False
    digest = hashlib.sha256(message).digest()
    return any(_recovered(signature + parity, digest) == public for parity in (b"\0", b"\1"))


def ed25519_seed(secret: bytes) -> bytes:
    """Return the 32-byte ed25519 seed that belongs to the app secret: HMAC-SHA256(secret, label).

    The label separates the two keys: the seed reveals nothing of the secret, and a signature by one never counts for the other.
    Raises `SigningError` key.invalid if `secret` is not a secp256k1 private key.
    """
    _check_secret(secret)
    return hmac.digest(secret, _SEED_LABEL, "sha256")


def sign_ed25519(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """Return the 64-byte signature of `message` itself (RFC 8032, no prehash) and the 32-byte public key.

    The signature is verified before it is returned. Raises `SigningError` key.invalid if the seed is not 32 bytes.
    """
    from nacl.signing import SigningKey  # libsodium: 17 ms with its import

    if len(seed) != 32:
        raise SigningError("key.invalid", "the ed25519 seed is not 32 bytes")
    key = SigningKey(seed)
    signature, public = key.sign(message).signature, bytes(key.verify_key)
    if not verify_ed25519(signature, public, message):
        raise SigningError("internal", "a fresh signature did not verify")
    return signature, public


def verify_ed25519(signature: bytes, public: bytes, message: bytes) -> bool:
    """Return whether `ed25519::ed25519_verify(&signature, &public, &message)` is true; whose key it is, is not checked.

    libsodium is stricter than Sui: it refuses keys of small order and other encodings of a point, which no honest signer makes.
    """
    from nacl.exceptions import BadSignatureError
    from nacl.signing import VerifyKey

    if len(signature) != 64 or len(public) != 32:
        return False
    try:
        VerifyKey(public).verify(message, signature)
    except BadSignatureError:
        return False
    return True


def evm_address(public: bytes) -> str:
    """Return the checksummed EVM address of a 33-byte compressed secp256k1 public key that has verified a signature."""
    try:
        from coincurve import PublicKey
    except ImportError:
        from eth_keys.datatypes import PublicKey as SlowKey

        return str(SlowKey.from_compressed_bytes(public).to_checksum_address())
    return checksum_address(keccak256(PublicKey(public).format(compressed=False)[1:])[12:])


def sui_address(flag: int, public: bytes) -> str:
    """Return the Sui address of a public key: 0x and the hex of BLAKE2b-256(flag | public).

    Not checked: that the key is a point on the curve. Raises `SigningError` key.invalid if its length does not fit the scheme.
    """
    if len(public) != {ED25519_FLAG: 32, SECP256K1_FLAG: 33}.get(flag):
        raise SigningError("key.invalid", "the public key does not fit the signature scheme")
    return "0x" + hashlib.blake2b(bytes([flag]) + public, digest_size=32).hexdigest()


def _unsigned(value: int, most: int, name: str, size: int) -> bytes:
    if type(value) is not int or not 0 <= value <= most:  # neither True nor 1.0 is a valid score
        raise InputError("option.invalid", f"{name} is not a whole number from 0 to {most}")
    return value.to_bytes(size, "little")


def _vector(data: bytes) -> bytes:
    """Return a BCS vector<u8> or String: its length as ULEB128, then the bytes."""
    length, prefix = len(data), b""
    while length > 127:
        prefix, length = prefix + bytes([length % 128 + 128]), length // 128
    return prefix + bytes([length]) + data


def _host(host: str | None) -> bytes:
    if host is None or not _HOST.fullmatch(host):
        raise InputError("option.invalid", "the host must be a host name in lower case, with or without a port")
    return host.encode()


def _checked(wallet: str) -> str:
    if not ADDRESS.fullmatch(wallet):
        raise InputError("wallet.invalid", "the wallet is not 0x and 40 hex digits")
    return wallet


def _check_secret(secret: bytes) -> None:
    if len(secret) != 32 or not 0 < int.from_bytes(secret, "big") < ORDER:
        raise SigningError("key.invalid", "the secret is not a secp256k1 private key")


def _recovered(recoverable: bytes, digest: bytes) -> bytes | None:
    """Return the compressed public key that made r | s | parity over `digest`, None if there is none."""
    try:
        from coincurve import PublicKey
    except ImportError:
        from eth_keys.datatypes import Signature
        from eth_keys.exceptions import BadSignature

        try:
            return bytes(Signature(recoverable).recover_public_key_from_msg_hash(digest).to_compressed_bytes())
        except BadSignature:
            return None
    try:
        return bytes(PublicKey.from_signature_and_message(recoverable, digest, hasher=None).format())
    except ValueError:
        return None
