"""Every name, number and limit that the readers of wallets know, one by one. Mutants lived here once.

Chain ids: chainlist.org. Names of chains: Dune's column `blockchain`. Statuses, methods and columns: the documentation named
in each reader.
"""

from __future__ import annotations

import importlib
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from app.base.errors import AppError
from app.base.limits import LIMITS
from app.wallet.history import History, Transaction
from app.wallet.read import (
    alchemy,
    any_source,
    bitquery,
    blockscout,
    call_data,
    covalent,
    documents,
    dune,
    etherscan,
    export,
    fields,
    moralis,
    rpc,
    table,
    unread,
)
from app.wallet.read.any_source import from_text, looks_like, read_documents
from app.wallet.read.part import Part, Scope, untold
from tests.support import histories
from tests.support.histories import exports
from tests.support.histories.documents import EMPTY, HASH, OTHER, THIRD, TOKEN, TOKENS, WALLET, event, moved, row

SCOPE = Scope(WALLET, 1)
ISO = "2018-01-30T13:41:33Z"  # 1517319693
DUNE = {"hash": HASH, "block_number": 5_000_000, "block_time": "2018-01-30 13:41:33.000 UTC", "from": WALLET, "to": OTHER}
DUNE |= {"value": "1"}


def refused(value: Any, chain_id: int = 1) -> str:
    with pytest.raises(AppError) as caught:
        read_documents(value, WALLET, chain_id)
    return caught.value.code


def one(value: Any, chain_id: int = 1) -> Transaction:
    (found,) = read_documents(value, WALLET, chain_id).transactions or ()
    return found


def counts(history: History) -> tuple[int | None, int | None, int]:
    """Return how many transactions and transfers there are, None of a kind that is not listed, and rows left out."""
    kinds = (history.transactions, history.transfers)
    transactions, transfers = (None if kind is None else len(kind) for kind in kinds)
    return transactions, transfers, history.left_out


def test_what_is_not_told_is_told_by_nobody() -> None:
    assert all(hasattr(any_source, name) for name in any_source.__all__) and any_source.looks_like(row())
    assert export.is_export({"documents": []})
    assert export.ExportFacts() == export.ExportFacts(as_of_block=None, as_of_time=None, accounts=(), truncated=False)
    part = Part("rpc", untold=untold(calls=True, outcomes=True))
    assert (part.transactions, part.transfers, part.summary, part.account, part.page) == (None, None, None, None, None)
    assert (part.first, part.last, part.is_empty, part.left_out, part.untold) == (True, True, False, 0, frozenset())
    assert Part("rpc") == part


# --- chains and coins ---------------------------------------------------------------------------------------------------

DUNE_CHAINS = {
    "ethereum": 1,
    "optimism": 10,
    "bnb": 56,
    "gnosis": 100,
    "polygon": 137,
    "base": 8453,
    "arbitrum": 42161,
    "avalanche_c": 43114,
}


def test_dunes_names_of_chains() -> None:
    for name, chain_id in DUNE_CHAINS.items():
        assert one([DUNE | {"blockchain": name}], chain_id).hash == HASH
        for other in {*DUNE_CHAINS.values(), chain_id + 1, chain_id - 1} - {chain_id}:
            assert refused([DUNE | {"blockchain": name}], other) == "history.mixed_chains"
    for unknown in (None, "", "linea", "ETHEREUM"):
        assert one([DUNE | {"blockchain": unknown}], 59144).hash == HASH
    assert refused([DUNE | {"blockchain": 1}]) == "history.mixed_chains"


COINS = {
    **{chain_id: {"ETH"} for chain_id in (1, 10, 130, 324, 8453, 42161, 42170, 59144, 81457, 534352)},
    25: {"CRO"},
    56: {"BNB"},
    100: {"XDAI"},
    137: {"MATIC", "POL"},
    250: {"FTM"},
    1284: {"GLMR"},
    5000: {"MNT"},
    42220: {"CELO"},
    43114: {"AVAX"},
}
ALL_COINS = ["ETH", "CRO", "BNB", "XDAI", "MATIC", "POL", "FTM", "GLMR", "MNT", "CELO", "AVAX"]
LINE = {"Transaction Hash": HASH, "Blockno": "5000000", "UnixTimestamp": "1517319693", "From": WALLET, "To": OTHER}
AMOUNT = "Transaction Hash,Blockno,UnixTimestamp,From,To,Amount"


def csv(header: str, *lines: dict[str, str]) -> Any:
    return from_text(exports.written(header, list(lines)), wallet=True)


@pytest.mark.parametrize("chain_id", COINS)
def test_the_coin_of_each_chain(chain_id: int) -> None:
    for coin in ALL_COINS:
        for name in (coin, coin.lower(), coin.title()):
            in_cell = csv(AMOUNT, LINE | {"Amount": f"2 {name}"})
            column = f"Value_OUT({name})"
            in_header = csv(f"{AMOUNT.removesuffix('Amount')}Value_IN({name}),{column}", LINE | {column: "2"})
            for found in (in_cell, in_header):
                if coin in COINS[chain_id]:
                    assert one(found, chain_id).value == 2 * 10**18
                else:
                    assert refused(found, chain_id) == "history.mixed_chains"


def test_a_coin_that_no_chain_here_has_and_a_chain_that_is_not_known() -> None:
    for coin in ALL_COINS:
        for chain_id in (777, *(chain_id + 1 for chain_id in COINS if chain_id + 1 not in COINS)):
            assert one(csv(AMOUNT, LINE | {"Amount": f"2 {coin}"}), chain_id).value == 2 * 10**18
    for coin in ("SEPOLIAETH", "Wei"):
        assert read_documents(csv(AMOUNT, LINE | {"Amount": f"2 {coin}"}), WALLET, 1).records == 1


def test_prices_in_dollars_and_times_name_no_coin() -> None:
    header = "Transaction Hash,Blockno,DateTime (UTC),UnixTimestamp,Value (USD),From,To,Value_IN(BNB),Value_OUT(BNB)"
    line = LINE | {"Value (USD)": "5.00", "Value_OUT(BNB)": "2", "DateTime (UTC)": "2018-01-30 13:41:33"}
    assert one(csv(header, line), 56).value == 2 * 10**18
    for lines in ([line], []):
        assert refused(csv(header, *lines), 1) == "history.mixed_chains"


@pytest.mark.parametrize(
    ("amount", "wei"),
    [("2", 2 * 10**18), ("2 WEI", 2), ("2 wei", 2), ("2 Gwei", 2 * 10**9), ("1.5 GWEI", 15 * 10**8), ("1,000 WEI", 1_000)],
)
def test_units(amount: str, wei: int) -> None:
    assert one(csv(AMOUNT, LINE | {"Amount": amount})).value == wei


# --- CSV ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "ok"),
    [
        ("", True),
        ("Success", True),
        ("OK", True),
        ("Fail", False),
        ("Failed", False),
        ("Error", False),
        ("Error(0)", False),
        ("error (out of gas)", False),
    ],
)
def test_statuses_of_etherscans_exports(status: str, ok: bool) -> None:
    assert one(csv(AMOUNT + ",Status", LINE | {"Amount": "2", "Status": status})).ok is ok
    assert one(csv(AMOUNT + ",Status,ErrCode", LINE | {"Amount": "2", "Status": status, "ErrCode": "reverted"})).ok is False


