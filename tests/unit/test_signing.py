from __future__ import annotations

import builtins
import os
import sys
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from pydantic import ValidationError

from app.base.errors import SigningError
from app.crypto.signing import ORDER, STRUCT_TYPE, Domain, ResultStruct, digest, load_key, new_key, recover

WORDS = {
    "taskId": "0x" + "01" * 32,
    "requestHash": "0x" + "02" * 32,
    "modelHash": "0x" + "03" * 32,
    "parametersHash": "0x" + "04" * 32,
    "reportHash": "0x" + "05" * 32,
}


def typed_data(message: dict[str, str], chain_id: int | None) -> dict[str, Any]:
    members = STRUCT_TYPE.removeprefix("Result(").removesuffix(")").split(",")
    domain = {"name": "sealed-llm", "version": "1"} | ({} if chain_id is None else {"chainId": chain_id})
    domain_type = [{"name": "name", "type": "string"}, {"name": "version", "type": "string"}]
    domain_type += [] if chain_id is None else [{"name": "chainId", "type": "uint256"}]
    return {
        "types": {
            "EIP712Domain": domain_type,
            "Result": [dict(zip(("type", "name"), member.split(), strict=True)) for member in members],
        },
        "primaryType": "Result",
        "domain": domain,
        "message": {name: bytes.fromhex(word[2:]) for name, word in message.items()},
    }


@pytest.mark.parametrize("chain_id", [None, 1, 421614, 2**53 - 1])
def test_digest_and_signature_equal_those_of_eth_account(chain_id: int | None) -> None:
    for seed in range(1, 40):
        key = load_key(f"{seed:064x}")
        words = {name: "0x" + os.urandom(32).hex() for name in WORDS}
        full = encode_typed_data(full_message=typed_data(words, chain_id))
        theirs = Account.sign_message(full, key.secret)
        ours = key.sign(digest(ResultStruct(**words), Domain(chainId=chain_id)))
        assert ours == "0x" + theirs.signature.hex()
        assert Account.recover_message(full, signature=ours) == key.address


def test_the_way_without_coincurve_gives_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    key = load_key("7" * 64)
    digests = [os.urandom(32) for _ in range(20)]
    with_it = [key.sign(each) for each in digests]
    real_import = builtins.__import__

    def refusing(name: str, *rest: Any, **more: Any) -> Any:
        if name == "coincurve":
            raise ImportError(name)
        return real_import(name, *rest, **more)

    monkeypatch.delitem(sys.modules, "coincurve", raising=False)
    monkeypatch.setattr(builtins, "__import__", refusing)
    without_it = [load_key("7" * 64).sign(each) for each in digests]
    assert with_it == without_it


@pytest.mark.parametrize(
    "text",
    ["", "0x", "zz" * 32, "00" * 32, f"{ORDER:064x}", "11" * 31, "11" * 33, "0x" + "\u0661" * 64, "1 " * 32, "-" + "1" * 63],
)
def test_refuses_what_is_no_key(text: str) -> None:
    with pytest.raises(SigningError) as info:
        load_key(text)
    assert info.value.code == "key.invalid"
    assert text not in str(info.value) or not text


def test_takes_a_key_as_people_write_it() -> None:
    assert load_key(" 0x" + "AB" * 32 + "\n").address == load_key("ab" * 32).address


def test_a_key_does_not_show_itself() -> None:
    key = new_key()
    assert key.secret.hex() not in repr(key)
    assert str(key.secret) not in repr(key)
    assert key.origin == "ephemeral"


def test_refuses_signatures_that_are_not_canonical() -> None:
    key, word = load_key("9" * 64), b"\x07" * 32
    good = bytes.fromhex(key.sign(word)[2:])
    r, s, v = good[:32], int.from_bytes(good[32:64], "big"), good[64]
    high = r + (ORDER - s).to_bytes(32, "big") + bytes([55 - v])
    bad = [good[:64] + bytes([v - 27]), good[:64] + b"\x1d", high, good[:64], good + b"\0", bytes(64) + bytes([v])]
    bad += [ORDER.to_bytes(32, "big") + good[32:], good[:32] + ORDER.to_bytes(32, "big") + bytes([v])]
    for raw in bad:
        with pytest.raises(SigningError) as info:
            recover(word, "0x" + raw.hex())
        assert info.value.code == "result.signature"


@pytest.mark.parametrize("word", ["0x01", "0x" + "g" * 64, "0x" + "AB" * 32, "ab" * 32, 1, None, True])
def test_a_message_takes_whole_words_only(word: Any) -> None:
    with pytest.raises(ValidationError):
        ResultStruct(**{**WORDS, "taskId": word})


def test_a_message_takes_no_extra_field() -> None:
    with pytest.raises(ValidationError):
        ResultStruct.model_validate({**WORDS, "extra": "0x" + "00" * 32})


def test_ten_thousand_round_trips() -> None:
    key, other = load_key("5" * 64), load_key("6" * 64)
    for index in range(10_000):
        word = index.to_bytes(32, "big")
        signature = key.sign(word)  # recovers and compares by itself
        assert recover(word, signature) == key.address != other.address
        if index % 100 == 0:
            assert recover(word[:-1] + bytes([word[-1] ^ 1]), signature) != key.address


def test_a_report_is_blinded_by_key_and_task() -> None:
    """Else whoever sees reportHash in a callback could try every short answer against it."""
    key, other = load_key("4c" * 32), load_key("4d" * 32)
    made = {one.blinding(task) for one in (key, other) for task in (None, "0x" + "ab" * 32, "0x" + "ac" * 32)}
    assert len(made) == 6 and all(len(one) == 66 for one in made)
    assert key.blinding("0x" + "ab" * 32) == load_key("0x" + "4c" * 32).blinding("0x" + "ab" * 32)
    assert key.secret.hex() not in "".join(made)
