"""A KV cache of just the size that one answer needs, and the one place that decodes.

What is fixed here decides the bits of every answer: flash attention off, F16 KV cache, no prefill batch
of exactly one token, since the one-token kernels round differently (shared/reference/inference.md
section 6). The thread count and the context size do not change a bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from app.errors import ModelError

BATCH = 128  # tokens per prefill batch: as fast as 512 here, and 57 MiB less at 2,048 tokens of context


class Context:
    """What the model has read so far, token by token."""

    def __init__(self, c: Any, model: Any, room: int, threads: int) -> None:
        """Make room for `room` tokens. Raises `ModelError` engine.failed if there is none."""
        self._c = c
        self.tokens: list[int] = []
        params = c.llama_context_default_params()
        params.n_ctx = room
        params.n_batch = params.n_ubatch = BATCH
        params.n_outputs_max = 1  # logits of the last token only: no n_batch x n_vocab array exists
        params.n_threads = params.n_threads_batch = threads
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
        """Append `tokens` as one batch; the logits of the last one are then ready to sample from.

        Raises `ModelError` engine.failed, as when the room is used up.
        """
        array = (self._c.llama_token * len(tokens))(*tokens)  # must outlive the call
        if self._c.llama_decode(self.pointer, self._c.llama_batch_get_one(array, len(tokens))) != 0:
            raise ModelError("engine.failed", "llama.cpp could not decode a batch")
        self.tokens += tokens

    def read(self, tokens: Sequence[int]) -> None:
        """Append at least two `tokens` in batches."""
        for batch in batches(tokens):
            self.decode(batch)

    def cut(self, length: int) -> None:
        """Forget all but the first `length` tokens; there are no logits until the next batch."""
        memory = self._c.llama_get_memory(self.pointer)
        if not self._c.llama_memory_seq_rm(memory, 0, length, -1):
            raise ModelError("engine.failed", "llama.cpp could not forget the end of the context")
        del self.tokens[length:]


def batches(tokens: Sequence[int]) -> list[Sequence[int]]:
    """Return `tokens` in runs of at most BATCH, none of them of exactly one token."""
    cuts = list(range(0, len(tokens), BATCH))
    if len(tokens) % BATCH == 1 and len(cuts) > 1:
        cuts[-1] -= 1
    return [tokens[start:end] for start, end in zip(cuts, [*cuts[1:], len(tokens)], strict=True)]
