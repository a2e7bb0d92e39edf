"""Bad inputs by the hundred, each with the error code it must get. Made here, so that no binary lies in git.

Every case carries CANARY somewhere in what the requester or the data owner sent.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.base.limits import LIMITS
from app.formats.protected_data_writer import protect

CANARY = "zebrafish"
GOOD = {"prompt": f"Where does the {CANARY} live?"}
WALLET = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@dataclass(frozen=True)
class Case:
    """What a worker hands over, and the code of the error that must come back."""

    code: str
    dataset: bytes | None = None
    secret: str | None = None
    file: bytes | None = None
    args: tuple[str, ...] = ()
    environ: Mapping[str, str | None] = field(default_factory=dict)


def zipped(entries: Mapping[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, raw in entries.items():
            archive.writestr(name, raw)
    return out.getvalue()


def borsh(text: str) -> bytes:
    return struct.pack("<I", len(text.encode())) + text.encode()


def patched(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def archives() -> Iterator[tuple[str, Case]]:
    code = "protected_data.invalid"
    good = protect(GOOD)
    two = protect({**GOOD, "other": CANARY})
    directory, end = good.index(b"PK\1\2"), good.rindex(b"PK\5\6")
    for cut in range(9, len(good) - 1, 7):
        yield f"zip cut at {cut}", Case(code, good[:cut])
    for at, name in ((0, "local"), (directory, "central"), (end, "end")):
        yield (
            f"zip {name} signature",
            Case("protected_data.invalid" if at else "input.unreadable", patched(good, at, b"{K" if not at else b"XX")),
        )
    ends = {"disk": 4, "first disk": 6, "entries here": 8, "entries": 10, "size": 12, "offset": 16, "comment": 20}
    for name, offset in ends.items():
        yield f"zip end record {name}", Case(code, patched(good, end + offset, b"\x07\0"))
    centrals = {
        "flags": 8,
        "method": 10,
        "crc": 16,
        "packed": 20,
        "size": 24,
        "name": 28,
        "extra": 30,
        "comment": 32,
        "offset": 42,
    }
    for name, offset in centrals.items():
        yield f"zip directory {name}", Case(code, patched(good, directory + offset, b"\x63"))
    for name, offset in {"flags": 6, "packed": 18, "name": 26, "extra": 28}.items():
        if name != "packed":
            yield f"zip local {name}", Case(code, patched(good, offset, b"\x63"))
    yield "zip content", Case(code, good.replace(b"Where", b"where"))
    yield "zip bytes before", Case("input.unreadable", b"PK" + good)
    yield "zip bytes after", Case(code, good + CANARY.encode())
    yield "zip gap", Case(code, good[:directory] + b"x" + good[directory:])
    yield "zip twice", Case(code, good + good)
    second = two.index(b"PK\1\2", two.index(b"PK\1\2") + 1)
    yield "zip overlap", Case(code, patched(two, second + 42, bytes(4)))
    yield "zip64", Case(code, patched(good, directory + 24, b"\xff" * 4))
    yield "zip64 count", Case(code, patched(good, end + 8, b"\xff" * 4))
    yield "zip encrypted", Case(code, patched(patched(good, directory + 8, b"\1"), 6, b"\1"))
    yield "zip duplicate", Case(code, zipped({"prompt": b"1", "prompu": b"2"}).replace(b"prompu", b"prompt"))
    for name in ("../prompt", "/prompt", "a//b", "..", "a/../b", "C:\\prompt", "a\\b"):
        yield f"zip name {name}", Case(code, zipped({name: CANARY.encode()}))
    for method, name in ((zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")):
        yield f"zip {name}", Case(code, zipped({"prompt": b"1"}, method))
    yield "zip bomb", Case(code, zipped({"prompt": bytes(16 * 2**20 + 1)}, zipfile.ZIP_DEFLATED))
    yield "zip bombs", Case(code, zipped({str(n): bytes(2**20) for n in range(33)}, zipfile.ZIP_DEFLATED))
    yield "zip of 5,000", Case(code, zipped({str(n): b"" for n in range(5_000)}))
    yield "zip value and object", Case(code, zipped({"messages": b"1", "messages/0": b"2"}))
    yield "zip too deep", Case(code, zipped({"messages/" + "/".join("0" * 80): b"1"}))
    yield "zip empty", Case("input.missing", zipped({}))
    yield "zip for another app", Case("input.missing", protect({"secretText": CANARY}))


def entries() -> Iterator[tuple[str, Case]]:
    texts = {
        "bad utf-8": b"\xff" + CANARY.encode(),
        "overlong": b"\xc0\xaf",
        "overlong nul": b"\xc0\x80",
        "surrogate": b"\xed\xa0\x80",
        "beyond unicode": b"\xf4\x90\x80\x80",
        "borsh of bad utf-8": b"\x02\0\0\0\xff\xfe",
        "length 2^32-1": b"\xff\xff\xff\xff" + CANARY.encode(),
        "utf-16": CANARY.encode("utf-16"),
        "a byte short": borsh("é")[:-1],
    }
    for name, raw in texts.items():
        for entry in ("prompt", "email", "system"):
            with_prompt = {} if entry != "system" else {"prompt": borsh("p")}
            yield f"{entry}: {name}", Case("protected_data.entry", zipped({**with_prompt, entry: raw}))
    numbers = {
        "nan": struct.pack("<d", float("nan")),
        "infinity": struct.pack("<d", float("inf")),
        "nothing": b"",
        "nine bytes": bytes(9),
        "a word": CANARY.encode(),
        "a flag": b"\2",
    }
    for name, raw in numbers.items():
        for entry in ("max_tokens", "temperature", "seed"):
            yield f"{entry}: {name}", Case("protected_data.entry", zipped({"prompt": borsh("p"), entry: raw}))
    values = {"max_tokens": [0, -1, 0.5, 4097, 1e300], "temperature": [-1, 2.5, 0.00001, 1e-300], "seed": [-1, 2**32 - 1, 0.5]}
    for entry, bad in values.items():
        for value in bad:
            yield f"{entry}: f64 {value}", Case("option.invalid", protect({**GOOD, entry: float(value)}))
            yield f"options.{entry}: f64 {value}", Case("option.invalid", protect({**GOOD, "options": {entry: float(value)}}))
            yield f"{entry}: json {value}", Case("option.invalid", secret=json.dumps({**GOOD, entry: value}))
            yield (
                f"{entry}: args {value}",
                Case("option.invalid", protect(GOOD), args=(f"--{entry.replace('_', '-')}={value}",)),
            )
    yield "i128 too large", Case("option.invalid", zipped({"prompt": borsh("p"), "seed": b"\xff" * 15 + b"\x7f"}))
    yield "prompt is an object", Case("option.invalid", protect({"prompt": {"text": CANARY}}))
    yield "options is text", Case("option.invalid", protect({**GOOD, "options": CANARY}))
    yield "unknown option", Case("option.unknown", protect({**GOOD, "options": {CANARY: 1}}))
    yield "option twice", Case("request.contradiction", protect({**GOOD, "seed": 1, "options": {"seed": 2}}))


_TURN = {"feedback": [], "code": "x = 1", "status": "ok", "verdicts": []}
_SESSION = {"language": "python", "prompt": "p", "turns": [_TURN]}
# Code tasks that cannot be done.
CODE: dict[str, tuple[Any, str]] = {
    "code language": ({**GOOD, "language": CANARY}, "language.unknown"),
    "code language number": ({**GOOD, "language": 5}, "option.invalid"),
    "code without language": ({**GOOD, "code": "x", "feedback": "f"}, "code.incomplete"),
    "code without prompt": ({"language": "python", "code": "x", "feedback": "f"}, "code.incomplete"),
    "code without feedback": ({**GOOD, "language": "c", "code": CANARY}, "code.incomplete"),
    "feedback without code": ({**GOOD, "language": "c", "feedback": CANARY}, "code.incomplete"),
    "code empty": ({**GOOD, "language": "c", "code": " ", "feedback": "f"}, "input.empty"),
    "code prompt empty": ({"prompt": "", "language": "c"}, "input.empty"),
    "feedback empty": ({**GOOD, "language": "c", "code": "x", "feedback": ["f", " "]}, "input.empty"),
    "code prompt too long": ({"prompt": "x" * 2**14 + CANARY, "language": "c"}, "code.too_long"),
    "code too long": ({**GOOD, "language": "c", "code": "x" * 2**16 + CANARY, "feedback": "f"}, "code.too_long"),
    "feedback too long": ({**GOOD, "language": "c", "code": "x", "feedback": "x" * 2**14 + CANARY}, "code.too_long"),
    "two prompts for code": ({**GOOD, "language": "c", "original_prompt": CANARY}, "request.contradiction"),
    "two codes": ({**GOOD, "language": "c", "code": "x", "reference_code": "y", "feedback": "f"}, "request.contradiction"),
    "two feedbacks": ({**GOOD, "language": "c", "code": "x", "feedback": "f", "feedback_prompt": "g"}, "request.contradiction"),
    "code and system": ({**GOOD, "language": "c", "system": CANARY}, "request.contradiction"),
    "tests for bash": ({**GOOD, "language": "bash", "tests": ["true"]}, "request.unsupported"),
    "33 tests": ({**GOOD, "language": "python", "tests": ["pass"] * 33}, "option.invalid"),
    "a test of numbers": ({**GOOD, "language": "python", "tests": [1]}, "option.invalid"),
    "a test with half a pair": ({**GOOD, "language": "python", "tests": [{"input": CANARY}]}, "option.invalid"),
    "a test too long": ({**GOOD, "language": "python", "tests": ["x" * 2**16 + CANARY]}, "code.too_long"),
    "no attempt": ({**GOOD, "language": "python", "attempts": 0}, "option.invalid"),
    "nine attempts": ({**GOOD, "language": "python", "attempts": 9}, "option.invalid"),
    "session unknown": ({**GOOD, "language": "python", "session": {CANARY: 1}}, "option.invalid"),
    "session word": ({**GOOD, "language": "python", "session": CANARY}, "json.invalid"),
    "session of another language": ({"session": _SESSION, "language": "c", "feedback": "f"}, "request.contradiction"),
    "session without feedback": ({"session": _SESSION}, "code.incomplete"),
    "session of 64 turns": ({"session": {**_SESSION, "turns": [_TURN] * 64}, "feedback": "f"}, "code.too_long"),
    "session of 65 turns": ({"session": {**_SESSION, "turns": [_TURN] * 65}, "feedback": "f"}, "option.invalid"),
    "code and wallet": ({"prompt": "p", "language": "python", "wallet": WALLET}, "request.contradiction"),
}


def documents() -> Iterator[tuple[str, Case]]:
    broken = {
        "half": '{"prompt": "' + CANARY,
        "two": '{"prompt": "p"} {}',
        "comma": '{"prompt": "p",}',
        "single quotes": "{'prompt': 'p'}",
        "no quotes": "{prompt: 1}",
        "comment": '{"prompt": "p" /* x */}',
        "nan": '{"prompt": "p", "seed": NaN}',
        "infinity": '{"prompt": "p", "seed": Infinity}',
        "huge float": '{"prompt": "p", "seed": 1e999}',
        "huge integer": '{"prompt": "p", "seed": ' + "9" * 3_900 + "0" * 60 + "}",
        "duplicate": f'{{"prompt": "p", "prompt": "{CANARY}"}}',
        "duplicate inside": '{"prompt": "p", "options": {"seed": 1, "seed": 2}}',
        "half a pair": '{"prompt": "\\ud800"}',
        "half a pair as key": '{"\\udc00": 1}',
        "tab in a string": '{"prompt": "a\tb"}',
        "bad escape": '{"prompt": "\\x41"}',
        "leading zero": '{"seed": 01}',
        "65 deep": '{"answers": ' + "[" * 65 + "]" * 65 + "}",
        "2,000 deep": '{"answers": ' + "[" * 2_000,
        "array": f'["{CANARY}"]',
        "open array": "[",
    }
    for name, text in broken.items():
        code = {"huge integer": "option.invalid", "array": "input.missing"}.get(name, "json.invalid")
        yield f"json secret: {name}", Case(code, secret=text)
        yield f"json file: {name}", Case(code, file=text.encode())
        yield f"json dataset: {name}", Case(code, text.encode())
    for name, raw in {
        "utf-16": '{"prompt": "p"}'.encode("utf-16"),
        "latin-1": "{é}".encode("latin-1"),
        "binary": b"\xfe\xed",
    }.items():
        yield f"file: {name}", Case("input.unreadable", file=raw)
        yield f"dataset: {name}", Case("input.unreadable", raw)
    shapes: dict[str, tuple[Any, str]] = {
        "unknown field": ({**GOOD, CANARY: 1}, "request.unknown_field"),
        "unknown option": ({**GOOD, "options": {CANARY: 1}}, "option.unknown"),
        "options list": ({**GOOD, "options": [1]}, "option.invalid"),
        "prompt number": ({"prompt": 5}, "option.invalid"),
        "prompt list": ({"prompt": [CANARY]}, "option.invalid"),
        "prompt true": ({"prompt": True}, "option.invalid"),
        "nothing": ({}, "input.missing"),
        "prompt null": ({"prompt": None}, "input.missing"),
        "empty": ({"prompt": ""}, "input.empty"),
        "blank": ({"prompt": "\n \t"}, "input.empty"),
        "two prompts": ({"prompt": CANARY, "question": "q"}, "request.contradiction"),
        "prompt and messages": ({**GOOD, "messages": [{"role": "user", "content": "x"}]}, "request.contradiction"),
        "prompt and wallet": ({**GOOD, "wallet": WALLET}, "request.contradiction"),
        "prompt and answers": ({**GOOD, "answers": [1]}, "request.contradiction"),
        "task unknown": ({**GOOD, "task": CANARY}, "option.invalid"),
        "task list": ({**GOOD, "task": ["ask"]}, "option.invalid"),
        "task code": ({**GOOD, "task": "code"}, "code.incomplete"),
        **CODE,
        "wallet": ({"wallet": WALLET}, "history.missing"),
        "score without a wallet": ({"task": "score", "history": "{}"}, "wallet.missing"),
        "history that is none": ({"wallet": WALLET, "history": f'{{"{CANARY}": 1}}'}, "history.invalid"),
        "history that is an error": ({"wallet": WALLET, "history": f'{{"error": "{CANARY}"}}'}, "history.refused_by_source"),
        "list of flags": (
            {"wallet": WALLET, "history": '{"transaction_count": 1}', "labels": f'{{"scam": ["{CANARY}"]}}'},
            "labels.invalid",
        ),
        "wallet of 19 bytes": ({"wallet": WALLET[:-2]}, "wallet.invalid"),
        "wallet of 21 bytes": ({"wallet": WALLET + "00"}, "wallet.invalid"),
        "wallet checksum": ({"wallet": WALLET.replace("A", "a", 1)}, "wallet.invalid"),
        "wallet name": ({"wallet": f"{CANARY}.eth"}, "wallet.invalid"),
        "wallet number": ({"wallet": 5}, "option.invalid"),
        "salt short": ({**GOOD, "salt": "ab"}, "option.invalid"),
        "salt odd": ({**GOOD, "salt": CANARY}, "option.invalid"),
        "system blank": ({**GOOD, "system": " "}, "option.invalid"),
        "system number": ({**GOOD, "system": 1}, "option.invalid"),
        "messages empty": ({"messages": []}, "option.invalid"),
        "messages text": ({"messages": CANARY}, "json.invalid"),
        "messages role": ({"messages": [{"role": CANARY, "content": "x"}]}, "option.invalid"),
        "messages without content": ({"messages": [{"role": "user"}]}, "option.invalid"),
        "messages extra": ({"messages": [{"role": "user", "content": "x", CANARY: 1}]}, "option.invalid"),
        "messages assistant last": ({"messages": [{"role": "assistant", "content": CANARY}]}, "messages.invalid"),
        "messages system later": (
            {"messages": [{"role": "user", "content": "x"}, {"role": "system", "content": "x"}]},
            "messages.invalid",
        ),
        "form without answers": ({"questionnaire": [["Q", "string"]]}, "answers.invalid"),
        "form type": ({"questionnaire": [["Q", CANARY]], "answers": ["x"]}, "questionnaire.invalid"),
        "form row": ({"questionnaire": [CANARY], "answers": ["x"]}, "questionnaire.invalid"),
        "form choice": ({"questionnaire": [["Q", "select", ["a"]]], "answers": [CANARY]}, "answers.invalid"),
        "form range": ({"questionnaire": [["Q", "range", [0, 1]]], "answers": [2]}, "answers.invalid"),
        "form number": ({"questionnaire": [["Q", "number"]], "answers": [CANARY]}, "answers.invalid"),
        "form empty answer": ({"questionnaire": [["Q", "string"]], "answers": [""]}, "answers.invalid"),
    }
    for name, (value, code) in shapes.items():
        if len(json.dumps(value)) <= LIMITS.secret_bytes:
            yield f"secret: {name}", Case(code, secret=json.dumps(value))
        if name != "unknown field":
            yield f"json dataset: {name}", Case(code, json.dumps(value).encode())


def texts() -> Iterator[tuple[str, Case]]:
    control = [chr(n) for n in [*range(32), *range(0x7F, 0xA0)] if chr(n) not in "\t\n\v\f\r"]
    for c in [*control, *"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]:
        yield f"text U+{ord(c):04X}", Case("text.invalid", protect({"prompt": f"{CANARY}{c}x"}))
    yield "text dataset with NUL", Case("text.invalid", f"{CANARY}\0".encode())
    yield "text too long", Case("prompt.too_long", protect({"prompt": CANARY * 30_000}))
    yield "text longer than the context", Case("prompt.too_long", protect({"prompt": f"{CANARY} " * 5_000}))
    yield "system too long", Case("prompt.too_long", protect({**GOOD, "system": CANARY * 1_000}))
    yield "text empty", Case("input.empty", b"")


def environments() -> Iterator[tuple[str, Case]]:
    for name, bad in {
        "IEXEC_TASK_ID": ["0x", CANARY, "0x" + "g" * 64, "0x" + "1" * 63],
        "IEXEC_DATASET_FILENAME": ["..", ".", f"../{CANARY}", f"a/{CANARY}", "a" * 256],
        "IEXEC_BULK_SLICE_SIZE": ["-1", "101", "1.0", CANARY, "9" * 5_000],
        "IEXEC_INPUT_FILES_NUMBER": ["-1", "101", "one", "1"],
    }.items():
        for value in bad:
            yield f"{name}={value[:24]}", Case("env.invalid", args=("p",), environ={name: value})
    for folder in (None, "", "/no/such/folder", "/etc/hostname"):
        yield f"IEXEC_IN={folder}", Case("env.iexec_in", args=("p",), environ={"IEXEC_IN": folder})
    for value in ("0x", CANARY, "0" * 64, "f" * 64, "1" * 63, "0x" + "1" * 65):
        yield f"key {value[:24]}", Case("key.invalid", protect(GOOD), environ={"IEXEC_APP_DEVELOPER_SECRET": value})
    yield "dataset gone", Case("file.missing", environ={"IEXEC_DATASET_FILENAME": CANARY})
    yield "dataset is a folder", Case("file.unreadable", environ={"IEXEC_DATASET_FILENAME": "folder"})
    yield "input file gone", Case("file.missing", environ={"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": CANARY})
    beside = json.dumps({"language": "python", "session": "new"})
    yield "a session beside another's prompt", Case("owner.forbids", protect(GOOD), secret=beside)
    yield "allow in a secret", Case("owner.forbids", secret=json.dumps({**GOOD, "allow": ["session"]}))
    yield "a salt in an input file", Case("salt.not_secret", file=json.dumps({**GOOD, "salt": "5e" * 32}).encode())
    nodes = b'{"prompt": "p", "messages": [' + b"[]," * LIMITS.json_nodes + b"[]]}"
    yield "too many values", Case("json.too_large", nodes)
    yield "secret too large", Case("secret.too_large", secret=CANARY * 1_000)
    for args, code in (
        ((f"--{CANARY}",), "args.unknown_option"),
        ((f"--{CANARY}=1",), "args.unknown_option"),
        (("--max-tokens",), "args.no_value"),
        (("--seed", "1", "--seed", "2"), "request.contradiction"),
        (("--prompt", CANARY, "x"), "request.contradiction"),
        (("--threads", "0"), "option.invalid"),
        (("--threads", CANARY), "option.invalid"),
        (("--chain-id", "-1"), "option.invalid"),
        (("--model", CANARY, "p"), "model.unknown"),
        (("\udcff",), "args.not_text"),
        (("x" * 65_536,), "prompt.too_long"),
        (("{prompt:", f"{CANARY}}}"), "args.json"),
        ((f"Where does the {CANARY} live? --max-tokens 8",), "args.quotes"),
        ((), "input.missing"),
        (("undefined",), "input.missing"),
    ):
        yield f"args {' '.join(args)[:24]!r}", Case(code, args=args)


CASES = {name: case for source in (archives, entries, documents, texts, environments) for name, case in source()}
