"""Where a score's history came from; which digests its result has of private content; as of when it is signed."""

from __future__ import annotations

import hashlib
import importlib
import json
import random
from typing import Any

import pytest

from app.base.errors import AppError, HistoryError
from app.crypto import sui
from app.crypto.signing import load_key
from app.formats import strict_json
from app.iexec.task import open_task
from app.jobs.dispatch import answer_to
from app.llm.answerer import NOT_LOADED
from app.request.given import Given
from app.request.parse import parse
from app.request.sources.items import read_inputs
from app.result.answers.score import ScoreAnswer, UnsignedScore
from app.result.envelope import read_result, seal
from app.result.score_signatures import check_signatures, origins, sign_scores, statement
from app.run.work import parse_item
from app.verify.checklist import aloud
from app.verify.verifier import verify
from app.wallet.labels.lists import Labels
from tests.support import histories
from tests.support.desk import SECRET, SIGNER, Desk
from tests.support.reports import REPORT

PAST = histories.made_up(random.Random(3), transactions=12, first_block=5_000_000)
OTHER = "0x" + "9" * 40
COUNT = {"transaction_count": 100}
ROWS = histories.etherscan(PAST)
NEWEST = parse({"wallet": PAST.wallet, "history": ROWS})[0].history.newest_time  # type: ignore[union-attr]
KEY = load_key(SECRET)
assemble = importlib.import_module("app.wallet.read.merge")  # a function has the name in its package
YEAR_9999 = 253_402_300_799


def answered(fields: dict[str, Any], given: Given | None = None) -> UnsignedScore:
    request, _ = parse(fields) if given is None else parse(fields, given)
    answer, _, _ = answer_to(request, NOT_LOADED)
    assert isinstance(answer, UnsignedScore)
    return answer


def sealed(answer: UnsignedScore) -> ScoreAnswer:
    report = verify(seal(REPORT.model_copy(update={"kind": "score", "answer": answer}), KEY).data, SIGNER).result.report
    assert isinstance(report.answer, ScoreAnswer)
    return report.answer


def laid_out(desk: Desk, sources: dict[str, Any]) -> UnsignedScore | AppError:
    """Return what comes of inputs by their sources, before it is signed."""
    for name, held in sources.items():
        if name == "dataset":
            desk.dataset(json.dumps(held).encode())
        elif name.startswith("secret"):
            desk.environ[f"IEXEC_REQUESTER_SECRET_{name[7:] or 1}"] = json.dumps(held)
        else:
            (desk.inside / "file").write_text(json.dumps(held))
            desk.environ |= {"IEXEC_INPUT_FILE_NAME_1": "file", "IEXEC_INPUT_FILES_NUMBER": "1"}
    (item,) = read_inputs(open_task(desk.environ, []), {})
    outcome = parse_item(item)
    if outcome.request is None:
        assert outcome.error is not None
        return outcome.error
    answer, _, _ = answer_to(outcome.request, NOT_LOADED)
    assert isinstance(answer, UnsignedScore)
    return answer


WALLET = {"wallet": PAST.wallet}
# sources, the origin, whether a digest of the history may be shown
ORIGINS: dict[str, tuple[dict[str, Any], str, bool]] = {
    "all in the dataset": ({"dataset": WALLET | {"history": ROWS}}, "owner", False),
    "a count in the dataset": ({"dataset": WALLET | {"history": COUNT}}, "owner", False),
    "a chain of the owner's": ({"dataset": WALLET | {"history": ROWS, "chain": "10"}}, "owner", False),
    "a history in a file": ({"dataset": WALLET, "file": ROWS[0]}, "requester", True),
    "a count in a secret": ({"dataset": WALLET, "secret": {"history": COUNT}}, "requester", False),
    "a count in a file": ({"dataset": WALLET, "file": COUNT}, "requester", True),
    "no dataset, a secret": ({"secret": WALLET | {"history": COUNT}}, "requester", False),
    "no dataset, a file": ({"secret": WALLET, "file": ROWS[0]}, "requester", True),
    "a file and a secret": ({"secret": WALLET | {"history": ROWS[1]}, "file": ROWS[0]}, "requester", False),
    # the owner's records, and somebody else says whose they are, or of which chain
    "the requester's wallet": ({"dataset": {"history": COUNT}, "secret": WALLET}, "requester", False),
    "the requester's chain": ({"dataset": WALLET | {"history": ROWS}, "secret": {"chain": 10}}, "requester", False),
    # a mixture
    "half of each": ({"dataset": WALLET | {"history": ROWS[0]}, "file": ROWS[1]}, "requester", False),
    # what a history says of itself
    "a source of its own": (
        {"dataset": WALLET, "file": [row | {"origin": "enclave"} for row in ROWS[0]["result"]]},
        "requester",
        True,
    ),
}


