"""All tokens with their logits, in the array that llama.cpp's samplers work on.

The C side of `memoryview` moves the numbers with one strided copy. Python looks only at the few that a sampler leaves over.
"""

from __future__ import annotations

import array
import ctypes
import math
from typing import Any

from app.llm.context import Context


class Candidates:
    """An array that is used for a whole answer, with 12 bytes for each token of the vocabulary."""

    def __init__(self, c: Any, n_vocab: int) -> None:
        """Make the array; its content is undefined until `fill`."""
        self._c = c
        self._data = (c.llama_token_data * n_vocab)()  # of {int32 id, float logit, float p}
        flat = memoryview(self._data).cast("B")
        self._ids, self._logits, self._probabilities = flat.cast("i")[0::3], flat.cast("f")[1::3], flat.cast("f")[2::3]
        self._natural = memoryview(array.array("i", range(n_vocab)))
        self._n_vocab = self._moved = n_vocab
        self._array = c.llama_token_data_array(self._data, n_vocab, -1, False)

    def fill(self, context: Context) -> None:
        """Take the logits after the last decoded token, for all tokens in the order of their ids."""
        logits = self._c.llama_get_logits_ith(context.pointer, -1)
        source = ctypes.cast(logits, ctypes.POINTER(ctypes.c_float * self._n_vocab)).contents
        self._logits[:] = memoryview(source).cast("B").cast("f")
        self._ids[: self._moved] = self._natural[: self._moved]
        self._moved = 0
        self._array.size, self._array.selected, self._array.sorted = self._n_vocab, -1, False

    def rule_out(self, token: int) -> None:
        """Make `token` impossible. Call it only right after `fill`."""
        self._logits[token] = -math.inf

    def apply(self, sampler: Any, *, moves: int = 0) -> None:
        """Apply `sampler`, which moves at most the first `moves` tokens to other places."""
        self._moved = max(self._moved, moves)
        self._c.llama_sampler_apply(sampler, ctypes.byref(self._array))

    def choose(self, sampler: Any, *, moves: int) -> int:
        """Apply `sampler` as `apply` does, and return the token that it picks."""
        self._array.sorted = False  # a mask may have put impossible tokens before possible ones
        self.apply(sampler, moves=moves)
        return int(self._ids[self._array.selected])

    @property
    def size(self) -> int:
        """Return how many tokens are left."""
        return int(self._array.size)

    def possible(self) -> int:
        """Return how many of the tokens left are not ruled out. This is Python's only loop over logits, for short arrays."""
        return sum(logit != -math.inf for logit in self._logits[: self.size])

    def probability(self, token: int) -> float:
        """Return the probability of `token`. Call it only after a sampler that computes probabilities and moves no token."""
        return self._probabilities[token]
