"""Tokenize plain text so that nothing a caller writes becomes a control token or a user-defined one.

llama.cpp skips control tokens in text if it is told to, but never user-defined ones (`tokenizer_st_partition` in its
src/llama-vocab.cpp): `<tool_call>` in a prompt would be one token, with everything a model learnt about it. In such a case the
text is cut inside the spelling, and the parts are tokenized one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator


def tokens(mark_of: Callable[[int], str | None], tokenize: Callable[[str], list[int]], text: str) -> list[int]:
    """Return the tokens of `text`; none of them is a token whose spelling `mark_of` returns.

    `tokenize` must join nothing across the end of a word, as in byte-level BPE (Qwen, Llama 3, SmolLM2); the parts then give
    the tokens that the whole text would give without the special tokens. Not handled: a token of a single character, which has
    no other spelling, and an unknown token, whose spelling is not in the text.
    """
    found = tokenize(text)
    marks = {mark for token in set(found) if (mark := mark_of(token))}
    cuts = sorted({start + _joint(mark) for mark in marks if len(mark) > 1 for start in _places(text, mark)})
    if not cuts:
        return found
    parts = (text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True))
    return [token for part in parts for token in tokens(mark_of, tokenize, part)]


def _places(text: str, mark: str) -> Iterator[int]:
    """Yield the places where `mark` begins in `text`, overlapping ones included."""
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + 1)


def _joint(mark: str) -> int:
    """Return where `mark` may be cut: after a letter that no letter follows, where the tokenizers end a word anyway."""
    ends = (at for at in range(1, len(mark)) if mark[at - 1].isalpha() and not mark[at].isalpha())
    return next(ends, 1)