@pytest.mark.parametrize("name", list(ORIGINS))
def test_the_origin_is_that_of_the_sources(desk: Desk, name: str) -> None:
    sources, origin, is_shown = ORIGINS[name]
    answer = laid_out(desk, sources)
    if isinstance(answer, AppError):  # the owner of the data has not allowed it
        assert answer.code in ("owner.forbids", "request.contradiction")
        assert "dataset" in sources and len(sources) > 1
        return
    data = answer.data
    assert (data.origin, data.host, data.chain_checked) == (origin, None, False)
    assert (data.sha256 is not None) is is_shown
    told = sealed(answer)
    assert (told.signature, told.sui) == (None, None) and told.sui_origin is not None and told.evm is not None
    k1 = told.sui_origin.secp256k1
    pair = bytes.fromhex(k1.signature), bytes.fromhex(k1.public_key)
    assert sui.verify_secp256k1(*pair, sui.origin_message(statement(told)))
    assert not sui.verify_secp256k1(*pair, sui.score_message(told.score, told.timestamp_ms, told.wallet_address))


def test_a_history_cannot_say_where_it_came_from(desk: Desk) -> None:
    export = {"documents": ROWS, "origin": "enclave", "host": "api.etherscan.io"}
    refusal = laid_out(desk, {"dataset": WALLET | {"history": export}})
    assert isinstance(refusal, HistoryError) and refusal.code == "history.invalid"


@pytest.mark.parametrize("field", ["origin", "host", "given", "chain_checked"])
def test_no_field_of_a_request_says_it_either(field: str) -> None:
    with pytest.raises(AppError) as caught:
        parse(WALLET | {"history": COUNT, field: "enclave"})
    assert caught.value.code == "request.unknown_field"


def test_a_history_is_given_or_fetched(desk: Desk) -> None:
    source = {"kind": "rpc", "url": "https://rpc.example/"}
    refusal = laid_out(desk, {"secret": WALLET | {"history": COUNT, "source": source, "hosts": ["rpc.example"]}})
    assert isinstance(refusal, AppError) and refusal.code == "request.contradiction"


def fetched(own_labels: bool = False, **more: Any) -> UnsignedScore:  # noqa: FBT002  a switch of this file
    """Return a score as if its history were fetched; the whole way is tests/e2e/test_score.py."""
    answer = answered(WALLET | {"history": ROWS} | ({"labels": {"scam": [OTHER]}} if own_labels else {}))
    data = {"origin": "enclave", "host": "rpc.example", "chain_checked": True} | more
    return answer.model_copy(update={"data": answer.data.model_copy(update=data)})


def test_the_earlier_message_is_for_a_fetched_history_alone() -> None:
    told = sealed(fetched())
    assert told.sui is not None and told.signature == told.sui.secp256k1.signature
    message = sui.score_message(told.score, told.timestamp_ms, told.wallet_address)
    assert len(message) == 60 and message[0] == 0
    k1 = told.sui.secp256k1
    assert sui.verify_secp256k1(bytes.fromhex(k1.signature), bytes.fromhex(k1.public_key), message)


def test_lists_of_ones_own_have_no_earlier_message() -> None:
    """Who flags a stranger's partners lowers a stranger's score: the 60 bytes could not say so."""
    told = sealed(fetched(own_labels=True))
    assert (told.signature, told.sui, told.data.own_labels) == (None, None, "requester") and told.sui_origin is not None


