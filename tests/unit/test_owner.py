"""Who may set which field beside protected data: every field, from every source, beside every kind of dataset."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from app.base.errors import InputError
from app.formats.protected_data_writer import protect
from app.jobs.code import testing
from app.request.ask import Ask
from app.request.code import Code
from app.request.field_types import _is_made_up
from app.request.fields import FIELDS, SAME
from app.request.parse import parse
from app.request.sources import pieces
from app.request.sources.owner import POLICY, settle
from app.request.sources.pieces import Origin, Piece
from app.run.work import Outcome
from tests.support.added_fields import ADDED, COUNT, SESSION
from tests.support.desk import SALT, Desk
from tests.support.histories.explorer_answer import ANSWER, PEER, WALLET
from tests.support.sources import outcome, put, rows_of

ROWS = [["How old?", "number"]]
REQUESTS: dict[str, Any] = {
    "prompt": {"prompt": "How are you?"},
    "question": {"question": "How are you?"},
    "bare question": b"How are you?",
    "bare order": b"Summarise the following letter:\n\n" + b"It was a long day. " * 60,
    "bare words": b"Quel est le nom de la capitale",
    "messages": {"messages": json.dumps([{"role": "user", "content": "How are you?"}])},
    "form with words": {"questionnaire": json.dumps([["Be kind.", "prompt"], *ROWS]), "answers": "[3]"},
    "email": {"email": "Tell me about the sea."},
    "material with its question": {"material": "The total is 42.", "question": "What is the total?"},
    "generate": {"language": "python", "prompt": "one"},
    "adjust": {"language": "python", "prompt": "one", "code": "x = 1", "feedback": "y = 1"},
    "session": {"session": json.dumps(SESSION)},
    "wallet and history": {"wallet": WALLET, "history": json.dumps(COUNT)},
}
WALLETS: dict[str, Any] = {"wallet": {"wallet": WALLET}, "address": {"address": WALLET, "labels": json.dumps({"scam": [PEER]})}}
MATERIALS: dict[str, Any] = {
    "material": {"material": "The total is 42."},
    "fields of another app": {"iban": "FR00", "salary": "2100"},
    "one text": {"secretText": "The total is 42."},
    "table": b"id,status\n1,paid\n",
    "form without words": {"questionnaire": json.dumps(ROWS), "answers": "[3]"},
    "history": {"history": json.dumps(COUNT)},
    "history alone": json.dumps(ANSWER).encode(),
    "answers": {"answers": "[3]"},
    "system": {"system": "Be brief."},
    "labels": {"labels": json.dumps({"scam": [PEER]})},
}
KINDS = {"request": REQUESTS, "wallet": WALLETS, "material": MATERIALS}


def piece(source: str, data: Any) -> Piece:
    raw = data if isinstance(data, bytes) else protect(data) if source == "dataset" else json.dumps(data).encode()
    return pieces.read_source(Origin(source, None if source == "dataset" else 1), raw)  # type: ignore[arg-type]


def verdict_on(data: Any, added: dict[str, Any]) -> str:
    """Return what becomes of what a secret adds to a dataset."""
    try:
        _, aside = settle([piece("dataset", data), piece("secret", added)])
    except InputError as err:
        named = "(dataset" in err.message if err.code == "request.contradiction" else set(added) <= set(err.message.split())
        return "refused" if named and err.code in ("owner.forbids", "request.contradiction") else str(err)
    return "aside" if [held.name for held in aside if held.origin.source == "secret"] == list(added) else "free"


def test_every_field_of_a_request_has_its_rule() -> None:
    assert POLICY.keys() == {SAME.get(name, name) for name in FIELDS - {"allow", "callback"}} == ADDED.keys()


@pytest.mark.parametrize(("kind", "data"), [(kind, name) for kind, found in KINDS.items() for name in found])
@pytest.mark.parametrize("field", POLICY)
def test_the_rule_is_what_happens(kind: str, data: str, field: str) -> None:
    """A field of the dataset's own is never another's to set; all others go by the table."""
    held = KINDS[kind][data]
    own = {SAME.get(name, name) for name in held} if isinstance(held, dict) else {"history"} if "history" in data else set()
    rule: str = getattr(POLICY[field], kind)
    if data == "email" and field in ("prompt", "messages", "questionnaire", "wallet", "history", "language", "code", "session"):
        rule = "free"  # `email` yields to what says what to do, and is used for nothing
    elif data == "bare words" and field in ("prompt", "messages", "questionnaire", "feedback"):
        rule = "free"  # what is no question and no order is asked about, if somebody asks
    elif field in ("history", "source") and "labels" in own:
        rule = "refused"  # made up, it would ask whether an address is on the owner's list
    elif field in ("questionnaire", "answers") and own & {"questionnaire", "answers"}:
        rule = "refused"
    elif field in own and field != "material":
        rule = "aside" if POLICY[field].request in ("aside", "fewer") else "refused"
    assert verdict_on(held, {field: ADDED[field]}) == ("free" if rule == "fewer" else rule)


@pytest.mark.parametrize("data", [*REQUESTS, *MATERIALS])
def test_more_tokens_than_the_owner_gets_are_not_to_be_had(data: str) -> None:
    wanted = "free" if data in MATERIALS else "aside"
    assert verdict_on((REQUESTS | MATERIALS)[data], {"max_tokens": 513}) == wanted
    assert verdict_on((REQUESTS | MATERIALS)[data], {"max_tokens": "many"}) == "free", "what is no number is another's error"


@pytest.mark.parametrize(
    ("kind", "data"), [(kind, name) for kind, found in KINDS.items() for name in found if isinstance(found[name], dict)]
)
@pytest.mark.parametrize("field", POLICY)
def test_allow_names_all_that_others_may_add(kind: str, data: str, field: str) -> None:
    held = KINDS[kind][data]
    own = {SAME.get(name, name) for name in held}
    closed = "aside" if POLICY[field].request in ("aside", "fewer") else "refused"
    nothing: list[Any] = ["[]", {}, False]
    for none in nothing:
        assert verdict_on({**held, "allow": none}, {field: ADDED[field]}) == closed
    if own.isdisjoint({field, "email"}) and not (own & {"prompt", "messages", "wallet"} and field in ("prompt", "messages")):
        assert verdict_on({**held, "allow": field}, {field: ADDED[field]}) == "free"
        assert verdict_on({**held, "allow": json.dumps(["prompt", field])}, {field: ADDED[field]}) == "free"
    assert verdict_on({**held, "allow": "salt"}, {"session": "new"}) == "refused"


def test_a_text_that_a_named_wallet_makes_a_history_takes_no_other_one() -> None:
    """Merged, the two would say whether a guessed record is in the owner's."""
    assert verdict_on(json.dumps(COUNT).encode(), {"wallet": WALLET}) == "free"
    with pytest.raises(InputError, match=r"both history \(dataset\) and history \(secret 1\)"):
        settle([piece("dataset", json.dumps(COUNT).encode()), piece("secret", {"wallet": WALLET, "history": COUNT})])


