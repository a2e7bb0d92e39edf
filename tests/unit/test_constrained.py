from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.errors import ModelError
from app.llm import chat, grammar_sampler
from app.llm.candidates import Candidates
from app.llm.choice_probabilities import weigh
from app.llm.engine import Engine, utf8
from app.llm.infill import Filled, Filling, Slot, fill
from app.llm.models import checked_path, find
from app.llm.sampling import Sampling, chain, choice, penalties
from tests.support.desk import SMALL

NUMBER = 'root ::= "1000" | [1-9] [0-9]? [0-9]? | "0"'
WORDS = r'root ::= [^"\\\x00-\x1F\x7F]{1,200}'
ONE_OF = 'root ::= "excellent" | "good" | "poor" | "pöor indeed"'
GRAMMARS = {"number": NUMBER, "words": WORDS, "one-of": ONE_OF}
PROMPTS = {
    "film": "Rate the film Casablanca from 0 to 1000 and say why.",
    "quotes": 'Write a sentence full of "quotes", then another one.',
    "code": "Write a Python function that adds two numbers.",
    "emoji": "Answer with emoji only: what do you feel? 🙂",
}
SAMPLINGS = {
    "greedy": Sampling(),
    "penalty": Sampling(repeat_penalty_milli=1_300),
    "warm": Sampling(temperature_milli=800, seed=1),
    "hot": Sampling(temperature_milli=1_800, seed=2, top_k=80, top_p_milli=990, min_p_milli=5, repeat_penalty_milli=1_100),
}


def prompt(engine: Engine, words: str) -> list[int]:
    return chat.tokenize(engine, engine.chat_template(), [chat.Message("user", words)])


def full_mask(engine: Engine, tokens: list[int], grammar: str, sampling: Sampling, max_tokens: int) -> str:
    """llama.cpp alone, in one chain: penalties, the grammar over the whole vocabulary at every token, the choice."""
    c: Any = engine.c
    rules = f'{grammar}\nwhole ::= root "\\""'
    constraint = c.llama_sampler_init_grammar(engine.vocab, rules.encode(), b"whole")
    sampler = chain(c, [*penalties(c, engine.n_vocab, sampling), constraint, *choice(c, sampling)])
    text = bytearray()
    with engine.context(len(tokens) + max_tokens) as context:
        context.read(tokens)
        for _ in range(max_tokens):
            token = c.llama_sampler_sample(sampler, context.pointer, -1)
            text += engine.piece(token, control=False)
            if b'"' in text:
                break
            context.decode([token])
    c.llama_sampler_free(sampler)
    return utf8(text.partition(b'"')[0])


@pytest.mark.parametrize("sampling", list(SAMPLINGS))
@pytest.mark.parametrize("grammar", list(GRAMMARS))
@pytest.mark.parametrize("words", list(PROMPTS))
def test_the_lazy_mask_gives_the_bytes_of_the_full_mask(small_engine: Engine, words: str, grammar: str, sampling: str) -> None:
    tokens = prompt(small_engine, PROMPTS[words])
    parts: list[str | Slot] = ['"', Slot(GRAMMARS[grammar], 12), '"']
    lazy = fill(small_engine, tokens, parts, SAMPLINGS[sampling]).slots[0].text
    lead = small_engine.tokenize('"', control=False)
    assert lazy == full_mask(small_engine, [*tokens, *lead], GRAMMARS[grammar], SAMPLINGS[sampling], 12)


