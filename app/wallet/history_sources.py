"""The sources that a history may come from: one name for each, and which of its answers are read. Errors and docs show it."""

from __future__ import annotations

READ: dict[str, str] = {
    "etherscan": "Etherscan's txlist, tokentx, tokennfttx and token1155tx",
    "etherscan_csv": "CSV exports of Etherscan and its kin",
    "blockscout": "Blockscout (RPC API and REST v2)",
    "blockscout_csv": "CSV exports of Blockscout",
    "covalent": "Covalent (GoldRush) transactions",
    "moralis": "Moralis transactions, wallet history and transfers",
    "dune": "rows of Dune's ethereum.transactions",
    "bitquery": "Bitquery EVM.Transactions, Transfers and Events",
    "alchemy": "Alchemy transfers (withMetadata: true)",
    "rpc": "a node's ots_searchTransactionsBefore and eth_getLogs",
    "aggregator": "an aggregator's wallet_metadata",
    "count": '{"transaction_count": n}',
}
"""The answers that are read, by the name of the source in a report."""

SOURCES = ", ".join(READ.values()) + "; as JSON, as NDJSON, or as a list of these from one source"
"""All of `READ` on one line."""
