"""The task's arguments: options for the request, options for the run, and words that make up a prompt.

They are public (on chain, and in the worker's logs), so a private prompt belongs in a protectedData.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.base import hints
from app.base.errors import ContradictionError, InputError, ModelError
from app.base.limits import LIMITS

_FIELDS = {
    "--prompt": "prompt",
    "--system": "system",
    "--max-tokens": "max_tokens",
    "--temperature": "temperature",
    "--seed": "seed",
    "--salt": "salt",
}
_SPEED = frozenset({"--threads", "--no-mmap", "--seconds"})
_FLAGS = frozenset({"--no-mmap", "--callback"})
_READABLE = "--salt"  # known, so that the error can say what is wrong with it here (app.request.sources.items)
KNOWN = (
    *(name for name in _FIELDS if name != _READABLE),
    "--model",
    "--chain-id",
    "--threads",
    "--no-mmap",
    "--seconds",
    "--callback",
)
hints.offer("args", KNOWN)
_JSON = re.compile(r"""\s*(?:\{\s*["']?\w+["']?\s*:|\[\s*\{\s*["']?\w+["']?\s*:)""")
_INSIDE = re.compile(r"\s(--[a-z][a-z-]+)(?=[\s=]|$)")


@dataclass(frozen=True, slots=True)
class Args:
    """Parsed arguments."""

    fields: dict[str, str] = field(default_factory=dict)
    """The options that belong to the request."""
    words: str | None = None
    """The words that are not options: a prompt, or words about the material in another source."""
    public: tuple[str, ...] = ()
    """The part that requestHash covers: every word, and every option as its name and its value, except those that affect speed
    only."""
    model: str | None = None
    """The name of the embedded model that answers; None for the default."""
    chain_id: int | None = None
    """The chain that the signature is bound to (EIP-712 chainId)."""
    callback: bool = False
    """Whether the requester's deal has a callback contract."""
    threads: int | None = None
    """The number of threads of the engine; None for as many as the machine can give. It affects the speed but no bit of an
    answer, and so does `mmap`."""
    mmap: bool = True
    seconds: int | None = None
    """The seconds that the items of a slice share (None: `LIMITS.slice_seconds`), or that a single item has (None: no
    limit)."""


def parse_args(argv: Sequence[str]) -> Args:
    """Return the parsed `argv`. Raises `InputError` args.*, option.invalid or request.contradiction.

    All words that are not options are joined with single spaces; after `--` everything is a word. `--engine` belongs to
    `simulate`, and raises `ModelError` here. A single `undefined` means no arguments, because a JavaScript client sends it for
    them.
    """
    if list(argv) != readable(argv):
        raise InputError("args.not_text", "the arguments are not valid UTF-8")
    if sum(len(arg.encode()) + 1 for arg in argv) > LIMITS.args_bytes:
        raise InputError("prompt.too_long", f"the arguments are longer than {LIMITS.args_bytes} bytes")
    options, words = _split([] if list(argv) == ["undefined"] else argv)
    fields = {_FIELDS[name]: value for name, value in options.items() if name in _FIELDS}
    if words and "prompt" in fields:
        raise ContradictionError("--prompt", "words without an option")
    available = min(LIMITS.threads, len(os.sched_getaffinity(0)))
    chain_id, threads, seconds = (options.get(name) for name in ("--chain-id", "--threads", "--seconds"))
    said = " ".join(words)
    _check_quotes(argv, said)
    return Args(
        fields=fields,
        words=said or None,
        public=(*(part for pair in options.items() if pair[0] not in _SPEED for part in pair), *words),
        model=options.get("--model"),
        chain_id=None if chain_id is None else _number("--chain-id", chain_id, LIMITS.json_integer),
        callback="--callback" in options,
        threads=None if threads is None else _number("--threads", threads, available),
        mmap="--no-mmap" not in options,
        seconds=None if seconds is None else _number("--seconds", seconds, LIMITS.task_seconds),
    )


def scan_args(text: str) -> tuple[list[str], int | None]:
    """Return the arguments in `iexec_args`, and the place of a quote that is never closed, if there is one.

    Only the space separates arguments. '…' and "…" group words and disappear. A backslash stays, and the quote after it loses
    its meaning. Empty arguments disappear.
    """
    args: list[str] = []
    current, quote, escaped, opened = "", "", False, 0
    for found in re.finditer(r"[\"' \\]|[^\"' \\]+", text):
        piece = found[0]
        if piece == quote or (not quote and piece in {"'", '"'}):
            if escaped:
                current, escaped = current + piece, False
            else:
                quote, opened = "" if quote else piece, found.start()
        elif piece == " " and not quote:
            if current:
                args.append(current)
            current = ""
        else:
            current, escaped = current + piece, piece == "\\"
    return [*args, current] if current else args, opened if quote else None


def split_args(text: str) -> list[str]:
    """Return the argv that a worker makes of `iexec_args`; an unbalanced quote gives no arguments at all."""
    args, open_quote = scan_args(text)
    return args if open_quote is None else []


def salvage(argv: Sequence[str]) -> Args:
    """Return what is known of arguments that `parse_args` refuses: their form for the hash, and the callback flag."""
    options = list(itertools.takewhile(lambda arg: arg != "--", argv))
    return Args(public=tuple(readable(argv)), callback="--callback" in options)


def readable(argv: Sequence[str]) -> list[str]:
    """Return `argv` with every byte that is not UTF-8 replaced, so that it can be hashed."""
    return [arg.encode(errors="surrogateescape").decode(errors="replace") for arg in argv]


def _split(argv: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options (`--name value` or `--name=value`) and the words."""
    options: dict[str, str] = {}
    words: list[str] = []
    rest = iter(argv)
    for arg in rest:
        if arg == "--":
            return options, [*words, *rest]
        if not arg.startswith("--"):
            words.append(arg)
            continue
        name, equals, value = arg.partition("=")
        if name == "--engine":
            raise ModelError("engine.not_embedded", "an engine outside of the image cannot answer a task")
        if name not in (*KNOWN, _READABLE):
            raise InputError("args.unknown_option", "an argument is not a known option")
        if name in options:
            raise InputError("request.contradiction", f"{name} is given twice")
        options[name] = value if equals or name in _FLAGS else _next(rest)
    return options, words


def _check_quotes(argv: Sequence[str], said: str) -> None:
    """Raise `InputError` for traces of quotes in `argv`: a worker groups words by quotes, and removes them."""
    if _JSON.match(said) and said.rstrip().endswith(("}", "]")):
        raise InputError("args.json", "the args are a JSON document, but a worker removes its quotes")
    before = itertools.takewhile(lambda arg: arg != "--", argv)
    if any(name in KNOWN for arg in before for name in _INSIDE.findall(arg)):
        raise InputError("args.quotes", "an option stands inside a quoted text: there is one quote too few or too many")
    if any(arg.count(mark) % 2 for arg in argv for mark in ('\\"', "\\'")):
        raise InputError("args.quotes", "the args hold an odd number of escaped quotes")


def _next(rest: Iterator[str]) -> str:
    value = next(rest, None)
    if value is None:
        raise InputError("args.no_value", "an option has no value")
    return value


def _number(name: str, text: str, high: int) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 16 or not 1 <= int(text) <= high:
        raise InputError("option.invalid", f"{name} must be a number from 1 to {high}")
    return int(text)
