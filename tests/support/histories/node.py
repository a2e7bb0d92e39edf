"""A past as a node tells it over JSON-RPC."""

from __future__ import annotations

from typing import Any

from app.wallet.read.rpc import TRANSFER
from tests.support.histories.past import BYZANTIUM, Log, Past, Tx, block_hash, when, word


def node(past: Past, page: int = 25, chain_id: int = 1) -> list[Any]:
    """Return pages of ots_searchTransactionsBefore, which hold whole blocks, and two eth_getLogs: sent and received."""
    pages: list[list[Tx]] = [[]]
    for tx in reversed(past.txs):
        if len(pages[-1]) >= page and pages[-1][-1].block != tx.block:
            pages.append([])
        pages[-1].append(tx)
    blocks = [{"number": hex(number), "timestamp": hex(when(number))} for number in sorted({log.block for log in past.logs})]
    ways = ([log for log in past.logs if past.wallet == getattr(log, way)] for way in ("sender", "recipient"))
    return [
        *(
            {
                "txs": [_node_tx(tx, chain_id) for tx in found],
                "receipts": [_receipt(tx) for tx in found],
                "firstPage": at == 0,
                "lastPage": at == len(pages) - 1,
            }
            for at, found in enumerate(pages)
        ),
        *({"logs": [_node_log(log) for log in way], "blocks": blocks} for way in ways),
    ]


def _node_tx(tx: Tx, chain_id: int) -> dict[str, Any]:
    return {
        "hash": tx.hash,
        "blockNumber": hex(tx.block),
        "blockHash": block_hash(tx.block),
        "transactionIndex": hex(tx.index),
        "from": tx.sender,
        "to": tx.recipient,
        "value": hex(tx.value),
        "gas": hex(tx.gas_used + 1_000),
        "gasPrice": hex(tx.gas_price),
        "input": tx.data,
        "nonce": hex(tx.nonce),
        "chainId": hex(chain_id),
        "type": "0x2",
    }


def _receipt(tx: Tx) -> dict[str, Any]:
    return {
        "transactionHash": tx.hash,
        "blockNumber": hex(tx.block),
        **({"status": hex(tx.succeeded)} if tx.block >= BYZANTIUM else {"root": "0x" + "77" * 32}),
        "gasUsed": hex(tx.gas_used),
        "effectiveGasPrice": hex(tx.gas_price),
        "contractAddress": tx.created,
        "timestamp": when(tx.block),
        "logs": None,
        "logsBloom": None,
    }


def _node_log(log: Log) -> dict[str, Any]:
    amount = f"0x{log.amount:064x}"
    topics = [TRANSFER, "0x" + word(log.sender), "0x" + word(log.recipient)]
    return {
        "address": log.token,
        "topics": [*topics, amount] if log.unique else topics,
        "data": "0x" if log.unique else amount,
        "blockNumber": hex(log.block),
        "transactionHash": log.tx,
        "transactionIndex": hex(log.index // 1_000),
        "logIndex": hex(log.index),
        "removed": False,
    }
