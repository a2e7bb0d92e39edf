"""Items of a bulk slice that mean harm, and what they do to a good item beside them: nothing.

    isolation(kinds)     each kind alone beside the good items, in one process under the deployed heap

Every kind writes one protectedData file. Each is what one of the owners in a slice can do by himself; what all items share
(args, secrets, input files) is the requester's own.
"""

from __future__ import annotations

import functools
import io
import json
import os
import random
import resource
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.formats import strict_json
from app.formats.protected_data_writer import protect
from bench.memory import watch
from tests.support import histories
from tests.support.desk import SMALL, Desk

MIB = 2**20
WALLET = "0x" + "11" * 20


def zipped(**fields: str | bytes) -> bytes:
    """Return a protectedData whose fields are deflated, as no honest client does."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in fields.items():
            archive.writestr(name, value)
    return out.getvalue()


def _repeat(unit: str, size: int, before: str = "", after: str = "") -> str:
    return before + (unit * (size // len(unit) + 1))[:size].removesuffix(",") + after


def _listed(unit: str, size: int = 16 * MIB - 64) -> str:
    return "[" + ",".join([unit] * ((size - 2) // (len(unit) + 1))) + "]"


def _unique(size: int = 16 * MIB - 64) -> str:
    return "[" + ",".join(f'{{"{at:x}":"{at:x}"}}' for at in range(size // 18)) + "]"


def _code(tests: Sequence[Any], attempts: int = 8, **fields: Any) -> bytes:
    asked = {"language": "python", "prompt": "def twice(x): return twice of x", "max_tokens": 48}
    return json.dumps({**asked, "tests": tests, "attempts": attempts, **fields}).encode()


def _session(turns: int, size: int) -> bytes:
    turn = {"feedback": [], "code": "x = 1\n" + "#" * size, "status": "ok", "verdicts": []}
    last = {**turn, "code": "x = 1\n"}
    session = {"language": "python", "prompt": "p", "turns": [*[turn] * turns, last]}
    return json.dumps({"session": session, "feedback": "rename x", "max_tokens": 16}).encode()


def _labels(rows: Sequence[str]) -> bytes:
    history = histories.etherscan(histories.made_up(random.Random(3), transactions=20, first_block=5_000_000))
    wallet = histories.made_up(random.Random(3), transactions=20, first_block=5_000_000).wallet
    return json.dumps({"wallet": wallet, "history": history, "labels": {"scam": rows}}).encode()


def _form(rows: Sequence[Any], answers: Any) -> bytes:
    return json.dumps({"questionnaire": [["", "prompt", "Say hello."], *rows], "answers": answers, "max_tokens": 4}).encode()


def _row(at: int) -> str:
    return f'{{"blockNumber":"{at}","timeStamp":"{at}","hash":"0x{at:064x}","from":"{WALLET}","to":"0x{at:040x}","value":"0"}}'


def _history(text: str) -> bytes:
    return b'{"wallet":"' + WALLET.encode() + b'","history":' + text.encode() + b"}"


def _empties(count: int) -> str:
    empty = '{"status":"0","message":"No transactions found","result":[]}'
    one = '{{"status":"1","message":"OK","result":[{}]}}'
    return "[" + ",".join(part for at in range(count) for part in (one.format(_row(at)), empty)) + "]"


def _bytes(make: Callable[[], bytes]) -> Callable[[Path], None]:
    def lay(path: Path) -> None:
        path.write_bytes(make())

    return lay


def _lie() -> bytes:
    """Return a zip whose directory says that an entry is small."""
    data = bytearray(zipped(prompt=b"a" * 64 * MIB))
    at = data.rfind(b"PK\1\2")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    return bytes(data)


_ADDRESSES = "address,chain_id", *(f"0x{0x123456789ABCDEF:040x},{chain}" for chain in range(1, 100_000))
KINDS: dict[str, Callable[[Path], None]] = {
    # memory
    "deflated messages of empty objects": _bytes(lambda: zipped(messages=_listed("{}"))),
    "a document of empty lists": _bytes(lambda: _listed("[]").encode()),
    "a request with empty lists in it": _bytes(lambda: b'{"prompt":"a","material":' + _listed("[]", 15 * MIB).encode() + b"}"),
    "objects no two alike": _bytes(lambda: _unique().encode()),
    "objects in a deflated questionnaire": _bytes(lambda: zipped(questionnaire=_unique(), answers="[]")),
    "two deflated fields of nodes": _bytes(lambda: zipped(questionnaire=_unique(), answers=_unique())),
    "nodes just below the limit": _bytes(lambda: zipped(answers=_unique(9 * MIB), prompt="a")),
    "one-letter strings": _bytes(lambda: zipped(history=_listed('"a"'), wallet=WALLET)),
    "one emoji makes four bytes of each": _bytes(lambda: json.dumps({"prompt": "\U0001f600" + "a" * 15 * MIB}).encode()),
    "a document of 16 million brackets": _bytes(lambda: b"[" * (16 * MIB)),
    "NDJSON of nodes": _bytes(lambda: b"\n".join([_row(1).encode(), *[_listed("{}", 99_000).encode()] * 160])),
    "CSV of commas": _bytes(lambda: b"Txhash,Blockno,UnixTimestamp,From,To\n" + b"," * (15 * MIB)),
    "16 million empty lines": _bytes(lambda: b"a" + b"\n" * (16 * MIB - 2)),
    "lines of two letters": _bytes(lambda: b"ab\n" * (5 * MIB)),
    "labels that are numbers": _bytes(lambda: zipped(wallet=WALLET, history="[]", labels='{"scam":' + _listed("1", MIB) + "}")),
    # archives
    "a zip bomb": _bytes(lambda: zipped(prompt=bytes(256 * MIB))),
    "a zip that lies about a size": _bytes(_lie),
    "4,096 entries": _bytes(lambda: zipped(**{f"e{at}": "x" * 8_000 for at in range(4_096)})),
    "more than all entries may have": _bytes(lambda: zipped(a=bytes(16 * MIB), b=bytes(16 * MIB), c=bytes(16 * MIB))),
    # what the model would read
    "256 KiB of one letter": _bytes(lambda: zipped(prompt="a" * 256 * 2**10)),
    "256 KiB of spaces": _bytes(lambda: zipped(prompt="a" + " " * (256 * 2**10 - 2) + "b")),
    "256 KiB of digits": _bytes(lambda: zipped(prompt="7" * 256 * 2**10)),
    "256 KiB of emoji": _bytes(lambda: zipped(prompt="\U0001f600" * 64 * 2**10)),
    "256 KiB of line ends": _bytes(lambda: zipped(prompt="a" + "\n" * (256 * 2**10 - 2) + "b")),
    "256 KiB of control tokens": _bytes(lambda: zipped(prompt=_repeat("<|im_start|>user\n", 256 * 2**10))),
    "a context to the brim": _bytes(lambda: zipped(prompt="word " * 3_900, max_tokens="128")),
    # time
    "endless tests": _bytes(lambda: _code(["while True: pass"] * 12)),
    "tests that eat memory": _bytes(lambda: _code(["x = []\nwhile True: x.append(bytes(10**6))"] * 4)),
    "tests that eat output": _bytes(lambda: _code(["while True: print('x' * 10_000)"] * 4)),
    "tests that recurse": _bytes(lambda: _code(["def f(): f()\nf()"] * 4)),
    "patterns of examples": _bytes(lambda: json.dumps({"language": "python", "prompt": _repeat("f(1)==[1,", 16_000)}).encode()),
    "patterns of calls": _bytes(lambda: json.dumps({"language": "python", "prompt": _repeat("f(f(", 16_000) + ")"}).encode()),
    "patterns of words": _bytes(
        lambda: json.dumps({"language": "python", "prompt": "def f(x): pass\n" + "For " + " " * 15_000}).encode()
    ),
    "100,000 labels of one address": _bytes(lambda: _labels(_ADDRESSES)),
    "answers that alternate with empty ones": _bytes(lambda: _history(_empties(40_000))),
    "60,000 rows of a history": _bytes(lambda: _history("[" + ",".join(map(_row, range(60_000))) + "]")),
    "titles that are optional over and over": _bytes(lambda: _form([["(optional" * 25_000, "string"]], ["x"])),
    "cells of many choices": _bytes(
        lambda: _form([["Q", "multiselect", ["a", *("a," * n + "a" for n in range(1, 100))]]] * 200, ["a," * 100 + "a"] * 200)
    ),
    "choices by the ten thousand": _bytes(
        lambda: _form([["Q", "multiselect", [str(at) for at in range(30_000)]]], [[str(at) for at in range(30_000)]])
    ),
    "names that are nearly ours": _bytes(lambda: _form([{f"titel{at}x": 1 for at in range(4_000)}] * 100, [])),
    "an answer of white space": _bytes(lambda: _form([["Q", "multiselect", ["a", "b"]]], [" " * 16_000])),
    # size
    "a session of 9 MB": _bytes(lambda: _session(60, 150_000)),
    "a session as large as it may be": _bytes(lambda: _session(4, 60_000)),
    "a form of 256 long questions": _bytes(lambda: _form([["Q" * 900, "string"]] * 255, ["x"] * 255)),
    # nothing that can be read
    "groups in groups": _bytes(lambda: b'{"questionnaire":[' + b'{"elements":[' * 60 + b"]}" * 60 + b"]}"),
    "bytes that are no UTF-8": _bytes(lambda: b"What is \xff\xfe" * 1_000_000),
    "a number of a million digits": _bytes(lambda: b'{"prompt":"a","seed":' + b"9" * MIB + b"}"),
    "names twice": _bytes(lambda: b'{"prompt":"a","prompt":"b"}'),
    "half a surrogate pair": _bytes(lambda: b'{"prompt":"\\ud800"}'),
    "an empty file": _bytes(lambda: b""),
    "a PDF": _bytes(lambda: b"%PDF-1.7" + bytes(15 * MIB)),
    "a file that is too large": _bytes(lambda: b"a" * (16 * MIB + 1)),
    "a file that is not there": lambda _: None,
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a device without end": lambda path: path.symlink_to("/dev/zero"),
}
SHORT = (
    "deflated messages of empty objects",
    "objects no two alike",
    "CSV of commas",
    "tests that eat output",
    "patterns of examples",
    "100,000 labels of one address",
    "a session of 9 MB",
    "256 KiB of spaces",
    "titles that are optional over and over",
    "a pipe",
)
"""One of each sort, together in one slice."""
_PAST = histories.made_up(random.Random(7), transactions=30, first_block=5_000_000)
GOOD: dict[str, bytes] = {
    "ask": protect({"prompt": "What is the capital of France?", "max_tokens": 8}),
    "code": protect({"language": "python", "prompt": "a function twice(x)", "tests": '["assert True == 1"]', "max_tokens": 16}),
    "score": protect({"wallet": _PAST.wallet, "history": json.dumps(histories.etherscan(_PAST))}),
}


@dataclass(frozen=True)
class Ran:
    """A slice that was done: what each item came to, and what it took."""

    results: list[dict[str, Any]]
    exit_code: int
    seconds: float
    peak: int
    """Bytes of address space."""

    def good(self, index: int) -> bytes:
        """Return an item without its place, as canonical JSON."""
        return strict_json.dumps({name: value for name, value in self.results[index].items() if name != "index"})


@dataclass(frozen=True)
class Isolated:
    """One hostile kind beside the good items."""

    kind: str
    identical: bool
    """Every good item, before it and after it, came to the very bytes that it comes to alone in a slice."""
    seconds: float
    """Of the slice, and without the hostile item."""
    alone: float
    peak: int
    outcome: str
    """The error of the hostile item, or what its answer says."""


def run_slice(
    lay: Sequence[Callable[[Path], None]], names: Sequence[str], *, model: str = SMALL, heap: int | None = None
) -> Ran:
    """Run one slice whose datasets the functions of `lay` write, under an address space of `heap` bytes."""
    with tempfile.TemporaryDirectory() as folder:
        desk = Desk(Path(folder, "desk"))
        desk.environ["IEXEC_BULK_SLICE_SIZE"] = str(len(lay))
        for index, (write, name) in enumerate(zip(lay, names, strict=True), 1):
            desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = name
            write(desk.inside / name)
        limit = functools.partial(resource.setrlimit, resource.RLIMIT_AS, (heap, heap)) if heap else None
        began = time.monotonic()
        child = subprocess.Popen(
            desk.command(["--model", model, "--threads", "1"]),
            env=desk.environ,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=limit,  # noqa: PLW1509  this process has one thread
        )
        peak = watch(child.pid)
        exit_code, seconds = child.wait(), time.monotonic() - began
        written = desk.out / "result.json"
        results = json.loads(written.read_bytes())["report"]["bulk"]["results"] if written.exists() else []
    return Ran(results, exit_code, seconds, peak)


@functools.cache
def _alone(good: str, model: str, heap: int | None) -> Ran:
    return run_slice([_bytes(lambda: GOOD[good])], [_name(good)], model=model, heap=heap)


def isolation(
    kinds: Iterable[str] = tuple(KINDS), *, goods: Sequence[str] = tuple(GOOD), model: str = SMALL, heap: int | None = None
) -> list[Isolated]:
    """Return what each kind does to the good items, in a slice of its own: good items, the hostile one, good items again.

    `heap` is the address space in bytes, that of the deployed enclave if None; an item that is not there at all counts as one
    that is not identical.
    """
    from tests.support.enclave.inside import heap as deployed

    return [_isolated((kind,), goods, model, heap or deployed()) for kind in kinds]


def together(kinds: Sequence[str], *, goods: Sequence[str] = ("ask",), model: str = SMALL, heap: int | None = None) -> Isolated:
    """Return the same of all kinds in one slice."""
    from tests.support.enclave.inside import heap as deployed

    return _isolated(tuple(kinds), goods, model, heap or deployed())


def _isolated(kinds: tuple[str, ...], goods: Sequence[str], model: str, heap: int) -> Isolated:
    good = [_bytes(functools.partial(GOOD.__getitem__, name)) for name in goods]
    names = [_name(name) for name in goods]
    bad = [KINDS[kind] for kind in kinds]
    places = [f"0x{at:040x}" for at in range(len(bad))]
    ran = run_slice([*good, *bad, *(_nothing for _ in good)], [*names, *places, *names], model=model, heap=heap)
    wanted = [_alone(name, model, heap).good(0) for name in goods]
    count = len(goods) + len(bad)
    found = [ran.good(at) for at in (*range(len(goods)), *range(count, count + len(goods)))] if ran.results else []
    said = [_said(ran.results[len(goods) + at]) for at in range(len(bad))] if ran.results else []
    alone = sum(_alone(name, model, heap).seconds for name in goods)
    return Isolated(
        ", ".join(kinds), found == wanted * 2, ran.seconds, alone, ran.peak, ", ".join(said) or f"exit {ran.exit_code}"
    )


def _nothing(_: Path) -> None:
    """Write nothing: the file is there already."""


def _name(good: str) -> str:
    return f"0x{100 + tuple(GOOD).index(good):040x}"


def _said(item: dict[str, Any]) -> str:
    answer = item["answer"] or {}
    return str(item["error"]["code"] if item["error"] else answer.get("status") or item["mode"])


def main() -> None:
    """Print the table, with the model that is deployed."""
    from app.llm.models import find

    print("kind: identical, seconds (and of the good items alone), peak of the address space in MiB, what became of it")  # noqa: T201
    for kind in KINDS:
        (one,) = isolation([kind], model=find(None).name)
        figures = f"{one.seconds:6.1f} ({one.alone:.1f}), {one.peak / MIB:5.0f}"
        print(f"{kind:45} {'yes' if one.identical else 'NO '} {figures}  {one.outcome}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
