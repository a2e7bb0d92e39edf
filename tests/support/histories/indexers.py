"""A past as indexers tell it: Covalent, Moralis, Dune, Bitquery."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any

from app.wallet.read.rpc import TRANSFER
from tests.support.histories.past import BYZANTIUM, Log, Past, Tx, when, word

STRANGER, ROUTER = "0x" + "5a" * 20, "0x" + "6b" * 20
_EXACT = Context(prec=300)


def _iso(block: int, text: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    return datetime.fromtimestamp(when(block), UTC).strftime(text)


def coins(wei: int) -> str:
    """Return an amount of wei in whole coins, exactly."""
    return format(_EXACT.divide(Decimal(wei), Decimal(10**18)), "f")


def _by_tx(past: Past) -> list[tuple[Tx | None, str, int, list[Log]]]:
    """Return every transaction with its logs, those of others that moved the wallet's tokens included, newest first."""
    logs: dict[tuple[str, int], list[Log]] = defaultdict(list)
    for log in past.logs:
        logs[log.tx, log.block].append(log)
    known: dict[tuple[str, int], Tx | None] = dict.fromkeys(logs)
    known |= {(tx.hash, tx.block): tx for tx in past.txs}
    return [(tx, *place, logs[place]) for place, tx in sorted(known.items(), key=lambda item: item[0][1], reverse=True)]


def _ends(tx: Tx | None) -> tuple[str, str | None]:
    return (tx.sender, tx.recipient) if tx else (STRANGER, ROUTER)


def covalent(past: Past, page: int = 100) -> list[Any]:
    """Return pages of transactions_v3, which list transactions of others that moved the wallet's tokens too."""
    items = [_covalent_item(*one) for one in _by_tx(past)]
    pages = [items[at : at + page] for at in range(0, max(len(items), 1), page)]
    return [
        {
            "data": {
                "address": past.wallet,
                "updated_at": "2026-01-01T00:00:00Z",
                "quote_currency": "USD",
                "chain_id": 1,
                "chain_name": "eth-mainnet",
                "current_page": at,
                "links": {"prev": "https://…" if at else None, "next": "https://…" if at + 1 < len(pages) else None},
                "items": found,
            },
            "error": False,
            "error_message": None,
            "error_code": None,
        }
        for at, found in enumerate(pages)
    ]


def _covalent_item(tx: Tx | None, tx_hash: str, block: int, logs: list[Log]) -> dict[str, Any]:
    sender, recipient = _ends(tx)
    return {
        "block_signed_at": _iso(block),
        "block_height": block,
        "tx_hash": tx_hash,
        "successful": tx.succeeded if tx else True,
        "from_address": sender,
        "from_address_label": "a label",
        "to_address": recipient,
        "value": str(tx.value if tx else 0),
        "value_quote": 12.5,
        "gas_offered": 1_000_000,
        "gas_spent": tx.gas_used if tx else 50_000,
        "gas_price": tx.gas_price if tx else 1,
        "fees_paid": "1",
        "log_events": [_covalent_log(log, block) for log in logs],
    }


def _covalent_log(log: Log, block: int) -> dict[str, Any]:
    amount = f"0x{log.amount:064x}"
    topics = [TRANSFER, "0x" + word(log.sender), "0x" + word(log.recipient)]
    return {
        "block_signed_at": _iso(block),
        "block_height": block,
        "log_offset": log.index,
        "tx_hash": log.tx,
        "raw_log_topics": [*topics, amount] if log.unique else topics,
        "sender_address": log.token,
        "raw_log_data": None if log.unique else amount,
        "decoded": {"name": "Transfer"},
    }


def _moralis_tx(tx: Tx | None, tx_hash: str, block: int) -> dict[str, Any]:
    sender, recipient = _ends(tx)
    return {
        "hash": tx_hash,
        "nonce": "1",
        "from_address": sender,
        "from_address_label": "a label",
        "to_address": recipient,
        "value": str(tx.value if tx else 0),
        "gas": "100000",
        "gas_price": str(tx.gas_price if tx else 1),
        "input": tx.data if tx else "0x",
        "receipt_gas_used": str(tx.gas_used if tx else 1),
        "receipt_contract_address": tx.created if tx else None,
        "receipt_status": str(int(tx.succeeded if tx else True)) if block >= BYZANTIUM else "",
        "block_timestamp": _iso(block, "%Y-%m-%dT%H:%M:%S.000Z"),
        "block_number": str(block),
        "block_hash": "0x" + "7" * 64,
    }


