"""Signatures of scores, and the edges of what a signature may be. Mutants lived here once."""

from __future__ import annotations

import random
import re
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from app.base.errors import AppError, VerifyError
from app.crypto import score_statement, sui
from app.crypto.evm_score import score_digest
from app.crypto.signing import ORDER, Domain, ResultStruct, checksum_address, load_key, recover
from app.formats.hex_fields import Address
from app.llm.answerer import NOT_LOADED
from app.request.parse import parse
from app.result import score_signatures
from app.result.answers.score import ScoreAnswer, UnsignedScore
from app.result.envelope import callback_data, check_back, message_for, read_result, seal
from app.result.report import Draft, DraftBulk, InputKind, OutsideModel
from app.verify.receipt import receipt
from app.verify.verifier import verify
from tests.support import histories
from tests.support.reports import BULK, REPORT
from tests.support.results import KEY

PAST = histories.made_up(random.Random(3), transactions=3, first_block=5_000_000)
WORD = bytes(range(32))
# of the private key 1: the generator of secp256k1, SEC 2
FIRST = load_key(f"{1:064x}")
GENERATOR = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
FIRST_ADDRESS = "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


@pytest.fixture(params=["coincurve", "without it"])
def backend(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param != "coincurve":
        monkeypatch.setitem(__import__("sys").modules, "coincurve", None)
    return str(request.param)


def scored() -> UnsignedScore:
    from app.jobs.dispatch import answer_to

    request, _ = parse({"wallet": PAST.wallet, "history": histories.etherscan(PAST)})
    answer, _, _ = answer_to(request, NOT_LOADED)
    assert isinstance(answer, UnsignedScore)
    return answer


def bulk() -> Draft:
    """Return a bulk of two scores, an answer and an error."""
    plain, bad = BULK.bulk.results  # type: ignore[union-attr]
    score = scored()
    later = score.model_copy(update={"wallet_address": "0x" + "11" * 20})
    items = [plain.model_copy(update={"kind": "score", "answer": one}) for one in (score, later)]
    results = (*items, plain, bad)
    made = DraftBulk(totalCount=4, successCount=3, errorCount=1, results=tuple(
        item.model_copy(update={"index": at}) for at, item in enumerate(results, 1)
    ))  # fmt: skip
    return Draft.model_construct(**dict(BULK) | {"bulk": made})


def test_keys_at_their_edge(backend: str) -> None:
    assert backend and FIRST.address == load_key(f"{1:064x}").address == FIRST_ADDRESS
    assert sui.evm_address(bytes.fromhex(GENERATOR)) == FIRST_ADDRESS
    signature, public = sui.sign_secp256k1(FIRST.secret, b"hello")
    assert public.hex() == GENERATOR and sui.verify_secp256k1(signature, public, b"hello")
    assert recover(WORD, FIRST.sign(WORD)) == FIRST_ADDRESS
    last = load_key(f"{ORDER - 1:064x}")  # the same point, mirrored
    assert sui.sign_secp256k1(last.secret, b"hello")[1].hex() == "03" + GENERATOR[2:]
    for bad in (bytes(32), ORDER.to_bytes(32, "big"), b"\1" * 31, b"\1" * 33):
        for function in (lambda secret: sui.sign_secp256k1(secret, b""), sui.ed25519_seed):
            with pytest.raises(AppError) as caught:
                function(bad)
            assert caught.value.code == "key.invalid"


def x_of_a_point() -> bytes:
    return bytes.fromhex(KEY.sign(WORD)[2:66])


@pytest.mark.parametrize(
    ("s", "is_one"), [(0, False), (1, True), (2, True), (ORDER // 2, True), (ORDER // 2 + 1, False), (ORDER - 1, False)]
)
def test_the_least_and_the_largest_s(backend: str, s: int, is_one: bool) -> None:
    import hashlib

    assert backend
    from eth_keys.datatypes import Signature

    raw = x_of_a_point() + s.to_bytes(32, "big")
    for parity in (0, 1):
        if not is_one:
            with pytest.raises(AppError) as caught:
                recover(WORD, "0x" + (raw + bytes([27 + parity])).hex())
            assert caught.value.code == "result.signature"
            assert not sui.verify_secp256k1(raw, bytes.fromhex(GENERATOR), b"hello")
            continue
        theirs = Signature(raw + bytes([parity])).recover_public_key_from_msg_hash(WORD)
        assert recover(WORD, "0x" + (raw + bytes([27 + parity])).hex()) == theirs.to_checksum_address()
        public = Signature(raw + bytes([parity])).recover_public_key_from_msg_hash(hashlib.sha256(b"hello").digest())
        assert sui.verify_secp256k1(raw, public.to_compressed_bytes(), b"hello")
        assert sui.evm_address(public.to_compressed_bytes()) == checksum_address(public.to_canonical_address())
        assert not sui.verify_secp256k1(raw, public.to_compressed_bytes(), b"hallo")


def test_the_least_r() -> None:
    """r of 1 is the x of a point, the order is none."""
    from eth_keys.datatypes import Signature

    raw = (1).to_bytes(32, "big") * 2 + b"\0"
    theirs = Signature(raw).recover_public_key_from_msg_hash(WORD).to_checksum_address()
    assert recover(WORD, "0x" + (raw[:64] + b"\x1b").hex()) == theirs


@pytest.mark.parametrize("chain_id", [None, 5])
def test_every_score_of_a_bulk_is_signed_for_its_domain(chain_id: int | None) -> None:
    domain, report = Domain(chainId=chain_id), bulk()
    made = score_signatures.sign_scores(report, KEY, domain)
    before, after = report.bulk.results, made.bulk.results  # type: ignore[union-attr]
    assert before[2:] == after[2:]
    for item, given in zip(after[:2], before[:2], strict=True):
        answer = item.answer
        assert isinstance(answer, ScoreAnswer) and answer.evm is not None and answer.sui_origin is not None
        assert recover(score_digest(score_signatures.statement(answer), domain), answer.evm) == KEY.address
        assert recover(score_digest(score_signatures.statement(answer), Domain(chainId=6)), answer.evm) != KEY.address
        k1 = answer.sui_origin.secp256k1
        pair = bytes.fromhex(k1.signature), bytes.fromhex(k1.public_key)
        assert sui.verify_secp256k1(*pair, sui.origin_message(score_signatures.statement(answer)))
        bare = ("evm", "sui", "sui_origin", "signature")
        assert dict(answer) == dict(given.answer) | {name: getattr(answer, name) for name in bare}
    checked = verify(seal(report, KEY, chain_id).data, KEY.address)
    assert checked.result.report == made
    assert [one["wallet_address"] for one in receipt(checked)["predicate"]["scores"]] == [PAST.wallet, "0x" + "11" * 20]


def test_what_a_program_is_told_of_each_score() -> None:
    score = scored()
    told = {
        "score": score.score,
        "origin": "requester",
        "host": None,
        "chain_id": 1,
        "chain_checked": False,
        "own_labels": None,
    }
    told["truncated"] = False
    expected = [told | {"wallet_address": PAST.wallet}, told | {"wallet_address": "0x" + "11" * 20}]
    assert score_signatures.origins(score_signatures.sign_scores(bulk(), KEY)) == expected
    single = REPORT.model_copy(update={"kind": "score", "answer": score})
    assert score_signatures.origins(score_signatures.sign_scores(single, KEY)) == expected[:1]
    assert score_signatures.origins(REPORT) == []


def test_a_result_that_reads_back_otherwise_is_an_error_of_ours() -> None:
    data, right = seal(REPORT, KEY).data, message_for(REPORT)
    check_back(data)
    check_back(data, right)
    for name in ResultStruct.model_fields:
        with pytest.raises(VerifyError) as caught:
            check_back(data, right.model_copy(update={name: "0x" + "99" * 32}))
        assert caught.value.code == "internal"


HOSTS = {
    **dict.fromkeys(
        ("a", "rpc.example", "rpc.example:1", "rpc.example:65535", "a-b_c.d", "1.2.3.4:80", "[::1]", "[::1]:8545"), True
    ),
    **dict.fromkeys(("a" * 253, "[" + "a" * 45 + "]"), True),
    **dict.fromkeys(
        ("", "A", "a:", "a:0", "a:01", "a:123456", "a b", "a/b", "a@b", "[]", "[:]", "[::1", "::1", "[::g]", "é"), False
    ),
    **dict.fromkeys(("a" * 254, "[" + "a" * 46 + "]", "a:1:2", "a:1 "), False),
}


@pytest.mark.parametrize("host", HOSTS)
def test_hosts_that_may_be_signed(host: str) -> None:
    data = scored().data
    assert bool(re.fullmatch(score_statement.HOST, host)) is HOSTS[host]
    said = score_signatures.statement(
        scored().model_copy(update={"data": data.model_copy(update={"origin": "enclave", "host": host})})
    )
    fields: dict[str, Any] = data.model_dump() | {"origin": "enclave", "host": host}
    if HOSTS[host]:
        assert bytes([len(host) % 128 + 128]) + b"\1" + host.encode() in sui.origin_message(said) or (
            bytes([len(host)]) + host.encode() in sui.origin_message(said)
        )
        assert type(data).model_validate(fields).host == host
        return
    with pytest.raises(AppError) as caught:
        sui.origin_message(said)
    assert caught.value.code == "option.invalid"
    with pytest.raises(ValueError, match="host"):
        type(data).model_validate(fields)


@pytest.mark.parametrize(
    ("intent", "milliseconds", "says"),
    [
        (256, 0, "the intent is not a whole number from 0 to 255"),
        (-1, 0, "the intent is not a whole number from 0 to 255"),
        (True, 0, "the intent is not a whole number from 0 to 255"),
        (0, 2**64, "timestamp_ms is not a whole number from 0 to 18446744073709551615"),
        (0, -1, "timestamp_ms is not a whole number from 0 to 18446744073709551615"),
        (0, 1.0, "timestamp_ms is not a whole number from 0 to 18446744073709551615"),
    ],
)
def test_numbers_of_a_message(intent: Any, milliseconds: Any, says: str) -> None:
    assert sui.intent_message(255, 2**64 - 1, b"x") == b"\xff" * 9 + b"x"
    with pytest.raises(AppError) as caught:
        sui.intent_message(intent, milliseconds, b"x")
    assert (caught.value.code, caught.value.message) == ("option.invalid", says)


@pytest.mark.parametrize("chain_id", [None, 5])
def test_a_sealed_result_says_what_callback_data_says_of_it(chain_id: int | None) -> None:
    made = seal(REPORT, KEY, chain_id)
    assert (made.status, made.report_hash) == (REPORT.status, read_result(made.data).attestation.message.reportHash)
    assert made.callback_data == callback_data(made.data)


def test_the_blinding_of_a_report() -> None:
    """Made once by this code; it must not change, so that a result can be made again."""
    key = load_key("4c" * 32)
    assert key.blinding(None) == "0xba668e05bdda9988abdeb55f02057ec8853185cf18c16dfd7499f45ab2bd40bf"
    assert key.blinding("0x" + "ab" * 32) == "0x7d0de1cec74924e9d914159b248844148aa8c94c020af343b1e241990d7e30de"


@pytest.mark.parametrize(("host", "said"), [(None, "m (transformers)"), ("h:1", "m (transformers at h:1)")])
def test_the_name_of_a_model_outside(host: str | None, said: str) -> None:
    assert str(OutsideModel(embedded=False, engine="transformers", host=host, name="m", version=None)) == said


def test_words_and_addresses_that_a_report_may_hold() -> None:
    kinds = ("prompt", "material", "email", "chat", "form", "code", "wallet", "history", "options", "unknown")
    assert get_args(InputKind) == kinds
    assert str(OutsideModel(embedded=False, engine="transformers", host=None, name="m", version=None))
    assert TypeAdapter(Address).validate_python(checksum_address(bytes(20))) == "0x" + "00" * 20
    for bad in ("0x" + "00" * 19, "00" * 20, "0x" + "0g" * 20):
        with pytest.raises(ValidationError):
            TypeAdapter(Address).validate_python(bad)
