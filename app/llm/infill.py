"""Text with gaps: the skeleton is given, the model writes only into slots, each under a grammar.

The skeleton is never sampled: it is read in batches like a prompt. A slot's tokens obey a hand-written
GBNF grammar, which llama.cpp runs; `app.llm.grammar_sampler` says how that costs next to nothing.
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

_SLACK = 32  # tokens; a slot's end may take a few more when it is tokenized together with what follows
_ROOT = "slot-and-what-follows"  # a rule name that no job uses


@dataclass(frozen=True, slots=True)
class Slot:
    """A gap: a GBNF grammar with a rule `root`, and how many tokens it may take.

    The slot ends where the text after it begins, so its grammar must not produce that text's first
    character. A slot with nothing after it ends with the model's turn.
    """

    grammar: str
    max_tokens: int
    until: int = 1
    """How many characters of the text after it end the slot: more than one, and its grammar must not produce those."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What the model wrote into a slot."""

    slot: int
    """Which of the slots, from 0."""
    attempt: int
    """From 1."""
    text: str
    finish_reason: Literal["stop", "length"]
    """stop: the grammar is satisfied; length: cut by max_tokens or as hopeless, anywhere in the grammar."""
    tokens: int
    """Sampled in this attempt, the one that began what follows included."""


@dataclass(frozen=True, slots=True)
class Filling:
    """The whole text, its slots, and what they took."""

    text: str
    slots: tuple[Filled, ...]
    prompt_tokens: int
    sampled_tokens: int
    """In all attempts, those that were not kept included."""


def fill(  # noqa: PLR0913, PLR0917  what to write, how, and until when
    engine: Engine,
    prompt: Sequence[int],
    parts: Sequence[str | Slot],
    sampling: Sampling,
    again: Callable[[Filled], Sampling | None] = lambda _: None,
    hopeless: Callable[[Filled], bool] | None = None,
    deadline: Deadline = NEVER,
) -> Filling:
    """Return `parts`, text and slots in any order but never two slots in a row, with every slot filled.

    The text is read as plain text after `prompt` (at least two tokens). `again` sees each attempt at a
    slot; while it returns a sampling, that slot is filled anew with it, from the state before the slot.
    `hopeless` sees an attempt after each token, as if it were cut there; True does cut it.
    Deterministic like `Engine.generate`, whatever the two asked for elsewhere.

    Raises `ModelError` engine.failed if llama.cpp fails, engine.too_slow after `deadline`, internal if a grammar is no good.
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
    """One attempt, and which of it the model has not read yet: a last token, or the text before a stop."""

    filled: Filled
    unread: tuple[int, ...] = ()
    rest: str = ""
    begun: int = 0
    """Characters of what follows that the model has read already."""


def _write(
    context: Context,
    masked: Masked,
    slot: Slot,
    after: str,
    place: tuple[int, int],
    hopeless: Callable[[Filled], bool] | None,
) -> _Written:
    """Sample until the beginning of `after`, the end of the turn where nothing follows, or a cut.

    `place` is the number of the slot, and of the attempt.
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
    """Return the slot's grammar with one more rule, for a token that ends the slot and begins what follows."""
    literal = "".join(f"\\U{ord(character):08X}" for character in after)
    return f'{slot.grammar}\n{_ROOT} ::= root "{literal}"\n'


def _read_all_but_the_end(engine: Engine, context: Context, tokens: list[int]) -> list[int]:
    """Return the few last tokens, which each attempt at the first slot reads again, after reading the others."""
    last = joints(len(tokens))[-1]
    if last:
        engine.read(context, tokens[:last])
    return tokens[last:]


def _two_at_least(context: Context, unread: list[int]) -> tuple[int, list[int]]:
    """Return how much of `context` stays and what to read then: a lone token takes the one before it along."""
    start = len(context.tokens)
    return (start, unread) if len(unread) > 1 else (start - 1, [context.tokens[-1], *unread])
