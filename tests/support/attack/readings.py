"""What the readers make of some 30 documents, and of every one of them with one thing changed: kept, to be compared.

The score of a document is signed, so what a reader makes of it is a promise. `python -m tests.support.attack.readings
--write` keeps what it is now; a diff of tests/attack/readings.json shows whether a change of a reader changes what it was
not meant to, and with the name of a document instead it prints all readings of it, to be compared with those of another
commit.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any

from app.base.errors import AppError
from app.wallet.read import any_source, rpc
from bench.attack.places import KEPT
from tests.support import histories
from tests.support.histories import exports, indexers
from tests.support.histories.documents import EMPTY, HASH, OTHER, THIRD, TOKEN, TOKEN_ROW, WALLET, event, logged, moved, row

KEPT_READINGS = KEPT / "readings.json"
_PAST = histories.made_up(Random(8), transactions=3, first_block=5_000_000)
_MANY = histories.made_up(Random(3), transactions=12, first_block=4_300_000, blocks=140_000)
_NAMES: dict[str, str] = {  # names that a source gives to the same, and some that mean something else
    "etherscan": "hash transactionHash from to contractAddress methodId functionName input isError txreceipt_status tokenID "
    "tokenValue value traceId errCode type blockReward withdrawalIndex validatorIndex nonce gasPrice tokenSymbol res method",
    "blockscout": "block block_number hash tx_hash transaction_hash token address address_hash token_type type total token_id "
    "raw_input method created_contract is_contract proxy_type next_page_params items_count status",
    "rpc": "input data effectiveGasPrice gasPrice contractAddress blockTimestamp transactionHash logIndex removed chainId "
    "blockNumber timestamp firstPage lastPage blocks logs result jsonrpc id",
    "covalent": "address chain_id updated_at links pagination page_number has_more prev next current_page transfers log_events "
    "successful gas_spent items data raw_log_data raw_log_topics",
    "moralis": "hash transaction_hash cursor page page_size from to token_address address amount token_id value log_index "
    "receipt_status input erc20_transfers nft_transfers native_transfers internal_transactions contract_type result",
    "dune": "hash tx_hash success blockchain gas_price data query_id state next_offset next_uri rows result",
    "bitquery": "Time Timestamp Success Status Hash From To Value ChainId GasPrice Data ContractAddress Native SmartContract "
    "Transfers Transactions Events TransactionStatus Receipt EVM data Log Address",
    "alchemy": "metadata rawContract erc1155Metadata value category uniqueId decimal address blockTimestamp transfers pageKey",
    "other": "wallet wallet_metadata transaction_count error first_transaction_date last_transaction_date eth_balance "
    "documents chain_id as_of_block as_of_time truncated account balance nonce code message errors status",
}
_MOST = 4_000  # edits of one document
_TEXTS = ("", "x", "0x", "0", "1", "2", "-1", "1.5", "1e3", "12345678901234567890", WALLET, OTHER, HASH, "2018-02-01T00:00:00Z")
_WHOLE = (0, 1, 2, -1, 2**53 - 1, 2**53, 2**64 - 1, 2**64, 2**256 - 1, 2**256, 253_402_300_799, 253_402_300_800)
_ANY: tuple[Any, ...] = (None, True, False, 1.5, [], {}, [[]], [None], [{}])


def _word(number: int) -> str:
    return f"{number:064x}"


def _logs() -> dict[str, Any]:
    ends = ["0x" + _word(int(WALLET, 16)), "0x" + _word(int(OTHER, 16))]
    place = {"address": TOKEN, "blockNumber": "0x4c4b40", "transactionHash": HASH, "blockTimestamp": "0x5a707ef0"}
    operator = "0x" + _word(int(THIRD, 16))
    return {
        "logs": [
            {**place, "topics": [rpc.TRANSFER, *ends], "data": "0x" + _word(7), "logIndex": "0x0", "removed": False},
            {**place, "topics": [rpc.TRANSFER, *ends, "0x" + _word(9)], "data": "0x", "logIndex": "0x1"},
            {**place, "topics": [rpc.SINGLE, operator, *ends], "data": "0x" + _word(1) + _word(5), "logIndex": "0x2"},
            {
                **place,
                "topics": [rpc.BATCH, operator, *ends],
                "logIndex": "0x3",
                "data": "0x" + "".join(map(_word, (64, 160, 2, 1, 2, 2, 5, 6))),
            },
            {**place, "topics": [], "data": "0x", "logIndex": "0x4"},
        ],
        "blocks": [{"number": "0x4c4b40", "timestamp": "0x5a707ef0"}],
    }


@functools.cache
def documents() -> dict[str, tuple[str, Any]]:
    """Return the documents by name, each with the source whose names are tried."""
    e, b, n = histories.etherscan(_PAST), histories.blockscout(_PAST), histories.node(_PAST)
    internal = row(type="call", traceId="0", errCode="", nonce=None)
    made: dict[str, tuple[str, Any]] = {f"etherscan {at}": ("etherscan", one) for at, one in enumerate(e)}
    made |= {f"blockscout {at}": ("blockscout", one) for at, one in enumerate(b)}
    made |= {f"node {at}": ("rpc", one) for at, one in enumerate(n)}
    made |= {
        "etherscan rows of many kinds": ("etherscan", [row(), TOKEN_ROW, internal, {"blockNumber": "1", "blockReward": "2"}]),
        "etherscan empty": ("etherscan", EMPTY),
        "etherscan genesis": ("etherscan", [row(hash=f"GENESIS_{WALLET}", **{"from": "GENESIS", "to": WALLET})]),
        "etherscan nft": ("etherscan", [{**TOKEN_ROW, "tokenID": "5", "tokenName": "N"}]),
        "etherscan 1155": ("etherscan", [{**TOKEN_ROW, "tokenID": "5", "tokenValue": "3"}]),
        "etherscan recorded": ("etherscan", logged("get_normal_txs_by_address", WALLET, [row()], page=1, offset=10)),
        "etherscan recorded empty": ("etherscan", logged("get_erc20_token_transfer_events", WALLET, [])),
        "etherscan refusal": ("etherscan", {"status": "0", "message": "NOTOK", "result": "Invalid API Key"}),
        "blockscout account": (
            "blockscout",
            [
                {"hash": WALLET, "coin_balance": "5", "is_contract": True, "proxy_type": "eip7702"},
                {"items": [], "next_page_params": None},
            ],
        ),
        "node logs": ("rpc", _logs()),
        "node logs as an answer": ("rpc", {"jsonrpc": "2.0", "id": 1, "result": _logs()["logs"]}),
        "node error": ("rpc", {"jsonrpc": "2.0", "id": 1, "error": {"code": -32005, "message": "too many"}}),
        "covalent": ("covalent", indexers.covalent(_PAST)[0]),
        "covalent v2": ("covalent", _covalent_v2()),
        "moralis": ("moralis", indexers.moralis(_PAST)[0]),
        "moralis transfers": ("moralis", indexers.moralis(_PAST)[-1]),
        "moralis history": ("moralis", indexers.moralis_history(_PAST)[0]),
        "dune": ("dune", indexers.dune(_PAST)),
        "dune rows": ("dune", indexers.dune_rows(_PAST)),
        "bitquery": ("bitquery", indexers.bitquery(_PAST)),
        "bitquery events": ("bitquery", {"data": {"EVM": {"Events": [event(1_600_000_000, Hash=HASH), event(1_600_000_001)]}}}),
        "alchemy": ("alchemy", {"transfers": _moves()}),
        "aggregator": ("other", histories.aggregator(_PAST)),
        "count": ("other", {"transaction_count": 100, "wallet": WALLET}),
        "export": (
            "other",
            {
                "documents": [[row()], EMPTY],
                "chain_id": 1,
                "as_of_block": 6_000_000,
                "as_of_time": 1_600_000_000,
                "truncated": False,
                "account": {"balance": "5", "nonce": 7, "code": "0xef0100" + "11" * 20},
            },
        ),
        "many of many": ("other", [*histories.etherscan(_MANY), *histories.etherscan(_MANY)]),
    }
    made |= {f"unread {at}": ("other", one) for at, one in enumerate(_UNREAD)}
    return {name: (source, _of_wallet(value)) for name, (source, value) in made.items()}


_UNREAD: tuple[Any, ...] = (
    {"history_list": [], "token_dict": {}},
    {"data": [{"type": "transactions", "attributes": {}}]},
    {"data": {"transactionHistoryV2": {}, "accountsTimeline": {}, "accountEvents": {}}},
    {"result": {"transactions": [], "nextPageToken": ""}},
    {"transactions": [{"blockchain": "eth", "blockHash": HASH, "timestamp": "0x1"}]},
    {"paginatedItems": [], "totalItems": 1},
    {"receipts": []},
    {"items": [{"transactionHash": 5, "cumulativeGasUsed": "0x1", "logsBloom": "0x"}]},
    {"hash": 5, "blockNumber": "0x1", "nonce": "0x1", "gas": "0x1", "input": "0x"},
    {"data": {"ethereum": {"transactions": [], "transfers": [], "smartContractCalls": []}}},
    {"rows": [{"contract_ticker_symbol": "X", "contract_address": TOKEN, "balance": "5"}]},
    {"data": [{"signature": "5", "slot": 1}, {"txHash": "5"}, {"trans_id": "5", "block_time": 1}]},
    {"txs": [{"vin": [], "vout": [], "hash160": "5", "n_tx": 1, "inputs": [], "out": []}]},
    {"data": [{"txID": "5", "raw_data": {}, "transaction_id": "5", "token_info": {}}]},
)


def _covalent_v2() -> dict[str, Any]:
    body = {**indexers.covalent(_PAST)[0]["data"]}
    del body["links"], body["current_page"]
    return body | {"pagination": {"has_more": False, "page_number": 0, "page_size": 100}}


def _moves() -> list[dict[str, Any]]:
    contract = {"value": "0x5", "address": TOKEN, "decimal": "0x12"}
    return [
        moved("external", "external"),
        moved("external", "a contract", to=None, hash="0x" + "5f" * 32),
        moved("erc20", "log:1", rawContract=contract),
        moved("erc721", "log:2", rawContract=contract, erc721TokenId="0x1"),
        moved("erc1155", "log:3", rawContract=contract, erc1155Metadata=[{"tokenId": "0x1", "value": "0x2"}] * 2),
        moved("internal", "internal:1"),
    ]


def _of_wallet(value: Any) -> Any:
    return json.loads(_ours(json.dumps(value)))


def _ours(text: str) -> str:
    """Return the text with our wallet in the place of the made-up ones, in whatever case they are."""
    return re.sub("|".join(past.wallet[2:] for past in (_PAST, _MANY)), WALLET[2:], text, flags=re.IGNORECASE)


def tables() -> dict[str, str]:
    """Return the texts by name: CSV exports and NDJSON."""
    made = {
        f"etherscan {year} {at}": text
        for year in exports.ETHERSCAN
        for at, text in enumerate(exports.etherscan_csv(_PAST, year))
    }
    made |= {f"blockscout {at}": text for at, text in enumerate(exports.blockscout_csv(_PAST))}
    made["dune"] = "\n".join(json.dumps(one) for one in indexers.dune_rows(_PAST))
    made["dune csv"] = _csv(indexers.dune_rows(_PAST))
    return {f"text: {name}": _ours(text) for name, text in made.items()}


def _csv(rows: list[dict[str, Any]]) -> str:
    return "\n".join([",".join(rows[0]), *(",".join(str(value) for value in row.values()) for row in rows)])


def edits(value: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the document and, by the place and what was done there, the document with one thing changed."""
    yield "as it is", value
    for path in _places(value):
        parent, key = functools.reduce(lambda node, step: node[step], path[:-1], value), path[-1]
        where = "/".join(map(str, path))
        for what, change in _changes(parent, key, names):
            changed = copy.deepcopy(value)
            change(functools.reduce(lambda node, step: node[step], path[:-1], changed))
            yield f"{where} {what}", changed


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs: Any = value.items() if isinstance(value, dict) else enumerate(value[:6]) if isinstance(value, list) else ()
    for name, child in pairs:
        yield (*path, name)
        yield from _places(child, (*path, name))