def test_two_chains_and_two_hosts_have_two_signatures() -> None:
    told = [
        sealed(fetched(**data)) for data in ({}, {"chain_id": 11155111}, {"host": "evil.example"}, {"chain_checked": False})
    ]
    assert len({str(one.sui_origin) for one in told}) == len({one.evm for one in told}) == len(told)
    assert len({one.signature for one in told}) == 1  # which is why nobody should go by these alone


# fields that are put into a given history's score, the names of fields taken from a fetched one's; facts that are changed
FORGED: dict[str, tuple[dict[str, str | None], dict[str, Any]]] = {
    "the earlier message for a given history": ({"sui": "sui", "signature": "signature"}, {}),
    "the earlier signature alone": ({"signature": "signature"}, {}),
    "the earlier message without its other name": ({"sui": "sui"}, {}),
    "intent 3 for a given history": ({"sui_origin": "sui_origin"}, {}),
    "intent 0 in its place": ({"sui_origin": "sui"}, {}),
    "a fetched history's EIP-712": ({"evm": "evm"}, {}),
    "no origin": ({"sui_origin": None}, {}),
    "another origin": ({}, {"origin": "owner"}),
    "the enclave's": ({}, {"origin": "enclave", "host": "rpc.example"}),
    "a host": ({}, {"host": "rpc.example"}),
    "another chain": ({}, {"chain_id": 10}),
}


@pytest.mark.parametrize("name", list(FORGED))
def test_verify_refuses_signatures_of_another_origin(name: str) -> None:
    report = REPORT.model_copy(update={"kind": "score", "answer": answered(WALLET | {"history": ROWS})})
    good = read_result(seal(report, KEY).data)
    given, made = good.report.answer, sealed(fetched())
    assert isinstance(given, ScoreAnswer)
    taken, facts = FORGED[name]
    data = given.data.model_copy(update=facts)
    forged = given.model_copy(update={"data": data} | {to: name and getattr(made, name) for to, name in taken.items()})
    with pytest.raises(AppError) as caught:
        check_signatures(good.report.model_copy(update={"answer": forged}), "0x" + "ab" * 32, good.attestation.sui, SIGNER)
    assert caught.value.code == "result.signature"


# what may be guessed


def test_no_digest_in_a_result_is_one_of_private_content(desk: Desk) -> None:
    """Every digest that whoever guesses the content could compute: of the records, of a list, in any form that is near."""
    labels = {"sanctioned": [OTHER]}
    answer = laid_out(desk, {"dataset": WALLET | {"history": ROWS, "labels": labels}})
    assert isinstance(answer, UnsignedScore) and answer.data.own_labels == "owner"
    text = sealed(answer).model_dump_json()
    request, _ = parse(WALLET | {"history": ROWS, "labels": labels})
    assert request.kind == "score" and request.history is not None
    guesses = [OTHER, OTHER + "\n", json.dumps([OTHER]), json.dumps(labels), json.dumps(ROWS), json.dumps(ROWS[0])]
    digests = {hashlib.sha256(guess.encode()).hexdigest() for guess in guesses}
    digests |= {hashlib.sha256(strict_json.dumps(one)).hexdigest() for one in (labels, [OTHER], ROWS, ROWS[0])}
    digests |= {request.history.digest(), request.labels.digest(), Labels.packaged().with_file(OTHER.encode(), "scam").digest()}
    assert not [digest for digest in digests if digest in text]
    assert answer.data.labels_sha256 == Labels.packaged().digest()


def test_the_same_result_whatever_is_in_a_private_list_that_does_not_matter() -> None:
    one, other = (
        answered(WALLET | {"history": ROWS, "labels": {"scam": [f"0x{number:040x}"] * 3}}) for number in (2**80, 2**90)
    )
    assert one == other


# as of when


