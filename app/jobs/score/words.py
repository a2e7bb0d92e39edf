"""The fixed words of `score`: the model words the facts that the scorecard has chosen, and decides nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

ID = "score/1"
SENTENCE_TOKENS = 48  # most tokens of one sentence
ATTEMPTS = 2  # for each sentence, before a fixed one takes its place
RETRY_TEMPERATURE_MILLI = 700  # from the second attempt on, each with its own seed

SYSTEM = (
    "You explain a wallet's reputation to its owner. You are given facts and judge nothing yourself. "
    "For each fact write one short, friendly and plain sentence with the same meaning. "
    "Repeat the number of a fact exactly as it stands, and write no other number."
)

# The JSON that the model completes. Each fact opens an object, and the model writes only its sentence.
BEGIN, NEXT, END = "[", ", ", "]"
OPENING = '{{"{kind}": "{feature} = {value}", "sentence": "'
CLOSING = '"}'

# A sentence consists of words, with no number except that of the fact. Quotes, digits and brackets cannot occur in a word.
_GRAMMAR = """root ::= ({openings}) (gap (word | number))* "."
word ::= [A-Za-z] [a-z']{{0,17}} ("-" [a-z]{{1,17}})?
gap ::= {gaps}
number ::= "{number}"
"""

ARTICLES = ("The", "Your")  # words that may begin a sentence, besides the fact's own first word
GAPS = (" ", ", ", ": ")  # text that may stand between two words, if it does so in the fact


def grammar(number: int, fact: str) -> str:
    """Return the GBNF of one sentence that words `fact`.

    It allows no number except `number`, and commas and colons only if the fact has them. The sentence begins as the fact does,
    or with an article, because a small model would otherwise write headlines. Where the fact ends, the sentence must end too:
    after a comma it would go on to conclude something.
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
