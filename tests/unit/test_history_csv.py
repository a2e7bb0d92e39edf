"""CSV exports tell the same records as the explorer's JSON, less what no column holds."""

from __future__ import annotations

import json
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import AppError
from app.request.fields import validate
from app.request.score import score_of
from app.wallet.features import features
from app.wallet.history import History
from app.wallet.labels.lists import Labels
from app.wallet.read.any_source import from_text, looks_like, read_documents
from tests.support import histories
from tests.support.histories import exports
from tests.support.histories.documents import HASH, OTHER, TOKEN, WALLET, row

UNKNOWN = {"contracts_called", "protocols", "flagged_approvals"}


def less(history: History) -> History:
    """Return the history without what no CSV holds: gas, call data, a token's smallest units."""
    gone = {"gas_used": None, "gas_price": None, "selector": None, "spender": None}
    transactions = tuple(replace(one, **gone) for one in history.transactions or ())  # type: ignore[arg-type]
    transfers = tuple(replace(one, value=None) for one in history.transfers or ())
    order = [(one.block, one.time, one.hash, one.token, one.sender, one.recipient) for one in transfers]
    transfers = tuple(one for _, one in sorted(zip(order, transfers, strict=True), key=lambda pair: pair[0]))
    return replace(history, transactions=transactions, transfers=transfers)


def past_of(seed: int) -> histories.Past:
    return histories.made_up(Random(seed), transactions=40)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([*exports.ETHERSCAN]), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_every_generation_of_etherscan(seed: int, generation: str, quoted: bool, end: str) -> None:
    past = past_of(seed)
    texts = exports.etherscan_csv(past, generation, quoted=quoted, end=end)
    tables = [from_text(text) for text in texts]
    assert all(looks_like(table) for table in tables)
    history = read_documents(tables, past.wallet, 1)
    told = read_documents(histories.etherscan(past), past.wallet, 1)
    assert (str(history.source), sorted(history.untold), history.left_out) == ("etherscan_csv", ["calls"], 0)
    assert less(history).digest() == less(told).digest()
    assert history.digest() == read_documents([from_text("\ufeff" + text) for text in texts], past.wallet, 1).digest()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_blockscout(seed: int) -> None:
    past = past_of(seed)
    history = read_documents([from_text(text) for text in exports.blockscout_csv(past)], past.wallet, 1)
    told = read_documents(histories.etherscan(past), past.wallet, 1)
    assert (str(history.source), sorted(history.untold)) == ("blockscout_csv", ["calls"])
    assert less(history).digest() == less(told).digest()
    etherscan = read_documents([from_text(text) for text in exports.etherscan_csv(past)], past.wallet, 1)
    assert etherscan.digest() == history.digest()  # both hold the same


def test_what_no_column_holds_is_unknown_and_all_else_is_the_same() -> None:
    past = past_of(3)
    labels = Labels.packaged()
    csv = features(read_documents([from_text(text) for text in exports.etherscan_csv(past)], past.wallet, 1), labels)
    told = features(read_documents(histories.etherscan(past), past.wallet, 1), labels)
    assert {name for name, value in csv.items() if value is None and told[name] is not None} == UNKNOWN
    assert {name for name in csv if csv[name] != told[name]} <= UNKNOWN


def test_a_table_may_have_no_rows() -> None:
    history = read_documents(from_text(exports.written(exports.ETHERSCAN["2021"].replace("{C}", "ETH"), [])), WALLET, 1)
    assert (history.transactions, history.records) == ((), 0)


ROW = {
    "Transaction Hash": HASH,
    "Txhash": HASH,
    "Blockno": "5000000",
    "UnixTimestamp": "1517319693",
    "DateTime (UTC)": "2018-01-30 13:41:33",
    "From": WALLET,
    "To": OTHER,
    "Value_IN(ETH)": "0",
    "Value_OUT(ETH)": "1.5",
    "Status": "",
    "Method": "0xa9059cbb",
}
HEADER = exports.ETHERSCAN["2023"].replace("{C}", "ETH")


