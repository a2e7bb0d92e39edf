"""Inputs that people who do this job really have, each with the right outcome: alone, with a question, and beside a wallet.

The kinds come from public bug reports, exports and test files; the content is neutral and made here. What becomes of a code
task after this is in tests/e2e/test_field_code.py, of a history in tests/unit/test_history_*.py.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from app.formats.protected_data_writer import protect
from app.run.work import Outcome
from tests.support.desk import Desk
from tests.support.histories.explorer_answer import ANSWER, PEER, ROW, WALLET
from tests.support.sources import outcome

QUESTION = "What is said about the order?"
ETHERSCAN_CSV = (
    '"Transaction Hash","Blockno","UnixTimestamp","DateTime (UTC)","From","To","ContractAddress",'
    '"Value_IN(ETH)","Value_OUT(ETH)",'
    '"CurrentValue @ $2000/Eth","TxnFee(ETH)","TxnFee(USD)","Historical $Price/Eth","Status","ErrCode","Method"\n'
    f'"0x{"0" * 63}1","21686821","1737630851","2025-01-23 11:14:11","{PEER}","{WALLET}","","0.038","0","79.3","0.1","0.3","3",'
    '"","","Transfer"\n'
)
ALCHEMY = {
    "blockNum": "0xb0eadc", "uniqueId": "0x1:external", "hash": "0x" + "0" * 63 + "1", "from": WALLET, "to": PEER, "value": 0.5,
    "asset": "ETH", "category": "external", "rawContract": {"value": "0x6f05b59d3b20000", "address": None, "decimal": "0x12"},
}  # fmt: skip


def made(value: Any) -> bytes:
    return json.dumps(value).encode()


MARKDOWN = b"[![T](https://e.example/b.svg)](https://e.example)\n\n# H\n\nSummarise it: it copies files.\n"
LOG = b'{"level": "error", "message": "x"}\n{"level": "info", "message": "y"}\n'
NONE, ASKED, BAD, TWO, WHOSE = "input.missing", "material", "history.invalid", "request.contradiction", "wallet.missing"
# name: data, then what becomes of it as the dataset alone, as the dataset of a question in the args, and as an input file
# beside a wallet in a secret
FIELD: dict[str, tuple[bytes, str, str, str]] = {
    "a table": (b"id,status,amount\n1,paid,10\n2,failed,20\n", NONE, ASKED, BAD),
    "a ticket": (made({"status": "open", "message": "It never came.", "customer": "C"}), NONE, ASKED, BAD),
    "a cart": (made({"items": [{"name": "milk", "price": 2}]}), NONE, ASKED, BAD),
    "a log": (LOG, NONE, ASKED, BAD),
    "an API's error": (made({"error": "not found", "status": 404}), NONE, ASKED, "history.refused_by_source"),
    "an API's message": (made({"message": "Not Found", "documentation_url": "x"}), NONE, ASKED, BAD),
    "documents": (made({"documents": [{"title": "a"}]}), NONE, ASKED, BAD),
    "bank transfers": (made({"transfers": [{"iban": "FR00", "amount": 2}]}), NONE, ASKED, BAD),
    "markdown": (MARKDOWN, "prompt", ASKED, BAD),
    "form feed": (b"Page one. The total is 42 EUR.\n\x0cPage two.\nWhat is the total?\n", "prompt", ASKED, BAD),
    "zip of a person": (protect({"rib": "FR00", "contrat-travail": "CDI"}), NONE, ASKED, "input.unreadable"),
    "zip of an address": (protect({"email": "person@example.org"}), NONE, "aside", "input.unreadable"),
    "typeform": (
        made({"total_items": 1, "items": [{"submitted_at": "2017-09-14T22:38:22Z", "answers": [{"type": "text"}]}]}),
        NONE, ASKED, BAD,
    ),
    "optional answer": (
        made({"questionnaire": [["How was it?", "range", [1, 5]], ["Why? (optional)", "string"]], "answers": ["4", ""]}),
        "form", "form", "history.missing",
    ),
    "typed form": (
        made({"questionnaire": [["Unit", "TEXT"], ["Total", "SCALE", [1, 10]], ["State", "MULTIPLE_CHOICE", ["New", "Done"]]],
              "answers": ["A", "8", "Done"]}),
        "form", "form", "history.missing",
    ),
    "code with a mark": (b"\xef\xbb\xbf" + made({"language": "python", "prompt": "rev"}), "code", TWO, TWO),
    "a version": (made({"language": "Python 3", "prompt": "Hello world"}), "code", TWO, TWO),
    "feedback": (
        made({"language": "python", "prompt": "head", "code": "def head(xs): ...", "feedback": "[BUG] head([]) fails"}),
        "code", TWO, TWO,
    ),
    "txlist": (made(ANSWER), WHOSE, ASKED, "score"),
    "rows alone": (made([ROW]), WHOSE, ASKED, "score"),
    "an export": (made({"documents": [ANSWER]}), WHOSE, ASKED, "score"),
    "csv": (ETHERSCAN_CSV.encode(), WHOSE, ASKED, "score"),
    "csv of Windows": (b"\xef\xbb\xbf" + ETHERSCAN_CSV.replace("\n", "\r\n").encode(), WHOSE, ASKED, "score"),
    "alchemy without times": (made({"jsonrpc": "2.0", "id": 1, "result": {"transfers": [ALCHEMY]}}), WHOSE, ASKED, BAD),
    "an explorer's error": (
        made({"status": "0", "message": "NOTOK", "result": "Invalid API Key"}),
        WHOSE, ASKED, "history.refused_by_source",
    ),
}  # fmt: skip


def came_to(found: Outcome) -> str:
    """Return the error's code, the job, or what the dataset was to it."""
    if found.error is not None:
        return found.error.code
    if found.kind != "ask":
        return str(found.kind)
    first = found.inputs[0]
    return first.kind if first.used else "aside"