@pytest.mark.parametrize("source", ["secret", "input file", "args"])
def test_allow_is_the_owners_alone(desk: Desk, source: str) -> None:
    for data in ({"prompt": "How are you?"}, None):
        if data:
            desk.dataset(data)
        if source == "args":
            found = [Piece(Origin("args"), {"allow": ["salt"]})]
            with pytest.raises(InputError, match="allow"):
                settle(found)
            continue
        put(desk, source, json.dumps({"prompt": "x", "allow": ["salt"]}))
        error = outcome(desk, []).error
        assert error is not None and (error.code, f"allow ({source} 1)" in error.message) == ("owner.forbids", True)


BAD_ALLOW: list[Any] = [None, True, 1, 0.5, "all", "*", ["promt"], ["allow"], ["callback"], ["options"], [1], {"prompt": True}]


@pytest.mark.parametrize("bad", BAD_ALLOW, ids=str)
@pytest.mark.parametrize("data", [{"prompt": "p?"}, {"material": "m"}, {"iban": "FR00"}, ANSWER])
def test_an_allow_that_cannot_be_read_closes_the_dataset(desk: Desk, data: dict[str, Any], bad: Any) -> None:
    desk.dataset(json.dumps({**data, "allow": bad}).encode())
    error = outcome(desk, [] if "prompt" in data else ["What is it?"]).error
    assert error is not None and (error.code, "allow" in error.message) == ("option.invalid", True)
    assert error.message.startswith("dataset") or "allow" in error.message


