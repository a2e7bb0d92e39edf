"""Prompt states: restore what the model makes of words that it has read before, in milliseconds.

`make` computes the states of a job's fixed words. The state of the last prompt is kept in memory while the same request needs
more prompts, such as the next attempt at a piece of code. Between requests, which may belong to different owners, only the
requester's own system prompt is kept, and only whole. Otherwise a requester could send guesses ahead: the length of the reused
part, visible in time and in counts, would tell how much of the next prompt is equal.

A state is the KV cache of the first tokens that prompts share, as llama.cpp saves it. It is never required: without a fitting
state, the same words are read like the rest of the prompt, with the same bits. `app/llm/states.toml` pins each file by SHA-256
and names its model and engine. The file holds the words as tokens, and they are compared with each prompt. llama.cpp trusts the
bytes that it loads, so every byte is checked before.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import struct
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from app.base.errors import ModelError
from app.formats.hex_fields import Sha256
from app.formats.strict_model import Table
from app.llm import library
from app.llm.context import BATCH, EIGHT, Context, joints, settled
from app.llm.models import WEIGHTS, Model

_HEADER = struct.Struct("<4sII")  # magic, version, tokens; then the tokens, then the cache
_MAGIC = b"qsgg"
_RECENT = 1_024  # tokens of the last prompt that are kept: 12 MiB with the default model


class Pin(Table):
    """One entry of states.toml: a file, and the model and engine that it requires."""

    sha256: Sha256
    model: Sha256
    """SHA-256 of the model file."""
    build: Sha256
    """`native.build_id()`."""
    batch: int
    """`context.BATCH`, which with the build decides all bits besides the words."""


@dataclass(frozen=True, slots=True)
class _State:
    kept: Path | ctypes.Array[Any]
    """A checked file, or bytes in memory."""
    tokens: tuple[int, ...]

    def load(self, c: Any, context: Context) -> bool:
        """Return whether the empty `context` now holds these tokens."""
        if not isinstance(self.kept, Path):
            return bool(c.llama_state_seq_set_data(context.pointer, self.kept, len(self.kept), 0))
        tokens, count = (c.llama_token * len(self.tokens))(), ctypes.c_size_t()
        file = os.fsencode(self.kept)
        read = c.llama_state_seq_load_file(context.pointer, file, 0, tokens, len(self.tokens), ctypes.byref(count))
        return bool(read) and tuple(tokens[: count.value]) == self.tokens


@functools.cache
def pins() -> dict[str, dict[str, Pin]]:
    """Return states.toml as model name -> job -> pin. Raises `ModelError` internal."""
    table = tomllib.loads((resources.files("app.llm") / "states.toml").read_text())
    try:
        return {name: {job: Pin(**entry) for job, entry in jobs.items()} for name, jobs in table.items()}
    except (AttributeError, TypeError, ValidationError) as err:
        raise ModelError("internal", "app/llm/states.toml is not valid") from err


def path(model: Model, job: str) -> Path:
    """Return the path of the state of `job`, beside the model."""
    return WEIGHTS / f"{model.file}.{job}.state"


class PromptCache:
    """The prompt states that fit one model and this engine, and how many tokens they saved."""

    def __init__(self, model: Model, pinned: Mapping[str, Pin], *, recalls: bool = False) -> None:
        """Check every state in `pinned` (job -> pin). A state that does not fit is left out, never an error.

        With `recalls`, the last prompt is kept too, until `begin` says otherwise.
        """
        self._states: list[_State] = []
        self._common, self._uses_common = list[_State](), False
        self._recalls, self._recent = recalls, list[_State]()
        self.restored = 0
        """How many tokens, over all prompts so far, did not have to be read."""
        self.unfit: dict[str, str] = {}
        """Job -> why its state is not used."""
        for job, pin in pinned.items():
            found = _checked(path(model, job), pin, model)
            if isinstance(found, str):
                self.unfit[job] = found
            else:
                self._states.append(found)

    def begin(self, *, recalls: bool, common: bool) -> None:
        """Forget the prompts of the last request. With `recalls`, keep the last prompt of the next request while it runs.

        With `common`, the prompts of the next request begin with the tokens that `share` has read.
        """
        self._recent.clear()
        self._recalls, self._uses_common = recalls, common

    def share(self, c: Any, context: Context, tokens: Sequence[int]) -> None:
        """Keep the state that the empty `context` has after the first of `tokens`, for all requests that begin with them."""
        context.read(tokens[: min(len(tokens) // EIGHT * EIGHT, _RECENT)])
        self._common = _kept(c, context)

    def read(self, c: Any, context: Context, prompt: Sequence[int]) -> None:
        """Read all of `prompt` into the empty `context`, from a state as far as one knows its beginning."""
        self._restore(c, context, prompt)
        if self._recalls:
            context.read_on(prompt, _RECENT)
            self._recent = _kept(c, context)
        context.read_on(prompt)

    def _restore(self, c: Any, context: Context, prompt: Sequence[int]) -> None:
        """Restore the longest state that fits `prompt`, and cut only where no bit changes (`context.joints`)."""
        common = self._common if self._uses_common else []
        fitting = [(_usable(state.tokens, prompt), state) for state in (*self._recent, *common, *self._states)]
        length, best = max(fitting, key=lambda pair: pair[0], default=(0, None))
        if best is None or not length:
            return
        if not best.load(c, context):
            context.clear()
            return
        context.tokens += best.tokens
        context.cut(length)
        self.restored += length


def _kept(c: Any, context: Context) -> list[_State]:
    """Return a list with the state of `context`; an empty list if there is not enough memory."""
    size = c.llama_state_seq_get_size(context.pointer, 0)
    try:
        data = (ctypes.c_uint8 * size)()
    except MemoryError:
        return []
    read = c.llama_state_seq_get_data(context.pointer, data, size, 0) == size
    return [_State(data, tuple(context.tokens))] if read else []


def _usable(tokens: Sequence[int], prompt: Sequence[int]) -> int:
    same = next((i for i, (a, b) in enumerate(zip(tokens, prompt, strict=False)) if a != b), min(len(tokens), len(prompt)))
    same = min(same, settled(len(tokens)))
    return max((joint for joint in joints(len(prompt)) if joint <= same), default=0)


def _checked(path: Path, pin: Pin, model: Model) -> _State | str:
    """Return the state, or the reason why it cannot be used."""
    if (pin.model, pin.build, pin.batch) != (model.sha256, library.build_id(), BATCH):
        return "made for another model file or engine"
    try:
        data = path.read_bytes()
    except OSError:
        return "not there"
    if hashlib.sha256(data).hexdigest() != pin.sha256:
        return "altered"
    try:
        magic, _, count = _HEADER.unpack_from(data)
        tokens = struct.unpack_from(f"<{count}i", data, _HEADER.size)
    except (struct.error, MemoryError, OverflowError):
        return "not a state"
    return _State(path, tokens) if magic == _MAGIC else "not a state"