def test_the_whole_vocabulary_is_masked_only_where_the_likeliest_do_not_settle_it(
    small_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    apply = Candidates.apply

    def watched(self: Candidates, sampler: Any, *, moves: int = 0) -> None:
        if small_engine.c.llama_sampler_name(sampler) == b"grammar":
            sizes.append(self.size)
        apply(self, sampler, moves=moves)

    monkeypatch.setattr(Candidates, "apply", watched)
    tokens = prompt(small_engine, PROMPTS["film"])
    out = fill(small_engine, tokens, ['{"why":"', Slot(WORDS, 24), '"}'], Sampling())
    assert out.slots[0].tokens > 8 and sum(size > grammar_sampler.NEAR for size in sizes) <= 1
    sizes.clear()
    fill(small_engine, tokens, ['{"why":"', Slot(ONE_OF, 8), '"}'], Sampling(temperature_milli=700))
    assert small_engine.n_vocab in sizes


def filled(engine: Engine, sampling: Sampling = Sampling(), words: str = PROMPTS["film"], **more: Any) -> Filling:  # noqa: B008
    parts: list[str | Slot] = ['{"score":', Slot(NUMBER, 5), ',"word":"', Slot(ONE_OF, 8), '","why":"', Slot(WORDS, 20), '"}']
    return fill(engine, prompt(engine, words), parts, sampling, **more)


@pytest.mark.parametrize("seed", range(4))
def test_what_comes_out_is_the_skeleton_with_slots_that_obey(small_engine: Engine, seed: int) -> None:
    out = filled(small_engine, Sampling(temperature_milli=1_500, seed=seed, top_k=200, top_p_milli=1_000, min_p_milli=1))
    said = json.loads(out.text)
    assert list(said) == ["score", "word", "why"] and 0 <= said["score"] <= 1000
    assert said["word"] in {"excellent", "good", "poor", "pöor indeed"} and 1 <= len(said["why"]) <= 200
    assert [str(said["score"]), said["word"], said["why"]] == [slot.text for slot in out.slots]
    assert out.sampled_tokens == sum(slot.tokens for slot in out.slots)


def test_same_bits_on_any_number_of_threads(small_engine: Engine) -> None:
    tokens = prompt(small_engine, "Go on.")
    parts: list[str | Slot] = ["{", Slot(WORDS, 8), '"']
    with Engine(checked_path(find(SMALL)), threads=2, mmap=False) as other:
        assert fill(other, tokens, parts, SAMPLINGS["warm"]) == fill(small_engine, tokens, parts, SAMPLINGS["warm"])


def test_another_attempt_starts_from_the_same_state_and_leaves_no_trace(small_engine: Engine) -> None:
    seen: list[Filled] = []

    def again(attempt: Filled) -> Sampling | None:
        seen.append(attempt)
        order = [Sampling(temperature_milli=1_200, seed=9), Sampling(temperature_milli=1_200, seed=8), Sampling()]
        return order[attempt.attempt - 1] if attempt.attempt < 4 else None

    plain, tried = filled(small_engine), filled(small_engine, again=again)
    assert tried.text == plain.text and [slot.attempt for slot in tried.slots] == [4, 4, 4]
    assert tried.sampled_tokens == sum(attempt.tokens for attempt in seen) > plain.sampled_tokens
    assert [a.text for a in seen if a.attempt == 1] == [a.text for a in seen if a.attempt == 4]
    assert len({a.text for a in seen if a.slot == 2}) > 1


def test_a_hopeless_attempt_ends_at_once_and_leaves_no_trace(small_engine: Engine) -> None:
    def again(attempt: Filled) -> Sampling | None:
        return Sampling(temperature_milli=1_200, seed=9) if attempt.attempt == 1 else None

    def hopeless(attempt: Filled) -> bool:
        return attempt.attempt == 1 and len(attempt.text) >= 2

    whole, cut = filled(small_engine, again=again), filled(small_engine, again=again, hopeless=hopeless)
    assert cut.text == whole.text and cut.slots == whole.slots and cut.sampled_tokens < whole.sampled_tokens


def test_a_slot_that_is_too_short_says_so(small_engine: Engine) -> None:
    out = fill(small_engine, prompt(small_engine, PROMPTS["film"]), ["Because ", Slot(WORDS, 3), '".'], Sampling())
    assert (out.slots[0].finish_reason, out.slots[0].tokens) == ("length", 3)
    assert out.text == f'Because {out.slots[0].text}".'


def test_a_last_slot_ends_with_the_turn(small_engine: Engine) -> None:
    out = fill(small_engine, prompt(small_engine, "Is water wet?"), ["Answer: ", Slot('root ::= "yes" | "no"', 5)], Sampling())
    assert out.slots[0].finish_reason == "stop" and out.text in {"Answer: yes", "Answer: no"}


def test_a_first_slot_needs_no_text_before_it(small_engine: Engine) -> None:
    out = fill(small_engine, prompt(small_engine, "Is water wet?"), [Slot('root ::= "yes" | "no"', 5), "."], Sampling())
    assert out.text in {"yes.", "no."}


def test_a_long_skeleton_and_a_one_token_skeleton(small_engine: Engine) -> None:
    parts: list[str | Slot] = ["word " * 400, Slot("root ::= [a-z]{1,8}", 6), " ", Slot("root ::= [a-z]{1,8}", 6), "."]
    out = fill(small_engine, prompt(small_engine, "Go on."), parts, Sampling())
    assert re.fullmatch(r"(word ){400}[a-z]{1,8} [a-z]{1,8}\.", out.text)


def test_control_tokens_never_fill_a_slot(small_engine: Engine) -> None:
    """The grammar would take their text; nothing else fits it as well."""
    grammar = 'root ::= "<|im_start|>" | "<" [a-z]+'
    out = fill(small_engine, prompt(small_engine, "Go on."), ['"', Slot(grammar, 8), '"'], Sampling())
    assert out.slots[0].text.startswith("<")
    assert small_engine.tokenize(out.slots[0].text, control=True)[0] != small_engine.tokenize("<|im_start|>", control=True)[0]


@pytest.mark.parametrize(
    "parts",
    [
        ["a", Slot("root ::= ", 2), "b"],
        ["a", Slot('other ::= "x"', 2), "b"],
        [Slot(NUMBER, 2), Slot(NUMBER, 2)],
        [Slot('root ::= "\x00"', 2)],
    ],
    ids=str,
)
def test_parts_that_are_no_good(small_engine: Engine, parts: list[str | Slot]) -> None:
    with pytest.raises(ModelError) as info:
        fill(small_engine, prompt(small_engine, "Go on."), parts, Sampling())
    assert info.value.code == "internal"


def test_weights_are_probabilities(small_engine: Engine) -> None:
    tokens = prompt(small_engine, "Is Paris in France? Answer yes or no.")
    choices = ["Yes", "No", "yes", "no", "Perhaps"]
    weights = weigh(small_engine, tokens, choices)
    assert weights == weigh(small_engine, tokens, choices) and all(weights) and sum(weights) <= 1_000_000
    assert weigh(small_engine, tokens, choices[::-1]) == weights[::-1]
    likeliest = choices[weights.index(max(weights))]
    greedy = small_engine.generate(tokens, Sampling(), 1).text
    assert greedy not in choices or greedy == likeliest


def test_a_choice_that_begins_others_gets_what_they_leave(small_engine: Engine) -> None:
    tokens = prompt(small_engine, "Rate the film from 1 to 10. Only the number.")
    one, ten, eleven, nine = weigh(small_engine, tokens, ["1", "10", "11", "9"])
    (first, _) = weigh(small_engine, tokens, ["1", "9"])
    assert abs(one + ten + eleven - first) <= 2 and 0 < ten < first and nine > 0


@pytest.mark.parametrize("choices", [[], ["yes"], ["yes", "yes"], ["yes", ""]], ids=str)
def test_choices_that_are_none(small_engine: Engine, choices: list[str]) -> None:
    with pytest.raises(ModelError) as info:
        weigh(small_engine, prompt(small_engine, "Go on."), choices)
    assert info.value.code == "internal"


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    after=st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=20).filter(
        lambda s: s[0] not in "yn\0"
    )
)
def test_any_text_may_follow_a_slot(small_engine: Engine, after: str) -> None:
    out = fill(small_engine, prompt(small_engine, "Is water wet?"), ["> ", Slot('root ::= "yes" | "no"', 5), after], Sampling())
    assert out.text in {f"> yes{after}", f"> no{after}"}
