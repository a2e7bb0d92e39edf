"""A past as the aggregator of an earlier scorer tells it (`POST /aggregate` of imajus/reputa): counts, and much beside them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from tests.support.histories.past import Past, Tx, when


def aggregator(past: Past, ether: float = 0.25) -> dict[str, Any]:
    """Return its document: only the wallet, the balance and `wallet_metadata` are for a reader, the rest must be left alone."""
    return {
        "wallet": past.wallet,
        "nfts": {
            "poaps": [],
            "legit_nfts": [_collectible(past, at) for at in range(3)],
            "ens_domains": [],
            "counts": {"total": 3, "poaps": 0, "legit": 3, "spam": 0, "ens": 0},
        },
        "tokens": {
            "holdings": [_holding(past, at) for at in range(3)],
            "concentration": {"herfindahl_index": 0.5, "top_1_concentration": 1.0, "num_tokens": 3, "total_value_usd": 9.9e-05},
        },
        "eth_balance": ether,
        "defi_analysis": {
            "protocol_interactions": {"aave": False, "uniswap": False, "total_protocols": 0, "protocol_details": []},
            # the zero address, which it takes for a mixer
            "mixer_check": {"has_mixer_interaction": True, "mixer_tx_count": 54, "unique_mixers": ["0x" + "0" * 40]},
            "stablecoins": {"total_stablecoin_usd": 0.0, "has_stablecoins": False, "stablecoin_breakdown": []},
        },
        "wallet_metadata": _metadata(past),
        # an error for a list, which it swallows
        "lending_history": {"error": "'str' object has no attribute 'get'", "protocol_analysis": {"protocols": {}}},
    }


def others(past: Past) -> Iterator[str]:
    """Yield the other end of each transaction, where there is one."""
    for tx in past.txs:
        end = _other(past, tx)
        if end is not None:
            yield end


def _other(past: Past, tx: Tx) -> str | None:
    return tx.recipient if tx.sender == past.wallet else tx.sender


def _metadata(past: Past) -> dict[str, Any]:
    times = [when(tx.block) for tx in past.txs]
    sent = sum(tx.sender == past.wallet for tx in past.txs)
    days = (max(times) - min(times)) // 86_400 if times else 0
    return {
        "first_transaction_date": _iso(min(times, default=None)),
        "last_transaction_date": _iso(max(times, default=None)),
        "wallet_age_days": days,
        "total_transactions": len(past.txs),
        "incoming_transactions": len(past.txs) - sent,
        "outgoing_transactions": sent,
        "unique_counterparties": len(set(others(past))),
        "average_txs_per_month": 30.0 * len(past.txs) / max(30, days),
    }


def _iso(time: int | None) -> str | None:
    return None if time is None else datetime.fromtimestamp(time, UTC).isoformat()


def _collectible(past: Past, at: int) -> dict[str, Any]:
    return {
        "contract": {"address": "0x" + "4e" * 20, "name": past.text(at), "symbol": past.text(at + 1), "tokenType": "ERC1155"},
        "tokenId": str(2**200 + at),
        "name": past.text(at),
        "description": past.text(at + 2),
        "raw": {"metadata": {"attributes": [{"trait_type": past.text(at), "value": past.text(at + 1)}]}, "error": None},
        "isSpam": True,
        "balance": "1",
    }


def _holding(past: Past, at: int) -> dict[str, Any]:
    return {
        "contract_address": "0x" + "7a" * 20,
        "tokenBalance": f"0x{10**20 + at:064x}",
        "symbol": past.text(at),
        "name": past.text(at + 1),
        "decimals": 18,
        "balance_human": 100.00000000000001,
        "balance_raw": 10**20 + at,
        "value_usd": 0.0,
        "volatility_30d": None,
    }
