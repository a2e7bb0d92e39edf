"""The loop over llama.cpp: decode the prompt, then sample, append and decode until the turn ends.

All of it happens behind the C interface: no logits in Python, no callbacks and no logits processors, because a closure needs
writable code pages, which an enclave refuses. `app.llm.context` and `app.llm.sampling` hold the settings that decide the bits
of an answer.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from app.base.deadline import NEVER, Deadline
from app.base.errors import ModelError
from app.llm import library, plain_tokens
from app.llm.context import EIGHT, Context
from app.llm.prompt_cache import PromptCache
from app.llm.sampling import Sampling, chain, choice, penalties
from app.llm.threads import Pace

PIECE_BYTES = 512  # the longest text of a token in bytes; Qwen's longest is about 128 spaces


@dataclass(frozen=True, slots=True)
class Generation:
    """The output of a generation: UTF-8 text, why it ended, and how many tokens it took."""

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int


class Engine:
    """A loaded model. Each `generate` gets a context of its own, so no answer depends on another."""

    def __init__(self, path: Path, *, threads: int = 1, mmap: bool = True, states: PromptCache | None = None) -> None:
        """Load the GGUF file at `path`, whose bytes must have been checked before (`app.llm.models`).

        `states` can save the reading of words that begin a prompt; it changes no bit. Raises `ModelError` engine.* if the
        library or the file cannot be loaded.
        """
        self.c = library.load_library()
        self.pace = Pace(threads)
        self._states = states
        params = self.c.llama_model_default_params()
        params.n_gpu_layers = 0
        params.load_mode = self.c.LLAMA_LOAD_MODE_MMAP if mmap else self.c.LLAMA_LOAD_MODE_NONE
        self._model = self.c.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise ModelError("engine.failed", "llama.cpp could not load the model file")
        self.vocab = self.c.llama_model_get_vocab(self._model)
        self.n_vocab: int = self.c.llama_vocab_n_tokens(self.vocab)
        c = self.c
        self._special_attributes: int = (
            c.LLAMA_TOKEN_ATTR_USER_DEFINED | c.LLAMA_TOKEN_ATTR_CONTROL | c.LLAMA_TOKEN_ATTR_UNKNOWN
        )

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the model."""
        self.c.llama_model_free(self._model)

    def chat_template(self) -> str:
        """Return the chat template in the GGUF file. Raises `ModelError` engine.failed if there is none."""
        raw = self.c.llama_model_chat_template(self._model, None)
        if not raw:
            raise ModelError("engine.failed", "the model file has no chat template")
        return str(raw.decode())

    def special_tokens(self) -> tuple[str, str]:
        """Return the texts of the begin- and end-of-sequence tokens, which chat templates use."""
        return self._special(self.c.llama_vocab_bos(self.vocab)), self._special(self.c.llama_vocab_eos(self.vocab))

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Return the tokens of `text`. Without `control` it is plain text, whatever token it spells (`plain_tokens`)."""
        return self._tokens(text, control=True) if control else plain_tokens.tokens(self._marks, self._plain, text)

    def _plain(self, text: str) -> list[int]:
        return self._tokens(text, control=False)

    def _marks(self, token: int) -> str | None:
        """Return the text of a control or user-defined token, None for all others."""
        if not self.c.llama_vocab_get_attr(self.vocab, token) & self._special_attributes:
            return None
        return str(self.c.llama_vocab_get_text(self.vocab, token).decode(errors="replace"))

    def _tokens(self, text: str, *, control: bool) -> list[int]:
        raw = text.encode()
        room = len(raw) + 8
        tokens = (self.c.llama_token * room)()
        count = self.c.llama_tokenize(self.vocab, raw, len(raw), tokens, room, False, control)
        if count < 0:
            raise ModelError("engine.failed", "llama.cpp could not tokenize the prompt")
        return list(tokens[:count])

    def generate(
        self, prompt: list[int], sampling: Sampling, max_tokens: int, *, stop: str | None = None, deadline: Deadline = NEVER
    ) -> Generation:
        """Return the continuation of `prompt` (at least two tokens) by at most `max_tokens` tokens.

        If the text `stop` appears, the continuation ends before it, with the reason "stop". Deterministic: the same model,
        prompt and sampling give the same text, on any number of threads. Raises `ModelError` engine.failed if llama.cpp cannot
        make the context or decode, and engine.too_slow after `deadline`.
        """
        with self.context(len(prompt) + max_tokens, deadline) as context:
            self.read(context, prompt)
            return self._decode_loop(context, sampling, len(prompt), max_tokens, stop.encode() if stop else None)

    def context(self, room: int, deadline: Deadline = NEVER) -> Context:
        """Return a fresh context for `room` tokens, which reads nothing after `deadline`."""
        return Context(self.c, self._model, room, self.pace, deadline)

    def begin(self, *, recalls: bool = False, common: bool = False) -> None:
        """Begin another request, which reuses nothing of the prompts before: see `begin` in `app.llm.prompt_cache`."""
        if self._states:
            self._states.begin(recalls=recalls, common=common)

    def share(self, tokens: Sequence[int]) -> None:
        """Read `tokens` once for all requests that begin with them. Raises `ModelError` as `context` does."""
        if self._states and len(tokens) >= EIGHT:
            with self.context(len(tokens)) as context:
                self._states.share(self.c, context, tokens)

    @property
    def restored_tokens(self) -> int:
        """Return how many tokens of all prompts so far came from prompt states."""
        return self._states.restored if self._states else 0

    def read(self, context: Context, prompt: Sequence[int]) -> None:
        """Read all of `prompt` (at least two tokens) into the empty `context`, from a prompt state as far as one fits."""
        if self._states:
            self._states.read(self.c, context, prompt)
        else:
            context.read_on(prompt)

    def _decode_loop(
        self, context: Context, sampling: Sampling, prompt_tokens: int, max_tokens: int, stop: bytes | None
    ) -> Generation:
        sampler = chain(self.c, [*penalties(self.c, self.n_vocab, sampling), *choice(self.c, sampling)])
        try:
            text, count = bytearray(), 0
            while True:
                token = self.c.llama_sampler_sample(sampler, context.pointer, -1)
                if self.is_eog(token):
                    return Generation(utf8(text), "stop", prompt_tokens, count)
                piece = self.piece(token, control=False)
                text += piece
                count += 1
                if stop and (end := text.find(stop, max(0, len(text) - len(piece) - len(stop)))) >= 0:
                    return Generation(utf8(text[:end]), "stop", prompt_tokens, count)
                if count == max_tokens:
                    return Generation(utf8(text), "length", prompt_tokens, count)
                context.decode([token])
        finally:
            self.c.llama_sampler_free(sampler)

    def _special(self, token: int) -> str:
        return self.piece(token, control=True).decode() if token >= 0 else ""

    def is_eog(self, token: int) -> bool:
        """Return whether `token` ends the model's turn."""
        return bool(self.c.llama_vocab_is_eog(self.vocab, token))

    def piece(self, token: int, *, control: bool) -> bytes:
        """Return the bytes of one token, which may be part of a character; none for a control token unless `control` is set."""
        buffer = ctypes.create_string_buffer(PIECE_BYTES)
        length = self.c.llama_token_to_piece(self.vocab, token, buffer, PIECE_BYTES, 0, control)
        if length < 0:
            raise ModelError("engine.failed", "a token's text is longer than any known token's")
        return buffer.raw[:length]


def utf8(raw: bytes | bytearray) -> str:
    """Return the text. A character cut off by the token limit is dropped; any other invalid byte becomes U+FFFD."""
    for cut in range(4):
        try:
            return raw[: len(raw) - cut].decode("utf-8")
        except UnicodeDecodeError as err:
            if err.reason != "unexpected end of data":
                break
    return raw.decode("utf-8", errors="replace")
