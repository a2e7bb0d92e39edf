"""Read rows of a Dune query on `ethereum.transactions`, from its API or from its CSV.

Required columns: hash, block_number, block_time, from, to, value. Optional columns: success, gas_used, gas_price, data,
blockchain. Format: docs.dune.com, "Get query result", and the schema of ethereum.transactions.
"""

from __future__ import annotations

from typing import Any

from app.base.errors import HistoryError
from app.wallet.history import Transaction
from app.wallet.read import call_data, fields
from app.wallet.read.part import Part, Scope, settled, untold

NEEDED = ("hash", "block_number", "block_time", "from", "to", "value")
_CHAINS = {
    "ethereum": 1,
    "optimism": 10,
    "bnb": 56,
    "gnosis": 100,
    "polygon": 137,
    "base": 8453,
    "arbitrum": 42161,
    "avalanche_c": 43114,
}
_FLAGS = {True: True, False: False, "true": True, "false": False, "": None, None: None}


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one row of ethereum.transactions, whichever columns were selected."""
    return fields.has_shape(value, ("block_time",), ("hash", "tx_hash"), ())


def is_answer(value: Any) -> bool:
    """Return whether `value` is the result of a query, with such rows or with its failure."""
    if not isinstance(value, dict):
        return False
    if {"query_id", "state"} <= value.keys() and value["state"] != "QUERY_STATE_COMPLETED":
        return True
    found = value.get("result")
    rows = found.get("rows") if isinstance(found, dict) else None
    return isinstance(rows, list) and (any(map(is_row, rows)) or "query_id" in value)


def answer(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a query's result; a further offset means that more rows follow."""
    if "state" in document and document["state"] != "QUERY_STATE_COMPLETED":
        raise HistoryError("history.refused_by_source", "Dune has not completed the query")
    rows = fields.rows(document["result"]["rows"], "the rows of a query")
    if not rows:
        return Part("dune", is_empty=True)
    return _part(rows, scope, last=not document.get("next_offset") and not document.get("next_uri"))


def listed(rows: list[dict[str, Any]], scope: Scope) -> Part:
    """Return the content of rows that were taken out of a result, or out of a CSV."""
    return _part(rows, scope, last=True)


def _part(rows: list[dict[str, Any]], scope: Scope, *, last: bool) -> Part:
    made = fields.each(rows, lambda row: _transaction(row, scope))
    calls = any(call_data.is_told(row.get("data")) for row in rows)
    outcomes = any(row.get("success") not in (None, "") for row in rows)
    return Part("dune", transactions=made, last=last, untold=untold(calls=calls, outcomes=outcomes))


def _transaction(row: dict[str, Any], scope: Scope) -> Transaction:
    if missing := [name for name in NEEDED if name not in row]:
        fields.invalid(f"Dune's rows need the columns {', '.join(NEEDED)}: {', '.join(missing)} is not there")
    chain = row.get("blockchain")
    if chain not in (None, "") and (not isinstance(chain, str) or _CHAINS.get(chain, scope.chain_id) != scope.chain_id):
        raise HistoryError("history.mixed_chains", "a row is of another chain")
    told = row.get("success")
    told = told.lower() if isinstance(told, str) else told
    if not isinstance(told, str | bool | None) or told not in _FLAGS:
        fields.invalid("success is neither true nor false")
    price = row.get("gas_price")
    raw = Transaction(
        hash=fields.tx_hash(row["hash"]),
        block=fields.block(row["block_number"]),
        time=fields.time(row["block_time"]),
        sender=fields.address(row["from"], "a sender"),
        recipient=fields.address(row["to"], "a recipient", optional=True),
        value=fields.units(row["value"], 0, "a value"),
        gas_used=fields.whole(row.get("gas_used"), "used gas", optional=True),
        gas_price=None if price in (None, "") else fields.units(price, 0, "a gas price"),
        ok=_FLAGS[told],
    )
    return settled(raw, row.get("data"), scope)
