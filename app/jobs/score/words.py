"""The fixed words of `score`: the model words the facts that the scorecard has chosen, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ID = "score/1"
SENTENCE_TOKENS = 48  # most tokens of one sentence
ATTEMPTS = 2  # for each sentence, before fixed words take its place
RETRY_TEMPERATURE_MILLI = 700  # of the second attempt on, each with its own seed

SYSTEM = (
    "You explain a wallet's reputation to its owner. You are given facts and judge nothing yourself. "
    "For each fact write one short, friendly and plain sentence with the same meaning. "
    "Repeat the number of a fact exactly as it stands, and write no other number."
)

# The JSON that the model completes: each fact opens an object whose sentence is left to it.
BEGIN, NEXT, END = "[", ", ", "]"
OPENING = '{{"{kind}": "{feature} = {value}", "sentence": "'
CLOSING = '"}'

# A sentence: words, and of all numbers only that of the fact. Quotes, digits and brackets cannot occur in a word.
_GRAMMAR = """root ::= ({openings}) (gap (word | number))* "."
word ::= [A-Za-z] [a-z']{{0,17}} ("-" [a-z]{{1,17}})?
gap ::= {gaps}
number ::= "{number}"
"""

ARTICLES = ("The", "Your")  # what a sentence may begin with, besides the fact's own first word
GAPS = (" ", ", ", ": ")  # what may stand between two words, if it does so in the fact


def grammar(number: int, fact: str) -> str:
    """Return the GBNF of one sentence that words `fact`: no number but `number`, no comma or colon unless it has one.

    It begins as the fact does, or with an article: else a small model writes headlines. Where the fact ends, so must
    the sentence: after a comma it would go on to conclude something.
    """
    openings = dict.fromkeys([*ARTICLES, fact.split(maxsplit=1)[0]])
    gaps = [gap for gap in GAPS if gap in fact or gap == " "]
    return _GRAMMAR.format(openings=_either(openings), gaps=_either(gaps), number=number)


def _either(texts: Iterable[str]) -> str:
    return " | ".join(f'"{text}"' for text in texts)


def question(facts: Sequence[tuple[str, str]]) -> str:
    """Return the user's turn: the facts by kind, all of them in fixed words."""
    lines = [f"- {kind}: {text}" for kind, text in facts]
    return "\n".join(["Facts about my wallet:", *lines, "Reword them as JSON."])
