"""A KV cache of exactly the size that one answer needs, and the only place that decodes.

The settings here decide the bits of every answer: flash attention off, F16 KV cache, and where a prompt is cut into batches.
The kernels for a single token, and for the odd tokens of a batch, round differently from those for eight. So a prompt is cut at
multiples of BATCH, and no batch has exactly one token. The thread count and the context size do not change any bit.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Self

from app.base.deadline import NEVER, Deadline
from app.base.errors import ModelError
from app.llm.threads import Pace

EIGHT = 8
BATCH = 128  # tokens per prefill batch: as fast as 512 here, and 57 MiB less at 2,048 tokens of context


class Context:
    """The tokens that the model has read so far."""

    def __init__(self, c: Any, model: Any, room: int, pace: Pace, deadline: Deadline = NEVER) -> None:
        """Make room for `room` tokens. Raises `ModelError` engine.failed if there is not enough memory."""
        self._c, self._pace, self._deadline = c, pace, deadline
        self.tokens: list[int] = []
        params = c.llama_context_default_params()
        params.n_ctx = room
        params.n_batch = params.n_ubatch = BATCH
        params.n_outputs_max = 1  # logits of the last token only: no n_batch x n_vocab array exists
        params.n_threads = params.n_threads_batch = pace.threads
        params.flash_attn_type = c.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.no_perf = True
        self.pointer = c.llama_init_from_model(model, params)
        if not self.pointer:
            raise ModelError("engine.failed", "llama.cpp could not make a context of this size")

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the cache."""
        self._c.llama_free(self.pointer)

    def decode(self, tokens: Sequence[int]) -> None:
        """Append `tokens` as one batch; the logits of the last token are then ready for sampling.

        Raises `ModelError` engine.failed, for example if the room is used up. After the deadline it raises engine.too_slow and
        reads nothing.
        """
        self._deadline.check()
        array = (self._c.llama_token * len(tokens))(*tokens)  # must outlive the call
        threads = self._pace.threads_for(len(tokens))
        self._c.llama_set_n_threads(self.pointer, threads, threads)
        began = time.monotonic()
        if self._c.llama_decode(self.pointer, self._c.llama_batch_get_one(array, len(tokens))) != 0:
            raise ModelError("engine.failed", "llama.cpp could not decode a batch")
        self._pace.took(len(tokens), threads, time.monotonic() - began)
        self.tokens += tokens

    def read(self, tokens: Sequence[int]) -> None:
        """Append at least two `tokens` in batches."""
        for start, end in spans(len(tokens)):
            self.decode(tokens[start:end])

    def read_on(self, prompt: Sequence[int], most: int | None = None) -> None:
        """Append the rest of `prompt`, of which the context holds a first part that ends at one of its `joints`.

        With `most`, append only the batches that end at or before it.
        """
        done = len(self.tokens)
        for start, end in spans(len(prompt)):
            if done < end <= (most or end):
                self.decode(prompt[max(start, done) : end])

    def clear(self) -> None:
        """Remove all tokens."""
        self._c.llama_memory_clear(self._c.llama_get_memory(self.pointer), False)
        self.tokens.clear()

    def cut(self, length: int) -> None:
        """Remove all but the first `length` tokens; there are no logits until the next batch."""
        memory = self._c.llama_get_memory(self.pointer)
        if not self._c.llama_memory_seq_rm(memory, 0, length, -1):
            raise ModelError("engine.failed", "llama.cpp could not remove the end of the context")
        del self.tokens[length:]


def spans(length: int) -> list[tuple[int, int]]:
    """Return where batches of at most BATCH tokens begin and end; no batch has exactly one token."""
    cuts = list(range(0, length, BATCH))
    if length % BATCH == 1 and len(cuts) > 1:
        cuts[-1] -= 1
    return list(zip(cuts, [*cuts[1:], length], strict=True))


def joints(length: int) -> list[int]:
    """Return, in order, where a prompt of `length` tokens can be cut once more without changing any bit.

    Measured on Q4_1 and Q4_K_M: the kernels work on eight tokens at a time, and treat the rest of a batch differently. So both
    sides of a cut hold multiples of eight, except at the end of the batch.
    """
    cuts = (cut for start, end in spans(length) for cut in (start, *range(start + EIGHT, end - EIGHT + 1, EIGHT)))
    return [cut for cut in cuts if cut % EIGHT == 0]


def settled(length: int) -> int:
    """Return how many first tokens of a prompt of `length` tokens every prompt that begins with them reads the same way.

    Such a prompt is cut into batches at the same places up to there, and gives the same bits.
    """
    return next((end - (end - start) % EIGHT for start, end in spans(length) if (end - start) % EIGHT), length)