BLOCKSCOUT_LINE = {
    "TxHash": HASH,
    "BlockNumber": "5000000",
    "UnixTimestamp": ISO,
    "FromAddress": WALLET,
    "ToAddress": OTHER,
    "Value": "2",
    "TokenContractAddress": TOKEN,
}
BLOCKSCOUT_ENDS = "TxHash,BlockNumber,UnixTimestamp,FromAddress,ToAddress"


@pytest.mark.parametrize(("status", "ok"), [("", None), ("ok", True), ("OK", True), ("error", False)])
def test_statuses_of_blockscouts_exports(status: str, ok: bool | None) -> None:
    found = one(csv(BLOCKSCOUT_ENDS + ",Value,Status", BLOCKSCOUT_LINE | {"Status": status}))
    assert (found.ok, found.value, found.time) == (ok, 2, 1_517_319_693)
    assert refused(csv(BLOCKSCOUT_ENDS + ",Value,Status", BLOCKSCOUT_LINE | {"Status": "success"})) == "history.invalid"


@pytest.mark.parametrize("column", ["CallType", "TxIndex", "BlockIndex"])
def test_blockscouts_exports_of_internal_transactions(column: str) -> None:
    found = csv(f"{BLOCKSCOUT_ENDS},Value,Status,{column}", BLOCKSCOUT_LINE, BLOCKSCOUT_LINE)
    beside = csv(BLOCKSCOUT_ENDS + ",Value,Status", BLOCKSCOUT_LINE)
    history = read_documents([found, beside], WALLET, 1)
    assert (history.source, counts(history)) == ("blockscout_csv", (1, None, 2))
    assert refused(found) == "history.invalid"
    assert refused([found, [row()]]) == "history.invalid"  # of another source


def test_blockscouts_exports_of_transfers() -> None:
    history = read_documents(csv(BLOCKSCOUT_ENDS + ",TokenContractAddress", BLOCKSCOUT_LINE), WALLET, 1)
    assert (history.source, counts(history)) == ("blockscout_csv", (None, 1, 0))
    for missing in ("Value", "Status"):
        header = f"{BLOCKSCOUT_ENDS},Value,Status".replace(f",{missing}", "")
        assert refused(csv(header, BLOCKSCOUT_LINE)) == "history.invalid"


@pytest.mark.parametrize("column", ["TokenValue", "TokenId", "Token ID(s)", "Token IDs", "TokenSymbol", "TokenName", "Token"])
def test_a_column_that_makes_a_token_export(column: str) -> None:
    found = csv(f"{AMOUNT.removesuffix(',Amount')},ContractAddress,{column}", LINE | {"ContractAddress": TOKEN})
    (made,) = read_documents(found, WALLET, 1).transfers or ()
    assert (made.token, made.sender, made.recipient, made.value, made.block) == (TOKEN, WALLET, OTHER, None, 5_000_000)
    assert counts(read_documents(found, WALLET, 1)) == (None, 1, 0)


@pytest.mark.parametrize("column", ["ParentTxFrom", "Parent Transaction Hash"])
def test_etherscans_exports_of_internal_transactions(column: str) -> None:
    internal = csv(f"Transaction Hash,Blockno,UnixTimestamp,{column},From,TxTo", LINE, LINE)
    history = read_documents([internal, csv(AMOUNT, LINE | {"Amount": "2"})], WALLET, 1)
    assert (history.source, counts(history)) == ("etherscan_csv", (1, None, 2))
    assert refused([internal, [row()]]) == "history.invalid"  # of another source


@pytest.mark.parametrize(
    ("header", "is_known"),
    [
        ("Txhash,UnixTimestamp,From,To", True),
        ("Transaction Hash,DateTime (UTC),From,To", True),
        ("Transaction Hash,Date UTC,From,To", True),
        ("Parent Transaction Hash,UnixTimestamp,From,To", True),
        ("Txhash,UnixTimestamp,From,TxTo", True),
        (BLOCKSCOUT_ENDS, True),
        ("Txhash,From,To", False),
        ("UnixTimestamp,From,To", False),
        ("Txhash,UnixTimestamp,To", False),
        ("Txhash,UnixTimestamp,From", False),
        ("Hash,UnixTimestamp,From,To", False),
        *((BLOCKSCOUT_ENDS.replace(name, "x"), False) for name in BLOCKSCOUT_ENDS.split(",")),
    ],
)
def test_headers_that_are_read(header: str, is_known: bool) -> None:
    assert table.knows(header.split(",")) is is_known


@pytest.mark.parametrize(
    "name", ["TxHash", "Transaction Hash", "Hash", "TxID", "Transaction ID", "Signature", "Parent Transaction Hash"]
)
def test_columns_that_identify_a_transaction(name: str) -> None:
    assert table.may_be(["a", name]) and table.may_be([name.lower()]) and not table.may_be([name + "x", "block", "USD " + name])


def test_columns_under_their_other_names() -> None:
    assert one(
        csv("Txhash,Blockno,UnixTimestamp,From,TxTo,Amount", {**LINE, "Txhash": HASH, "TxTo": THIRD, "Amount": "1"})
    ) == (one(csv(AMOUNT, LINE | {"To": THIRD, "Amount": "1"})))
    line = {**LINE, "Date UTC": "2018-01-30 13:41:33", "Amount": "1"}
    assert one(csv("Transaction Hash,Blockno,Date UTC,From,To,Amount", line)) == one(csv(AMOUNT, line))


@pytest.mark.parametrize("rows", [5_000, 10_000])
def test_a_full_table(rows: int) -> None:
    columns, line = AMOUNT.split(","), [HASH, "5000000", "1517319693", WALLET, OTHER, "1"]
    given = [table.read_table({"columns": columns, "rows": [line] * many}, SCOPE).last for many in (rows - 1, rows, rows + 1)]
    assert given == [True, False, True]


def test_the_last_column_is_taken_as_it_is() -> None:
    names = [*DUNE, "indeX"]
    line = ",".join(str(cell) for cell in (DUNE | {"indeX": "X"}).values())
    for end in ("\n", "\r\n"):
        assert from_text(f"{','.join(names)}{end}{line}{end}") == [
            {name: str(cell) for name, cell in DUNE.items()} | {"indeX": "X"}
        ]


# --- Etherscan ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tokenName", "tokenSymbol", "tokenDecimal", "tokenID"])
def test_a_name_that_makes_a_token_row(name: str) -> None:
    (made,) = read_documents([row(contractAddress=TOKEN, **{name: "1"})], WALLET, 1).transfers or ()
    assert (made.token, made.value) == (TOKEN, None if name == "tokenID" else 1)
    assert counts(read_documents([row(contractAddress=TOKEN, **{name: "1"})], WALLET, 1)) == (None, 1, 0)
    assert counts(read_documents([row(contractAddress="", **{name.upper(): "1"})], WALLET, 1)) == (1, None, 0)


