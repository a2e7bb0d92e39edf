from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from app.base.errors import InputError
from app.request.ask import Ask
from app.request.parse import parse
from tests.support.desk import ROOT, SALT

CHAT = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "Why?"}]
FORM = {"title": "t", "questions": [["How old?", "number"]]}
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # EIP-55's first example


def chat(fields: dict[str, Any]) -> Ask:
    request, _ = parse(fields)
    assert isinstance(request, Ask)
    return request


def asked(fields: dict[str, Any]) -> list[tuple[str, str]]:
    return [(turn.role, turn.content) for turn in chat(fields).turns]


@pytest.mark.parametrize("name", ["prompt", "question", "email"])
def test_the_prompt_has_three_names(name: str) -> None:
    assert asked({name: "Hello?"}) == [("user", "Hello?")]


def test_email_yields_to_every_newer_name() -> None:
    assert asked({"email": "a@b.example", "prompt": "Hello?"}) == [("user", "Hello?")]
    assert asked({"email": "a@b.example", "messages": CHAT})[-1] == ("user", "Why?")


@pytest.mark.parametrize("messages", [CHAT, json.dumps(CHAT)], ids=["list", "json text"])
def test_a_chat(messages: Any) -> None:
    assert asked({"messages": messages}) == [(turn["role"], turn["content"]) for turn in CHAT]


def test_a_chat_may_bring_its_system_prompt() -> None:
    request = chat({"messages": [{"role": "system", "content": "Be odd."}, *CHAT]})
    assert (request.system, len(request.turns)) == ("Be odd.", 3)


def test_a_form() -> None:
    assert asked({"questionnaire": FORM, "answers": [3]}) == [("user", "* How old?: 3")]
    assert asked({"questionnaire": json.dumps(FORM), "answers": '{"How old?": 3}'}) == [("user", "* How old?: 3")]


OPTIONS = [
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
]


@pytest.mark.parametrize(("fields", "attribute", "value"), OPTIONS)
def test_options(fields: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(parse({"prompt": "p", **fields})[0], attribute) == value
    assert getattr(parse({"prompt": "p", "options": fields})[0], attribute) == value


BIDI = "abc\u202edef"
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "input.missing"),
    ({"task": "ask"}, "input.missing"),
    ({"prompt": ""}, "input.empty"),
    ({"prompt": " \n\t "}, "input.empty"),
    ({"prompt": 5}, "option.invalid"),
    ({"prompt": ["p"]}, "option.invalid"),
    ({"prompt": "a\0b"}, "text.invalid"),
    ({"prompt": "a\x1bb"}, "text.invalid"),
    ({"prompt": "a\x7fb"}, "text.invalid"),
    ({"prompt": "a\x85b"}, "text.invalid"),
    ({"email": "a@b.example"}, "input.missing"),
    ({"prompt": " a.b+c@d.example\n"}, "input.missing"),
    ({"email": "a@b.example", "wallet": WALLET, "task": "ask"}, "input.missing"),
    ({"prompt": BIDI}, "text.invalid"),
    ({"prompt": "\u2066x"}, "text.invalid"),
    ({"prompt": "\ud800"}, "text.invalid"),
    ({"prompt": "x" * (256 * 1024 + 1)}, "prompt.too_long"),
    ({"prompt": "a", "question": "b"}, "request.contradiction"),
    ({"prompt": "a", "messages": CHAT}, "request.contradiction"),
    (
        {"messages": CHAT, "questionnaire": [["Say it.", "prompt"], ["How old?", "number"]], "answers": [1]},
        "request.contradiction",
    ),
    ({"prompt": "a", "wallet": WALLET}, "request.contradiction"),
    ({"wallet": WALLET, "language": "python"}, "request.contradiction"),
    ({"messages": CHAT, "language": "python"}, "request.contradiction"),
    ({"prompt": "a", "answers": [1]}, "request.contradiction"),
    ({"prompt": "a", "seed": 1, "options": {"seed": 2}}, "request.contradiction"),
    ({"messages": [{"role": "system", "content": "s"}, *CHAT], "system": "s"}, "request.contradiction"),
    ({"messages": []}, "option.invalid"),
    ({"messages": CHAT * 86}, "option.invalid"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "option.invalid"),
    ({"messages": [{"role": "user"}]}, "option.invalid"),
    ({"messages": [{"role": "user", "content": "x", "name": "y"}]}, "option.invalid"),
    ({"messages": CHAT[:2]}, "messages.invalid"),
    ({"messages": [*CHAT, {"role": "system", "content": "s"}]}, "messages.invalid"),
    ({"messages": [{"role": "system", "content": "s"}]}, "messages.invalid"),
    ({"messages": [{"role": "user", "content": " "}]}, "input.empty"),
    ({"messages": [{"role": "user", "content": BIDI}]}, "text.invalid"),
    ({"messages": "[{"}, "json.invalid"),
    ({"messages": [{"role": "user", "content": "x" * 150_000}, {"role": "user", "content": "x" * 150_000}]}, "prompt.too_long"),
    ({"questionnaire": FORM}, "answers.invalid"),
    ({"questionnaire": 3, "answers": [1]}, "option.invalid"),
    ({"prompt": "p", "max_tokens": 0}, "option.invalid"),
    ({"prompt": "p", "max_tokens": 4097}, "option.invalid"),
    ({"prompt": "p", "max_tokens": 1.5}, "option.invalid"),
    ({"prompt": "p", "max_tokens": True}, "option.invalid"),
    ({"prompt": "p", "max_tokens": "many"}, "option.invalid"),
    ({"prompt": "p", "max_tokens": float("nan")}, "option.invalid"),
    ({"prompt": "p", "max_tokens": "9" * 100}, "option.invalid"),
    ({"prompt": "p", "max_tokens": 2**127}, "option.invalid"),
    ({"prompt": "p", "max_tokens": [1]}, "option.invalid"),
    ({"prompt": "p", "temperature": -0.001}, "option.invalid"),
    ({"prompt": "p", "temperature": 2.001}, "option.invalid"),
    ({"prompt": "p", "temperature": 0.0001}, "option.invalid"),
    ({"prompt": "p", "temperature": "1e999999"}, "option.invalid"),
    ({"prompt": "p", "temperature": "1e-999999"}, "option.invalid"),
    ({"prompt": "p", "seed": 2**32 - 1}, "option.invalid"),
    ({"prompt": "p", "seed": -1}, "option.invalid"),
    ({"prompt": "p", "system": " "}, "option.invalid"),
    ({"prompt": "p", "system": "x" * 8193}, "prompt.too_long"),
    ({"prompt": "p", "system": BIDI}, "text.invalid"),
    ({"prompt": "p", "salt": "ab"}, "option.invalid"),
    ({"prompt": "p", "task": "dance"}, "option.invalid"),
    ({"prompt": "p", "task": ["ask"]}, "option.invalid"),
    ({"prompt": "p", "options": {"top_k": 1}}, "option.unknown"),
    ({"prompt": "p", "options": 1}, "option.invalid"),
    ({"prompt": "p", "promt": 1}, "request.unknown_field"),
    ({"prompt": "p", "task": "code"}, "code.incomplete"),
    ({"language": "python"}, "code.incomplete"),
    ({"wallet": WALLET}, "history.missing"),
    ({"wallet": WALLET.lower()}, "history.missing"),
    ({"wallet": WALLET, "email": "a@b.example"}, "history.missing"),
    ({"wallet": WALLET.swapcase()}, "wallet.invalid"),
    ({"wallet": WALLET[:-1] + "D"}, "wallet.invalid"),
    ({"wallet": WALLET[:-2]}, "wallet.invalid"),
    ({"wallet": "vitalik.eth"}, "wallet.invalid"),
    ({"wallet": WALLET + " "}, "wallet.invalid"),
]


