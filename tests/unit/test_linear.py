"""Inputs that repeat themselves: the work grows as they do. Counted, not timed."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from app.base.errors import AppError, HistoryError, InputError
from app.base.limits import LIMITS
from app.formats import strict_json
from app.jobs.code import examples
from app.jobs.code.findings import syntax_tree
from app.net.http import Host, SpentError, TooLargeError
from app.request.questionnaire import answers, options, rows
from app.wallet.labels.lists import Label, Labels
from app.wallet.read.any_source import read_documents

WALLET = "0x" + "11" * 20
UNITS = (
    "f(1)==[1,",
    "f(1)==1,",
    "f(1)==1 ",
    "f(1)=='f(1)==",
    "f(f(",
    "f(1) ",
    "f(1)=='a' 'b', ",
    "f([1])==[[1],",
    ">>> f(1)\n1\n",
)


@pytest.mark.parametrize("unit", UNITS)
def test_what_is_parsed_of_examples_grows_with_the_prompt(unit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece once, and of one example no more than `_LONGEST` characters."""
    parsed: list[int] = []
    monkeypatch.setattr(examples, "syntax_tree", lambda text: parsed.append(len(text)) or syntax_tree(text))  # type: ignore[func-returns-value]

    def work(repeated: int) -> int:
        parsed.clear()
        examples.examples(unit * repeated)
        return sum(parsed)

    assert work(1_000) <= 2.2 * max(work(500), examples._LONGEST)


@pytest.mark.parametrize("pattern", ["_ARROW", "_WORDS", "_AFTER"])
def test_white_space_is_looked_at_once(pattern: str) -> None:
    """A search that takes a power of the length of this would not end."""
    text = "For" + " " * 200_000 + "x"
    getattr(examples, pattern).match(text, 3 if pattern != "_WORDS" else 0)
    assert examples.examples(f"def f(x): pass\n{text}\nf(1){text}") == ()


def label_rows(count: int) -> bytes:
    return b"address,chain_id\n" + b"".join(b"0x%040x,%d\n" % (0x123456789, chain) for chain in range(1, count))


def test_a_label_is_found_by_its_chain_among_100_000_of_its_address() -> None:
    labels = Labels.packaged().with_file(label_rows(LIMITS.label_rows), "scam")
    address = f"0x{0x123456789:040x}"
    assert [row.chain_id for row in labels.of(address, 7)] == [7]
    assert len(labels._by_place[address, 7]) == 1  # nothing else is looked at
    assert labels.of(address, 10**9) == ()


def test_what_holds_on_every_chain_is_found_too() -> None:
    address = f"0x{0x123456789:040x}"
    labels = (
        Labels.packaged().with_file(f"address,chain_id\n{address},5\n".encode(), "scam").with_file(address.encode(), "mixer")
    )
    found: tuple[Label, ...] = labels.of(address.upper().replace("0X", "0x"), 5)
    assert [(row.kind, row.chain_id) for row in found] == [("scam", 5), ("mixer", None)]


def test_empty_answers_are_given_a_meaning_once() -> None:
    empty = {"status": "0", "message": "No transactions found", "result": []}
    history = read_documents([empty] * 50_000, WALLET, 1)
    assert (history.transactions, history.transfers, history.truncated) == ((), (), False)


TITLES = ("(optional", "[optional ", ") optional (", "optional - ", "- optional ")


@pytest.mark.parametrize("unit", TITLES)
def test_a_title_is_searched_once(unit: str) -> None:
    assert rows._required(None, "Q " + unit * 20_000 + "x") is None or unit in {") optional (", "optional - ", "[optional "}


@pytest.mark.parametrize(
    ("title", "optional"),
    [
        ("Age (optional)", True),
        ("Age [if known, optional] please", True),
        ("Age (years", False),
        ("Age (years) optional (x)", False),
        ("Age ((optional)", True),
        ("Age (not optional)", False),
        ("Age - optional.", True),
        ("optional: age", True),
        (")optional(", False),
    ],
)
def test_what_makes_a_title_optional(title: str, optional: bool) -> None:
    assert (rows._required(None, title) is False) == optional


def test_a_choice_is_looked_up_and_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    choices = options.choices([str(at) for at in range(20_000)], other=False)
    counted: list[str] = []
    real = options.tidy
    monkeypatch.setattr(options, "tidy", lambda text: counted.append(text) or real(text))  # type: ignore[func-returns-value]
    assert answers._multiselect(1, choices, [str(at) for at in range(20_000)]) == [str(at) for at in range(20_000)]
    assert len(counted) <= 20_000


