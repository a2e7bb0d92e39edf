from __future__ import annotations

from typing import Any

import pytest

from app.errors import InputError
from app.request import parse


@pytest.mark.parametrize("name", ["prompt", "question", "email"])
def test_the_prompt_has_three_names(name: str) -> None:
    request, salt = parse({name: "Hello?"})
    assert (request.prompt, salt) == ("Hello?", None)


def test_email_yields_to_the_newer_names() -> None:
    assert parse({"email": "a@b.example", "prompt": "Hello?"})[0].prompt == "Hello?"


@pytest.mark.parametrize(
    ("fields", "attribute", "value"),
    [
        ({"max_tokens": 64.0}, "max_tokens", 64),
        ({"max_tokens": "64"}, "max_tokens", 64),
        ({"max_tokens": 1}, "max_tokens", 1),
        ({"max_tokens": 4096}, "max_tokens", 4096),
        ({"temperature": 0.7}, "temperature_milli", 700),
        ({"temperature": "2"}, "temperature_milli", 2000),
        ({"temperature": 0}, "temperature_milli", 0),
        ({"seed": 2**32 - 2}, "seed", 2**32 - 2),
        ({"seed": "0"}, "seed", 0),
        ({"system": "Be brief."}, "system", "Be brief."),
        ({"system": "x" * 8192}, "system", "x" * 8192),
    ],
)
def test_options(fields: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(parse({"prompt": "p", **fields})[0], attribute) == value


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "input.missing"),
        ({"prompt": ""}, "input.empty"),
        ({"prompt": " \n\t "}, "input.empty"),
        ({"prompt": 5}, "option.invalid"),
        ({"prompt": "a\0b"}, "option.invalid"),
        ({"prompt": "\ud800"}, "option.invalid"),
        ({"prompt": "x" * (256 * 1024 + 1)}, "prompt.too_long"),
        ({"prompt": "a", "question": "b"}, "request.contradiction"),
        ({"prompt": "p", "max_tokens": 0}, "option.invalid"),
        ({"prompt": "p", "max_tokens": 4097}, "option.invalid"),
        ({"prompt": "p", "max_tokens": 1.5}, "option.invalid"),
        ({"prompt": "p", "max_tokens": True}, "option.invalid"),
        ({"prompt": "p", "max_tokens": "many"}, "option.invalid"),
        ({"prompt": "p", "max_tokens": float("nan")}, "option.invalid"),
        ({"prompt": "p", "max_tokens": "9" * 100}, "option.invalid"),
        ({"prompt": "p", "temperature": -0.001}, "option.invalid"),
        ({"prompt": "p", "temperature": 2.001}, "option.invalid"),
        ({"prompt": "p", "temperature": 0.0001}, "option.invalid"),
        ({"prompt": "p", "temperature": "1e999999"}, "option.invalid"),
        ({"prompt": "p", "seed": 2**32 - 1}, "option.invalid"),
        ({"prompt": "p", "seed": -1}, "option.invalid"),
        ({"prompt": "p", "system": " "}, "option.invalid"),
        ({"prompt": "p", "system": "x" * 8193}, "prompt.too_long"),
        ({"prompt": "p", "salt": "ab"}, "option.invalid"),
        ({"prompt": "p", "task": "dance"}, "option.invalid"),
        ({"prompt": "p", "task": ["ask"]}, "option.invalid"),
        ({"prompt": "p", "task": "code"}, "request.unsupported"),
        ({"wallet": "0x" + "1" * 40}, "request.unsupported"),
    ],
)
def test_refuses(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as info:
        parse(fields)
    assert info.value.code == code


def test_a_commitment_needs_the_salt_and_binds_every_field() -> None:
    salt = "5a" * 32
    request, raw = parse({"prompt": "p", "salt": "0x" + salt})
    assert raw == bytes.fromhex(salt)
    assert request.commitment(raw) != request.commitment(bytes(32))
    others: list[dict[str, Any]] = [
        {"prompt": "q"},
        {"prompt": "p", "seed": 1},
        {"prompt": "p", "system": "s"},
        {"prompt": "p", "max_tokens": 9},
    ]
    assert len({parse(fields)[0].commitment(raw) for fields in ({"prompt": "p"}, *others)}) == 5
