"""Read from the model's probabilities, without sampling, how likely it is to give each of a few answers."""

from __future__ import annotations

from collections.abc import Sequence

from app.base.deadline import NEVER, Deadline
from app.base.errors import ModelError
from app.llm.candidates import Candidates
from app.llm.context import Context
from app.llm.engine import Engine

_MILLION = 1_000_000


def weigh(engine: Engine, prompt: Sequence[int], choices: Sequence[str], deadline: Deadline = NEVER) -> tuple[int, ...]:
    """Return the probability, per million, that the answer begins like each of `choices` and like no other choice.

    A choice counts up to the first token that distinguishes it from all others. A choice that is the beginning of others gets
    what those leave of it. The sum lacks the probability of all other answers. Deterministic: no sampling, all choices from one
    state; temperature and penalties have no effect.

    Raises `ModelError` engine.failed if llama.cpp fails, engine.too_slow after `deadline`, and internal if there are fewer than
    two choices, or empty or equal ones.
    """
    paths = [engine.tokenize(choice, control=False) for choice in choices]
    if len(paths) < 2 or not all(paths) or len(set(map(tuple, paths))) < len(paths):
        raise ModelError("internal", "choices must be at least two, different and not empty")
    weights = [0.0] * len(paths)
    with engine.context(len(prompt) + max(map(len, paths)), deadline) as context:
        engine.read(context, prompt)
        softmax = engine.c.llama_sampler_init_dist(0)
        try:
            _Scale(engine, context, softmax, paths, weights).weigh(list(range(len(paths))), 0, 1.0)
        finally:
            engine.c.llama_sampler_free(softmax)
    return tuple(round(weight * _MILLION) for weight in weights)


class _Scale:
    """Walks down the tree of the choices' tokens."""

    def __init__(self, engine: Engine, context: Context, softmax: object, paths: list[list[int]], weights: list[float]) -> None:
        self._candidates = Candidates(engine.c, engine.n_vocab)
        self._context, self._softmax, self._paths, self._weights = context, softmax, paths, weights

    def weigh(self, group: list[int], depth: int, mass: float) -> None:
        """Share `mass` among the choices in `group`, whose first `depth` tokens are equal and have been read."""
        branches: dict[int, list[int]] = {}
        for index in group:
            if depth < len(self._paths[index]):
                branches.setdefault(self._paths[index][depth], []).append(index)
        self._candidates.fill(self._context)
        self._candidates.apply(self._softmax)
        shares = {token: mass * self._candidates.probability(token) for token in branches}
        for index in group:
            if depth == len(self._paths[index]):
                self._weights[index] = max(0.0, mass - sum(shares.values()))
        for token, branch in branches.items():
            if len(branch) == 1:
                self._weights[branch[0]] = shares[token]
                continue
            length = len(self._context.tokens)
            self._context.decode([token])
            self.weigh(branch, depth + 1, shares[token])
            self._context.cut(length)
