"""Results are public. Can a dictionary attack find a one-word prompt in anything that a task publishes?"""

from __future__ import annotations

import functools
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterator

import pytest

from app.crypto.signing import keccak256
from app.formats import strict_json
from app.formats.protected_data_writer import protect
from app.request.ask import Ask
from app.request.fields import Turn
from tests.support.desk import SALT, TASK_ID, Desk

WORD = "banana"
DICTIONARY = ("apple", WORD, "cherry")
NAMES = ("sha256", "sha3_256", "sha1", "md5", "sha512", "blake2b", "blake2s")


def hashed(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


HASHES: tuple[Callable[[bytes], bytes], ...] = (keccak256, *(functools.partial(hashed, name) for name in NAMES))


def forms(word: str) -> Iterator[bytes]:
    """Yield whatever a careless program might have hashed for the prompt `word`."""
    request = Ask(turns=(Turn(role="user", content=word),))
    raw = word.encode()
    yield from (raw, json.dumps(word).encode(), json.dumps([word]).encode(), len(raw).to_bytes(4, "little") + raw)
    for name in ("prompt", "email", "question"):
        yield json.dumps({name: word}).encode()
        yield strict_json.dumps({name: word})
        yield protect({name: word})
    yield strict_json.dumps(request.model_dump(mode="json"))
    yield strict_json.dumps(request.model_dump(mode="json", exclude_none=True))


def guesses(word: str, published: bytes) -> Iterator[str]:
    """Yield the hex of every hash of every form, plain or with what a result itself offers as a salt."""
    offered = [bytes.fromhex(text.decode()) for text in set(re.findall(rb"0x([0-9a-f]{64})", published))]
    salts = [b"", bytes(32), bytes.fromhex(TASK_ID[2:]), *offered]
    for form, salt, make in itertools.product(forms(word), salts, HASHES):
        yield make(salt + form).hex()
        yield make(form + salt).hex()


def found(desk: Desk) -> set[str]:
    """Return the words of the dictionary that some published byte string gives away."""
    published = b"".join(path.read_bytes() for path in desk.out.iterdir())
    return {word for word in DICTIONARY if any(guess.encode() in published for guess in guesses(word, published))}


@pytest.mark.slow
def test_a_one_word_prompt_cannot_be_guessed(desk: Desk) -> None:
    desk.dataset({"prompt": WORD, "max_tokens": 1, "system": "Say nothing."})
    desk.run()
    assert found(desk) == set()


@pytest.mark.slow
def test_nor_with_a_salt(desk: Desk) -> None:
    desk.dataset({"prompt": WORD, "max_tokens": 1, "salt": SALT})
    assert desk.run().report["request"]["commitment"] is not None
    assert found(desk) == set()


def test_the_attack_would_find_a_plain_hash(desk: Desk) -> None:
    """The negative control: a commitment without a salt falls at once."""
    (desk.out / "leak.json").write_text(Ask(turns=(Turn(role="user", content=WORD),)).commitment(b""))
    assert found(desk) == {WORD}