@pytest.mark.parametrize("text", [" " * 16_000, "\n" * 16_000, "a" + "\t" * 16_000 + "b", ", " * 100 + " " * 10_000])
def test_breaks_between_choices_are_found_once(text: str) -> None:
    choices = options.choices(["a", "b"], other=False)
    with pytest.raises(InputError):
        answers._multiselect(1, choices, text)


NODES: dict[str, Callable[[int], bytes]] = {
    "empty lists": lambda size: b"[" + b"[]," * (size // 3) + b"[]]",
    "empty objects": lambda size: b"[" + b"{}," * (size // 3) + b"{}]",
    "one letter": lambda size: b"[" + b'"a",' * (size // 4) + b'"a"]',
    "digits": lambda size: b"[" + b"1," * (size // 2) + b"1]",
    "names": lambda size: b"{" + b",".join(b'"%x":1' % at for at in range(size // 8)) + b"}",
    "objects": lambda size: b"[" + b",".join(b'{"a":1}' for _ in range(size // 8)) + b"]",
    "not even JSON": lambda size: b"[" * (size // 2) + b"]" * (size // 2),
}


@pytest.fixture
def unparsed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where our own module parses anything; the chain of other tests goes on in its thread with Python's."""

    def loads(*_: object, **__: object) -> None:
        pytest.fail("it was parsed")

    monkeypatch.setattr("app.formats.strict_json.json", SimpleNamespace(loads=loads, JSONDecodeError=json.JSONDecodeError))


@pytest.mark.usefixtures("unparsed")
def test_what_is_small_is_parsed() -> None:
    with pytest.raises(pytest.fail.Exception, match="it was parsed"):
        strict_json.loads(b"[]")
    with pytest.raises(pytest.fail.Exception, match="it was parsed"):
        Host("http://127.0.0.1", ["127.0.0.1"]).decoded(b"[]")


@pytest.mark.usefixtures("unparsed")
@pytest.mark.parametrize("kind", NODES)
def test_too_many_values_are_refused_before_one_is_made(kind: str) -> None:
    data = NODES[kind](16 * 2**20)
    with pytest.raises(InputError) as err:
        strict_json.loads(data)
    assert err.value.code == "json.too_large"


def test_marks_in_strings_are_no_values() -> None:
    text = 'a, b: [c] {d} \\" ' * 300_000
    assert strict_json.loads(json.dumps([text, text]).encode()) == [text, text]


@pytest.mark.usefixtures("unparsed")
def test_an_answer_of_a_source_is_counted_before_it_is_parsed() -> None:
    """The example of the issue: 32 MiB of `[],` took 954 MiB."""
    with pytest.raises(TooLargeError) as err:
        Host("http://127.0.0.1", ["127.0.0.1"]).decoded(NODES["empty lists"](LIMITS.live_answer_bytes))
    assert err.value.code == "history.too_large"


def test_all_answers_of_a_source_are_counted_together() -> None:
    host = Host("http://127.0.0.1", ["127.0.0.1"])
    data = b"[" + b",".join([b"1"] * (LIMITS.live_nodes // 4)) + b"]"
    for _ in range(4):
        host.decoded(data)
    with pytest.raises(SpentError):
        host.decoded(data)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "history as text": ({"wallet": WALLET, "history": NODES["empty lists"](16 * 2**20).decode()}, "json.too_large"),
    "labels": ({"wallet": WALLET, "history": [], "labels": NODES["digits"](16 * 2**20).decode()}, "json.too_large"),
    "numbers for labels": ({"wallet": WALLET, "history": [], "labels": {"scam": [1] * 200_000}}, "option.invalid"),
    "a questionnaire": ({"questionnaire": NODES["objects"](16 * 2**20).decode(), "answers": []}, "json.too_large"),
    "messages": ({"messages": NODES["empty objects"](16 * 2**20).decode()}, "json.too_large"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_json_in_a_field_is_counted_too(case: str) -> None:
    from app.request.parse import parse

    fields, code = REFUSED[case]
    with pytest.raises(AppError) as err:
        parse(fields)
    assert err.value.code == code


@pytest.mark.parametrize(
    "text", ["Txhash,Blockno,UnixTimestamp,From,To\n" + "," * 2_500_000, '{"hash": 1}\n' + "[[],[]]\n" * 900_000]
)
def test_tables_and_lines_are_counted_too(text: str) -> None:
    from app.wallet.read.any_source import from_text

    with pytest.raises((HistoryError, InputError)) as err:
        from_text(text, wallet=True)
    assert err.value.code in {"history.too_large", "json.too_large"}