def test_a_claim_about_the_time_is_not_signed() -> None:
    """An explorer's dump of today, of a wallet that was quiet: features go by today, the signature by the newest record."""
    later = NEWEST + 400 * 86_400
    plain, dumped = (answered(WALLET | {"history": {"documents": ROWS, **more}}) for more in ({}, {"as_of_time": later}))
    assert plain.timestamp_ms == dumped.timestamp_ms == dumped.data.as_of_time * 1000 - 400 * 86_400_000
    assert (plain.data.as_of_time, dumped.data.as_of_time) == (NEWEST, later)
    assert (dumped.metadata.features["idle_days"] or 0) - (plain.metadata.features["idle_days"] or 0) == 400


@pytest.mark.parametrize("history", [COUNT, {"documents": [COUNT], "as_of_time": NEWEST}])
def test_a_count_has_no_time(history: dict[str, Any]) -> None:
    assert answered(WALLET | {"history": history}).timestamp_ms == 0


LATE = str(YEAR_9999)
FUTURE = {
    "an export": {"documents": ROWS, "as_of_time": YEAR_9999},
    "an export of a count": {"documents": [COUNT], "as_of_time": YEAR_9999},
    "a date": {"documents": ROWS, "as_of_time": "9999-12-31T23:59:59Z"},
    "a record": [ROWS[0] | {"result": [*ROWS[0]["result"][:-1], ROWS[0]["result"][-1] | {"timeStamp": LATE}]}],
    "an aggregator": {
        "wallet": PAST.wallet,
        "wallet_metadata": {"total_transactions": 1, "last_transaction_date": "9999-12-31T23:59:59Z"},
    },
}


@pytest.mark.parametrize("name", list(FUTURE))
def test_no_time_lies_in_the_future(name: str) -> None:
    with pytest.raises(HistoryError) as caught:
        answered(WALLET | {"history": FUTURE[name]})
    assert caught.value.code == "history.contradictory" and "clock" in caught.value.message


@pytest.mark.parametrize(
    ("clock", "is_refused"),
    [(NEWEST, False), (assemble._MADE, True), (YEAR_9999 - 86_401, True), (YEAR_9999 - 86_400, False), (0, False), (-1, False)],
)
def test_the_clock_refuses_and_nothing_more(monkeypatch: pytest.MonkeyPatch, clock: float, is_refused: bool) -> None:
    """A clock that was never set refuses nothing, and the same history gives the same answer by any that lets it pass."""
    expected = answered(WALLET | {"history": ROWS})
    monkeypatch.setattr(assemble.clock, "time", lambda: clock)
    assert answered(WALLET | {"history": ROWS}) == expected
    if is_refused:
        with pytest.raises(HistoryError):
            answered(WALLET | {"history": FUTURE["an export"]})
    else:
        assert answered(WALLET | {"history": FUTURE["an export"]}).timestamp_ms == NEWEST * 1000


def test_a_count_is_not_newer_than_its_export() -> None:
    document = {
        "wallet": PAST.wallet,
        "wallet_metadata": {"total_transactions": 1, "last_transaction_date": "2021-01-01T00:00:00Z"},
    }
    with pytest.raises(HistoryError) as caught:
        answered(WALLET | {"history": {"documents": [document], "as_of_time": "2020-01-01T00:00:00Z"}})
    assert caught.value.code == "history.contradictory"


# what people read


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (answered(WALLET | {"history": COUNT}), "history given by the requester: nobody checked it"),
        (
            answered(WALLET | {"history": COUNT}, Given(history="owner")),
            "given by the owner of the protected data: nobody checked it",
        ),
        (fetched(), "fetched by the enclave from rpc.example, whom the requester chose; of chain 1, as it says"),
        (fetched(chain_checked=False), "of chain 1, as the request says: nobody checked that"),
        (fetched(own_labels=True), "with lists of flagged addresses given by the requester"),
    ],
)
def test_the_verifier_says_it_aloud(answer: UnsignedScore, words: str) -> None:
    report = sign_scores(REPORT.model_copy(update={"kind": "score", "answer": answer}), KEY)
    (line,) = [line for line in aloud(report) if line.startswith("ORIGIN")]
    assert words in line
    (told,) = origins(report)
    assert (told["origin"], told["host"], told["score"]) == (answer.data.origin, answer.data.host, answer.score)