@pytest.mark.parametrize("name", FIELD)
def test_alone(desk: Desk, name: str) -> None:
    desk.dataset(FIELD[name][0])
    assert came_to(outcome(desk, [])) == FIELD[name][1]


@pytest.mark.parametrize("name", FIELD)
def test_with_a_question(desk: Desk, name: str) -> None:
    desk.dataset(FIELD[name][0])
    assert came_to(outcome(desk, [QUESTION])) == FIELD[name][2]


@pytest.mark.parametrize("name", FIELD)
def test_beside_a_wallet(desk: Desk, name: str) -> None:
    (desk.inside / "f").write_bytes(FIELD[name][0])
    desk.environ |= {
        "IEXEC_INPUT_FILES_NUMBER": "1",
        "IEXEC_INPUT_FILE_NAME_1": "f",
        "IEXEC_REQUESTER_SECRET_1": made({"wallet": WALLET}).decode(),
    }
    found = outcome(desk, [])
    assert came_to(found) == FIELD[name][3]
    if found.error is not None and found.error.code == "history.invalid":
        assert "input file 1" in found.error.message or found.error.hint


def test_merged_rows_of_three_kinds_are_all_read(desk: Desk) -> None:
    """Etherscan's transactions, an internal one and tokens in one list, as people put them together."""
    internal = {**ROW, "hash": "0x" + "0" * 63 + "2", "type": "call", "traceId": "0", "errCode": ""}
    token = {**ROW, "hash": "0x" + "0" * 63 + "3", "blockNumber": "21686900", "timeStamp": "1737631899",
             "tokenSymbol": "USDC", "tokenDecimal": "6",
             "contractAddress": "0x" + "3d" * 20}  # fmt: skip
    desk.dataset({"wallet": WALLET, "history": json.dumps([ROW, internal, token])})
    found = outcome(desk, [])
    assert found.error is None and found.request is not None
    history = found.request.history  # type: ignore[union-attr]
    assert history is not None and (len(history.transactions or ()), len(history.transfers or ())) == (1, 1)
