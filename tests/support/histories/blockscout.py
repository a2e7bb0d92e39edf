"""A past as Blockscout's REST API v2 tells it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.crypto.signing import checksum_address
from tests.support.histories.past import BYZANTIUM, Log, Past, Tx, block_hash, when


def blockscout(past: Past, page: int = 50) -> list[Any]:
    """Return pages of REST v2, transactions and token transfers, newest first."""
    txs = [_blockscout_tx(past, tx, at) for at, tx in enumerate(past.txs)][::-1]
    logs = [_blockscout_token(past, log, at) for at, log in enumerate(past.logs)][::-1]
    return [
        {
            "items": kind[at : at + page],
            "next_page_params": {"index": 1, "items_count": page} if at + page < len(kind) else None,
        }
        for kind in (txs, logs)
        for at in range(0, max(len(kind), 1), page)
    ]


def _blockscout_address(past: Past, address: str, at: int) -> dict[str, Any]:
    return {
        "hash": checksum_address(bytes.fromhex(address[2:])),
        "is_contract": False,
        "name": past.text(at),
        "ens_domain_name": past.text(at + 1),
        "is_scam": True,
        "reputation": "ok",
        "metadata": {"tags": [{"name": past.text(at + 2)}]},
    }


def _iso(block: int) -> str:
    return datetime.fromtimestamp(when(block), UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def _blockscout_tx(past: Past, tx: Tx, at: int) -> dict[str, Any]:
    status = ("ok" if tx.succeeded else "error") if tx.block >= BYZANTIUM else None
    return {
        "hash": tx.hash,
        "result": {"ok": "success", "error": past.text(at), None: "success"}[status],
        "status": status,
        "block_number": tx.block,
        "timestamp": _iso(tx.block),
        "from": _blockscout_address(past, tx.sender, at),
        "to": _blockscout_address(past, tx.recipient, at) if tx.recipient else None,
        "created_contract": _blockscout_address(past, tx.created, at) if tx.created and status != "error" else None,
        "confirmations": 12,
        "value": str(tx.value),
        "fee": {"type": "actual", "value": str(tx.gas_used * tx.gas_price)},
        "gas_price": str(tx.gas_price),
        "type": 2,
        "gas_used": str(tx.gas_used),
        "gas_limit": str(tx.gas_used + 1_000),
        "nonce": tx.nonce,
        "position": tx.index,
        "revert_reason": None if tx.succeeded else {"raw": past.text(at)},
        "raw_input": tx.data,
        "decoded_input": {"method_call": past.text(at)},
        "method": past.text(at),
        "transaction_types": ["coin_transfer"],
        "token_transfers": None,
        "exchange_rate": "2000.5",
    }


def _blockscout_token(past: Past, log: Log, at: int) -> dict[str, Any]:
    kind = "ERC-721" if log.unique else "ERC-20"
    return {
        "transaction_hash": log.tx,
        "from": _blockscout_address(past, log.sender, at),
        "to": _blockscout_address(past, log.recipient, at),
        "total": {"token_id": str(log.amount)} if log.unique else {"value": str(log.amount), "decimals": "18"},
        "token": {
            "address_hash": checksum_address(bytes.fromhex(log.token[2:])),
            "name": past.text(at),
            "symbol": past.text(at + 1),
            "decimals": None if log.unique else "18",
            "type": kind,
        },
        "type": "token_transfer",
        "timestamp": _iso(log.block),
        "method": past.text(at),
        "block_hash": block_hash(log.block),
        "block_number": log.block,
        "log_index": log.index,
        "token_type": kind,
    }
