"""A past as the CSV exports of explorers tell it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from app.crypto.signing import checksum_address
from tests.support.histories.indexers import coins
from tests.support.histories.past import BYZANTIUM, Log, Past, Tx, when

_START = "Blockno,UnixTimestamp,DateTime"
_VALUES = "From,To,ContractAddress,Value_IN({C}),Value_OUT({C}),CurrentValue @ $2084.31/Eth"
_FEES = "TxnFee({C}),TxnFee(USD),Historical $Price/Eth,Status,ErrCode"
# generations of Etherscan's header for transactions, oldest first; {C} is the coin
ETHERSCAN = {
    "2019": f"Txhash,{_START},{_VALUES},{_FEES}",
    "2021": f"Txhash,{_START},{_VALUES},{_FEES},Method",
    "2023": f"Transaction Hash,{_START} (UTC),{_VALUES},{_FEES},Method,PrivateNote",
    "page": "Transaction Hash,Status,Method,Blockno,DateTime (UTC),From,From_Nametag,To,To_Nametag,ContractAddress,Amount,"
    "Value (USD),Txn Fee",
}
TOKENS = f"Transaction Hash,{_START} (UTC),From,To,TokenValue,USDValueDayOfTx,ContractAddress,TokenName,TokenSymbol"
NFTS = f"Transaction Hash,{_START} (UTC),From,To,ContractAddress,TokenId,TokenName,TokenSymbol"
INTERNAL = (
    f"Transaction Hash,{_START} (UTC),ParentTxFrom,ParentTxTo,ParentTxETH_Value,From,TxTo,ContractAddress,Value_IN(ETH),"
    "Value_OUT(ETH),CurrentValue @ $2084.31/Eth,Historical $Price/Eth,Status,ErrCode,Type"
)
BLOCKSCOUT = (
    "TxHash,BlockNumber,UnixTimestamp,FromAddress,ToAddress,ContractAddress,Type,Value,Fee,Status,ErrCode,CurrentPrice,"
    "TxDateOpeningPrice,TxDateClosingPrice,MethodName"
)
BLOCKSCOUT_TOKENS = (
    "TxHash,BlockNumber,UnixTimestamp,FromAddress,ToAddress,TokenContractAddress,Type,TokenSymbol,TokensTransferred,TransactionFee,"
    "Status,ErrCode"
)


def written(header: str, rows: list[dict[str, str]], *, quoted: bool = True, end: str = "\r\n", separator: str = ",") -> str:
    """Return a CSV with the columns of `header`; what a row does not have is empty."""
    columns = header.split(",")
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL, lineterminator=end, delimiter=separator)
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return out.getvalue()


def _time(block: int, text: str = "%Y-%m-%d %H:%M:%S") -> str:
    return datetime.fromtimestamp(when(block), UTC).strftime(text)


def etherscan_rows(past: Past, coin: str = "ETH") -> list[dict[str, str]]:
    """Return the rows of the transactions under every name that a column ever had."""
    return [_etherscan_row(past, tx, at, coin) for at, tx in enumerate(past.txs)]


def _etherscan_row(past: Past, tx: Tx, at: int, coin: str) -> dict[str, str]:
    sent = tx.sender == past.wallet
    value = coins(tx.value)
    whole, dot, part = value.partition(".")
    failed = not tx.succeeded and tx.block >= BYZANTIUM
    created = tx.created if tx.created and not failed else None
    return {
        "Txhash": tx.hash,
        "Transaction Hash": tx.hash,
        "Blockno": str(tx.block),
        "UnixTimestamp": str(when(tx.block)),
        "DateTime": _time(tx.block),
        "DateTime (UTC)": _time(tx.block),
        "From": tx.sender,
        "From_Nametag": past.text(at),
        "To": tx.recipient or "",
        "ContractAddress": created or "",
        f"Value_IN({coin})": "0" if sent else f"{int(whole):,}{dot}{part}",
        f"Value_OUT({coin})": value if sent else "0",
        "Amount": f"{value} {coin}" if at % 2 else f"{tx.value} WEI",
        "CurrentValue @ $2084.31/Eth": "79.33",
        f"TxnFee({coin})": coins(tx.gas_used * tx.gas_price),
        "TxnFee(USD)": "0.31",
        "Status": "Error(0)" if failed else "",
        "ErrCode": "execution reverted" if failed else "",
        "Method": "Transfer" if tx.data == "0x" else "Swap Exact Tokens",
        "PrivateNote": past.text(at),
    }


def etherscan_csv(past: Past, generation: str = "2023", coin: str = "ETH", **how: bool | str) -> list[str]:
    """Return three exports: transactions, ERC-20 transfers and NFT transfers."""
    rows = etherscan_rows(past, coin)
    if generation == "page":
        rows = [{**row, "Status": "Fail" if row["Status"] else "Success"} for row in rows]
    tokens = [_token(past, log, at) for at, log in enumerate(past.logs)]
    fungible = [row for row, log in zip(tokens, past.logs, strict=True) if not log.unique]
    unique = [row for row, log in zip(tokens, past.logs, strict=True) if log.unique]
    header = ETHERSCAN[generation].replace("{C}", coin)
    return [written(header, rows, **how), written(TOKENS, fungible, **how), written(NFTS, unique, **how)]  # type: ignore[arg-type]


def _token(past: Past, log: Log, at: int) -> dict[str, str]:
    return {
        "Transaction Hash": log.tx,
        "Blockno": str(log.block),
        "UnixTimestamp": str(when(log.block)),
        "DateTime (UTC)": _time(log.block),
        "From": log.sender,
        "To": log.recipient,
        "TokenValue": f"{log.amount // 10**18:,}.5",
        "USDValueDayOfTx": "N/A",
        "ContractAddress": log.token,
        "TokenId": str(log.amount),
        "TokenName": past.text(at),
        "TokenSymbol": "X",
    }


def blockscout_csv(past: Past) -> list[str]:
    """Return two exports: transactions and token transfers."""
    txs = [
        {
            "TxHash": tx.hash,
            "BlockNumber": str(tx.block),
            "UnixTimestamp": _time(tx.block, "%Y-%m-%d %H:%M:%S.000000Z"),
            "FromAddress": checksum_address(bytes.fromhex(tx.sender[2:])),
            "ToAddress": tx.recipient or "",
            "ContractAddress": tx.created or "",
            "Type": "OUT" if tx.sender == past.wallet else "IN",
            "Value": str(tx.value),
            "Fee": str(tx.gas_used * tx.gas_price),
            "Status": ("ok" if tx.succeeded else "error") if tx.block >= BYZANTIUM else "",
            "MethodName": past.text(at),
        }
        for at, tx in enumerate(past.txs)
    ]
    tokens = [
        {
            "TxHash": log.tx,
            "BlockNumber": str(log.block),
            "UnixTimestamp": _time(log.block, "%Y-%m-%d %H:%M:%S.000000Z"),
            "FromAddress": log.sender,
            "ToAddress": log.recipient,
            "TokenContractAddress": log.token,
            "Type": "IN",
            "TokenSymbol": "X",
            "TokensTransferred": str(log.amount),
        }
        for log in past.logs
    ]
    return [written(BLOCKSCOUT, txs, quoted=False), written(BLOCKSCOUT_TOKENS, tokens, quoted=False)]
