"""Turn words and files into an order: where `ask`, `code` and `score` put each of them.

All private content goes where only the enclave reads it, into the protectedData or a requester secret. The name of the model
and the threads, which reveal nothing, go into the public args. The numbers of a request go with the request, because a
protectedData that holds a request decides them (docs/reference/owner-policy.md).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.base.errors import InputError, UsageError
from app.base.limits import LIMITS
from app.desk import own_files, typed
from app.desk.settings import Settings
from app.request.parse import parse
from app.simulate.order import as_args, dataset, input_file, order, protected
from app.simulate.worker import Order

SUFFIXES = {
    ".py": "python",
    ".cpp": "c++",
    ".cc": "c++",
    ".cxx": "c++",
    ".hpp": "c++",
    ".c": "c",
    ".h": "c",
    ".java": "java",
    ".scala": "scala",
    ".sql": "sql",
    ".js": "javascript",
    ".mjs": "javascript",
    ".sh": "bash",
    ".bash": "bash",
}


def ask_order(words: Sequence[str], material: Path | None, *, system: str | None, options: Settings) -> Order:
    """Return the order of a question.

    The words become the prompt of a protectedData. With `material`, or with piped text beside the words, that becomes the
    protectedData, and the words become a requester secret. Without words, a file becomes the protectedData unchanged and must
    be a request, while piped text is the prompt. Raises `UsageError`.
    """
    _no_file(words)
    question, args, numbers = _joined(words), public_args(options), _numbers(options)
    private = {name: text for name, text in (("prompt", question), ("system", system)) if text is not None}
    typed.fields({"system": system})
    data = None
    if material is not None:
        data = dataset(material)
    elif question is not None and own_files.has_stdin():
        data = own_files.stdin(LIMITS.dataset_bytes)
        own_files.refuse_result(data, "standard input")
    if data is not None and (data.strip() or material is not None):
        found = data if question is None else _as_dataset(data)
        args = " ".join(text for text in (as_args(numbers), args) if text)
        return order(datasets=(found,), secrets={1: _secret(private)} if private else None, args=args)
    if question is None:
        private["prompt"] = piped("there is nothing to ask: give a question, `--file`, or text on standard input")
    typed.fields(private)
    return order(datasets=(protected(private | numbers),), args=args)


def _no_file(words: Sequence[str]) -> None:
    """Raise `UsageError` if a single word names a file in this folder, because nobody asks about the name of a file."""
    for word in words:
        if len(word) < LIMITS.input_name_bytes and not word.endswith(".") and Path(word).suffix and Path(word).is_file():
            raise UsageError("usage", "a word of the question is the name of a file here: `--file` reads it")


def _as_dataset(data: bytes) -> bytes:
    """Return the protectedData of plain text, as `material`; return a zip, JSON or anything else unchanged."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data  # the program itself reports what it is, and that it cannot be read
    return data if text.startswith("PK") or _is_json(text) or not text.strip() else protected({"material": text})


def _is_json(text: str) -> bool:
    """Return whether a text is JSON, or an object that was meant to be JSON: the program then reports where it is broken."""
    try:
        json.loads(text)
    except ValueError:
        return text.lstrip().startswith("{") and '"' in text and not text.lstrip().startswith("{{")
    return True


def score_order(wallet: str, files: Sequence[Path], *, chain: str | None, options: Settings) -> Order:
    """Return the order of a score: the wallet is protected, and the files are input files. Raises `UsageError`."""
    given = {"wallet": wallet} | ({} if chain is None else {"chain": chain})
    typed.fields(given)
    files = list(files) or ([own_files.STDIN] if own_files.has_stdin() else [])
    held = [input_file(path) for path in files]
    if not held:
        raise UsageError("history.missing", "there is no history: name the files that an explorer or a node sent")
    if any(not one.data.strip() for one in held):
        raise UsageError("history.missing", "a file with the history is empty")
    return order(datasets=(protected(given),), input_files=held, args=public_args(options))


def code_order(fields: dict[str, Any], *, options: Settings, args: str = "") -> Order:
    """Return the order of a code task, all of which is protected; `args` go before the options. Raises `UsageError`."""
    stated = public_args(options)
    given = {name: value for name, value in fields.items() if value not in (None, (), [])} | _numbers(options)
    try:
        parse({"task": "code", **given})
    except InputError as err:
        raise UsageError(err.code, err.message) from err
    return order(datasets=(protected({"task": "code", **given}),), args=" ".join(text for text in (args, stated) if text))


def code_fields(words: Sequence[str], file: Path | None, given: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a code task: words, a file to adjust, and the options that are set. Raises `UsageError`.

    With a file, or with piped code beside the words, the words say what to change; without, they say what to write.
    """
    said, fields = _joined(words), dict(given)
    if file is None and said is not None and own_files.has_stdin():
        fields["code"] = _text(own_files.stdin(LIMITS.dataset_bytes), "standard input") or None
    elif file is not None:
        fields["code"] = _text(own_files.read_own(file, LIMITS.dataset_bytes), str(file))
        fields["language"] = fields.get("language") or SUFFIXES.get(file.suffix.lower())
    if fields.get("code") is None:
        return fields | ({"prompt": said} if said is not None else {})
    if said is not None:
        fields["feedback"] = [*(fields.get("feedback") or ()), said]
    if not fields.get("feedback"):
        raise UsageError("code.incomplete", "there is code, but nothing says what to change about it")
    fields["prompt"] = fields.get("prompt") or "Change this code as told."
    return fields


def tests(texts: Sequence[str]) -> list[Any]:
    """Return tests: assertions unchanged, and {"input", "output"} pairs that were written as JSON."""
    return [_pair(text) for text in texts]


def _pair(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, dict) and found.keys() == {"input", "output"} else text


def public_args(options: Settings) -> str:
    """Return the public options as the task's arguments, each checked. Raises `UsageError`."""
    model = options.get("model")
    if model is not None:
        typed.model_sha256(model.strip())
    return as_args({"model": model, "threads": options.get("threads")})


def _numbers(options: Settings) -> dict[str, str]:
    """Return the numbers that shape the answer, each checked, as they were typed. Raises `UsageError`."""
    numbers = {"max_tokens": options.get("max_tokens"), "temperature": options.get("temperature"), "seed": options.get("seed")}
    found = {name: str(value).strip() for name, value in numbers.items() if value is not None}
    typed.fields(found)
    return found


def _joined(words: Sequence[str]) -> str | None:
    """Return the words as one text, None if there are none; a single `-` stands for the piped text."""
    if list(words) == ["-"]:
        return piped("standard input is empty")
    text = " ".join(words)
    if words and not text.strip():
        raise UsageError("input.empty", "the words are empty")
    return text if words else None


def piped(otherwise: str) -> str:
    """Return the piped text. Raises `UsageError` input.empty with the message `otherwise` if there is none."""
    text = _text(own_files.stdin(LIMITS.dataset_bytes), "standard input") if own_files.has_stdin() else ""
    if not text.strip():
        raise UsageError("input.empty", otherwise)
    return text


def _text(data: bytes, name: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise UsageError("input.unreadable", f"{name} is not UTF-8 text") from err


def _secret(private: dict[str, str]) -> str:
    """Return a requester secret that holds the fields. Raises `UsageError` secret.too_large."""
    typed.fields(private)
    text = json.dumps(private, ensure_ascii=False)
    if len(text.encode()) > LIMITS.secret_bytes:
        raise UsageError("secret.too_large", f"question and system prompt are longer than {LIMITS.secret_bytes} bytes together")
    return text
