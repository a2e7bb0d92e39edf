"""How the next token is chosen: llama.cpp's own samplers, in the order that every job uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

REPEAT_WINDOW = 64  # tokens; llama.cpp's own default


@dataclass(frozen=True, slots=True)
class Sampling:
    """The settings for choosing the next token, in thousandths where they are fractions."""

    temperature_milli: int = 0
    top_k: int = 40
    top_p_milli: int = 950
    min_p_milli: int = 50
    seed: int = 0
    repeat_penalty_milli: int = 1_000
    """The divisor for the logits of the last `REPEAT_WINDOW` generated tokens; 1000 turns it off."""


def penalties(c: Any, n_vocab: int, sampling: Sampling) -> list[Any]:
    """Return the sampler that reduces repetition, or nothing if it is off. The caller frees it."""
    if sampling.repeat_penalty_milli == 1_000:
        return []
    return [c.llama_sampler_init_penalties(n_vocab, REPEAT_WINDOW, sampling.repeat_penalty_milli / 1000, 0.0, 0.0)]


def choice(c: Any, sampling: Sampling) -> list[Any]:
    """Return the samplers that choose: the likeliest, or top-k, top-p, min-p, temperature, seed. The caller frees them."""
    if sampling.temperature_milli == 0:
        return [c.llama_sampler_init_greedy()]
    return [
        c.llama_sampler_init_top_k(sampling.top_k),
        c.llama_sampler_init_top_p(sampling.top_p_milli / 1000, 1),
        c.llama_sampler_init_min_p(sampling.min_p_milli / 1000, 1),
        c.llama_sampler_init_temp(sampling.temperature_milli / 1000),
        c.llama_sampler_init_dist(sampling.seed),
    ]


def chain(c: Any, links: Sequence[Any]) -> Any:
    """Return one sampler made of `links`, which owns them."""
    made = c.llama_sampler_chain_init(c.llama_sampler_chain_default_params())
    for link in links:
        c.llama_sampler_chain_add(made, link)
    return made