def _changes(parent: Any, key: Any, names: list[str]) -> Iterator[tuple[str, Any]]:
    value = parent[key]
    yield "gone", lambda node: node.pop(key)
    if isinstance(parent, dict):
        for name in names:
            if name not in parent:
                yield f"named {name}", lambda node, name=name: node.update({name: node.pop(key)})
    else:
        yield "twice", lambda node: node.insert(key, copy.deepcopy(node[key]))
        yield "last", lambda node: node.append(node.pop(key))
    for new in _values(value):
        yield f"is {json.dumps(new)[:40]}", lambda node, new=new: node.__setitem__(key, new)


def _values(value: Any) -> Iterator[Any]:
    if isinstance(value, str):
        yield from (value.upper(), f"{value}0", value[:-1], " " + value, *_TEXTS)
        if value.isdecimal():
            yield from (int(value), hex(int(value)), str(int(value) + 1), *map(str, _WHOLE))
        elif value.startswith("0x") and 2 < len(value) < 20:
            yield from (int(value, 16), str(int(value, 16)), hex(int(value, 16) + 1), *map(hex, _WHOLE))
    elif type(value) is int:
        yield from (str(value), hex(value), value + 1, value - 1, *_WHOLE)
    elif isinstance(value, bool):
        yield from (not value, "true", "false", 0, 1)
    elif value is None:
        yield from (*_TEXTS, 0, 5)
    yield from _ANY