def made(separator: str = ",", **more: str) -> str:
    return exports.written(HEADER, [{**ROW, **more}], separator=separator)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"value": 15 * 10**17, "ok": True, "selector": "0xa9059cbb"}),
        ({"Method": "Transfer"}, {"selector": None}),
        ({"Status": "Error(0)", "ErrCode": "out of gas"}, {"ok": False}),
        ({"ErrCode": "out of gas"}, {"ok": False}),
        ({"Value_OUT(ETH)": "1,234,567.5"}, {"value": 12345675 * 10**17}),
        ({"Value_OUT(ETH)": "1.5E-05"}, {"value": 15 * 10**12}),
        ({"Value_OUT(ETH)": "0.000000000000000001"}, {"value": 1}),
        ({"To": "", "ContractAddress": TOKEN}, {"recipient": None, "created": TOKEN}),
        ({"To": TOKEN, "ContractAddress": TOKEN}, {"recipient": None, "created": TOKEN}),
        ({"From": WALLET.upper().replace("X", "x")}, {"sender": WALLET}),
    ],
    ids=["plain", "name", "failed", "code", "thousands", "exponent", "wei", "created", "created-twice", "upper"],
)
def test_a_row(more: dict[str, str], expected: dict[str, Any]) -> None:
    (found,) = read_documents(from_text(made(**more)), WALLET, 1).transactions or ()
    assert {name: getattr(found, name) for name in expected} == expected
    assert (found.gas_used, found.gas_price) == (None, None)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (made(Blockno="five"), "line 2: a block number"),
        (made(From="vitalik.eth"), "line 2: a sender"),
        (made(UnixTimestamp="soon"), "line 2: a time"),
        (made(**{"Value_OUT(ETH)": "1.234,5"}), "line 2: a value is not an amount"),
        (made(**{"Value_OUT(ETH)": "12,34"}), "line 2: a value is not an amount"),
        (made(**{"Value_OUT(ETH)": ""}).replace('"0",""', '"",""'), "line 2: a transaction has no value"),
        (made(**{"Value_IN(ETH)": "2"}), "line 2: a transaction has no value"),
        (made(Status="maybe"), "line 2: the status"),
        (made(";"), "saved anew by a spreadsheet"),
        (made("\t"), "saved anew by a spreadsheet"),
        ("sep=;\r\n" + made(";"), "saved anew by a spreadsheet"),
        (HEADER + "\n" + HASH + ",5\n", "line 2: it has 2 cells"),
        (exports.written("Txhash,UnixTimestamp,From,To,Value,ContractAddress,TokenName", [ROW]), "needed: blockno"),
        (exports.written("Transaction Hash,Blockno,DateTime (UTC),From,To,Amount,Token", [ROW]), "needed: contractaddress"),
        (exports.written("Txhash,Blockno,UnixTimestamp,From,To", [ROW]), "no column with the value"),
        (exports.written(exports.INTERNAL, [ROW]), "none of the 1 rows"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(text: str, says: str) -> None:
    table = from_text(text)
    assert table is not None
    with pytest.raises(AppError) as caught:
        read_documents(table, WALLET, 1)
    assert caught.value.code == "history.invalid" and says in caught.value.message
    assert "Etherscan" in caught.value.hint and WALLET not in str(caught.value) and HASH not in str(caught.value)


def test_an_unknown_hash_or_a_cut_quote() -> None:
    with pytest.raises(AppError, match="line 2: a hash"):
        read_documents(from_text(made(**{"Transaction Hash": "0x12"})), WALLET, 1)
    with pytest.raises(AppError, match="breaks off"):
        from_text(made()[:-3])


@pytest.mark.parametrize(
    ("coin", "chain_id"), [("BNB", 56), ("MATIC", 137), ("POL", 137), ("ETH", 10), ("AVAX", 43114), ("ETH", 777)]
)
def test_the_coin_must_be_the_chain_s(coin: str, chain_id: int) -> None:
    past = histories.made_up(Random(5), transactions=12, first_block=5_000_000)
    table = from_text(exports.etherscan_csv(past, "2021", coin)[0])
    assert read_documents(table, past.wallet, chain_id).records > 0
    for generation in ("2021", "page"):
        with pytest.raises(AppError) as caught:
            read_documents(from_text(exports.etherscan_csv(past, generation, coin)[0]), past.wallet, 42220)
        assert caught.value.code == "history.mixed_chains"


def test_an_internal_export_is_left_out_and_counted() -> None:
    tables = [from_text(made()), from_text(exports.written(exports.INTERNAL, [ROW, ROW]))]
    history = read_documents(tables, WALLET, 1)
    assert (history.records, history.left_out) == (1, 2)


def test_a_full_export_may_have_been_cut() -> None:
    rows = [{**ROW, "Transaction Hash": f"0x{at:064x}"} for at in range(5_000)]
    assert read_documents(from_text(exports.written(HEADER, rows)), WALLET, 1).truncated
    assert not read_documents(from_text(exports.written(HEADER, rows[:-1])), WALLET, 1).truncated


def test_one_cell_more_than_the_header_is_etherscan_s_own_flaw() -> None:
    text = made().replace("\r\n", ',"note"\r\n').replace(',"note"\r\n', "\r\n", 1)
    assert read_documents(from_text(text), WALLET, 1).records == 1
    assert read_documents(from_text(text + "\r\n\r\n"), WALLET, 1).records == 1


def test_a_csv_of_the_fields_that_json_has() -> None:
    past = histories.made_up(Random(11), transactions=20, first_block=5_000_000)
    rows = histories.etherscan(past)[0]["result"]
    header = ",".join(["", *rows[0]])
    text = exports.written(header, [{"": str(at), **row} for at, row in enumerate(rows)], quoted=False)
    assert read_documents(from_text(text), past.wallet, 1).digest() == read_documents(rows, past.wallet, 1).digest()


@pytest.mark.parametrize(
    "text",
    [
        "What is the hash of the last block, and who mined it?",
        "order,hash,amount\n1,abc,5\n2,def,7\n",
        "Signature,Block,Timestamp,From,To,Amount (SOL),Fee (SOL)\nabc,1,2024-01-15T10:00:00Z,a,b,1.5,0.000005\n",
        "name,email\nA,a@example.org\n",
        "Date,Description,Amount,Balance\n2024-01-01,Rent,-900.00,100.00\n",
        "Commit hash,Date,From,Subject\nabc,2024,me,x\n",
        "",
        "\ufeff",
        "{",
        "{}",
        '{"a": 1}\n{"a": 2}\n',
        '{"hash": "abc"}\n{"hash": "def"}\n',
    ],
)
def test_other_text_is_none(text: str) -> None:
    assert from_text(text) is None


def test_the_history_of_a_dataset_may_be_the_text_of_a_csv() -> None:
    past = histories.made_up(Random(5), transactions=12, first_block=5_000_000)
    text = exports.etherscan_csv(past)[0]
    asked = score_of(validate({"wallet": past.wallet, "history": text}))
    assert asked.history is not None and asked.history.source == "etherscan_csv"
    with pytest.raises(AppError) as caught:
        validate({"wallet": past.wallet, "history": "my wallet is good"})
    assert caught.value.code == "history.invalid"


def test_texts_among_the_documents() -> None:
    past = histories.made_up(Random(5), transactions=12, first_block=5_000_000)
    texts = exports.etherscan_csv(past)
    assert (
        read_documents(texts, past.wallet, 1).digest()
        == read_documents([from_text(text) for text in texts], past.wallet, 1).digest()
    )
    answers = histories.etherscan(past)
    ndjson = "\n".join(map(json.dumps, answers))
    assert read_documents({"documents": [ndjson]}, past.wallet, 1).digest() == read_documents(answers, past.wallet, 1).digest()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Signature,Block,Timestamp,From,To,Amount (SOL)\nabc,1,2024-01-15T10:00:00Z,a,b,1.5\n", "this is Solana's, a CSV"),
        ("Date,TxHash,Sent Amount,Received Amount\n2024-01-01,0x12,1,2\n", "columns are not those of a known export"),
        ("transaction_id;date;amount\nab;2024-01-01;1\n", "columns are not those of a known export"),
    ],
)
def test_a_csv_from_elsewhere_is_refused_beside_a_wallet(text: str, says: str) -> None:
    assert from_text(text) is None
    table = from_text(text, wallet=True)
    assert looks_like(table, wallet=True) and not looks_like(table)
    with pytest.raises(AppError) as caught:
        read_documents(table, WALLET, 1)
    assert caught.value.code == "history.invalid" and says in caught.value.message
    assert from_text("What is my wallet's hash, and who signed it?", wallet=True) is None


