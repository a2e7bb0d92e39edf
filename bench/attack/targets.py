"""Every reader and parser of foreign bytes, as a function of bytes, with seeds and the words of its format.

The contract of all: a value or an `AppError` comes out, with a code that stands in `HINTS` and a message that is one line
and holds none of the input; nothing else ever. `attempt` asks for that.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NoReturn
from unittest import mock

from app.base.errors import AppError, InputError
from app.base.hints import HINTS
from app.formats import strict_json

CANARY = "zebrafish"
WALLET = "0x" + "a1" * 20
_URL = "http://127.0.0.1:1/v1"


class BrokenContractError(AssertionError):
    """An error that says what it may not say."""


@dataclass(frozen=True, slots=True)
class Target:
    """One parser."""

    run: Callable[[bytes], object]
    seeds: Callable[[], Iterable[bytes]]
    tokens: tuple[str, ...] = ()
    """Words of the format: for the fuzzer's dictionary, and what repetitions are made of."""


def attempt(name: str, data: bytes) -> str:
    """Return the code of the error that `data` gets, "" for a value. Raises whatever breaks the contract."""
    try:
        TARGETS[name].run(data)
    except AppError as err:
        told = f"{err.message} {err.hint}"
        if err.code not in HINTS or CANARY in told.lower() or not err.message or len(told.splitlines()) != 1:
            raise BrokenContractError(f"{name} says what it may not say ({err.code})") from None
        return err.code
    return ""


def _json(data: bytes) -> Any:
    return strict_json.loads(data)


def _object(data: bytes) -> dict[str, Any]:
    value = _json(data)
    if not isinstance(value, dict):
        raise InputError("json.invalid", "this is no object")
    return value


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _zip(data: bytes) -> None:
    from app.formats import protected_data

    entries = protected_data.read_archive(data)
    protected_data.value(protected_data.tree(entries))
    for raw in entries.values():
        for decode in (protected_data.number, protected_data.text):
            try:
                decode(raw)
            except AppError:
                continue


def _piece(data: bytes) -> None:
    """Read one source as each that it may be, and make a request of it: pieces, combine, document, request."""
    failures = []
    for origin in ("secret", "input_file", "dataset"):
        try:
            _source(origin, data)
        except AppError as err:
            failures.append(err)
    if failures:
        raise failures[-1]


def _source(origin: Any, data: bytes) -> None:
    from app.request.parse import parse
    from app.request.sources.combine import combine
    from app.request.sources.pieces import Origin, Piece, read_source

    piece = read_source(Origin(origin, None if origin == "dataset" else 1), data)
    try:
        asked = combine([piece, Piece(Origin("args"), text="What is this?")])
    except AppError:
        asked = combine([piece])
    parse(asked.fields)


def _args(data: bytes) -> None:
    from app.iexec import args

    text = data.decode(errors="surrogateescape")
    for argv in (text.split("\0"), args.split_args(text)):
        args.salvage(argv)
        args.parse_args(argv)


def _task(data: bytes) -> None:
    from app.iexec.task import open_task
    from app.request.sources.items import wants_callback

    lines = [line.partition("=") for line in data.decode(errors="surrogateescape").replace("\0", "").split("\n")]
    environ = {f"IEXEC_{name}": value for name, _, value in lines}
    task = open_task(environ | {"IEXEC_OUT": "/", "IEXEC_IN": "/"}, [])
    wants_callback(task)
    if task.trouble:
        raise task.trouble


def _form(data: bytes) -> None:
    from app.request.questionnaire.prompt import has_words, render, title_of

    given = _json(data)
    form, answers = (given.get("questionnaire", given), given.get("answers")) if isinstance(given, dict) else (given, None)
    has_words(form)
    title_of(form, 1)
    render(form, answers)


def _request(data: bytes) -> None:
    from app.request.parse import parse

    request, salt = parse(_object(data))
    request.commitment(salt or bytes(32))


def _session(data: bytes) -> None:
    from app.request.parse import parse

    session = {"session": _text(data)}
    request, _ = parse(session | {"feedback": "rename x"})
    request.commitment(bytes(32))


def _history(data: bytes) -> None:
    from app.wallet.read import any_source as readers

    value = _json(data)
    readers.looks_like(value)
    readers.looks_like(value, wallet=True)
    readers.read_documents(value, WALLET, 1)