def text_edits(text: str) -> Iterator[tuple[str, str]]:
    """Yield the text and, by what was done, the text with one thing changed."""
    yield "as it is", text
    for mark in ("\ufeff", "sep=,\r\n", "sep=;\n", "\r\n", "x\n"):
        yield f"after {mark!r}", mark + text
    for end in ("\n", "\n\n", "\nx", ',"'):
        yield f"before {end!r}", text + end
    yield "with semicolons", text.replace(",", ";")
    yield "with tabs", text.replace(",", "\t")
    yield "with LF", text.replace("\r\n", "\n")
    lines = text.split("\n")
    for at in range(min(3, len(lines))):
        yield f"without line {at}", "\n".join([*lines[:at], *lines[at + 1 :]])
        yield f"line {at} twice", "\n".join([*lines[:at], lines[at], *lines[at:]])
        yield f"line {at} empty", "\n".join([*lines[:at], "", *lines[at + 1 :]])
        cells = lines[at].rstrip("\r").split(",")
        for place, cell in enumerate(cells):
            for new in (
                "",
                '""',
                "x",
                "1",
                "0",
                "-1",
                "1,5",
                "1.5",
                "Error",
                "Fail",
                WALLET,
                HASH,
                cell.upper(),
                cell + " (UTC)",
            ):
                yield (
                    f"cell {at} {place} is {new!r}",
                    "\n".join([*lines[:at], ",".join([*cells[:place], new, *cells[place + 1 :]]), *lines[at + 1 :]]),
                )
            yield (
                f"cell {at} {place} gone",
                "\n".join([*lines[:at], ",".join(cells[:place] + cells[place + 1 :]), *lines[at + 1 :]]),
            )


