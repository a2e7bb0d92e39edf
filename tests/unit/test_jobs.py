"""Where the words and files of `ask`, `code` and `score` go: what is private must never stand in the public args."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Unpack

import pytest

from app.base.errors import UsageError
from app.desk.settings import Settings
from app.formats import protected_data
from app.formats.protected_data_writer import protect
from app.iexec.args import scan_args, split_args
from app.simulate import orders
from app.simulate.order import checked_args, protected
from app.simulate.worker import Order

CANARY = "heliotrope"
CSV = b"order,status\n1,failed\n"


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IEXEC_APP_DEVELOPER_SECRET", raising=False)


@pytest.fixture
def piped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[[bytes | None], None]]:
    """Put bytes where standard input is; None is /dev/null."""
    with ExitStack() as opened:

        def put(data: bytes | None) -> None:
            path = Path(os.devnull) if data is None else tmp_path / "stdin"
            if data is not None:
                path.write_bytes(data)
            monkeypatch.setattr("sys.stdin", opened.enter_context(path.open()))

        put(None)
        yield put


def dataset(order: Order) -> bytes:
    assert len(order.datasets) == 1 and order.datasets[0] is not None
    return order.datasets[0]


def fields(order: Order) -> dict[str, str]:
    return {name: str(protected_data.text(raw)) for name, raw in protected_data.read_archive(dataset(order)).items()}


def ask(*words: str, material: Path | None = None, system: str | None = None, **options: Unpack[Settings]) -> Order:
    return orders.ask_order(words, material, system=system, options=options)


def test_words_are_protected_with_the_numbers_of_their_request(piped: Callable[[bytes | None], None]) -> None:
    piped(None)
    order = ask(CANARY, "and", "more", system="Be brief.", max_tokens=" 64", temperature="0.7", model=None, threads=2)
    numbers = {"max_tokens": "64", "temperature": "0.7"}
    assert fields(order) == {"prompt": f"{CANARY} and more", "system": "Be brief."} | numbers
    assert split_args(order.args) == ["--threads", "2"]
    assert order.requester_secrets == {} and order.simulated_key and order.app_secret is not None
    assert CANARY not in repr(order) and order.app_secret not in repr(order)


@pytest.mark.parametrize("way", ["file", "pipe", "dash"])
def test_material_is_the_dataset_and_the_question_a_secret(
    piped: Callable[[bytes | None], None], tmp_path: Path, way: str
) -> None:
    (tmp_path / "orders.csv").write_bytes(CSV)
    piped(None if way == "file" else CSV)
    material = {"file": tmp_path / "orders.csv", "pipe": None, "dash": Path("-")}[way]
    order = ask(CANARY, material=material, system="Be brief.", max_tokens="8", threads=2)
    assert fields(order) == {"material": CSV.decode()} and order.args == "--max-tokens 8 --threads 2"
    assert json.loads(order.requester_secrets[1]) == {"prompt": CANARY, "system": "Be brief."}


AS_THEY_ARE = {
    "zip": protect({"a": "b"}),
    "json": b'{"rows": [1]}',
    "list": b"[1]",
    "pdf": b"%PDF-1.7\n\xff",
    "broken": b'{"a": 1,}',
}
TEXTS = {
    "bom": b"\xef\xbb\xbfone",
    "crlf": b"a\r\nb",
    "tag": b"[BUG] it broke",
    "template": b'{{name}} says "x"',
    "set": b"{a, b}",
}


@pytest.mark.parametrize("case", [*AS_THEY_ARE, *TEXTS])
@pytest.mark.parametrize("words", [("what?",), ()], ids=["question", "alone"])
def test_text_is_named_and_everything_else_speaks_for_itself(tmp_path: Path, case: str, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_bytes((AS_THEY_ARE | TEXTS)[case])
    order = ask(*words, material=tmp_path / "file")
    assert len(order.requester_secrets) == len(words)
    if case in AS_THEY_ARE or not words:
        assert dataset(order) == (AS_THEY_ARE | TEXTS)[case]
    else:
        assert fields(order) == {"material": TEXTS[case].decode("utf-8-sig")}


def test_without_words_what_is_piped_in_is_the_prompt(piped: Callable[[bytes | None], None]) -> None:
    for words in ((), ("-",)):
        piped(f"\ufeff{CANARY}\n".encode())
        assert fields(ask(*words)) == {"prompt": f"{CANARY}\n"}
    piped(b" \n")
    with pytest.raises(UsageError, match="nothing to ask"):
        ask()
    piped(b" \n")
    assert fields(ask("x")) == {"prompt": "x"}


def test_a_score_is_a_protected_wallet_and_input_files(piped: Callable[[bytes | None], None], tmp_path: Path) -> None:
    wallet = "0x" + "1" * 40
    paths = [tmp_path / "txlist.json", tmp_path / "tokentx.json"]
    for path in paths:
        path.write_text("{}")
    order = orders.score_order(wallet, paths, chain="137", options={"model": None})
    assert fields(order) == {"wallet": wallet, "chain": "137"} and order.args == ""
    assert [file.name for file in order.input_files] == ["txlist.json", "tokentx.json"]
    piped(b'{"transaction_count": 3}')
    order = orders.score_order(wallet, [], chain=None, options={})
    assert [file.read_bytes() for file in order.input_files] == [b'{"transaction_count": 3}']


def code(*words: str, file: Path | None = None, options: Settings | None = None, **given: Any) -> Order:
    made = orders.code_fields(words, file, {"feedback": [], **given})
    return orders.code_order(made, options=options or {})


def test_code_is_protected_whole(piped: Callable[[bytes | None], None], tmp_path: Path) -> None:
    tests = orders.tests(["assert one() == 1", '{"input": "1\\n", "output": "2\\n"}', '{"input": 1}'])
    assert tests == ["assert one() == 1", {"input": "1\n", "output": "2\n"}, '{"input": 1}']
    order = code(CANARY, language="python", tests=tests[:2], options={"max_tokens": "9"})
    found = fields(order)
    assert (found["task"], found["prompt"], found["language"]) == ("code", CANARY, "python")
    assert (found["max_tokens"], order.args) == ("9", "")
    assert json.loads(found["tests"]) == tests[:2] and "feedback" not in found
    (tmp_path / "one.js").write_text("let one = 1;")
    found = fields(code(CANARY, file=tmp_path / "one.js"))
    assert (found["code"], found["language"], json.loads(found["feedback"])) == ("let one = 1;", "javascript", [CANARY])
    piped(b"one = 1")
    found = fields(code(CANARY, language="python", prompt="One."))
    assert (found["code"], found["prompt"], json.loads(found["feedback"])) == ("one = 1", "One.", [CANARY])


def test_protecting_names_the_field_that_cannot_be(piped: Callable[[bytes | None], None]) -> None:
    piped(None)
    assert protected({"answers": [1, 2], "options": {"seed": 3}, "questionnaire": {"a": 1}})
    with pytest.raises(UsageError, match="field 'prompt'"):
        protected({"prompt": None})


@pytest.mark.parametrize(
    ("text", "place"),
    [("", None), ("a 'b c' d", None), ('"', 0), ("it's", 2), ('a "b" \'c', 6), ("\\' x", None), ("\"a'b", 0), ("'a' \"b c", 4)],
)
def test_an_open_quote_is_found_where_it_stands(text: str, place: int | None) -> None:
    assert scan_args(text)[1] == place
    if place is None:
        assert checked_args(text) == text
    else:
        assert split_args(text) == []
        with pytest.raises(UsageError, match=f"column {place + 1} of --args"):
            checked_args(text)