def _table(data: bytes) -> None:
    from app.wallet.read import any_source as readers

    text = _text(data)
    readers.from_text(text)
    found = readers.from_text(text, wallet=True)
    if found is not None:
        readers.read_documents(found, WALLET, 1)


def _labels(data: bytes) -> None:
    from app.wallet.labels.user_list import user_addresses

    user_addresses(data)


def _live(data: bytes) -> None:
    """Fetch from each kind of source whose answers are the lines of `data`, the last one over and over."""
    from app.net.http import Host
    from app.wallet.fetch import source
    from app.wallet.read import any_source as readers

    kind, *answers = data.split(b"\n")
    waiting = iter(answers)
    last = answers[-1] if answers else b"{}"
    name = {b"e": "etherscan", b"b": "blockscout"}.get(kind[:1], "rpc")
    place = source.Place(name, _URL, ("127.0.0.1",), "key")  # type: ignore[arg-type]

    def send(_: object, __: str, ___: str, body: bytes | None = None) -> tuple[int, float, bytes]:
        said = next(waiting, last)
        if name == "rpc" and body is not None and not said.startswith(b'{"jsonrpc"'):  # a node repeats the number of the call
            said = b'{"jsonrpc":"2.0","id":%d,"result":%b}' % (json.loads(body)["id"], said)
        return 200, 0.0, said

    def no_time(_: float) -> NoReturn:
        raise InputError("history.unreachable", "the source would be asked again")

    with mock.patch.object(Host, "_send", send), mock.patch("time.sleep", no_time):
        readers.read_documents(source.fetch(place, WALLET, 1), WALLET, 1)


def _result(data: bytes) -> None:
    from app.result import envelope
    from app.verify.verifier import verify
    from tests.support.results import KEY

    envelope.read_result(data)
    verify(data, KEY.address)


def _delivered(data: bytes) -> None:
    from app.verify.delivered_file import read_delivered

    with tempfile.NamedTemporaryFile(dir=_memory()) as stream:
        stream.write(data)
        stream.flush()
        read_delivered(Path(stream.name))


def _computed(data: bytes) -> None:
    from app.simulate.postcompute import judge

    with tempfile.TemporaryDirectory(dir=_memory()) as name:
        folder = Path(name)
        (folder / "result.json").write_bytes(b"{}")
        (folder / "computed.json").write_bytes(data.replace(b"/out/", f"{folder}/".encode()))
        judge(folder)


def _memory() -> str | None:
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  a private name is made in it


def _key(data: bytes) -> None:
    from app.crypto.signing import load_key, recover

    with contextlib.suppress(AppError):
        recover(data[:32].ljust(32, b"\0"), "0x" + data[32:].hex())
    load_key(_text(data))


def _names(data: bytes) -> None:
    from app.base.near_names import near
    from app.request.fields import FIELDS
    from app.request.languages import language_of
    from app.request.questionnaire import row_types

    text = _text(data)
    near(text, FIELDS)
    language_of(text)
    row_types.kind_of(text)
    row_types.why_refused(text)
    row_types.near_type(text)


def _prompt(data: bytes) -> None:
    from app.jobs.code import edits, examples, findings, prompt
    from app.request.code import Code
    from app.sandbox.needs import lacking

    text = _text(data)
    asked = Code(language="python", asked=text, prompt=text)
    found = examples.examples(text)
    examples.functions(text)
    prompt.header(asked)
    prompt.has_code(asked, text)
    prompt.definitions(text)
    findings.findings(text)
    lacking(text, ())
    parts = edits.parts(text)
    if parts:
        edits.apply(text, parts, text)
    if any("\n" in one and not one.startswith("assert ") for one in found):
        raise BrokenContractError("an example is no assertion")


def _url(data: bytes) -> None:
    from app.net.http import Host
    from app.simulate.outside_engines import connect

    text = _text(data)
    failures: list[AppError] = []
    for ask in (lambda: Host(text, ("127.0.0.1", "example.org")), lambda: connect(f"openai:{text}", {})):
        try:
            ask()
        except AppError as err:
            failures.append(err)
    if len(failures) == 2:
        raise failures[0]