def test_an_amount_beside_a_token_s_number() -> None:
    for more, value in (({"tokenValue": "5"}, 5), ({"value": "7"}, None), ({"tokenValue": "5", "value": "7"}, 5)):
        (made,) = read_documents([row(contractAddress=TOKEN, tokenID="1", **more)], WALLET, 1).transfers or ()
        assert made.value == value


CALLS = ["call", "callcode", "delegatecall", "staticcall", "create", "create2", "suicide", "selfdestruct", "reward"]


@pytest.mark.parametrize("kind", CALLS)
def test_kinds_of_internal_transactions(kind: str) -> None:
    plain = row(hash="0x" + "77" * 32)
    for name in (kind, kind.upper()):
        inner = {field: value for field, value in row(type=name).items() if field not in ("nonce", "gasPrice")}
        assert counts(read_documents([plain, inner], WALLET, 1)) == (1, None, 1)
        for field in ("nonce", "gasPrice"):
            assert counts(read_documents([plain, inner | {field: "1"}], WALLET, 1)) == (2, None, 0)
        item = {"transaction_hash": HASH, "block_number": 5, "timestamp": ISO, "type": name}
        page = {"items": [ITEM, item], "next_page_params": None}
        assert counts(read_documents(page, WALLET, 1)) == (1, None, 1)
    for other in ("transfer", kind + "x", 2):
        inner = {field: value for field, value in row(type=other).items() if field not in ("nonce", "gasPrice")}
        assert counts(read_documents([plain, inner], WALLET, 1)) == (2, None, 0)


@pytest.mark.parametrize(
    "odd",
    [
        {"blockNumber": "5", "blockReward": "1"},
        {"withdrawalIndex": "1", "validatorIndex": "2"},
        {"blockNumber": "5", "timeStamp": "6", "traceId": "0"},
        {"blockNumber": "5", "timeStamp": "6", "errCode": ""},
    ],
)
def test_rows_that_are_no_records(odd: dict[str, Any]) -> None:
    assert counts(read_documents([row(), odd], WALLET, 1)) == (1, None, 1)
    for missing in odd:
        less = {name: value for name, value in odd.items() if name != missing}
        assert refused([row(), less]) == "history.invalid"


@pytest.mark.parametrize(
    ("message", "counted"),
    [
        ("No transactions found", (0, None, 0)),
        ("No records found", (0, None, 0)),
        ("No token transfers found", (0, None, 0)),
        ("NO RECORDS FOUND", (0, None, 0)),
    ],
)
def test_how_explorers_say_that_there_is_nothing(message: str, counted: tuple[int | None, int | None, int]) -> None:
    assert counts(read_documents({"status": "0", "message": message, "result": []}, WALLET, 1)) == counted
    assert refused({"status": "0", "message": message + ".", "result": []}) == "history.refused_by_source"
    assert refused({"status": "0", "message": message, "result": [row()]}) == "history.refused_by_source"


@pytest.mark.parametrize("status", ["0", "1", "2"])
def test_statuses_of_answers(status: str) -> None:
    document = {"status": status, "message": "x", "result": [row()]}
    assert etherscan.is_answer(document) and etherscan.is_answer(document | {"status": int(status)})
    assert not etherscan.is_answer(document | {"status": f"{status}{status}"})
    for missing in document:
        assert not etherscan.is_answer({name: value for name, value in document.items() if name != missing})


def test_a_recorded_answer_has_its_source() -> None:
    page = {"items": [ITEM], "next_page_params": None}
    for method, counted in (("get_normal_txs_by_address", (0, None, 0)), ("get_erc20_token_transfer_events", (None, 0, 0))):
        empty = {"method": method, "kwargs": {"address": WALLET}, "res": []}
        assert (read_documents(empty, WALLET, 1).source, counts(read_documents(empty, WALLET, 1))) == ("etherscan", counted)
        assert refused([page, empty]) == "history.invalid"
        assert refused(empty | {"kwargs": {"address": OTHER}}) == "history.other_wallet"


@pytest.mark.parametrize("rows", [1_000, 5_000, 10_000])
def test_a_full_list_of_etherscan_s(rows: int) -> None:
    assert [etherscan.listed([row()] * many, SCOPE).last for many in (rows - 1, rows, rows + 1)] == [True, False, True]
    assert not etherscan.listed([row()] * 3, SCOPE, 3).last


@pytest.mark.parametrize(
    ("rows", "missing"),
    [
        ([row()], set()),
        ([row(input="")], {"calls"}),
        ([row(input="deprecated")], {"calls"}),
        ([row(input="DEPRECATED", isError=None)], "history.invalid"),
        ([row(input="", methodId="0xa9059cbb")], set()),
        ([row(input="", methodId="0xa9059cb")], {"calls"}),
        ([row(input="", methodId="transfer")], {"calls"}),
        ([row(isError="")], {"outcomes"}),
        ([row(isError=None, txreceipt_status="1")], set()),
        ([row(isError=None, txreceipt_status="")], {"outcomes"}),
        ([row(hash="GENESIS_" + WALLET[2:], to=WALLET, **{"from": "GENESIS"}), row(input="")], {"calls"}),
        ([row(hash="GENESIS_" + WALLET[2:], to=WALLET, input="", **{"from": "GENESIS"})], set()),
    ],
)
def test_what_no_row_tells(rows: list[Any], missing: Any) -> None:
    if missing == "history.invalid":
        assert refused(rows) == missing
    else:
        assert read_documents(rows, WALLET, 1).untold == missing


# --- Blockscout ---------------------------------------------------------------------------------------------------------

ITEM = {
    "hash": HASH,
    "status": "ok",
    "block_number": 5_000_000,
    "timestamp": ISO,
    "from": {"hash": WALLET},
    "to": {"hash": OTHER},
    "value": "1",
}
TOKEN_ITEM = {
    "transaction_hash": HASH,
    "block_number": 5_000_000,
    "timestamp": ISO,
    "from": {"hash": WALLET},
    "to": {"hash": OTHER},
    "token": {"address_hash": TOKEN, "type": "ERC-20"},
    "total": {"value": "7"},
    "log_index": 3,
}


@pytest.mark.parametrize(("status", "ok"), [("ok", True), ("error", False), (None, None)])
def test_statuses_of_blockscout(status: str | None, ok: bool | None) -> None:
    assert one([ITEM | {"status": status}]).ok is ok
    for bad in ("OK", "success", "", True, 1):
        assert refused([ITEM | {"status": bad}]) == "history.invalid"


@pytest.mark.parametrize(("rows", "last"), [(1, True), (49, True), (50, False), (51, True), (100, False), (101, True)])
def test_items_that_were_taken_out_of_their_pages(rows: int, last: bool) -> None:
    assert blockscout.listed([ITEM] * rows, SCOPE).last is last


@pytest.mark.parametrize(("rows", "last"), [(49, True), (50, False), (51, False)])
def test_a_page_that_does_not_say_whether_it_is_the_last(rows: int, last: bool) -> None:
    assert blockscout.page({"items": [ITEM] * rows}, SCOPE).last is last
    assert blockscout.page({"items": [ITEM] * rows, "next_page_params": None}, SCOPE).last
    assert not blockscout.page({"items": [ITEM] * rows, "next_page_params": {"items_count": 50}}, SCOPE).last


