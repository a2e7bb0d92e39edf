"""What a grammar costs a token: slots under a grammar against free decoding, same model, prompt and state, in turns.

    python -m bench.constrained [rounds]

One slot of prose, one of numbers, at temperature 0 and above; `full mask` is llama.cpp's own grammar
sampler in the chain, which looks at the whole vocabulary for every token. All decode the same prompt
first, outside the clock, then up to `TOKENS` tokens, one at a time. The clock is the processor time of
the one thread that works. Sampling is timed apart from decoding, which no grammar changes: a ratio is that of
each way's sampling plus the median decoding of all. Of numbers at a temperature, the grammar leaves fewer
than top_k, so that nothing but the full mask gives the same bytes; no job has such a slot.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from app.llm import chat
from app.llm.candidates import Candidates
from app.llm.context import Context
from app.llm.engine import Engine
from app.llm.grammar_sampler import Masked
from app.llm.models import checked_path, find
from app.llm.sampling import Sampling, chain, choice, penalties
from bench.measure import in_turns, median

TOKENS = 24
GRAMMARS = {
    "prose": r'root ::= [^"\\\x00-\x1F\x7F]{1,2000} "\""',
    "number": 'root ::= ("1000" | [1-9] [0-9]? [0-9]? | "0") ("," ("1000" | [1-9] [0-9]? [0-9]? | "0"))*',
}
SAMPLINGS = {"temperature 0": Sampling(), "temperature 0.8": Sampling(temperature_milli=800, seed=1)}
ASKED = "Explain in one long sentence how a rainbow forms, then count upwards from one."


class Token(NamedTuple):
    """Milliseconds of processor time of one token."""

    sampling: float
    decoding: float


def _clock(engine: Engine, prompt: list[int], pick: Callable[[Context], int]) -> list[Token]:
    """Return what each token took, up to a quote, which ends a slot, or the end of the turn."""
    found = []
    with engine.context(len(prompt) + TOKENS) as context:
        context.read(prompt)
        for _ in range(TOKENS):
            began = time.process_time()
            token = pick(context)
            picked = time.process_time()
            context.decode([token])
            found.append(Token((picked - began) * 1000, (time.process_time() - picked) * 1000))
            if engine.is_eog(token) or b'"' in engine.piece(token, control=False):
                break
    return found


def free(engine: Engine, prompt: list[int], sampling: Sampling) -> list[Token]:
    """Return the cost of llama.cpp's own sampling without a grammar."""
    return _native(engine, prompt, [*penalties(engine.c, engine.n_vocab, sampling), *choice(engine.c, sampling)])


def full(engine: Engine, prompt: list[int], sampling: Sampling, grammar: str) -> list[Token]:
    """Return the cost with llama.cpp's grammar sampler in the chain."""
    constraint = engine.c.llama_sampler_init_grammar(engine.vocab, grammar.encode(), b"root")
    return _native(engine, prompt, [*penalties(engine.c, engine.n_vocab, sampling), constraint, *choice(engine.c, sampling)])


def lazy(engine: Engine, prompt: list[int], sampling: Sampling, grammar: str) -> list[Token]:
    """Return the cost of a slot's token."""
    with Masked(engine, Candidates(engine.c, engine.n_vocab), grammar, "root", sampling) as masked:
        return _clock(engine, prompt, masked.next)


def _native(engine: Engine, prompt: list[int], links: list[Any]) -> list[Token]:
    sampler = chain(engine.c, links)
    try:
        return _clock(engine, prompt, lambda context: int(engine.c.llama_sampler_sample(sampler, context.pointer, -1)))
    finally:
        engine.c.llama_sampler_free(sampler)


def main(rounds: int) -> None:
    """Print milliseconds a token, the mean of sampling and the median of decoding, and the ratios."""
    model = find(None)
    with Engine(checked_path(model), threads=1) as engine:
        prompt = chat.tokenize(engine, engine.chat_template(), [chat.Message("user", ASKED)])
        print(f"{model.name}, {engine.n_vocab} tokens of vocabulary, {rounds} rounds, ms of processor time a token")
        for kind, grammar in GRAMMARS.items():
            opening = [*prompt, *engine.tokenize('{"why":"' if kind == "prose" else "[", control=False)]
            for name, sampling in SAMPLINGS.items():
                contenders: dict[str, Callable[[], list[Token]]] = {
                    "free": partial(free, engine, opening, sampling),
                    "lazy": partial(lazy, engine, opening, sampling, grammar),
                    "full mask": partial(full, engine, opening, sampling, grammar),
                }
                runs = {way: [one for run in some for one in run] for way, some in in_turns(contenders, rounds).items()}
                decoding = median([one.decoding for some in runs.values() for one in some])
                picking = {way: sum(one.sampling for one in some) / len(some) for way, some in runs.items()}
                costs = ", ".join(f"{way} {cost:.2f}" for way, cost in picking.items())
                ratios = (
                    f"{way} / free {(picking[way] + decoding) / (picking['free'] + decoding):.3f}"
                    for way in ("lazy", "full mask")
                )
                print(f"  {kind}, {name}: decoding {decoding:.2f}, sampling {costs}; whole {', '.join(ratios)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