def test_a_thin_envelope() -> None:
    assert read_documents({"status": "1", "result": [row()]}, WALLET, 1).records == 1


def test_ndjson() -> None:
    past = histories.made_up(Random(5), transactions=12, first_block=5_000_000)
    answers = histories.etherscan(past)
    rows = [row for answer in answers for row in answer["result"]]
    for lines in (rows, answers):
        text = "\n".join(map(json.dumps, lines)) + "\n"
        assert looks_like(from_text(text))
        assert read_documents(from_text(text), past.wallet, 1).digest() == read_documents(answers, past.wallet, 1).digest()
    with pytest.raises(AppError, match="line 3: it is not JSON"):
        from_text("\n".join(map(json.dumps, rows[:2])) + '\n{"block')


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_text_makes_anything_but_an_error(data: st.DataObject) -> None:
    past = past_of(6)
    text = data.draw(st.sampled_from([*exports.etherscan_csv(past), *exports.blockscout_csv(past), '{"a": 1}\n{"b": 2}\n']))
    start = data.draw(st.integers(0, len(text)))
    odd = data.draw(st.text(alphabet='",;\n\r\t\0\ufeff0x{}[]=a5.', max_size=6))
    text = text[:start] + odd + text[start + data.draw(st.integers(0, 80)) :]
    try:
        table = from_text(text)
        if table is not None:
            read_documents(table, past.wallet, 1).digest()
    except AppError as err:
        assert err.code.startswith("history.")  # noqa: PT017  a digest is as good