@pytest.mark.parametrize(
    ("count", "page"), [(50, 1), (100, 2), (150, 3), (49, None), (51, None), (0, 0), ("50", None), (None, None)]
)
def test_the_number_of_a_page(count: Any, page: int | None) -> None:
    assert blockscout.page({"items": [ITEM], "next_page_params": {"items_count": count}}, SCOPE).page == page


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({}, 7),
        ({"total": None}, None),
        ({"token_type": "ERC-721"}, None),
        ({"token_type": "ERC-1155", "total": {"value": "7", "token_id": "5"}}, 7),
        ({"token": {"address_hash": TOKEN, "type": "ERC-721"}}, None),
        ({"token": {"address_hash": TOKEN, "type": "ERC-721"}, "token_type": "ERC-20"}, 7),
        ({"token": {"address": TOKEN, "type": "erc-721"}}, 7),
    ],
)
def test_the_amount_of_a_token_item(more: dict[str, Any], value: int | None) -> None:
    (made,) = read_documents([TOKEN_ITEM | more], WALLET, 1).transfers or ()
    assert (made.value, made.token, made.hash) == (value, TOKEN, HASH)


def test_transfers_of_one_log_and_of_two() -> None:
    batch = [TOKEN_ITEM | {"total": {"value": "7", "token_id": str(number)}} for number in range(3)]
    assert counts(read_documents([*batch, batch[0]], WALLET, 1)) == (None, 3, 0)
    assert counts(read_documents([TOKEN_ITEM, TOKEN_ITEM | {"log_index": 4}], WALLET, 1)) == (None, 2, 0)
    assert refused([TOKEN_ITEM, TOKEN_ITEM | {"total": {"value": "8"}}]) == "history.contradictory"


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"is_contract": False}, "owned"),
        ({"is_contract": True}, "contract"),
        ({"is_contract": True, "proxy_type": "eip7702"}, "delegated"),
        ({"is_contract": True, "proxy_type": "eip1967"}, "contract"),
        ({"is_contract": False, "proxy_type": "eip7702"}, "owned"),
    ],
)
def test_kinds_of_accounts(more: dict[str, Any], kind: str) -> None:
    account = read_documents([[ITEM], {"hash": WALLET, "coin_balance": "5", **more}], WALLET, 1).account
    assert account is not None and (account.kind, account.balance, account.nonce) == (kind, 5, None)
    account = read_documents([[ITEM], {"hash": WALLET, "coin_balance": None, **more}], WALLET, 1).account
    assert account is not None and (account.kind, account.balance, account.nonce) == (kind, 0, None)
    assert refused([[ITEM], {"hash": WALLET, "coin_balance": "5", **more, "is_contract": 1}]) == "history.invalid"
    assert refused([[ITEM], {"hash": OTHER, "coin_balance": "5", **more}]) == "history.other_wallet"


# --- Bitquery -----------------------------------------------------------------------------------------------------------

BITQUERY = {
    "Block": {"Number": "5000000", "Time": ISO},
    "Transaction": {"Hash": HASH, "From": WALLET, "To": OTHER, "Value": "1.5"},
}
BITQUERY_MOVED = {
    "Block": {"Number": "5000000", "Time": ISO},
    "Transaction": {"Hash": HASH},
    "Transfer": {"Sender": WALLET, "Receiver": OTHER, "Currency": {"SmartContract": TOKEN}},
}
COIN = BITQUERY_MOVED | {"Transfer": {"Sender": WALLET, "Receiver": OTHER, "Currency": {"SmartContract": "0x"}}}


def test_lists_of_bitquery_s_that_were_taken_out_of_their_answers() -> None:
    events = [{**event(5), "Transaction": {"Hash": "0x" + digit * 64}} for digit in "123"]
    summary = read_documents([*events, events[0]], WALLET, 1).summary
    assert summary is not None and (summary.total, summary.first_time, summary.last_time) == (3, 5, 5)
    assert counts(read_documents([BITQUERY], WALLET, 1)) == (1, None, 0)
    assert counts(read_documents([BITQUERY_MOVED, COIN, COIN], WALLET, 1)) == (None, 1, 2)
    assert refused([COIN, COIN]) == "history.invalid"


@pytest.mark.parametrize("currency", [{"SmartContract": "0x"}, {"SmartContract": ""}, {"SmartContract": TOKEN, "Native": True}])
def test_movements_of_coins_are_left_out(currency: dict[str, Any]) -> None:
    coin = BITQUERY_MOVED | {"Transfer": {"Sender": WALLET, "Receiver": OTHER, "Currency": currency}}
    for document in ([BITQUERY_MOVED, coin], {"EVM": {"Transfers": [BITQUERY_MOVED, coin]}}):
        assert counts(read_documents(document, WALLET, 1)) == (None, 1, 1)


@pytest.mark.parametrize(
    ("more", "ok"),
    [
        ({}, None),
        ({"TransactionStatus": {"Success": True}}, True),
        ({"TransactionStatus": {"Success": False}}, False),
        ({"Receipt": {"Status": "1"}}, True),
        ({"Receipt": {"Status": "0"}}, False),
        ({"Receipt": {"Status": 1}}, True),
        ({"Receipt": {"Status": ""}}, None),
        ({"Receipt": {"Status": "0"}, "TransactionStatus": {"Success": True}}, True),
        ({"Receipt": {"Status": "0"}, "TransactionStatus": {"Success": None}}, False),
    ],
)
def test_outcomes_of_bitquery(more: dict[str, Any], ok: bool | None) -> None:
    history = read_documents([BITQUERY | more], WALLET, 1)
    assert [found.ok for found in history.transactions or ()] == [ok]
    assert ("outcomes" in history.untold) is (ok is None) and "calls" in history.untold
    assert refused([BITQUERY | {"Receipt": {"Status": "2"}}]) == "history.invalid"


@pytest.mark.parametrize("transaction", [{"Hash": "0x5e"}, {"Hash": None}, {}, None, "x", {"hash": HASH}])
def test_what_is_no_row_of_bitquery_s(transaction: Any) -> None:
    assert not bitquery.is_row({"Block": {"Number": "5"}, "Transaction": transaction})
    assert bitquery.is_row({"Block": {}, "Transaction": {"Hash": HASH}})
    assert not bitquery.is_row({"Block": None, "Transaction": {"Hash": HASH}})


@pytest.mark.parametrize("name", ["Transactions", "Transfers", "Events"])
def test_names_of_bitquery_s_lists(name: str) -> None:
    evm: dict[str, Any] = {"EVM": {name: []}}
    assert bitquery.is_answer(evm) and bitquery.is_answer({"data": evm})
    assert not bitquery.is_answer({"EVM": {name.upper(): []}})
    history = read_documents({"EVM": {name: []}}, WALLET, 1)
    assert (history.transactions, history.transfers, history.summary is not None) == {
        "Transactions": ((), None, False),
        "Transfers": (None, (), False),
        "Events": (None, None, True),
    }[name]