def _verdict(data: bytes) -> None:
    from app.base.limits import LIMITS
    from app.sandbox.machine import Ended
    from app.sandbox.sandbox import _difference, _read

    out, _, rest = data.partition(b"\0")
    _difference(_text(rest), out)
    _read(Ended("exit", 0, out, b"nonce" + rest, 1, 1), "nonce", LIMITS)


def _dumped(*values: Any) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


def _requests() -> list[bytes]:
    turn = {"feedback": [], "code": f"x = '{CANARY}'", "status": "ok", "verdicts": ["passed"]}
    history = _histories()[0].decode()
    session = {"format": "sealed-llm/session/1", "language": "python", "prompt": CANARY, "tests": ["x"], "turns": [turn]}
    return _dumped(
        {
            "prompt": f"Where does the {CANARY} live?",
            "max_tokens": 8,
            "temperature": 0.5,
            "seed": 1,
            "salt": hashlib.sha256(CANARY.encode()).hexdigest(),
        },
        {"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": CANARY}]},
        {"material": [CANARY, "b"], "question": "What is this?", "options": {"system": "Be brief."}},
        {"language": "python", "prompt": "twice", "tests": ["assert twice(1) == 2", {"input": "1", "output": "2"}]},
        {"session": session, "feedback": [CANARY]},
        {"wallet": WALLET, "history": json.loads(history), "chain": 1, "labels": {"scam": [WALLET]}, "as_of_block": 5},
        {"wallet": WALLET, "survey": [{"question": CANARY, "answer": "b"}], "history": history},
        {"email": CANARY, "callback": "true", "task": "ask"},
    )


def _forms() -> list[bytes]:
    rows = [
        ["", "prompt", f"Say {CANARY}"],
        ["Age", "number", [1, 99]],
        ["Pick", "select", ["a", "b"]],
        ["Do", "boolean", None],
    ]
    more = [{"title": "Many", "type": "multiselect", "options": ["a", CANARY], "required": False}, ["Say", "string"]]
    typeform = {"form_response": {"definition": {"fields": [{"id": "1", "title": CANARY, "type": "short_text"}]}}}
    google = {"items": [{"title": CANARY, "questionItem": {"question": {"questionId": "a", "textQuestion": {}}}}]}
    return _dumped(
        {"questionnaire": [*rows, *more], "answers": [5, "a", True, ["a"], CANARY]},
        {"questionnaire": {"title": CANARY, "questions": rows}, "answers": {"Age": 5, "Pick": "b", "Do": "no"}},
        typeform,
        google,
        {"pages": [{"questions": [{"heading": CANARY, "family": "single_choice", "answers": {"choices": [{"text": "a"}]}}]}]},
    )


@cache
def _past() -> Any:
    from tests.support import histories

    return histories.made_up(Random(8), transactions=3, first_block=5_000_000)


def _histories() -> list[bytes]:
    from tests.support import histories
    from tests.support.histories import indexers

    past = _past()
    made = [
        *(histories.etherscan(past), histories.blockscout(past), histories.node(past)),
        *(indexers.covalent(past), indexers.moralis(past), indexers.moralis_history(past)),
        *(indexers.dune_rows(past), indexers.dune(past), indexers.bitquery(past), histories.aggregator(past)),
        {"transaction_count": 100},
    ]
    own = re.compile(past.wallet[2:], re.IGNORECASE)
    texts = [own.sub(WALLET[2:], json.dumps(one, separators=(",", ":"))) for one in made]
    return [text.encode() for text in texts]


def _tables() -> list[bytes]:
    from tests.support.histories import exports

    past = _past()
    texts = [
        *exports.etherscan_csv(past),
        *exports.blockscout_csv(past),
        *exports.etherscan_csv(past, separator=";"),
        "\n".join(json.dumps(row) for row in json.loads(_histories()[6])),
        f"name,value\n{CANARY},1\nb,2\n",
    ]
    return [text.replace(past.wallet[2:], WALLET[2:]).encode() for text in texts]


