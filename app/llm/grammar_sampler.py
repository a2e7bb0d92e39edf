"""Sample one token after another under a grammar, and compute the mask only as far as it is needed.

The result is the token that masking the whole vocabulary would give. At temperature 0 the likeliest token is tested alone. If
it is refused, or at a higher temperature, the grammar tests the `NEAR` likeliest tokens: if enough of them are allowed, the
tokens behind them cannot matter. Only otherwise are all tokens tested.
"""

from __future__ import annotations

import ctypes
from typing import Self

from app.base.errors import ModelError
from app.llm.candidates import Candidates
from app.llm.context import Context
from app.llm.engine import Engine
from app.llm.sampling import Sampling, chain, choice, penalties

NEAR = 256  # more than 128: up to there llama.cpp's top-k moves every token of the array, beyond it only those it keeps


class Masked:
    """The state of one slot: its grammar, its penalties, its random numbers."""

    def __init__(self, engine: Engine, candidates: Candidates, grammar: str, root: str, sampling: Sampling) -> None:
        """Raise `ModelError` internal if llama.cpp cannot read `grammar`."""
        c = self._c = engine.c
        self.engine, self._candidates = engine, candidates
        self._grammar = c.llama_sampler_init_grammar(engine.vocab, grammar.encode(), root.encode())
        if not self._grammar:
            raise ModelError("internal", "a grammar of the job is not valid")
        self._penalties = chain(c, penalties(c, engine.n_vocab, sampling))
        self._choice = chain(c, choice(c, sampling))
        self._near = c.llama_sampler_init_top_k(NEAR)
        self._greedy = sampling.temperature_milli == 0
        self._enough = 1 if self._greedy else sampling.top_k
        self._banned: list[int] = []

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the samplers."""
        for sampler in (self._grammar, self._penalties, self._choice, self._near):
            self._c.llama_sampler_free(sampler)

    def next(self, context: Context) -> int:
        """Return the next token, which the grammar allows, and record it.

        Control tokens that do not end the turn are never allowed: a grammar may match their text, but they are not text. Raises
        `ModelError` internal if no token is allowed, for example if the grammar requires a NUL.
        """
        token = self._pick(context)
        while self._c.llama_vocab_is_control(self.engine.vocab, token) and not self.engine.is_eog(token):
            self._banned.append(token)
            token = self._pick(context)
        self._c.llama_sampler_accept(self._grammar, token)
        self._c.llama_sampler_accept(self._penalties, token)
        return token

    def _pick(self, context: Context) -> int:
        candidates = self._candidates
        self._start(context)
        if self._greedy and self._allows(token := candidates.choose(self._choice, moves=0)):
            return token
        candidates.apply(self._near, moves=NEAR)
        candidates.apply(self._grammar)
        if candidates.possible() < self._enough:
            self._start(context)
            candidates.apply(self._grammar)
        token = candidates.choose(self._choice, moves=candidates.size)
        if not self._allows(token):  # accepting it would end the process
            raise ModelError("internal", "a grammar of the job allows no next token")
        return token

    def _start(self, context: Context) -> None:
        self._candidates.fill(context)
        for token in self._banned:
            self._candidates.rule_out(token)
        self._candidates.apply(self._penalties)

    def _allows(self, token: int) -> bool:
        one = self._c.llama_token_data(token, 1.0, 0.0)
        array = self._c.llama_token_data_array(ctypes.pointer(one), 1, -1, False)
        self._c.llama_sampler_apply(self._grammar, ctypes.byref(array))
        return bool(one.logit == 1.0)