def _moralis_move(log: Log) -> dict[str, Any]:
    ends = {"from_address": log.sender, "to_address": log.recipient, "log_index": log.index, "possible_spam": False}
    if log.unique:
        about = {"token_address": log.token, "token_id": str(log.amount), "amount": "1", "contract_type": "ERC721"}
        return {**ends, **about, "value": "0"}
    return {**ends, "address": log.token, "token_symbol": "X", "token_decimals": "18", "value": str(log.amount)}


def _pages(rows: list[dict[str, Any]], page: int) -> list[Any]:
    starts = range(0, max(len(rows), 1), page)
    return [
        {
            "page": at,
            "page_size": page,
            "cursor": "abc" if start + page < len(rows) else None,
            "result": rows[start : start + page],
        }
        for at, start in enumerate(starts)
    ]


def moralis(past: Past, page: int = 100) -> list[Any]:
    """Return pages of the native transactions, of the ERC-20 transfers and of the NFT transfers."""
    moves = [
        {
            "transaction_hash": log.tx,
            "block_number": str(log.block),
            "block_timestamp": _iso(log.block, "%Y-%m-%dT%H:%M:%S.000Z"),
            **_moralis_move(log),
        }
        for log in reversed(past.logs)
    ]
    txs = [_moralis_tx(tx, tx.hash, tx.block) for tx in reversed(past.txs)]
    return [*_pages(txs, page), *_pages(moves, page)]


def moralis_history(past: Past, page: int = 100) -> list[Any]:
    """Return pages of the wallet history, with the transfers inside of the transactions."""
    rows = [
        {
            **_moralis_tx(tx, tx_hash, block),
            "category": "token swap",
            "summary": "a summary",
            "erc20_transfers": [_moralis_move(log) for log in logs if not log.unique],
            "nft_transfers": [_moralis_move(log) for log in logs if log.unique],
            "native_transfers": [],
        }
        for tx, tx_hash, block, logs in _by_tx(past)
    ]
    return _pages(rows, page)


def dune_rows(past: Past) -> list[dict[str, Any]]:
    """Return rows of ethereum.transactions."""
    return [
        {
            "block_time": _iso(tx.block, "%Y-%m-%d %H:%M:%S.000 UTC"),
            "block_number": tx.block,
            "value": str(tx.value),
            "gas_price": tx.gas_price,
            "gas_used": tx.gas_used,
            "success": tx.succeeded if tx.block >= BYZANTIUM else None,
            "from": tx.sender,
            "to": tx.recipient,
            "hash": tx.hash,
            "data": tx.data,
            "blockchain": "ethereum",
        }
        for tx in past.txs
    ]


def dune(past: Past) -> dict[str, Any]:
    """Return the result of a query."""
    rows = dune_rows(past)
    meta = {"column_names": [*rows[0]] if rows else [], "row_count": len(rows)}
    return {
        "execution_id": "01H",
        "query_id": 1,
        "is_execution_finished": True,
        "state": "QUERY_STATE_COMPLETED",
        "result": {"rows": rows, "metadata": meta},
    }


def bitquery(past: Past) -> dict[str, Any]:
    """Return transactions and transfers of one query, under their aliases."""
    txs = [
        {
            "Block": {"Number": str(tx.block), "Time": _iso(tx.block)},
            "ChainId": "1",
            "Receipt": {"GasUsed": str(tx.gas_used), "ContractAddress": tx.created or "0x" + "0" * 40},
            "Transaction": {
                "Hash": tx.hash,
                "From": tx.sender,
                "To": tx.recipient or "0x" + "0" * 40,
                "Value": coins(tx.value),
                "GasPrice": coins(tx.gas_price),
                "Data": tx.data,
            },
            "TransactionStatus": {"Success": tx.succeeded} if tx.block >= BYZANTIUM else {},
        }
        for tx in past.txs
    ]
    moves = [
        {
            "Block": {"Number": str(log.block), "Time": _iso(log.block)},
            "Transaction": {"Hash": log.tx},
            "Transfer": {
                "Amount": "1.5",
                "Sender": log.sender,
                "Receiver": log.recipient,
                "Currency": {"SmartContract": log.token, "Symbol": "X", "Native": False},
            },
        }
        for log in past.logs
    ]
    half = len(txs) // 2
    return {"data": {"EVM": {"sent": txs[:half], "received": txs[half:], "Transfers": moves}}}
