"""Fill in text with gaps: the text is given, and the model writes only into slots, each under a grammar.

The given text is never sampled: it is read in batches like a prompt. The tokens of a slot obey a hand-written GBNF grammar,
which llama.cpp runs; `app.llm.grammar_sampler` explains why that costs very little.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from app.base.deadline import NEVER, Deadline
from app.base.errors import ModelError
from app.llm.candidates import Candidates
from app.llm.context import Context, joints
from app.llm.engine import Engine, utf8
from app.llm.grammar_sampler import Masked
from app.llm.sampling import Sampling

_SLACK = 32  # tokens; the end of a slot may take a few more when it is tokenized together with the text after it
_ROOT = "slot-and-what-follows"  # a rule name that no job uses


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap: a GBNF grammar with a rule `root`, and the most tokens that it may take.

    The slot ends where the text after it begins, so its grammar must not produce the first character of that text. A slot
    without text after it ends with the model's turn.
    """

    grammar: str
    max_tokens: int
    until: int = 1
    """How many characters of the text after it end the slot. If more than one, its grammar must not produce these together."""


@dataclass(frozen=True, slots=True)
class Filled:
    """The text that the model wrote into a slot."""

    slot: int
    """The number of the slot, from 0."""
    attempt: int
    """The number of the attempt, from 1."""
    text: str
    finish_reason: Literal["stop", "length"]
    """stop: the grammar is satisfied; length: the text was cut anywhere in the grammar, by max_tokens or as hopeless."""
    tokens: int
    """The tokens sampled in this attempt, including the one that began the text after the slot."""


@dataclass(frozen=True, slots=True)
class Filling:
    """The whole text, its slots, and the tokens they took."""

    text: str
    slots: tuple[Filled, ...]
    prompt_tokens: int
    sampled_tokens: int
    """The tokens of all attempts, rejected ones included."""


def fill(  # noqa: PLR0913, PLR0917  what to write, how, and until when
    engine: Engine,
    prompt: Sequence[int],
    parts: Sequence[str | Slot],
    sampling: Sampling,
    again: Callable[[Filled], Sampling | None] = lambda _: None,
    hopeless: Callable[[Filled], bool] | None = None,
    deadline: Deadline = NEVER,
) -> Filling:
    """Return `parts`, texts and slots in any order but never two slots in a row, with every slot filled.

    The text is read as plain text after `prompt` (at least two tokens). `again` sees each attempt at a slot: if it returns a
    sampling, the slot is filled again with it, from the state before the slot. `hopeless` sees an attempt after each token, as
    if it were cut there, and returns True to cut it. Deterministic like `Engine.generate`, if the two functions are.

    Raises `ModelError` engine.failed if llama.cpp fails, engine.too_slow after `deadline`, and internal if a grammar is
    invalid.
    """
    texts, slots = _split(parts)
    lead = [engine.tokenize(text, control=False) for text in texts]
    room = len(prompt) + sum(map(len, lead)) + sum(slot.max_tokens + _SLACK for slot in slots)
    done: list[Filled] = []
    sampled = 0
    with engine.context(room, deadline) as context:
        candidates = Candidates(engine.c, engine.n_vocab)
        unread = _read_all_but_the_end(engine, context, [*prompt, *lead[0]])
        for slot, after in zip(slots, texts[1:], strict=True):
            attempt = 0
            wanted: Sampling | None = sampling
            start, unread = _two_at_least(context, unread)
            while wanted is not None:
                context.cut(start)
                context.read(unread)
                attempt += 1
                with Masked(engine, candidates, _grammar(slot, after), _ROOT, wanted) as masked:
                    written = _write(context, masked, slot, after, (len(done), attempt), hopeless)
                sampled += written.filled.tokens
                wanted = again(written.filled)
            done.append(written.filled)
            unread = [*written.unread, *engine.tokenize(written.rest + after[written.begun :], control=False)]
    text = "".join(before + filled.text for before, filled in zip(texts, done, strict=False)) + texts[-1]
    return Filling(text, tuple(done), len(prompt), sampled)


@dataclass(frozen=True, slots=True)
class _Written:
    """One attempt, and the part of it that the model has not read yet: a last token, or the text before a stop."""

    filled: Filled
    unread: tuple[int, ...] = ()
    rest: str = ""
    begun: int = 0
    """How many characters of the text after the slot the model has read already."""


def _write(
    context: Context,
    masked: Masked,
    slot: Slot,
    after: str,
    place: tuple[int, int],
    hopeless: Callable[[Filled], bool] | None,
) -> _Written:
    """Sample until the beginning of `after`, the end of the turn if nothing follows, or a cut.

    `place` is the number of the slot and of the attempt.
    """
    stop, text = after[: slot.until].encode(), b""
    for count in itertools.count(1):
        token = masked.next(context)
        if masked.engine.is_eog(token):
            return _Written(Filled(*place, utf8(text), "stop", count))
        piece = masked.engine.piece(token, control=False)
        end = (text + piece).find(stop, max(0, len(text) - len(stop) - 2)) if stop else -1
        if end >= 0:
            rest = piece[: max(0, end - len(text))].decode(errors="ignore")
            begun = len(text[end:].decode(errors="ignore"))
            return _Written(Filled(*place, utf8((text + piece)[:end]), "stop", count), rest=rest, begun=begun)
        text += piece
        if count == slot.max_tokens or (hopeless and hopeless(Filled(*place, utf8(text), "length", count))):
            return _Written(Filled(*place, utf8(text), "length", count), unread=(token,))
        context.decode([token])
    raise AssertionError


def _split(parts: Sequence[str | Slot]) -> tuple[list[str], list[Slot]]:
    """Return n + 1 texts and the n slots between them."""
    texts: list[str] = [""]
    slots: list[Slot] = []
    for part in parts:
        if isinstance(part, str):
            texts[-1] += part
        elif slots and not texts[-1]:
            raise ModelError("internal", "two slots follow each other")
        else:
            slots.append(part)
            texts.append("")
    return texts, slots


def _grammar(slot: Slot, after: str) -> str:
    """Return the slot's grammar with one more rule, for a token that ends the slot and begins the text after it."""
    literal = "".join(f"\\U{ord(character):08X}" for character in after)
    return f'{slot.grammar}\n{_ROOT} ::= root "{literal}"\n'


def _read_all_but_the_end(engine: Engine, context: Context, tokens: list[int]) -> list[int]:
    """Read all but the last few tokens, and return those; each attempt at the first slot reads them again."""
    last = joints(len(tokens))[-1]
    if last:
        engine.read(context, tokens[:last])
    return tokens[last:]


def _two_at_least(context: Context, unread: list[int]) -> tuple[int, list[int]]:
    """Return how many tokens of `context` stay, and which to read then: a single token is read with the one before it."""
    start = len(context.tokens)
    return (start, unread) if len(unread) > 1 else (start - 1, [context.tokens[-1], *unread])
