"""Indexers tell the same records as explorers; what is not read is refused by name; nothing foreign is an empty wallet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import AppError
from app.base.hints import HINTS, filled
from app.formats import strict_json
from app.wallet.features import features, months
from app.wallet.history import History
from app.wallet.history_sources import READ
from app.wallet.labels.lists import Labels
from app.wallet.read.any_source import SOURCES, from_text, looks_like, read_documents
from app.wallet.scorecard import Scorecard
from tests.support import histories
from tests.support.desk import ROOT
from tests.support.histories import indexers
from tests.support.histories.documents import EMPTY, HASH, OTHER, THIRD, TOKEN, TOKEN_ROW, TOKENS, WALLET, moved, row

Writer = Callable[[histories.Past], Any]
WRITERS: dict[str, Writer] = {
    "covalent": indexers.covalent,
    "moralis": indexers.moralis,
    "moralis history": indexers.moralis_history,
    "dune": indexers.dune,
    "bitquery": indexers.bitquery,
}


def decoded(value: Any) -> Any:
    """Send it through JSON text, as every document comes."""
    return strict_json.loads(json.dumps(value).encode())


def without_calls(history: History) -> History:
    rows = tuple(replace(one, selector=None, spender=None) for one in history.transactions or ())
    return replace(history, transactions=rows)


def without_creations(history: History) -> History:
    return replace(history, transactions=tuple(replace(one, created=None) for one in history.transactions or ()))


def without_amounts(history: History) -> History:
    rows = sorted(
        (replace(one, value=None) for one in history.transfers or ()),
        key=lambda one: (one.block, one.time, one.hash, one.token, one.sender, one.recipient),
    )
    return replace(history, transfers=tuple(rows))


def same(history: History) -> History:
    return history


# how the records of a source compare with an explorer's: without what the source does not hold
LESS: dict[str, Callable[[History], History]] = {
    "covalent": lambda history: without_calls(without_creations(history)),
    "moralis": same,
    "moralis history": same,
    "dune": lambda history: replace(without_creations(history), transfers=None),
    "bitquery": without_amounts,
}


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([*WRITERS]))
def test_the_same_records_are_the_same_digest(seed: int, name: str) -> None:
    past = histories.made_up(Random(seed), transactions=40)
    documents = decoded(WRITERS[name](past))
    history = read_documents(documents, past.wallet, 1)
    told = read_documents(histories.etherscan(past), past.wallet, 1)
    assert history.source == name.partition(" ")[0] and not history.truncated and history.left_out == 0
    less = LESS[name]
    compared, expected = less(history), less(told)
    if not past.logs and name != "dune":
        compared, expected = replace(compared, transfers=()), replace(expected, transfers=())
    assert compared.digest() == expected.digest()
    assert looks_like(documents, wallet=True)
    evidence = past.txs or (past.logs and name != "dune")  # Dune's rows are transactions alone
    assert looks_like(documents) is bool(evidence) or name == "bitquery"


@pytest.mark.parametrize("name", [*WRITERS])
def test_pages_rows_and_ndjson_are_the_same(name: str) -> None:
    past = histories.made_up(Random(21), transactions=60, first_block=5_000_000)
    whole = WRITERS[name](past)
    history = read_documents(whole, past.wallet, 1)
    documents = whole if isinstance(whole, list) else [whole]
    lists: dict[str, Callable[[Any], list[Any]]] = {
        "covalent": lambda one: one["data"]["items"],
        "moralis": lambda one: one["result"],
        "dune": lambda one: one["result"]["rows"],
        "bitquery": lambda one: one["data"]["EVM"]["sent"] + one["data"]["EVM"]["received"],
    }
    rows = [one for document in documents for one in lists[name.partition(" ")[0]](document)]
    if name == "bitquery":
        history = replace(history, transfers=None)
    assert read_documents(rows, past.wallet, 1).digest() == history.digest()
    assert read_documents(from_text("\n".join(map(json.dumps, rows))), past.wallet, 1).digest() == history.digest()
    if name in ("covalent", "moralis", "moralis history"):
        small = WRITERS[name](past, 7)  # type: ignore[call-arg]
        assert read_documents([*small[::-1], small[0]], past.wallet, 1).digest() == history.digest()
        assert read_documents(small[1:], past.wallet, 1).truncated and read_documents(small[:1], past.wallet, 1).truncated
        assert read_documents([small[0], *small[2:]], past.wallet, 1).truncated  # one in between


def test_what_covalent_does_not_tell_is_unknown() -> None:
    past = histories.made_up(Random(21), transactions=60, first_block=5_000_000)
    values = features(read_documents(indexers.covalent(past), past.wallet, 1), Labels.packaged())
    told = features(read_documents(histories.etherscan(past), past.wallet, 1), Labels.packaged())
    unknown = {name for name in values if values[name] is None and told[name] is not None}
    assert unknown == {"contracts_called", "protocols", "flagged_approvals"}
    assert values["failed"] == told["failed"]


def test_sixty_transactions_of_covalent_s_are_no_empty_wallet() -> None:
    past = histories.made_up(Random(4), transactions=60, first_block=5_000_000)
    labels = Labels.packaged()

    def score(history: History) -> int:
        return Scorecard.packaged().score(features(history, labels), months(history, labels)).total

    covalent, etherscan = (read_documents(told(past), past.wallet, 1) for told in (indexers.covalent, histories.etherscan))
    assert (covalent.records, score(covalent) > 500) == (etherscan.records, True)
    nothing = score(read_documents(EMPTY, past.wallet, 1))
    assert score(covalent) - nothing > 200 and abs(score(covalent) - score(etherscan)) <= 40


def test_dune_as_csv() -> None:
    past = histories.made_up(Random(8), transactions=30, first_block=5_000_000)
    rows = indexers.dune_rows(past)
    lines = [",".join(rows[0]), *(",".join("" if cell is None else str(cell) for cell in row.values()) for row in rows)]
    history = read_documents(from_text("\n".join(lines)), past.wallet, 1)
    assert history.digest() == read_documents(indexers.dune(past), past.wallet, 1).digest()


# --- merged lists -------------------------------------------------------------------------------------------------------

INTERNAL = {
    "blockNumber": "4999999",
    "timeStamp": "1517319680",
    "hash": HASH,
    "from": OTHER,
    "to": WALLET,
    "value": "1",
    "contractAddress": "",
    "input": "",
    "type": "call",
    "gas": "1",
    "gasUsed": "0",
    "traceId": "0",
    "isError": "0",
    "errCode": "",
}
BLOCKSCOUT_INTERNAL = {name: value for name, value in INTERNAL.items() if name not in ("hash", "traceId", "errCode")} | {
    "transactionHash": HASH,
    "callType": "call",
    "index": "0",
}
MINED = {"blockNumber": "5000001", "timeStamp": "1517319706", "blockReward": "5000000000000000000"}
WITHDRAWN = {
    "withdrawalIndex": "1",
    "validatorIndex": "2",
    "address": WALLET,
    "amount": "3",
    "blockNumber": "5",
    "timestamp": "6",
}


@pytest.mark.parametrize(
    "odd", [INTERNAL, BLOCKSCOUT_INTERNAL, MINED, WITHDRAWN], ids=["etherscan", "blockscout", "mined", "withdrawn"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_internal_row_discards_nothing(odd: dict[str, Any], place: int) -> None:
    other = row(hash="0x" + "77" * 32, blockNumber="5000007", timeStamp="1517319793")
    rows = [row(), other]
    rows.insert(place, odd)
    history = read_documents([{"status": "1", "message": "OK", "result": rows}, TOKENS], WALLET, 1)
    assert (len(history.transactions or ()), len(history.transfers or ()), history.left_out) == (2, 1, 1)
    assert history.digest() == read_documents([[row(), other], TOKENS], WALLET, 1).digest()
    assert read_documents([*rows, TOKEN_ROW], WALLET, 1).digest() == history.digest()  # all in one array
    with pytest.raises(AppError, match="none of the 1 rows"):
        read_documents([odd], WALLET, 1)


def test_a_row_that_is_not_understood_is_named() -> None:
    for odd in ({"name": "milk"}, {"blockNumber": "5"}, {"transactionHash": HASH, "logs": []}):
        with pytest.raises(AppError) as caught:
            read_documents([row(), odd], WALLET, 1)
        assert (caught.value.code, "row 2" in caught.value.message) == ("history.invalid", True)
    with pytest.raises(AppError, match="document 2: row 1: a sender"):
        read_documents([[row()], [row(**{"from": "vitalik.eth"})]], WALLET, 1)


def test_blockscout_internal_and_pending_items() -> None:
    item = {
        "hash": HASH,
        "status": "ok",
        "block_number": 5_000_000,
        "timestamp": "2018-01-30T13:41:33.000000Z",
        "from": {"hash": WALLET},
        "to": {"hash": OTHER},
        "value": "1",
    }
    internal = {
        "transaction_hash": HASH,
        "block_number": 5,
        "timestamp": "2018-01-30T13:41:33Z",
        "type": "call",
        "index": 1,
        "success": True,
    }
    pending = {**item, "hash": "0x" + "77" * 32, "block_number": None, "timestamp": None, "status": None}
    page = {"items": [item, internal, pending], "next_page_params": None}
    history = read_documents(page, WALLET, 1)
    assert (history.records, history.left_out, sorted(history.untold)) == (1, 2, ["calls"])
    for odd in (internal, pending):
        with pytest.raises(AppError, match="none of the 1 rows"):
            read_documents({"items": [odd], "next_page_params": None}, WALLET, 1)


# --- refusals -----------------------------------------------------------------------------------------------------------

TIMELESS = {name: value for name, value in moved("external", "x").items() if name != "metadata"}
FOREIGN: dict[str, tuple[Any, str, str]] = {
    "milk": ({"items": [{"name": "milk", "price": 2}]}, "history.invalid", "not a known format"),
    "items": ({"items": []}, "history.invalid", "not a known format"),
    "a cart": ({"items": [], "total": 0, "next_page_params": None}, "history.invalid", "not a known format"),
    "bank": ({"transfers": [{"iban": "DE00", "amount": 5}]}, "history.invalid", "not a known format"),
    "a log": ({"logs": ["started", "stopped"]}, "history.invalid", "not a known format"),
    "titles": ({"documents": [{"title": "x"}]}, "history.invalid", "not a known format"),
    "a shop": ({"transaction_count": 3, "shop": "x"}, "history.invalid", "not a known format"),
    "result": ({"result": {"x": 1}}, "history.invalid", "not a known format"),
    "rest": ({"status": "success", "message": "OK", "result": [{"id": 1}]}, "history.invalid", "not a known format"),
    "etherscan's other lists": (
        {"status": "1", "message": "OK", "result": [{"id": 1}]},
        "history.invalid",
        "row 1: it is not a row",
    ),
    "a balance": ({"status": "1", "message": "OK", "result": "40891626854930000000000"}, "history.invalid", "holds a number"),
    "alchemy": ({"jsonrpc": "2.0", "id": 1, "result": {"transfers": [TIMELESS]}}, "history.invalid", "withMetadata: true"),
    "covalent's balances": (
        {"data": {"address": WALLET, "items": [{"contract_ticker_symbol": "X", "contract_address": TOKEN, "balance": "5"}]}},
        "history.invalid",
        "this is Covalent's",
    ),
    "covalent of another": (
        {"data": {"address": OTHER, "chain_id": 1, "updated_at": "x", "items": []}},
        "history.other_wallet",
        "another wallet",
    ),
    "covalent of another chain": (
        {"data": {"address": WALLET, "chain_id": 137, "updated_at": "x", "items": []}},
        "history.mixed_chains",
        "another chain",
    ),
    "covalent's error": ({"data": None, "error": True, "error_message": "x"}, "history.refused_by_source", "error"),
    "moralis's error": ({"message": "Token is invalid"}, "history.refused_by_source", "error"),
    "rate limit": ({"statusCode": 429, "message": "Too Many Requests"}, "history.refused_by_source", "error"),
    "github": (
        {"message": "Not Found", "documentation_url": "https://…", "status": "404"},
        "history.invalid",
        "not a known format",
    ),
    "dune's columns": (
        {
            "query_id": 1,
            "state": "QUERY_STATE_COMPLETED",
            "result": {"rows": [{"block_time": "2024-01-01 00:00:00.000 UTC", "hash": HASH}]},
        },
        "history.invalid",
        "block_number, from, to, value is not there",
    ),
    "dune waits": ({"query_id": 1, "state": "QUERY_STATE_EXECUTING"}, "history.refused_by_source", "not completed"),
    "bitquery's fields": (
        {"EVM": {"Transactions": [{"Block": {"Number": "5"}, "Transaction": {"Hash": HASH}}]}},
        "history.invalid",
        "Block {Number Time}",
    ),
    "bitquery's ends": (
        {"EVM": {"Transactions": [{"Block": {"Number": "5", "Time": "2024-01-01T00:00:00Z"}, "Transaction": {"Hash": HASH}}]}},
        "history.invalid",
        "Transaction {From To Value}",
    ),
    "bitquery's calls": ({"EVM": {"Transactions": [], "Calls": [{"Call": {}}]}}, "history.invalid", "holds neither events"),
    "bitquery's old": ({"data": {"ethereum": {"transactions": []}}}, "history.invalid", "this is Bitquery's old format"),
    "zerion": (
        {"links": {}, "data": [{"type": "transactions", "id": "x", "attributes": {"hash": HASH}}]},
        "history.invalid",
        "this is Zerion's format",
    ),
    "debank": ({"history_list": [], "token_dict": {}, "cate_dict": {}}, "history.invalid", "this is DeBank's format"),
    "zapper": ({"data": {"transactionHistoryV2": {"edges": []}}}, "history.invalid", "this is Zapper's format"),
    "ankr": (
        {"jsonrpc": "2.0", "id": 1, "result": {"nextPageToken": "", "transactions": []}},
        "history.invalid",
        "this is Ankr's",
    ),
    "quicknode": ({"result": {"paginatedItems": [], "totalItems": 0}}, "history.invalid", "this is QuickNode's format"),
    "receipts": (
        {"jsonrpc": "2.0", "id": 1, "result": {"receipts": [{"transactionHash": HASH}]}},
        "history.invalid",
        "a list of receipts",
    ),
    "a transaction": (
        {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {"hash": HASH, "blockNumber": "0x1", "nonce": "0x1", "gas": "0x1", "input": "0x"},
        },
        "history.invalid",
        "which has no time",
    ),
    "solana": (
        {"jsonrpc": "2.0", "id": 1, "result": [{"signature": "5x", "slot": 1, "blockTime": 2}]},
        "history.invalid",
        "Solana's",
    ),
    "bitcoin": ([{"txid": "ab", "vin": [], "vout": [], "status": {}}], "history.invalid", "this is Bitcoin's format"),
    "tron": ({"data": [{"txID": "ab", "raw_data": {}}], "success": True}, "history.invalid", "this is Tron's format"),
    "an object": ({}, "history.invalid", "not a known format"),
    "a number": (5, "history.invalid", "not a known format"),
}


@pytest.mark.parametrize("name", [*FOREIGN])
def test_what_is_foreign_is_refused_and_never_an_empty_wallet(name: str) -> None:
    value, code, says = FOREIGN[name]
    for around in (value, [value], [row(), value] if isinstance(value, dict) else value, {"documents": [[row()], value]}):
        with pytest.raises(AppError) as caught:
            read_documents(around, WALLET, 1)
        assert WALLET not in str(caught.value) and "milk" not in str(caught.value)
    with pytest.raises(AppError) as caught:
        read_documents(value, WALLET, 1)
    assert (caught.value.code, says in caught.value.message) == (code, True), caught.value.message


def test_the_hint_and_the_docs_list_what_is_read() -> None:
    assert SOURCES in filled(HINTS["history.invalid"])
    assert all(words in SOURCES for words in READ.values())
    assert SOURCES in " ".join((ROOT / "docs/how-to/wallet-histories.md").read_text().replace("\n> ", " ").split())


def test_every_source_of_a_report_is_in_the_list() -> None:
    from typing import get_args

    from app.wallet.history import HistoryFormat

    assert {*READ} == {*get_args(HistoryFormat)}


def test_a_page_of_blockscout_s_in_between() -> None:
    past = histories.made_up(Random(3), transactions=800, first_block=5_000_000)
    pages = [one for one in histories.blockscout(past) if one["items"] and "raw_input" in one["items"][0]]
    for at, one in enumerate(pages[:-1], 1):
        one["next_page_params"]["items_count"] = 50 * at
    assert len(pages) > 4 and not read_documents(pages, past.wallet, 1).truncated
    assert read_documents([*pages[:2], *pages[3:]], past.wallet, 1).truncated


# --- envelopes ----------------------------------------------------------------------------------------------------------


def test_a_file_of_documents_works_inside_of_a_list() -> None:
    export = {"documents": [[row()]], "as_of_block": 6_000_000, "as_of_time": 1_600_000_000}
    tokens = {"documents": [TOKENS], "as_of_block": 6_000_000, "truncated": True}
    history = read_documents([export, tokens], WALLET, 1)
    assert (history.records, history.as_of_block, history.as_of_time, history.truncated) == (2, 6_000_000, 1_600_000_000, True)
    assert read_documents([export, TOKENS], WALLET, 1).digest() == history.digest()
    assert read_documents({"documents": [row()]}, WALLET, 1).records == 1
    with pytest.raises(AppError) as caught:
        read_documents([export, {**tokens, "as_of_block": 6_000_001}], WALLET, 1)
    assert caught.value.code == "history.contradictory"


def test_a_batch_of_json_rpc() -> None:
    past = histories.made_up(Random(3), transactions=30, first_block=5_000_000)
    documents = histories.node(past)
    batch = [{"jsonrpc": "2.0", "id": at, "result": one} for at, one in enumerate(documents)]
    assert read_documents(batch, past.wallet, 1) == read_documents(documents, past.wallet, 1)
    nothing = read_documents([*batch[:1], {"jsonrpc": "2.0", "id": 9, "result": []}], past.wallet, 1)
    assert nothing.transfers == ()
    with pytest.raises(AppError) as caught:
        read_documents([*batch, {"jsonrpc": "2.0", "id": 9, "error": {"code": 1, "message": "x"}}], past.wallet, 1)
    assert caught.value.code == "history.refused_by_source"


def test_an_empty_answer_for_internal_transactions_says_nothing() -> None:
    internal = {"status": "0", "message": "No internal transactions found", "result": []}
    history = read_documents([[row()], internal], WALLET, 1)
    assert (history.records, history.transfers) == (1, None)


def test_sources_are_named_where_they_do_not_fit_together() -> None:
    past = histories.made_up(Random(3), transactions=30, first_block=5_000_000)
    with pytest.raises(AppError, match="cannot be one history: covalent and etherscan"):
        read_documents([*histories.etherscan(past), *indexers.covalent(past)], past.wallet, 1)


@pytest.mark.parametrize("name", ["covalent", "moralis history"])
def test_a_stranger_s_history_is_not_the_wallet_s(name: str) -> None:
    past = histories.made_up(Random(3), transactions=30, first_block=5_000_000)
    documents = WRITERS[name](past)
    for one in documents:
        one.get("data", {}).pop("address", None)
    with pytest.raises(AppError) as caught:
        read_documents(documents, THIRD, 1)
    assert caught.value.code in ("history.other_wallet", "history.invalid")