def reading(value: Any) -> str:
    """Return in a few characters whether a value looks like a history, and what history it is or which error it gets."""
    seen = "".join("-+"[any_source.looks_like(value, wallet=wallet)] for wallet in (False, True))
    return f"{seen} {_read(value)}"


def text_reading(text: str) -> str:
    """Return the same of a text, and whether it is taken for one."""
    made = []
    for wallet in (False, True):
        try:
            found = any_source.from_text(text, wallet=wallet)
        except AppError as err:
            made.append(_said(err))
            continue
        made.append("none" if found is None else _read(found))
    return " ".join(made)


def _read(value: Any) -> str:
    try:
        found = any_source.read_documents(value, WALLET, 1)
    except AppError as err:
        return _said(err)
    told = [found.source, found.as_of_time, found.as_of_block, repr(found.account), found.truncated, found.left_out]
    return _short(json.dumps([found.digest(), *told, sorted(found.untold)]))


def _said(err: AppError) -> str:
    return f"{err.code.removeprefix('history.')}/{_short(err.message)[:4]}"


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def made(name: str) -> dict[str, str]:
    """Return the readings of a document or a text and of all its edits."""
    if name in documents():
        source, value = documents()[name]
        every = list(edits(value, _NAMES[source].split()))
        return {what: reading(changed) for what, changed in every[:: 1 + len(every) // _MOST]}
    return {what: text_reading(changed) for what, changed in text_edits(tables()[name])}


def names() -> list[str]:
    """Return the names of all."""
    return [*documents(), *tables()]


def kept(name: str) -> list[Any]:
    """Return what is kept of a document: how many readings are of each code, and a digest of them all."""
    found = made(name)
    codes = Counter(said.split()[-1].partition("/")[0] if "/" in said else "read" for said in found.values())
    return [dict(sorted(codes.items())), hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()]


if __name__ == "__main__":
    if "--write" in sys.argv:
        rows = (f"{json.dumps(name)}: {json.dumps(kept(name))}" for name in names())
        KEPT_READINGS.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    for chosen in sys.argv[1:]:
        if chosen in names():
            sys.stdout.write("".join(f"{what}: {said}\n" for what, said in made(chosen).items()))