def _answers() -> list[bytes]:
    pages = _histories()
    number, moment = "0x989680", "0x65920080"  # block 10,000,000, newer than all records
    block = f'{{"number":"{number}","timestamp":"{moment}","hash":"0x{"be" * 32}"}}'
    tip = f'{{"jsonrpc":"2.0","id":1,"result":"{number}"}}\n{{"jsonrpc":"2.0","id":1,"result":{block}}}'
    empty = b'{"status":"0","message":"No transactions found","result":[]}'
    rows = [json.dumps(one).encode() for one in json.loads(pages[0])]
    tokens = [b'{"items":[],"next_page_params":null}']
    items = [json.dumps(one).encode() for one in json.loads(pages[1])]
    listed, logs = json.loads(pages[2])[:-2], json.loads(pages[2])[-2:]
    listed[-1]["lastPage"] = True
    sent = sum(tx["from"].lower() == WALLET for page in listed for tx in page["txs"])
    blocks = [json.dumps(one | {"hash": "0x" + "be" * 32}) for one in logs[0]["blocks"]]
    node = ['"0x1"', f'"{number}"', block, f'"{hex(sent)}"', '"0x0"', '"0x"', *map(json.dumps, listed)]
    node += [json.dumps(logs[0]["logs"]), json.dumps(logs[1]["logs"]), "[]", *reversed(blocks), f'"{number}"', block]
    return [
        b"\n".join([b"e", tip.encode(), *rows, empty]),
        b"b\n" + b"\n".join([b'{"items":[{"height":10000000,"timestamp":"2024-01-01T00:00:00.000000Z"}]}', *items, *tokens]),
        "\n".join(["r", *node]).encode(),
    ]


def _results() -> list[bytes]:
    from tests.support import results

    return [results.sealed(), results.sealed(status="error", **results.NOTHING), results.sealed(bot_index=None)]


def _zips() -> list[bytes]:
    from app.formats.protected_data_writer import protect
    from tests.support.bad_inputs import borsh, zipped

    return [
        protect({"prompt": CANARY, "max_tokens": 8, "options": {"temperature": 0.5}}),
        protect({"a": {"0": True, "1": CANARY}}),
        zipped({"prompt": borsh(CANARY), "n": b"12"}, 8),
    ]


def _delivery() -> list[bytes]:
    from tests.support.bad_inputs import zipped

    inner = zipped({"result.json": b"{}", "computed.json": b"{}"}, 8)
    return [b"{}", inner, zipped({"iexec_out.zip": inner})]