@pytest.mark.parametrize("rows", [1_000, 5_000, 10_000, 25_000])
def test_a_full_list_of_bitquery_s(rows: int) -> None:
    given = [bitquery.listed([event(5)] * many, SCOPE).last for many in (rows - 1, rows, rows + 1)]
    assert given == [True, False, True]


# --- Alchemy, Covalent, Moralis, Dune, nodes ----------------------------------------------------------------------------


@pytest.mark.parametrize("category", ["internal", "specialnft"])
def test_categories_that_are_left_out(category: str) -> None:
    rows = [moved("external", "a"), moved(category, "b")]
    assert counts(read_documents({"transfers": rows}, WALLET, 1)) == (1, None, 1)
    for other in (category.upper(), category + "s", None, 5):
        assert refused({"transfers": [rows[0], moved(other, "b")]}) == "history.invalid"


@pytest.mark.parametrize(("category", "value"), [("erc20", 10**17), ("erc721", None), ("erc1155", 4)])
def test_categories_of_tokens(category: str, value: int | None) -> None:
    contract = {"value": None, "address": TOKEN, "decimal": "0x12"}
    rows = [moved(category, "a", rawContract=contract, erc1155Metadata=[{"tokenId": "0x1", "value": "0x4"}])]
    (made,) = read_documents({"transfers": rows}, WALLET, 1).transfers or ()
    assert (made.value, made.token, made.time) == (value, TOKEN, 1_704_164_645)


@pytest.mark.parametrize(
    ("document", "fits"),
    [
        ({"transfers": []}, True),
        ({"transfers": [], "pageKey": "x"}, True),
        ({"transfers": [], "page": 1}, False),
        ({"transfers": [moved("external", "a")], "page": 1}, True),
        ({"transfers": {}}, False),
    ],
)
def test_answers_of_alchemy(document: dict[str, Any], fits: bool) -> None:
    assert alchemy.is_answer(document) is fits


@pytest.mark.parametrize("missing", [None, "address", "chain_id", "updated_at"])
def test_an_empty_page_of_covalent_s(missing: str | None) -> None:
    page = {"address": WALLET, "chain_id": 1, "updated_at": "x", "items": []}
    page = {name: value for name, value in page.items() if name != missing}
    assert covalent.is_answer(page) is covalent.is_answer({"data": page}) is (missing is None)


COVALENT = {
    "block_signed_at": ISO,
    "from_address": WALLET,
    "to_address": OTHER,
    "tx_hash": HASH,
    "block_height": 5,
    "value": "1",
}
MORALIS = {
    "hash": HASH,
    "block_number": "5000000",
    "block_timestamp": ISO,
    "from_address": WALLET,
    "to_address": OTHER,
    "value": "1",
}


@pytest.mark.parametrize(("rows", "last"), [(1, True), (99, True), (100, False), (101, True), (200, False)])
def test_rows_that_were_taken_out_of_their_pages(rows: int, last: bool) -> None:
    for part in (covalent.listed([COVALENT] * rows, SCOPE), moralis.listed([MORALIS] * rows, SCOPE)):
        assert (part.first, part.last, part.page) == (True, last, None)


@pytest.mark.parametrize(
    ("links", "pages", "current", "expected"),
    [
        (None, None, None, (True, True, None)),
        ({"prev": None, "next": None}, None, 0, (True, True, 0)),
        ({"prev": "x", "next": None}, None, 3, (False, True, 3)),
        ({"prev": None, "next": "x"}, None, None, (True, False, None)),
        (None, {"page_number": 0, "has_more": False}, None, (True, True, 0)),
        (None, {"page_number": 2, "has_more": False}, None, (False, True, 2)),
        (None, {"page_number": 0, "has_more": True}, None, (True, False, 0)),
        (None, {"page_number": 2, "has_more": True}, 1, (False, False, 1)),
        ("x", "x", None, (True, True, None)),
    ],
)
def test_where_a_page_of_covalent_s_stands(
    links: Any, pages: Any, current: Any, expected: tuple[bool, bool, int | None]
) -> None:
    page = {"items": [COVALENT], "links": links, "pagination": pages} | ({} if current is None else {"current_page": current})
    for document in (page, {"data": page}):
        part = covalent.answer(document, SCOPE)
        assert (part.first, part.last, part.page) == expected


@pytest.mark.parametrize(
    ("page", "cursor", "expected"),
    [
        (None, None, (True, True, None)),
        (0, "", (True, True, 0)),
        (0, "x", (True, False, 0)),
        ("2", "x", (False, False, 2)),
        (1, None, (False, True, 1)),
    ],
)
def test_where_a_page_of_moralis_s_stands(page: Any, cursor: Any, expected: tuple[bool, bool, int | None]) -> None:
    part = moralis.answer({"result": [MORALIS], "page": page, "cursor": cursor}, SCOPE)
    assert (part.first, part.last, part.page) == expected
    assert moralis.answer({"result": [], "page": page, "cursor": cursor}, SCOPE).last is expected[1]


@pytest.mark.parametrize(
    ("more", "last"),
    [({}, True), ({"next_offset": 5}, False), ({"next_uri": "x"}, False), ({"next_offset": None, "next_uri": None}, True)],
)
def test_where_a_page_of_dune_s_stands(more: dict[str, Any], last: bool) -> None:
    assert dune.answer({"result": {"rows": [DUNE]}} | more, SCOPE).last is last
    assert dune.listed([DUNE], SCOPE).last and dune.answer({"result": {"rows": []}} | more, SCOPE).is_empty


@pytest.mark.parametrize("name", ["page", "total", "limit", "block_exists", "synced_at"])
def test_an_empty_page_of_moralis_s(name: str) -> None:
    page: dict[str, Any] = {"result": [], "cursor": None, "page_size": 100}
    assert moralis.is_answer(page) and moralis.is_answer(page | {name: 1})
    assert not moralis.is_answer(page | {name + "s": 1}) and not moralis.is_answer(page | {name.upper(): 1})
    for missing in page:
        assert not moralis.is_answer({key: value for key, value in page.items() if key != missing})


@pytest.mark.parametrize("name", ["native_transfers", "internal_transactions"])
@pytest.mark.parametrize("end", ["from_address", "to_address", "from", "to"])
def test_coins_that_others_moved(name: str, end: str) -> None:
    others = MORALIS | {"hash": "0x" + "77" * 32, "from_address": THIRD, "to_address": OTHER}
    assert counts(read_documents([MORALIS, others | {name: [{end: WALLET}]}], WALLET, 1)) == (1, None, 1)
    moves: list[dict[str, Any]] = [{}, {name: []}, {name: [{end: THIRD}]}]
    for nothing in moves:
        assert refused([MORALIS, others | nothing]) == "history.other_wallet"


def test_tokens_that_others_moved() -> None:
    others = MORALIS | {"hash": "0x" + "77" * 32, "from_address": THIRD, "to_address": OTHER}
    for name in ("erc20_transfers", "nft_transfers"):
        move = {"address": TOKEN, "from_address": THIRD, "to_address": WALLET, "value": "3", "log_index": 1}
        assert counts(read_documents([MORALIS, others | {name: [move]}], WALLET, 1)) == (1, 1, 0)
        assert counts(read_documents([MORALIS, MORALIS | {name: []}], WALLET, 1)) == (1, 0, 0)


