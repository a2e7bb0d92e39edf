"""One row of an explorer as it answers today, in an answer of its own."""

from __future__ import annotations

WALLET = "0x" + "1b" * 20
PEER = "0x" + "2c" * 20
ROW = {
    "blockNumber": "21686822", "timeStamp": "1737630863", "hash": "0x" + "0" * 63 + "1", "nonce": "1",
    "from": PEER, "to": WALLET,
    "value": "38060500000000000", "gas": "21000", "gasPrice": "20000000000",
    "isError": "0", "txreceipt_status": "1", "input": "0x",
    "contractAddress": "", "gasUsed": "21000",
}  # fmt: skip
ANSWER = {"status": "1", "message": "OK", "result": [ROW]}
