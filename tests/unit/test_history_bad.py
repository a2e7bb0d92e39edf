"""What is wrong with a history: every case has its code, and no JSON at all makes anything but an AppError."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import AppError
from app.wallet.read.any_source import from_text, looks_like, read_documents
from tests.support import histories
from tests.support.histories import exports, indexers
from tests.support.histories.documents import EMPTY, HASH, OTHER, THIRD, TOKEN, TOKEN_ROW, TOKENS, WALLET, event, moved, row

NOTOK = [
    "Max rate limit reached, please use API Key for higher rate limit",
    "Max calls per sec rate limit reached (3/sec)",
    "Invalid API Key",
    "Missing/Invalid API Key",
    "Too many invalid api key attempts, please try again later",
    "Missing or unsupported chainid parameter (required for v2 api), please see https://api.etherscan.io/v2/chainlist",
    "Error! Missing Or invalid Action name",
    "Result window is too large, PageNo x Offset size must be less than or equal to 10000",
    "Query Timeout occured. Please select a smaller result dataset",
]
TX = {"hash": HASH, "blockNumber": "0x5", "from": WALLET, "to": OTHER, "value": "0x1", "input": "0x"}
RECEIPT = {"transactionHash": HASH, "status": "0x1", "gasUsed": "0x5208", "timestamp": "0x5"}
PAGE = {"txs": [TX], "receipts": [RECEIPT], "firstPage": True, "lastPage": True}
ITEM = {
    "hash": HASH,
    "status": "ok",
    "block_number": 5_000_000,
    "timestamp": "2018-01-30T13:41:33.000000Z",
    "from": {"hash": WALLET},
    "to": {"hash": OTHER},
    "value": "1",
}
AGGREGATE: dict[str, Any] = {
    "wallet": WALLET,
    "wallet_metadata": {
        "total_transactions": 1,
        "first_transaction_date": "2020-01-01T00:00:00Z",
        "last_transaction_date": "2020-01-01T00:00:00Z",
    },
}


def page(**more: Any) -> dict[str, Any]:
    return {**PAGE, **more}


def items(**more: Any) -> dict[str, Any]:
    return {"items": [{**ITEM, **more}], "next_page_params": None}


def told(**more: Any) -> dict[str, Any]:
    return {**AGGREGATE, "wallet_metadata": {**AGGREGATE["wallet_metadata"], **more}}


REFUSED: dict[str, Any] = {
    "no-result": {"status": "0", "message": "NOTOK"},
    **{f"notok-{at}": {"status": "0", "message": "NOTOK", "result": text} for at, text in enumerate(NOTOK)},
    "notok-empty": {"status": "0", "message": "NOTOK", "result": []},
    "null": {"status": "0", "message": "Something went wrong", "result": None},
    "null-but-nothing-found": {"status": "0", "message": "No transactions found", "result": None},
    "ok-with-a-string": {"status": "1", "message": "OK", "result": NOTOK[0]},
    "pending": {"status": "2", "message": "pending", "result": []},
    "one-of-two": [[row()], {"status": "0", "message": "NOTOK", "result": NOTOK[0]}],
    "rpc-error": {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "query returned more than 10000 results"}},
    "rpc-null": {"jsonrpc": "2.0", "id": 1, "result": None},
    "rpc-string": {"jsonrpc": "2.0", "id": 1, "result": NOTOK[1]},
    "graphql": {"data": None, "errors": [{"message": "x"}]},
    "no-evm": {"data": {"EVM": None}},
    "no-events": {"EVM": {"Events": None}},
    "message": [{"message": "Not found"}],
    "unprocessable": {"errors": [{"title": "Invalid value", "detail": "Unexpected field: limit"}]},
    "string": [NOTOK[0]],
    "nothing": [None],
    "recorded": {"method": "get_normal_txs_by_address", "kwargs": {}, "res": NOTOK[0]},
    "aggregator": {"wallet": WALLET, "wallet_metadata": {"error": "'str' object has no attribute 'get'"}},
}
INVALID: dict[str, Any] = {
    "number": 5,
    "object": {},
    "list": [],
    "documents": {"documents": {}},
    "no-documents": {"documents": []},
    "nested": [[[row()]]],
    "unknown-provenance": {"documents": [[row()]], "source": "x"},
    "truncated-text": {"documents": [[row()]], "truncated": "no"},
    "account": {"documents": [[row()]], "account": {"balance": 1, "nonce": 1, "code": "0x0"}},
    "account-list": {"documents": [[row()]], "account": []},
    "not-an-address": [row(to="0x12")],
    "ens": [row(to="vitalik.eth")],
    "hash": [row(hash="0x12")],
    "genesis": [row(hash=HASH, **{"from": "GENESIS"})],
    "genesis-of-nobody": [row(hash="GENESIS_x", **{"from": "GENESIS"})],
    "nonce": [row(nonce="-1")],
    "above-256-bits": [row(value=str(2**256))],
    "negative": [row(value="-1")],
    "float": [row(value=1e18)],
    "exponent": [row(value="1e18")],
    "true": [row(value=True)],
    "arabic-digits": [row(value="\u0661")],
    "5000-digits": [row(value="1" * 5_000)],
    "no-value": [row(value=None)],
    "milliseconds": [row(timeStamp="1517319693000")],
    "no-time": [row(timeStamp="")],
    "impossible-date": [row(timeStamp="2020-02-30T00:00:00Z")],
    "block": [row(blockNumber=str(2**53))],
    "status": [row(isError="2")],
    "status-list": [row(isError=["0"])],
    "call-data": [row(input="0xzz")],
    "call-data-number": [row(input=7)],
    "mixed-sources": [row(), ITEM],
    "row-of-text": [row(), "x"],
    "token": [{**TOKEN_ROW, "contractAddress": ""}],
    "token-value": [{**TOKEN_ROW, "value": ""}],
    "internal-only": [row(traceId="0")],
    "two-sources": [[row()], PAGE],
    "counts-and-lists": [[row()], {"transaction_count": 1}],
    "receipts": page(receipts=[]),
    "pages": page(lastPage=None),
    "receipt-without-time": page(receipts=[{**RECEIPT, "timestamp": None}]),
    "receipt-status": page(receipts=[{**RECEIPT, "status": "0x2"}]),
    "log-without-time": [{"topics": [], "data": "0x"}, {"topics": 5, "data": "0x"}],
    "items": {"items": {}},
    "from": items(**{"from": WALLET}),
    "item-status": items(status="maybe"),
    "item-mix": {"items": [ITEM, {"token": {}}]},
    "is-contract": [{"hash": WALLET, "coin_balance": "1", "is_contract": "yes"}],
    "alchemy-no-metadata": {"transfers": [moved("external", "x", metadata=None)]},
    "alchemy-category": {"transfers": [moved("erc4626", "x")]},
    "alchemy-category-list": {"transfers": [moved([], "x")]},
    "alchemy-no-id": {"transfers": [moved("erc20", "x", uniqueId=None)]},
    "alchemy-huge": {"transfers": [moved("external", "x", value=1e99)]},
    "alchemy-negative": {"transfers": [moved("external", "x", value=-1.0)]},
    "alchemy-no-value": {"transfers": [moved("external", "x", value=None)]},
    "event-without-block": {"EVM": {"Events": [{**event(5), "Block": None}]}},
    "event-time": {"EVM": {"Events": [{**event(5), "Block": {"Timestamp": "soon"}}]}},
    "count": {"transaction_count": -1},
    "count-float": {"transaction_count": 1.5},
    "aggregate-total": told(total_transactions="many"),
    "aggregate-balance": {**AGGREGATE, "eth_balance": "1e9999"},
    "blockscout-account-alone": {"hash": WALLET, "coin_balance": "1", "is_contract": False},
}
OTHER_WALLET: dict[str, Any] = {
    "row": [row(**{"from": OTHER, "to": THIRD})],
    "one-row": [row(), row(hash="0x" + "77" * 32, **{"from": OTHER})],
    "transfer": [{**TOKEN_ROW, "from": OTHER}],
    "recorded": {"method": "m", "kwargs": {"address": OTHER}, "res": []},
    "aggregator": {**AGGREGATE, "wallet": OTHER},
    "account": [EMPTY, {"hash": OTHER, "coin_balance": "1", "is_contract": False}],
    "count": {"transaction_count": 1, "wallet": OTHER},
    "node": page(txs=[{**TX, "from": THIRD}]),
    "alchemy": {"transfers": [moved("external", "x", **{"from": THIRD})]},
}
CONTRADICTORY: dict[str, Any] = {
    "duplicate": [row(), row(value="2")],
    "duplicate-log": {"transfers": [moved("erc721", "x", rawContract={"address": address}) for address in (TOKEN, THIRD)]},
    "two-times-of-a-block": [row(), row(hash="0x" + "77" * 32, timeStamp="1517319694")],
    "time-runs-back": [row(), row(hash="0x" + "77" * 32, blockNumber="5000001", timeStamp="1517319692")],
    "beyond-as-of-block": {"documents": [[row()]], "as_of_block": 4_999_999},
    "beyond-as-of-time": {"documents": [[row()]], "as_of_time": 1_517_319_692},
    "receipt-of-another": page(receipts=[{**RECEIPT, "transactionHash": "0x" + "77" * 32}]),
    "receipt-in-another-block": page(receipts=[{**RECEIPT, "blockNumber": "0x6"}]),
    "aggregate-dates": told(first_transaction_date="2021-01-01T00:00:00Z"),
    "aggregate-nothing-dated": told(total_transactions=0),
    "two-counts": [{"transaction_count": 1}, {"transaction_count": 2}],
}
MIXED_CHAINS: dict[str, Any] = {
    "export": {"documents": [[row()]], "chain_id": 137},
    "node": page(txs=[{**TX, "chainId": "0x89"}]),
}
TOO_LARGE: dict[str, Any] = {
    "rows": [row()] * 500_000,
    "documents": [EMPTY] * 100_001,
    "together": [[row(hash=f"0x{at:064x}", nonce=None) for at in range(start, start + 60_000)] for start in (0, 60_000)],
}
TABLE = {
    "history.refused_by_source": REFUSED,
    "history.invalid": INVALID,
    "history.other_wallet": OTHER_WALLET,
    "history.contradictory": CONTRADICTORY,
    "history.mixed_chains": MIXED_CHAINS,
    "history.too_large": TOO_LARGE,
}


@pytest.mark.parametrize(
    ("code", "value"),
    [pytest.param(code, value, id=f"{code}-{name}") for code, cases in TABLE.items() for name, value in cases.items()],
)
def test_code(code: str, value: Any) -> None:
    with pytest.raises(AppError) as caught:
        read_documents(value, WALLET, 1)
    assert caught.value.code == code
    assert caught.value.hint
    assert WALLET not in str(caught.value) and HASH not in str(caught.value)


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"string", "nothing", "message"}))
def test_an_error_is_meant_to_be_a_history(name: str) -> None:
    assert looks_like(REFUSED[name], wallet=True)


@pytest.mark.parametrize("wallet", ["", "0x12", "vitalik.eth", "0x" + "g" * 40, "0x" + "1" * 41, "1" * 40], ids=list("abcdef"))
def test_wallet(wallet: str) -> None:
    with pytest.raises(AppError) as caught:
        read_documents([row()], wallet, 1)
    assert caught.value.code == "wallet.invalid"


def test_values_beyond_64_bits_are_fine() -> None:
    values = [2**64, 2**128, 2**256 - 1]
    history = read_documents([row(hash=f"0x{value:064x}", value=str(value)) for value in values], WALLET, 1)
    assert sorted(found.value for found in history.transactions or ()) == values


LEAF = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**300)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [WALLET, OTHER, HASH, "", "0x", "0x5", "5", "GENESIS", "1e5", "2020-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
    )
    | st.text(max_size=4)
)
JSON = st.recursive(
    LEAF, lambda child: st.lists(child, max_size=4) | st.dictionaries(st.text(max_size=6), child, max_size=4), max_leaves=12
)
PAST = histories.made_up(Random(6), transactions=12, first_block=5_000_000)
GOOD: list[Any] = [
    [row()],
    [row(hash="GENESIS_" + WALLET[2:], nonce="", **{"from": "GENESIS", "to": WALLET})],
    TOKENS,
    PAGE,
    items(),
    AGGREGATE,
    {"EVM": {"Events": [event(5)]}},
    {"transfers": [moved("external", "x"), moved("erc20", "y", rawContract={"address": TOKEN})]},
    {"transaction_count": 5},
    {"method": "m", "kwargs": {"address": WALLET, "offset": 10}, "res": [row()]},
    {"hash": WALLET, "coin_balance": "1", "is_contract": False},
    indexers.covalent(PAST)[0],
    indexers.moralis(PAST)[0],
    indexers.moralis_history(PAST)[0],
    indexers.dune(PAST),
    indexers.bitquery(PAST),
    from_text(exports.etherscan_csv(PAST)[0]),
    from_text(exports.blockscout_csv(PAST)[1]),
    {"documents": [EMPTY], "chain_id": 1, "as_of_time": 5, "account": {"balance": 1, "nonce": 1, "code": "0x"}},
]


@pytest.mark.parametrize("value", GOOD, ids=[str(at) for at in range(len(GOOD) - 1)] + ["export"])
def test_the_good_documents_are_good(value: Any) -> None:
    if "coin_balance" not in value:
        assert read_documents(value, PAST.wallet if PAST.wallet in str(value).lower() else WALLET, 1)


def survives(value: Any) -> None:
    assert looks_like(value, wallet=True) or not looks_like(value)
    for wallet in (WALLET, PAST.wallet):
        try:
            read_documents(value, wallet, 1).digest()
        except AppError as err:
            assert err.code.startswith("history.")  # noqa: PT017  a digest is as good


@settings(max_examples=150, deadline=None)
@given(JSON)
def test_any_json(value: Any) -> None:
    survives(value)


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_any_json_in_any_place_of_a_good_document(data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(GOOD))

    def spoilt(part: Any) -> Any:
        if not isinstance(part, dict | list) or not part or (data.draw(st.booleans()) and part is not value):
            return data.draw(JSON)
        place = data.draw(st.sampled_from(sorted(part) if isinstance(part, dict) else range(len(part))))
        if isinstance(part, dict):
            return {**part, place: spoilt(part[place])}
        return [*part[:place], spoilt(part[place]), *part[place + 1 :]]

    survives(spoilt(value))
