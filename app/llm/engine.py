"""One loop over llama.cpp: decode the prompt, then sample, append, decode until the turn ends.

Everything happens behind the C interface: no logits in Python, no callbacks, no logits processors
(a closure needs writable code pages, which an enclave refuses). What is fixed here decides the bits
of every answer: flash attention off, F16 KV cache, no prefill batch of exactly one token, since the
one-token kernels round differently (shared/reference/inference.md section 6). The thread count and
the context size do not change a bit.
"""

from __future__ import annotations

import ctypes
import os
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from app.errors import ModelError
from app.llm import native

BATCH = 128  # tokens per prefill batch: as fast as 512 here, and 57 MiB less at 2,048 tokens of context
REPEAT_WINDOW = 64  # tokens; llama.cpp's own default
PIECE_BYTES = 512  # longest token text in bytes; Qwen's longest is 128 spaces or so


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is picked; thousandths where a fraction is meant."""

    temperature_milli: int = 0
    top_k: int = 40
    top_p_milli: int = 950
    min_p_milli: int = 50
    seed: int = 0
    repeat_penalty_milli: int = 1_000
    """Divides the logits of the last `REPEAT_WINDOW` generated tokens; 1000 is off."""


@dataclass(frozen=True, slots=True)
class Generation:
    """What came out: UTF-8 text, why it ended, and how many tokens it took."""

    text: str
    finish_reason: Literal["stop", "length"]
    prompt_tokens: int
    completion_tokens: int


class Engine:
    """A loaded model. Each `generate` gets a context of its own, so no answer depends on another."""

    def __init__(self, path: Path, *, threads: int = 1, mmap: bool = True) -> None:
        """Load the GGUF at `path`; its bytes must have been checked before (`app.llm.models`).

        Raises `ModelError` engine.* when the library or the file cannot be loaded.
        """
        self._c = native.load()
        self._threads = threads
        params = self._c.llama_model_default_params()
        params.n_gpu_layers = 0
        params.load_mode = self._c.LLAMA_LOAD_MODE_MMAP if mmap else self._c.LLAMA_LOAD_MODE_NONE
        self._model = self._c.llama_model_load_from_file(os.fsencode(path), params)
        if not self._model:
            raise ModelError("engine.failed", "llama.cpp could not load the model file")
        self._vocab = self._c.llama_model_get_vocab(self._model)

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the model."""
        self._c.llama_model_free(self._model)

    def chat_template(self) -> str:
        """Return the chat template in the GGUF. Raises `ModelError` engine.failed if there is none."""
        raw = self._c.llama_model_chat_template(self._model, None)
        if not raw:
            raise ModelError("engine.failed", "the model file has no chat template")
        return str(raw.decode())

    def special_tokens(self) -> tuple[str, str]:
        """Return the texts of the begin- and end-of-sequence tokens, which chat templates refer to."""
        return self._special(self._c.llama_vocab_bos(self._vocab)), self._special(self._c.llama_vocab_eos(self._vocab))

    def tokenize(self, text: str, *, control: bool) -> list[int]:
        """Return the tokens of `text`; with `control` off, control tokens in it stay plain text."""
        raw = text.encode()
        room = len(raw) + 8
        tokens = (self._c.llama_token * room)()
        count = self._c.llama_tokenize(self._vocab, raw, len(raw), tokens, room, False, control)
        if count < 0:
            raise ModelError("engine.failed", "llama.cpp could not tokenize the prompt")
        return list(tokens[:count])

    def generate(self, prompt: list[int], sampling: Sampling, max_tokens: int, *, stop: str | None = None) -> Generation:
        """Return the continuation of `prompt` (at least two tokens) by at most `max_tokens` tokens.

        Where the text `stop` comes up, it ends before it, for the reason "stop".
        Deterministic: the same model, prompt and sampling give the same text, on any number of threads.
        Raises `ModelError` engine.failed if llama.cpp cannot make the context or decode.
        """
        with _Context(self._c, self._model, len(prompt) + max_tokens, self._threads) as context:
            for batch in _batches(prompt):
                context.decode(batch)
            return self._decode_loop(context, sampling, len(prompt), max_tokens, stop.encode() if stop else None)

    def _decode_loop(
        self, context: _Context, sampling: Sampling, prompt_tokens: int, max_tokens: int, stop: bytes | None
    ) -> Generation:
        sampler = _sampler(self._c, self._c.llama_vocab_n_tokens(self._vocab), sampling)
        try:
            text, count = bytearray(), 0
            while True:
                token = self._c.llama_sampler_sample(sampler, context.pointer, -1)
                if self._c.llama_vocab_is_eog(self._vocab, token):
                    return Generation(_utf8(text), "stop", prompt_tokens, count)
                text += self._piece(token, control=False)
                count += 1
                if stop and (end := text.find(stop)) >= 0:
                    return Generation(_utf8(text[:end]), "stop", prompt_tokens, count)
                if count == max_tokens:
                    return Generation(_utf8(text), "length", prompt_tokens, count)
                context.decode([token])
        finally:
            self._c.llama_sampler_free(sampler)

    def _special(self, token: int) -> str:
        return self._piece(token, control=True).decode() if token >= 0 else ""

    def _piece(self, token: int, *, control: bool) -> bytes:
        buffer = ctypes.create_string_buffer(PIECE_BYTES)
        length = self._c.llama_token_to_piece(self._vocab, token, buffer, PIECE_BYTES, 0, control)
        if length < 0:
            raise ModelError("engine.failed", "a token's text is longer than any known token's")
        return buffer.raw[:length]