_PROMPTS = (
    'def f(x):\n    """Return it.\n\n    >>> f(2)\n    4\n    f(2) == 4\n    For x = 2 the output should be 4\n    """\n',
    f"f([1, 2]) returns 3, f('{CANARY}') -> None; Input: [1], 2 Output: 3",
    "```python\nimport numpy\nclass A:\n    def f(self): return eval('1')\n\ndef g(a=[]):\n    except: pass\n```",
    "SELECT a FROM b WHERE c = 'd'; echo $1 | grep --all",
)
_JSON_TOKENS = (
    "{",
    "}",
    "[",
    "]",
    '"',
    ",",
    ":",
    "\\",
    "\\u0041",
    '"a":1',
    "1e9",
    "-0",
    "null",
    "true",
    "[],",
    "{},",
    "0x",
    CANARY,
)
_WALLET_TOKENS = (
    *_JSON_TOKENS,
    *("blockNumber", "timeStamp", "hash", "from", "to", "value", "items", "next_page_params", "result", "status", "documents"),
    *("txs", "receipts", "transfers", "data", "EVM", "Transfers", "wallet", "2018-01-30T13:41:33Z", WALLET),
)
_TEXT_TOKENS = ("a", " ", "\n", "\t", "(", ")", "[", "]", "'", '"', "`", "=", "==", ",", ".", ":", "1", "-", "\\", "#", CANARY)
_TABLE_TOKENS = (
    *('"', '""', ",", ";", "\n", "\r\n", "\t", " ", "a", "1", "{}", "\\"),
    *(
        "Transaction Hash",
        "Blockno",
        "UnixTimestamp",
        "DateTime (UTC)",
        "From",
        "To",
        "Value_IN(ETH)",
        "Status",
        CANARY,
        WALLET,
    ),
)
TARGETS: dict[str, Target] = {
    "json": Target(_json, _requests, _JSON_TOKENS),
    "zip": Target(
        _zip, _zips, ("PK\3\4", "PK\1\2", "PK\5\6", "PK\7\x08", "prompt", "options", "a/b", "/", "..", "\\", "0", "\0")
    ),
    "piece": Target(
        _piece, lambda: [*_requests(), *_tables()[:3], *_zips(), *_histories()[:2]], (*_JSON_TOKENS, "prompt: a\n", "- a\n")
    ),
    "args": Target(
        _args,
        lambda: [b"--max-tokens\x0064\0What is this?", b'--seed=1 "What is this?" -- it\'s', b"--model\0m\0--callback"],
        ("--max-tokens", "--prompt", "--", "--seed=1", "\0", " ", '"', "'", "\\", "{", '{"prompt":', "--x", CANARY),
    ),
    "task": Target(
        _task,
        lambda: [
            b"TASK_ID=0x"
            + b"ab" * 32
            + b"\nBULK_SLICE_SIZE=2\nDATASET_1_FILENAME=a\nINPUT_FILES_NUMBER=1\nINPUT_FILE_NAME_1=b",
            b'REQUESTER_SECRET_1={"callback":true}\nBOT_TASK_INDEX=0\nDATASET_FILENAME=0x' + b"11" * 20,
        ],
        ("=", "\n", "TASK_ID=", "BULK_SLICE_SIZE=", "DATASET_1_FILENAME=", "REQUESTER_SECRET_1=", "0", "/", CANARY),
    ),
    "form": Target(
        _form, _forms, (*_JSON_TOKENS, '"title":', '"type":', '"options":', '"number"', "optional ", "1-5", "to", "..")
    ),
    "request": Target(_request, _requests, _JSON_TOKENS),
    "session": Target(_session, lambda: _dumped(json.loads(_requests()[4])["session"]), _JSON_TOKENS),
    "history": Target(_history, _histories, _WALLET_TOKENS),
    "table": Target(_table, _tables, _TABLE_TOKENS),
    "labels": Target(
        _labels,
        lambda: [
            *_dumped([WALLET, {"address": WALLET, "chain_id": 1}], {WALLET: CANARY}),
            f"address,name\n{WALLET},x\n".encode(),
        ],
        (*_TABLE_TOKENS, *_JSON_TOKENS, WALLET[:-1], f"{WALLET}\n", f'"{WALLET}",', "#"),
    ),
    "live": Target(_live, _answers, (*_WALLET_TOKENS, "\n", "jsonrpc", "error", "rate limit")),
    "result": Target(_result, _results, (*_JSON_TOKENS, "attestation", "report", "signature", "sui", "bulk", "answer")),
    "delivered": Target(_delivered, _delivery, ("PK\3\4", "PK\1\2", "PK\5\6", "result.json", "iexec_out.zip", ".enc", "\0")),
    "computed": Target(
        _computed,
        lambda: _dumped({"deterministic-output-path": "/out/result.json", "callback-data": "0x00", "error-message": "a"}),
        (*_JSON_TOKENS, "deterministic-output-path", "callback-data", "/out/", "0x"),
    ),
    "key": Target(
        _key, lambda: [b"4c" * 32, b"0x" + b"00" * 32, bytes(range(97)), b"\x01" * 96 + b"\x1b"], ("0x", " ", "f", "0")
    ),
    "names": Target(
        _names,
        lambda: [b"max_tokens", b"C++ 17 language", b"Python 3.12", b"multiple choice", b"javascript (ES6)"],
        ("python", "c++", "script", " language", "v", "3.", "1", "(", ")", "_", "-", " ", "lts", "+", "x"),
    ),
    "prompt": Target(
        _prompt,
        lambda: [one.encode() for one in _PROMPTS],
        (
            *_TEXT_TOKENS,
            "def ",
            "f(",
            ">>> ",
            "... ",
            "returns ",
            "->",
            "For ",
            "Input: ",
            "output is",
            "lambda:",
            "f(1)==[1,",
            "'''",
        ),
    ),
    "url": Target(
        _url,
        lambda: [
            b"http://127.0.0.1:8000/v1#m",
            b"https://example.org/a?b=c",
            b"https://example.org/a?b=c#m",
            b"http://user:pw@127.0.0.1#m",
            b"https://[::1]:1/",
        ],
        ("http://", "https://", "@", ":", "/", "#", "?", "[", "]", "127.0.0.1", "example.org", "\\", "%", ".", CANARY),
    ),
    "verdict": Target(
        _verdict,
        lambda: [b'1\n2\n\0["passed","",1,""]', b'a\0["failed","zebrafish",0,""]', b"\0nonce"],
        ("nonce", "passed", "failed", '["', '",', "\n", "\r\n", " ", "\0", "1"),
    ),
}