@pytest.mark.parametrize(
    "data",
    [
        {"material": "m"}, {"iban": "FR00", "bic": "x"}, {"secretText": "m"}, ANSWER,
        {"documents": [ANSWER]}, {"items": [{"submitted_at": "x", "answers": []}]},
        {"data": [1]}, {"note": {"allow": "[]"}}, {"email": "person@example.org", "note": "n"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("nothing", ["[]", [], {}, False], ids=["text", "list", "object", "false"])
def test_whatever_material_is_closed_by_an_empty_allow(desk: Desk, data: dict[str, Any], nothing: Any) -> None:
    open_data = json.dumps(data).encode()
    desk.dataset(open_data)
    assert outcome(desk, ["What is it?"]).error is None
    desk.dataset(json.dumps({**data, "allow": nothing}).encode())
    error = outcome(desk, ["What is it?"]).error
    assert error is not None and error.code == "owner.forbids" and "prompt (args)" in error.message
    desk.dataset(json.dumps({**data, "allow": "question"}).encode())
    assert outcome(desk, ["What is it?"]).error is None
    assert forbids(outcome(desk, ["--system=x", "What is it?"]), "system (args)")


def forbids(found: Outcome, what: str) -> bool:
    return found.error is not None and found.error.code == "owner.forbids" and what in found.error.message


@pytest.mark.parametrize("nothing", [{}, False, "[]", ""], ids=str)
@pytest.mark.parametrize("data", [{"material": "m"}, {"iban": "FR00", "bic": "x"}, {"secretText": "m"}, {"prompt": "p?"}])
def test_and_so_in_a_zip(desk: Desk, data: dict[str, Any], nothing: Any) -> None:
    desk.dataset({**data, "allow": nothing})
    found = outcome(desk, ["--system=x"])
    assert found.error is not None
    assert found.error.code == ("option.invalid" if nothing == "" else "owner.forbids"), found.error


@pytest.mark.parametrize("name", ["Allow", "ALLOW", "allows", "al-low", "allowed", "allowed_fields", "allow_list"])
@pytest.mark.parametrize("data", [{"prompt": "p?"}, {"material": "m"}, {"iban": "FR00"}, ANSWER])
def test_a_slip_in_its_name_opens_nothing(desk: Desk, data: dict[str, Any], name: str) -> None:
    for held in (json.dumps({**data, name: []}).encode(), json.dumps({**data, "options": {name: []}}).encode()):
        desk.dataset(held)
        error = outcome(desk, [] if "prompt" in data else ["What is it?"]).error
        assert error is not None and (error.code in ("request.unknown_field", "option.unknown"), "allow" in error.message) == (
            True,
            True,
        )


def test_other_programs_fields_are_material_still(desk: Desk) -> None:
    for data in ({"model": "T", "n": 1, "stop": "x"}, {"tools": [], "allow_other": 1}, {"options": {"model": 3}, "iban": "x"}):
        desk.dataset(json.dumps(data).encode())
        assert outcome(desk, ["What is it?"]).error is None


def test_what_is_allowed_is_used(desk: Desk) -> None:
    desk.dataset({"prompt": "How are you?", "allow": json.dumps(["max_tokens", "seed", "material"])})
    found = outcome(desk, ["--max-tokens=900", "--seed=3", "--temperature=0.5", "I have a cold."])
    assert isinstance(found.request, Ask)
    assert (found.request.max_tokens, found.request.seed, found.request.temperature_milli) == (900, 3, 0)
    assert found.request.material == ("I have a cold.",)
    assert rows_of(found) == [
        ("dataset", "prompt", True),
        ("dataset", "options", True),
        ("args", "material", True),
        ("args", "options", True),
        ("args", "options", False),
    ]


@pytest.mark.parametrize("guess", ["How are you?", "Who are you?"])
@pytest.mark.parametrize("way", ["prompt", "question", "bare", "args"])
def test_a_right_guess_is_answered_as_a_wrong_one(desk: Desk, guess: str, way: str) -> None:
    for data in ({"prompt": "How are you?", "seed": 7}, b"How are you?"):
        desk.dataset(data)
        argv = (
            [guess] if way == "args" else put(desk, "secret", guess if way == "bare" else json.dumps({way: guess, "seed": 7}))
        )
        found = outcome(desk, argv)
        name = "args" if way == "args" else "secret 1"
        assert found.error is not None and found.error.message == f"both prompt (dataset) and a question ({name}) are given"
        assert not any(used for _, _, used in rows_of(found))


def test_options_of_the_owners_are_not_compared_either(desk: Desk) -> None:
    rows = []
    for seed in (7, 8):
        desk.dataset({"prompt": "How are you?", "seed": 7, "allow": "seed"})
        rows.append(rows_of(outcome(desk, [f"--seed={seed}"])))
    assert rows[0] == rows[1] and ("args", "options", False) in rows[0]


SALTY: list[tuple[Any, dict[str, Any], list[str], bool]] = [
    ({"prompt": "p?", "salt": SALT}, {}, [], True),
    ({"prompt": "p?", "salt": SALT}, {}, ["--max-tokens=4", "--model=x"], True),
    ({"prompt": "p?", "salt": SALT, "allow": "material"}, {"material": "mine"}, [], False),
    ({"material": "m", "salt": SALT}, {"prompt": "mine"}, [], False),
    ({"material": "m", "salt": SALT}, {}, ["What is it?"], False),
    ({"wallet": WALLET, "salt": SALT}, {"history": COUNT}, [], False),
    ({"email": "person@example.org", "salt": SALT}, {"prompt": "mine"}, [], False),
    ({"email": "person@example.org"}, {"prompt": "mine", "salt": SALT}, [], True),
    ({"prompt": "p?", "allow": "salt"}, {"salt": SALT}, [], True),
]


@pytest.mark.parametrize(("data", "secret", "argv", "commits"), SALTY, ids=str)
def test_a_salt_commits_to_its_givers_content_alone(
    desk: Desk, data: dict[str, Any], secret: dict[str, Any], argv: list[str], commits: bool
) -> None:
    desk.dataset(data)
    put(desk, "secret", json.dumps(secret) if secret else "")
    found = outcome(desk, [arg for arg in argv if not arg.startswith("--model")])
    assert found.error is None and (found.commitment is not None) == commits
    assert (("dataset", "options", False) in rows_of(found)) == (not commits)


def test_a_random_salt_is_taken_and_a_made_up_one_is_not() -> None:
    assert not any(_is_made_up(secrets.token_hex(32)) for _ in range(2_000))
    counted = bytes(range(32)).hex()
    text = b"a salt that I made up myself, ok".hex()
    for made in (
        *("00" * 32, "5a" * 32, "ff" * 32, "deadbeef" * 8, "0123456789abcdef" * 4, counted, counted[::-1], text),
        *(bytes(range(0, 96, 3)).hex(), bytes(range(200, 232)).hex(), bytes(255 - one for one in range(32)).hex()),
        *("0123456789" * 6 + "0123", "00" * 31 + "01", (b"1234567890" * 4)[:32].hex()),
    ):
        assert _is_made_up(made), made
        for given in (made, "0x" + made, made.upper()):
            with pytest.raises(InputError) as refused:
                parse({"prompt": "p", "salt": given})
            assert refused.value.code == "option.invalid" and "salt" in refused.value.message and made not in str(refused.value)


def test_examples_in_material_are_no_tests() -> None:
    """Their verdicts would tell it word for word, without the model."""
    canary = ">>> secret(1)\n'zebrafish'"
    request, _ = parse({"language": "python", "prompt": "a function secret(n)", "material": canary})
    assert isinstance(request, Code) and canary in request.prompt
    assert testing.tests_of(request) == ([], "none")
    request, _ = parse({"language": "python", "prompt": f"a function secret(n)\n{canary}"})
    assert isinstance(request, Code) and testing.tests_of(request)[1] == "examples"


def test_the_name_of_a_field_is_said_only_where_it_is_ours(desk: Desk) -> None:
    desk.dataset(json.dumps({"prompt": "p?", "questionnairezq9x": 1}).encode())
    error = outcome(desk, []).error
    assert error is not None and "zq9" not in error.message and "questionnaire" in error.message