MOVE = MORALIS | {"transaction_hash": HASH, "address": TOKEN, "value": "3"}
del MOVE["hash"]


@pytest.mark.parametrize(
    ("rows", "transfers"),
    [
        ([MOVE, MOVE], 2),
        ([MOVE | {"log_index": 1}, MOVE | {"log_index": 1}], 1),
        ([MOVE | {"log_index": 1}, MOVE | {"log_index": 2}], 2),
        ([MOVE | {"log_index": 1, "token_id": "1"}, MOVE | {"log_index": 1, "token_id": "2"}], 2),
        ([MOVE | {"log_index": None}, MOVE | {"log_index": None}], 2),
    ],
)
def test_one_transfer_or_two(rows: list[Any], transfers: int) -> None:
    assert counts(read_documents(rows, WALLET, 1)) == (None, transfers, 0)
    pages = [{"result": [one], "cursor": None, "page_size": 1} for one in rows]
    numbered = rows[0].get("log_index") is not None
    assert counts(read_documents(pages, WALLET, 1)) == (None, transfers if numbered else 1, 0)


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ({}, 3),
        ({"contract_type": "ERC721"}, None),
        ({"contract_type": "ERC1155", "token_id": "1", "amount": "2"}, 2),
        ({"token_id": "1"}, None),
        ({"value": None}, None),
    ],
)
def test_amounts_of_moralis_s(more: dict[str, Any], value: int | None) -> None:
    (made,) = read_documents([MOVE | more], WALLET, 1).transfers or ()
    assert (made.value, made.token) == (value, TOKEN)


@pytest.mark.parametrize("name", ["block_number", "from", "to", "value"])
def test_columns_that_dune_s_rows_need(name: str) -> None:
    with pytest.raises(AppError, match=f": {name} is not there") as caught:
        read_documents([{key: value for key, value in DUNE.items() if key != name}], WALLET, 1)
    assert caught.value.code == "history.invalid"


@pytest.mark.parametrize(
    ("told", "ok"),
    [
        *((True, True), (False, False), ("true", True), ("FALSE", False), ("fALSE", False), ("TRUE", True)),
        *(("", None), (None, None)),
    ],
)
def test_outcomes_of_dune(told: Any, ok: bool | None) -> None:
    assert one([DUNE | {"success": told}]).ok is ok
    assert ("outcomes" in read_documents([DUNE | {"success": told}], WALLET, 1).untold) is (ok is None)
    for bad in ("yes", "1", 1, 0, "none"):
        assert refused([DUNE | {"success": bad}]) == "history.invalid"


# --- fields, call data, time --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [str, hex, int])
def test_the_largest_number(text: Any) -> None:
    most = 115792089237316195423570985008687907853269984665640564039457584007913129639935  # of 256 bits
    assert most == fields.MAX_WEI
    assert fields.whole(text(most), "a value") == most
    with pytest.raises(AppError):
        fields.whole(text(most + 1), "a value")


@pytest.mark.parametrize("name", ["approve", "setApprovalForAll", "increaseAllowance"])
def test_calls_that_approve(name: str) -> None:
    selector = {"approve": "0x095ea7b3", "setApprovalForAll": "0xa22cb465", "increaseAllowance": "0x39509351"}[name]
    words = f"{OTHER[2:]:0>64}{1:064x}"
    assert call_data.spender(selector + words) == OTHER
    assert call_data.spender(selector + words + "ff" * 40) == OTHER
    assert call_data.spender(selector + f"{OTHER[2:]:0>64}{2**255:064x}") == OTHER
    assert call_data.spender(selector + f"{OTHER[2:]:0>64}{0:064x}" + "ff") is None
    assert call_data.spender(selector + words[:-2]) is None
    for place in (0, 23):
        assert call_data.spender(selector + words[:place] + "1" + words[place + 1 :]) is None


@pytest.mark.parametrize("data", [None, "", "deprecated"])
def test_call_data_that_is_not_told(data: Any) -> None:
    assert call_data.spender(data) is None
    assert (call_data.is_told(data), call_data.selector(data)) == (False, None)
    assert (call_data.is_told(data, "0xA9059CBB"), call_data.selector(data, "0xA9059CBB")) == (True, "0xa9059cbb")
    for method in ("0xa9059cb", "0xa9059cbb0", "transfer", None, 5, b"0xa9059cbb"):
        assert (call_data.is_told(data, method), call_data.selector(data, method)) == (False, None)
    for wrong in ("DEPRECATED", "x", 5, "0xa"):
        assert call_data.is_told(wrong)
        with pytest.raises(AppError):
            call_data.selector(wrong)


@pytest.mark.parametrize(("ahead", "is_refused"), [(86_400, False), (86_401, True)])
def test_a_day_ahead_of_the_clock(monkeypatch: pytest.MonkeyPatch, ahead: int, is_refused: bool) -> None:
    assemble = importlib.import_module("app.wallet.read.merge")  # a function has the name in its package
    for now, is_asked in ((1_767_225_600, True), (1_767_225_599, False)):  # the first second of 2026, and the one before
        monkeypatch.setattr(assemble.clock, "time", lambda now=now: now)
        late = [row(timeStamp=str(now + ahead))]
        for value in (late, {"documents": [[row()]], "as_of_time": now + ahead}):
            if is_refused and is_asked:
                assert refused(value) == "history.contradictory"
            else:
                assert read_documents(value, WALLET, 1).records == 1


@pytest.mark.parametrize("name", ["documents", "chain_id", "as_of_block", "as_of_time", "truncated", "account"])
def test_fields_of_an_export(name: str) -> None:
    whole = {"documents": [[row()]], "chain_id": 1, "as_of_block": 6_000_000, "as_of_time": 1_600_000_000, "truncated": True}
    whole |= {"account": {"balance": 1, "nonce": 2, "code": "0x"}}
    history = read_documents(whole, WALLET, 1)
    assert export.is_export(whole) and (history.as_of_block, history.as_of_time, history.truncated) == (
        6_000_000,
        1_600_000_000,
        True,
    )
    assert history.account is not None and (history.account.kind, history.account.balance, history.account.nonce) == (
        "owned",
        1,
        2,
    )
    assert not export.is_export(whole | {name + "s": 1}) and not export.is_export(whole | {name.upper(): 1})
    less = {key: value for key, value in whole.items() if key != name}
    assert export.is_export(less) is (name != "documents")


@pytest.mark.parametrize(
    "name", ["status", "statusCode", "code", "name", "detail", "title", "result", "error_code", "success", "message"]
)
def test_what_stands_beside_an_error_s_message(name: str) -> None:
    error = {"message": "Too many requests"} | ({name: "x"} if name != "message" else {})
    assert documents.is_history(error, wallet=True)
    assert refused(error) == "history.refused_by_source"
    assert refused(error | {name.upper(): "x"}) == refused(error | {name + "x": "x"}) == "history.invalid"


# --- formats that are not read ------------------------------------------------------------------------------------------

