"""A history is claimed by the evidence of its rows: field names alone are anyone's."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from app.wallet.read.any_source import from_text, looks_like
from tests.support import histories
from tests.support.histories import exports, indexers
from tests.support.histories.documents import EMPTY, HASH, OTHER, TOKENS, WALLET, event, moved, row

PAST = histories.made_up(Random(12), transactions=30, first_block=5_000_000)
LOG = {"address": OTHER, "topics": [], "data": "0x", "blockNumber": "0x1", "transactionHash": HASH, "logIndex": "0x0"}

# what other people's JSON looks like
ELSE: dict[str, Any] = {
    "status and message": {"status": "ok", "message": "hello"},
    "a REST answer": {"status": "success", "message": "OK", "result": [{"id": 1}]},
    "a REST answer in numbers": {"status": 1, "message": "OK", "result": [{"hash": "abc"}]},
    "a failed payment": {"status": "0", "message": "Payment failed", "result": None},
    "an API's error": {"error": "not found"},
    "an API's errors": {"errors": [{"message": "x"}]},
    "GitHub": {"message": "Not Found", "documentation_url": "https://docs.github.com/rest", "status": "404"},
    "GraphQL": {"data": None, "errors": [{"message": "x"}]},
    "items": {"items": [{"name": "milk", "price": 2}]},
    "an empty cart": {"items": [], "total": 0},
    "Typeform": {"items": [{"answers": [], "landing_id": "x"}], "total_items": 1, "page_count": 1},
    "a page without rows": {"items": [], "next_page_params": None},
    "SurveyMonkey": {"data": [{"id": "1", "pages": []}], "total": 1, "links": {"self": "x"}},
    "Google Forms": {"formId": "x", "items": [{"itemId": "1", "title": "T"}]},
    "an error log": [{"level": "error", "message": "x", "timestamp": "2024-01-01T00:00:00Z"}],
    "logs of text": {"logs": ["started", "stopped"]},
    "logs of objects": {"logs": [{"topics": ["a"], "data": "b"}]},
    "no logs": {"logs": []},
    "documents": {"documents": [{"title": "x"}]},
    "documents of text": {"documents": ["a", "b"]},
    "no documents": {"documents": []},
    "bank transfers": {"transfers": [{"iban": "DE00", "amount": "5.00"}]},
    "no transfers": {"transfers": []},
    "a shop": {"transaction_count": 3, "revenue": 100},
    "a count": {"transaction_count": 3},
    "an invoice": {"hash": HASH, "number": 5, "from": "A", "to": "B"},
    "invoices": [{"hash": HASH, "timeStamp": "x"}],
    "commits": [{"hash": HASH[2:], "block": 1, "timestamp": "2024-01-01"}],
    "a ticket": {"txs": ["a"], "receipts": ["b"]},
    "results": {"result": [{"score": 1}]},
    "a result": {"result": "OK"},
    "JSON-RPC of an editor": {"jsonrpc": "2.0", "id": 1, "result": {"capabilities": {}}},
    "blocks": {"blocks": [{"number": 1}]},
    "columns": {"columns": ["a", "b"], "rows": [["1", "2"]]},
    "a wallet alone": {"wallet": WALLET},
    "metadata": {"wallet": "my purse", "wallet_metadata": {"total_transactions": 1}},
    "methods": {"method": "GET", "kwargs": {}, "res": []},
    "EVM": {"EVM": {"version": 1}},
    "Dune's empty": {"query_id": 1, "result": {"rows": []}},
    "numbers": [1, 2, 3],
    "nothing": [],
    "null": None,
    "text": "NOTOK",
}
# histories, whoever reads them
TOLD: dict[str, Any] = {
    "etherscan": histories.etherscan(PAST),
    "etherscan's rows": [row()],
    "one row": row(),
    "an answer": TOKENS,
    "an empty one and a full one": [EMPTY, TOKENS],
    "a refusal": {"status": "0", "message": "NOTOK", "result": "Max rate limit reached"},
    "JSON-RPC's error": {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "too many"}},
    "blockscout": histories.blockscout(PAST),
    "an address": {"hash": WALLET, "coin_balance": "1", "is_contract": False},
    "a node": histories.node(PAST),
    "logs": {"logs": [LOG], "blocks": []},
    "logs of JSON-RPC": {"jsonrpc": "2.0", "id": 1, "result": [LOG]},
    "covalent": indexers.covalent(PAST),
    "moralis": indexers.moralis(PAST),
    "moralis's history": indexers.moralis_history(PAST),
    "dune": indexers.dune(PAST),
    "bitquery": indexers.bitquery(PAST),
    "bitquery's events": {"EVM": {"Events": [event(5)]}},
    "alchemy": {"jsonrpc": "2.0", "id": 1, "result": {"transfers": [moved("external", "x")]}},
    "an export": {"documents": [[row()]], "as_of_block": 6_000_000},
    "an export in a list": [{"documents": [TOKENS]}],
    "an aggregator": {"wallet": WALLET, "wallet_metadata": {"total_transactions": 1}},
    "a count of a wallet": {"wallet": WALLET, "transaction_count": 1},
    "a CSV": from_text(exports.etherscan_csv(PAST)[0]),
    "a CSV of blockscout": from_text(exports.blockscout_csv(PAST)[1]),
}
# evidence only if a wallet is named: empty, an error, a bare number, or a format that is recognised and not read
WITH_A_WALLET: dict[str, Any] = {
    "nothing found": EMPTY,
    "a page without rows": {"items": [], "next_page_params": None},
    "no logs": {"logs": []},
    "no transfers": {"transfers": []},
    "no logs of JSON-RPC": {"jsonrpc": "2.0", "id": 1, "result": []},
    "a count": {"transaction_count": 3},
    "an error": {"message": "Too Many Requests", "statusCode": 429},
    "GraphQL": {"data": None, "errors": [{"message": "x"}]},
    "debank": {"history_list": [], "token_dict": {}},
    "solana": [{"signature": "x", "slot": 1}],
    "an empty export": {"documents": [EMPTY]},
}


@pytest.mark.parametrize("name", [*ELSE])
def test_what_is_something_else(name: str) -> None:
    assert not looks_like(ELSE[name])


@pytest.mark.parametrize("name", [*TOLD])
def test_what_is_a_history(name: str) -> None:
    assert looks_like(TOLD[name]) and looks_like(TOLD[name], wallet=True)


@pytest.mark.parametrize("name", [*WITH_A_WALLET])
def test_what_is_one_beside_a_wallet(name: str) -> None:
    assert looks_like(WITH_A_WALLET[name], wallet=True) and not looks_like(WITH_A_WALLET[name])


@pytest.mark.parametrize(
    "name", ["items", "an empty cart", "a shop", "bank transfers", "logs of text", "documents", "Typeform", "GitHub", "numbers"]
)
def test_what_is_something_else_even_beside_a_wallet(name: str) -> None:
    assert not looks_like(ELSE[name], wallet=True)


def test_a_list_of_foreign_rows_is_searched_for_a_while_only() -> None:
    assert not looks_like([{"a": 1}] * 50_000)
    assert looks_like([{"a": 1}, row()])  # and read refuses the first