@pytest.mark.parametrize(("fields", "code"), REFUSED, ids=[f"{index}-{code}" for index, (_, code) in enumerate(REFUSED)])
def test_refuses(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(InputError) as info:
        parse(fields)
    assert info.value.code == code
    assert info.value.message[0].islower()


def test_a_contradiction_names_both() -> None:
    with pytest.raises(InputError) as info:
        parse({"prompt": "a", "wallet": WALLET})
    assert info.value.message == "both prompt and wallet are given"


def test_no_message_quotes_the_input() -> None:
    canary = "zebrafish"
    for fields in (
        {canary: 1},
        {"prompt": {canary: 1}},
        {"prompt": "p", "options": {canary: 1}},
        {"prompt": "p", "task": canary},
        {"prompt": "p", "seed": canary},
        {"messages": [{"role": canary, "content": "x"}]},
        {"messages": [{"role": "user", "content": "x", canary: 1}]},
        {"messages": canary},
        {"questionnaire": [["How?", canary]], "answers": [1]},
        {"questionnaire": [["How?", "select", [canary]]], "answers": ["other"]},
        {"questionnaire": [["How?", "number"]], "answers": [canary]},
        {"questionnaire": [["How?", "number"]], "answers": {canary: 1}},
        {"wallet": canary},
        {"prompt": "p", "salt": canary},
    ):
        with pytest.raises(InputError) as info:
            parse(fields)
        assert canary not in str(info.value)
        assert canary not in info.value.hint


def test_the_schema_takes_what_the_reader_takes() -> None:
    schema = json.loads((ROOT / "schema/request-v1.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for fields in ({"prompt": "p"}, {"messages": CHAT}, {"questionnaire": FORM, "answers": [3]}, {"wallet": WALLET}):
        validator.validate(fields | {"options": {"max_tokens": 4, "temperature": 0.5, "seed": 1, "salt": "0x" + SALT}})
    for fields, code in REFUSED:
        if code in {"request.unknown_field", "option.unknown"}:
            assert not validator.is_valid(fields)


def test_a_commitment_needs_the_salt_and_binds_every_field() -> None:
    salt = SALT
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