# whose, and all that each of its marks needs
MARKS: list[tuple[str, dict[str, Any]]] = [
    ("DeBank's", {"history_list": [], "token_dict": {}}),
    ("Zerion's", {"type": "transactions", "attributes": {}}),
    *(("Zapper's", {name: {}}) for name in ("transactionHistoryV2", "accountsTimeline", "accountEvents")),
    ("Ankr's", {"transactions": 1, "nextPageToken": ""}),
    ("Ankr's", {"blockchain": "eth", "blockHash": "0x", "timestamp": "0x"}),
    ("QuickNode's", {"paginatedItems": [], "totalItems": 0}),
    ("a list of receipts, which have neither times nor values,", {"receipts": []}),
    (
        "a list of receipts, which have neither times nor values,",
        {"transactionHash": "x", "cumulativeGasUsed": "0x", "logsBloom": "0x"},
    ),
    ("a node's transaction, which has no time,", {"hash": "x", "blockNumber": "0x", "nonce": "0x", "gas": "0x", "input": "0x"}),
    *(("Bitquery's old", {"ethereum": {name: []}}) for name in ("transactions", "transfers", "smartContractCalls")),
    (
        "Covalent's, but of another kind than transactions,",
        {"contract_ticker_symbol": "X", "contract_address": TOKEN, "balance": "5"},
    ),
    ("Solana's", {"signature": "x", "slot": 1}),
    ("Solana's", {"txHash": "x", "slot": 1}),
    ("Solana's", {"trans_id": "x", "block_time": 1}),
    ("Bitcoin's", {"vin": [], "vout": []}),
    ("Bitcoin's", {"hash160": "x", "n_tx": 1}),
    ("Bitcoin's", {"inputs": [], "out": []}),
    ("Tron's", {"txID": "x", "raw_data": {}}),
    ("Tron's", {"transaction_id": "x", "token_info": {}}),
]


@pytest.mark.parametrize(("whose", "mark"), MARKS, ids=map(str, range(len(MARKS))))
def test_marks_of_formats_that_are_not_read(whose: str, mark: dict[str, Any]) -> None:
    assert unread.name(mark) == unread.name(mark | {"more": 1}) == whose
    for missing, held in mark.items():
        less = {name: value for name, value in mark.items() if name != missing}
        assert unread.name(less) is unread.name(less | {missing.upper(): held}) is None
    for key in ("data", "result", "items", "rows", "transactions", "txs"):
        assert unread.name({key: mark}) == unread.name({key: [mark]}) == whose
    assert unread.name({"more": mark}) is None
    with pytest.raises(AppError) as caught:
        read_documents([mark], WALLET, 1)
    assert caught.value.code == "history.invalid" and f"this is {whose} format" in caught.value.message


def test_rows_that_are_searched_for_a_mark() -> None:
    mark = {"signature": "x", "slot": 1}
    assert unread.name([{}] * 99 + [mark]) == "Solana's"
    assert unread.name([{}] * 100 + [mark]) is None
    assert unread.name([5, mark]) == "Solana's"
    others: list[Any] = ["x", 5, None, {}, []]
    assert [unread.name(value) for value in others] == [None] * 5
    for bad in ({"ethereum": "transactions"}, {"type": "transactions", "attributes": "x"}, {"type": "x", "attributes": {}}):
        assert unread.name(bad) is None


def test_text_of_lines() -> None:
    lines = [json.dumps(row(hash=f"0x{number:064x}")) for number in range(3)]
    assert [found["hash"] for found in from_text("\n".join(lines)) or ()] == [f"0x{number:064x}" for number in range(3)]
    assert from_text(lines[0]) is None and not looks_like(5)
    assert counts(read_documents([[row()], TOKENS, EMPTY], WALLET, 1)) == (1, 1, 0)


ONE_OF_EACH = {
    "etherscan": row(),
    "blockscout": ITEM,
    "bitquery": BITQUERY,
    "covalent": COVALENT,
    "moralis": MORALIS,
    "dune": DUNE,
    "alchemy": moved("external", "a"),
}


@pytest.mark.parametrize("source", ONE_OF_EACH)
def test_one_row_alone_is_a_history(source: str) -> None:
    found = ONE_OF_EACH[source]
    for value in (found, [found], [[found]], {"documents": [found]}, {"documents": [[found]]}):
        history = read_documents(value, WALLET, 1)
        assert looks_like(value) and (str(history.source), len(history.transactions or ())) == (source, 1)


@pytest.mark.parametrize("records", [2, 3, 4])
def test_as_many_records_as_there_may_be(monkeypatch: pytest.MonkeyPatch, records: int) -> None:
    for name in ("app.wallet.read.any_source", *(f"app.wallet.read.{part}" for part in ("merge", "fields", "table", "text"))):
        monkeypatch.setattr(importlib.import_module(name), "LIMITS", replace(LIMITS, history_records=3))
    rows = [row(hash=f"0x{number:064x}") for number in range(records)]
    columns, line = AMOUNT.split(","), [HASH, "5000000", "1517319693", WALLET, OTHER, "1"]
    cells = [[f"0x{number:064x}", *line[1:]] for number in range(records)]
    ways: list[Any] = [
        rows,
        [[one] for one in rows],
        [rows[:-1], TOKENS],
        {"columns": columns, "rows": cells},
        "\n".join(map(json.dumps, rows)),
    ]
    for value in ways:
        if records > 3:
            assert refused(value) == "history.too_large"
        else:
            assert read_documents(value, WALLET, 1).records == records


def test_as_many_cells_as_there_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    text = importlib.import_module("app.wallet.read.text")
    given = exports.written(AMOUNT, [LINE | {"Amount": "1"}])
    cells = sum(given.count(mark) for mark in ",\n\r")
    for most, is_read in ((cells, True), (cells - 1, False)):
        monkeypatch.setattr(text, "LIMITS", replace(LIMITS, table_cells=most))
        if is_read:
            assert one(from_text(given)).value == 10**18
        else:
            with pytest.raises(AppError) as caught:
                from_text(given)
            assert caught.value.code == "history.too_large"


@pytest.mark.parametrize("before", ["", "\ufeff", "sep=,\n", "SEP=,\r\n", "\ufeffsep=;\n", "\n\r\n", "sep=,\n\n"])
def test_what_stands_before_a_header(before: str) -> None:
    assert one(from_text(before + exports.written(AMOUNT, [LINE | {"Amount": "1"}]))).value == 10**18


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    found = from_text(exports.written(AMOUNT, [LINE | {"Amount": "1"}], separator=separator, quoted=False))
    rows = [[HASH, "5000000", "1517319693", WALLET, OTHER, "1"]]
    more = {} if separator == "," else {"separator": separator}
    assert found == {"columns": AMOUNT.split(","), "rows": [] if more else rows, **more}
    assert (refused(found) == "history.invalid") if more else (one(found).value == 10**18)