class _Context:
    """A KV cache of just the size one answer needs."""

    def __init__(self, c: Any, model: Any, tokens: int, threads: int) -> None:
        self._c = c
        params = c.llama_context_default_params()
        params.n_ctx = tokens
        params.n_batch = params.n_ubatch = BATCH
        params.n_outputs_max = 1  # logits of the last token only: no n_batch x n_vocab array exists
        params.n_threads = params.n_threads_batch = threads
        params.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.no_perf = True
        self.pointer = c.llama_init_from_model(model, params)
        if not self.pointer:
            raise ModelError("engine.failed", "llama.cpp could not make a context of this size")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._c.llama_free(self.pointer)

    def decode(self, tokens: list[int]) -> None:
        """Append `tokens`; the logits of the last one are then ready to sample from."""
        array = (self._c.llama_token * len(tokens))(*tokens)  # must outlive the call
        if self._c.llama_decode(self.pointer, self._c.llama_batch_get_one(array, len(tokens))) != 0:
            raise ModelError("engine.failed", "llama.cpp could not decode a batch")


def _sampler(c: Any, n_vocab: int, sampling: Sampling) -> Any:
    """Return a native sampler chain: repeat penalty, then greedy, or top-k, top-p, min-p, temperature, seed."""
    chain = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
    links = []
    if sampling.repeat_penalty_milli != 1_000:
        links.append(c.llama_sampler_init_penalties(n_vocab, REPEAT_WINDOW, sampling.repeat_penalty_milli / 1000, 0.0, 0.0))
    if sampling.temperature_milli == 0:
        links.append(c.llama_sampler_init_greedy())
    else:
        links += [
            c.llama_sampler_init_top_k(sampling.top_k),
            c.llama_sampler_init_top_p(sampling.top_p_milli / 1000, 1),
            c.llama_sampler_init_min_p(sampling.min_p_milli / 1000, 1),
            c.llama_sampler_init_temp(sampling.temperature_milli / 1000),
            c.llama_sampler_init_dist(sampling.seed),
        ]
    for link in links:
        c.llama_sampler_chain_add(chain, link)
    return chain


def _batches(tokens: list[int]) -> list[list[int]]:
    """Return `tokens` in runs of at most BATCH, none of them of exactly one token."""
    cuts = list(range(0, len(tokens), BATCH))
    if len(tokens) % BATCH == 1 and len(cuts) > 1:
        cuts[-1] -= 1
    return [tokens[start:end] for start, end in zip(cuts, [*cuts[1:], len(tokens)], strict=True)]


def _utf8(raw: bytearray) -> str:
    """Return the text; a character cut off by the token limit is dropped, any other bad byte becomes U+FFFD."""
    for cut in range(4):
        try:
            return raw[: len(raw) - cut].decode("utf-8")
        except UnicodeDecodeError as err:
            if err.reason != "unexpected end of data":
                break
    return raw.decode("utf-8", errors="replace")
