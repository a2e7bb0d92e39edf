"""What a grammar costs a token: slots under a grammar against free decoding, same model, prompt and state, in turns.

    python -m bench.constrained [rounds]

One slot of prose, one of a number, at temperature 0 and above; `full mask` is llama.cpp's own grammar
sampler in the chain, which looks at the whole vocabulary for every token. All decode the same prompt
first, outside the clock, then up to `TOKENS` tokens, one at a time. The clock is the processor time of
the one thread that works, so that busy neighbours disturb little.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from app.llm import chat
from app.llm.candidates import Candidates
from app.llm.context import Context
from app.llm.engine import Engine, Sampling
from app.llm.masking import Masked
from app.llm.models import checked_path, find
from app.llm.sampling import chain, choice, penalties
from bench.measure import in_turns, median

TOKENS = 24
GRAMMARS = {
    "prose": r'root ::= [^"\\\x00-\x1F\x7F]{1,2000} "\""',
    "number": 'root ::= ("1000" | [1-9] [0-9]? [0-9]? | "0") ("," ("1000" | [1-9] [0-9]? [0-9]? | "0"))*',
}
SAMPLINGS = {"temperature 0": Sampling(), "temperature 0.8": Sampling(temperature_milli=800, seed=1)}
ASKED = "Explain in one long sentence how a rainbow forms, then count upwards from one."


def _clock(engine: Engine, prompt: list[int], pick: Callable[[Context], int]) -> float:
    """Return milliseconds of processor time a token."""
    with engine.context(len(prompt) + TOKENS) as context:
        context.read(prompt)
        began = time.process_time()
        for count in range(1, TOKENS + 1):
            token = pick(context)
            if engine.is_eog(token) or count == TOKENS:
                break
            context.decode([token])
        return (time.process_time() - began) * 1000 / count


def free(engine: Engine, prompt: list[int], sampling: Sampling) -> float:
    """Return the cost of llama.cpp's own sampling without a grammar."""
    return _native(engine, prompt, [*penalties(engine.c, engine.n_vocab, sampling), *choice(engine.c, sampling)])


def full(engine: Engine, prompt: list[int], sampling: Sampling, grammar: str) -> float:
    """Return the cost with llama.cpp's grammar sampler in the chain."""
    constraint = engine.c.llama_sampler_init_grammar(engine.vocab, grammar.encode(), b"root")
    return _native(engine, prompt, [*penalties(engine.c, engine.n_vocab, sampling), constraint, *choice(engine.c, sampling)])


def lazy(engine: Engine, prompt: list[int], sampling: Sampling, grammar: str) -> float:
    """Return the cost of a slot's token."""
    with Masked(engine, Candidates(engine.c, engine.n_vocab), grammar, "root", sampling) as masked:
        return _clock(engine, prompt, masked.next)


def _native(engine: Engine, prompt: list[int], links: list[Any]) -> float:
    sampler = chain(engine.c, links)
    try:
        return _clock(engine, prompt, lambda context: int(engine.c.llama_sampler_sample(sampler, context.pointer, -1)))
    finally:
        engine.c.llama_sampler_free(sampler)


def main(rounds: int) -> None:
    """Print milliseconds a token and the ratios."""
    model = find(None)
    with Engine(checked_path(model), threads=1) as engine:
        prompt = chat.tokenize(engine, engine.chat_template(), [chat.Message("user", ASKED)])
        print(f"{model.name}, {engine.n_vocab} tokens of vocabulary, medians of {rounds}, ms of processor time a token")
        for kind, grammar in GRAMMARS.items():
            opening = [*prompt, *engine.tokenize('{"why":"' if kind == "prose" else "[", control=False)]
            for name, sampling in SAMPLINGS.items():
                contenders: dict[str, Callable[[], float]] = {
                    "free": partial(free, engine, opening, sampling),
                    "lazy": partial(lazy, engine, opening, sampling, grammar),
                    "full mask": partial(full, engine, opening, sampling, grammar),
                }
                found = {way: median(costs) for way, costs in in_turns(contenders, rounds).items()}
                costs = ", ".join(f"{way} {cost:.2f}" for way, cost in found.items())
                ratios = ", ".join(f"{way} / free {found[way] / found['free']:.3f}" for way in ("lazy", "full mask"))
                print(f"  {kind}, {name}: {costs}  {ratios}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