@pytest.mark.parametrize(("length", "is_read"), [(4_095, True), (4_096, True), (4_097, False)])
def test_the_longest_header(length: int, is_read: bool) -> None:
    header = AMOUNT + "," + "x" * (length - len(AMOUNT) - 1)
    assert (from_text(header + "\n", wallet=True) is not None) is is_read


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        *((1_517_319_693, 1_517_319_693), ("0001517319693", 1_517_319_693), ("0x5a70760d", 1_517_319_693), (0, 0)),
        *((f"2018-01-30{mark}13:41:33{zone}", 1_517_319_693) for mark in "T " for zone in ("", "Z", " UTC", "+00:00", ".9Z")),
        *(("2018-01-30T13:41:33+01:00", 1_517_316_093), ("2018-01-30T13:41:33.123456789-01:00", 1_517_323_293)),
        *(("1970-01-01T00:00:00Z", 0), ("9999-12-31T23:59:59Z", 253_402_300_799), (253_402_300_799, 253_402_300_799)),
    ],
)
def test_times(given: Any, seconds: int) -> None:
    assert fields.time(given) == seconds


@pytest.mark.parametrize(
    "given",
    [
        *(
            253_402_300_800,
            "1969-12-31T23:59:59Z",
            "2018-02-30T00:00:00Z",
            "2018-01-30",
            "2018-01-30T13:41",
            None,
            "",
            True,
            1.0,
        ),
        *("9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2018-01-30T13:41:33.Z", "2018-01-30T13:41:33z", -1),
    ],
)
def test_what_is_no_time(given: Any) -> None:
    with pytest.raises(AppError) as caught:
        fields.time(given)
    assert caught.value.code == "history.invalid"


@pytest.mark.parametrize(
    ("given", "decimals", "amount"),
    [
        *(
            ("1.5", 18, 15 * 10**17),
            (0.1, 18, 10**17),
            (5, 0, 5),
            ("05", 0, 5),
            ("1e3", 0, 1_000),
            ("1.", 0, 1),
            ("1E-3", 3, 1),
        ),
        *(("0.0000000000000000019", 18, 1), ("0." + "0" * 59 + "1", 60, 1), ("0", 255, 0), (1e-7, 18, 10**11), ("9.99", 0, 9)),
        *(
            ("0" * 78, 0, 0),
            ("1e+2", 1, 1_000),
            (str(2**256 - 1), 0, 2**256 - 1),
            ("0.1234567890123456789", 18, 123456789012345678),
        ),
    ],
)
def test_amounts(given: Any, decimals: int, amount: int) -> None:
    assert fields.units(given, decimals, "a value") == amount


@pytest.mark.parametrize(
    ("given", "decimals"),
    [
        *(("0", 256), ("0", -1), ("-2", 0), ("", 0), (None, 0), (True, 0), ("1e1000", 0), (".5", 1), ("0" * 79, 0), ("0x1", 0)),
        *(
            ("0." + "0" * 61, 0),
            (str(2**256), 0),
            ("1e78", 0),
            (float("nan"), 0),
            (float("inf"), 0),
            (-1, 0),
            ("1 ", 0),
            ([], 0),
        ),
    ],
)
def test_what_is_no_amount(given: Any, decimals: int) -> None:
    with pytest.raises(AppError) as caught:
        fields.units(given, decimals, "a value")
    assert caught.value.code == "history.invalid"


@pytest.mark.parametrize("name", ["address", "hash"])
def test_shapes_of_hex(name: str) -> None:
    fits, digits = {"address": (fields.is_address, 40), "hash": (fields.is_hash, 64)}[name]
    assert all(map(fits, ("0x" + "a" * digits, "0x" + "F" * digits, "0x" + "0" * digits)))
    bad = (
        "0x" + "a" * (digits - 1),
        "0x" + "a" * (digits + 1),
        "0X" + "a" * digits,
        "a" * digits,
        "0x" + "g" * digits,
        "",
        None,
        5,
    )
    assert not any(map(fits, bad))


ZERO = "0x" + "0" * 40


@pytest.mark.parametrize(
    ("to", "contract", "ends"),
    [
        (OTHER, None, (OTHER, None)),
        (OTHER, "0x", (OTHER, None)),
        (OTHER, ZERO, (OTHER, None)),
        ("0x", TOKEN, (None, TOKEN)),
        (ZERO, TOKEN, (None, TOKEN)),
        ("", TOKEN, (None, TOKEN)),
        (None, TOKEN, (None, TOKEN)),
        (ZERO, "0x", (ZERO, None)),
        (ZERO, ZERO, (ZERO, None)),
        ("0x", "0x", "history.invalid"),
        ("0x", None, "history.invalid"),
    ],
)
def test_who_receives_and_what_is_created_at_bitquery(to: Any, contract: Any, ends: Any) -> None:
    told = {"Hash": HASH, "From": WALLET, "To": to, "Value": "1.5", "GasPrice": "0.000000002", "Data": "0xa9059cbb"}
    given = [BITQUERY | {"Transaction": told, "Receipt": {"ContractAddress": contract, "GasUsed": "21000", "Status": "1"}}]
    if isinstance(ends, str):
        assert refused(given) == ends
        return
    found = one(given)
    assert (found.recipient, found.created) == ends
    assert (found.sender, found.value, found.gas_used, found.gas_price) == (WALLET, 15 * 10**17, 21_000, 2 * 10**9)
    assert found.selector == (None if ends[0] is None else "0xa9059cbb")
    assert one([given[0] | {"ChainId": "1"}]) == found and refused([given[0] | {"ChainId": "2"}]) == "history.mixed_chains"
    for price in (None, ""):
        assert one([given[0] | {"Transaction": told | {"GasPrice": price}}]).gas_price is None
    for name in ("From", "To", "Value"):
        less = {key: value for key, value in told.items() if key != name}
        assert refused([BITQUERY | {"Transaction": less}]) == "history.invalid"


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, False),
        ({"raw_input": None, "method": None}, False),
        ({"method": "transfer"}, False),
        ({"method": "0xa9059cbb"}, True),
        ({"raw_input": "0x"}, True),
        ({"raw_input": "0xa9059cbb", "method": "transfer"}, True),
    ],
)
def test_whether_blockscout_tells_the_calls(more: dict[str, Any], is_told: bool) -> None:
    assert read_documents([ITEM | more], WALLET, 1).untold == (set() if is_told else {"calls"})


def test_decimals_of_a_token_at_alchemy() -> None:
    def document(decimal: str) -> dict[str, Any]:
        contract = {"value": None, "address": TOKEN, "decimal": decimal}
        return {"transfers": [moved("erc20", "a", rawContract=contract, value=0)]}

    assert read_documents(document("0xff"), WALLET, 1).transfers
    assert refused(document("0x100")) == "history.invalid"


def test_a_window_of_bitquery_s_transfers_that_is_full_is_not_the_last() -> None:
    full = [{**BITQUERY_MOVED, "Transaction": {"Hash": f"0x{at:064x}"}} for at in range(1_000)]
    assert bitquery.listed(full, SCOPE).last is False
    assert bitquery.listed(full[:-1], SCOPE).last is True


def test_a_page_of_a_node_needs_its_two_lists_alone() -> None:
    page = histories.node(histories.made_up(random.Random(3), transactions=3, first_block=5_000_000))[0]
    assert rpc.is_page({"txs": page["txs"], "receipts": page["receipts"]})
    assert not rpc.is_page({"txs": page["txs"]})
