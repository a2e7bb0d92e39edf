"""A past as Etherscan tells it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.support.histories.past import BYZANTIUM, Log, Past, Tx, block_hash, when


def etherscan(past: Past, window: int = 1_000) -> list[Any]:
    """Return answers of txlist, tokentx and tokennfttx, each in windows that begin again at the last block."""
    txs = [_etherscan_tx(past, tx, at) for at, tx in enumerate(past.txs)]
    tokens = [_etherscan_token(past, log, at) for at, log in enumerate(past.logs)]
    kinds = [txs, [row for row in tokens if "value" in row], [row for row in tokens if "tokenID" in row]]
    if txs and not past.logs:
        kinds = kinds[:2]
    return [answer for kind in kinds for answer in _windows(kind, window)]


def _windows(rows: list[dict[str, str]], window: int) -> list[Any]:
    if not rows:
        return [{"status": "0", "message": "No transactions found", "result": []}]
    answers, start = [], 0
    window = max(window, 1 + max(Counter(row["blockNumber"] for row in rows).values()))
    while True:
        page = rows[start : start + window]
        answers.append({"status": "1", "message": "OK", "result": page})
        if len(page) < window:
            return answers
        start = next(at for at, row in enumerate(rows) if row["blockNumber"] == page[-1]["blockNumber"])


def _etherscan_tx(past: Past, tx: Tx, at: int) -> dict[str, str]:
    return {
        "blockNumber": str(tx.block),
        "blockHash": block_hash(tx.block),
        "timeStamp": str(when(tx.block)),
        "hash": tx.hash,
        "nonce": str(tx.nonce),
        "transactionIndex": str(tx.index),
        "from": tx.sender,
        "to": tx.recipient or "",
        "value": str(tx.value),
        "gas": str(tx.gas_used + 1_000),
        "gasPrice": str(tx.gas_price),
        "input": tx.data,
        "methodId": tx.data[:10],
        "functionName": past.text(at),
        "contractAddress": tx.created or "",
        "cumulativeGasUsed": str(tx.gas_used),
        "txreceipt_status": "" if tx.block < BYZANTIUM else str(int(tx.succeeded)),
        "gasUsed": str(tx.gas_used),
        "confirmations": str(30_000_000 - tx.block),
        "isError": str(int(not tx.succeeded)),
    }


def _etherscan_token(past: Past, log: Log, at: int) -> dict[str, str]:
    return {
        "blockNumber": str(log.block),
        "timeStamp": str(when(log.block)),
        "hash": log.tx,
        "nonce": "7",
        "blockHash": block_hash(log.block),
        "from": log.sender,
        "contractAddress": log.token,
        "to": log.recipient,
        **({"tokenID": str(log.amount)} if log.unique else {"value": str(log.amount)}),
        "tokenName": past.text(at),
        "tokenSymbol": past.text(at + 1),
        "tokenDecimal": "0" if log.unique else "18",
        "transactionIndex": str(log.index // 1_000),
        "gas": "100000",
        "gasPrice": "1",
        "gasUsed": "60000",
        "cumulativeGasUsed": "60000",
        "input": "deprecated",
        "confirmations": "12",
    }
