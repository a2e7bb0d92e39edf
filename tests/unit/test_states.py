from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from weakref import WeakKeyDictionary

import pytest

from app.build.prompt_cache import save
from app.jobs.code import prompt as code_prompt
from app.llm import chat, library
from app.llm import prompt_cache as states
from app.llm.choice_probabilities import weigh
from app.llm.context import BATCH, Context, joints, spans
from app.llm.engine import Engine
from app.llm.infill import Slot, fill
from app.llm.models import Model, checked_path, find
from app.llm.prompt_cache import Pin, PromptCache
from app.llm.sampling import Sampling
from app.request.code import Code
from app.request.parse import parse
from tests.support.desk import SMALL

TEXT = "The quick brown fox jumps over the lazy dog, and the dog sleeps on. "


@pytest.fixture(scope="module", params=[SMALL, "qwen2.5-coder-0.5b-instruct"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Two families of kernels: Q4_1 as it lies in the file, Q4_K_M repacked when loaded."""
    with Engine(checked_path(find(request.param))) as engine:
        yield engine


def logits(engine: Engine, context: Context) -> bytes:
    return ctypes.string_at(engine.c.llama_get_logits_ith(context.pointer, -1), 4 * engine.n_vocab)


def all_logits(engine: Engine, prompt: list[int], with_states: PromptCache | None) -> list[bytes]:
    """Every logit after the prompt, and after each of two more tokens."""
    engine._states = with_states
    with engine.context(len(prompt) + 2) as context:
        engine.read(context, prompt)
        found = [logits(engine, context)]
        for token in prompt[:2]:
            context.decode([token])
            found.append(logits(engine, context))
    engine._states = None
    return found


_READ: WeakKeyDictionary[Engine, dict[tuple[int, ...], list[bytes]]] = WeakKeyDictionary()


def logits_without(engine: Engine, prompt: list[int]) -> list[bytes]:
    """Return what `all_logits` finds where there is no state; each prompt is read once for all that compare with it."""
    known = _READ.setdefault(engine, {})
    if tuple(prompt) not in known:
        known[tuple(prompt)] = all_logits(engine, prompt, None)
    return known[tuple(prompt)]


def shelf(engine: Engine, tokens: list[int], folder: Path, monkeypatch: pytest.MonkeyPatch) -> PromptCache:
    """A state of `tokens`, as `make` writes it."""
    monkeypatch.setattr(states, "path", lambda _, job: folder / job)
    save(engine, tokens, folder / "ask")
    return PromptCache(find(SMALL), {"ask": pin(folder / "ask")})


def pin(path: Path, **other: object) -> Pin:
    model = find(SMALL)
    entry = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "model": model.sha256, "batch": BATCH}
    return Pin.model_validate({**entry, "build": library.build_id(), **other})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("known", "length"), [(32, 40), (40, 47), (40, 41), (64, 200), (136, 150), (128, 133), (24, 130), (128, 129), (136, 257)]
)
def test_every_logit_is_the_same_with_a_state_and_without(
    engine: Engine, known: int, length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = engine.tokenize(TEXT * 20, control=False)[:length]
    kept = shelf(engine, tokens[:known], tmp_path, monkeypatch)
    assert all_logits(engine, tokens, kept) == logits_without(engine, tokens)
    assert kept.restored == max(joint for joint in joints(length) if joint <= known) > 0


@pytest.mark.slow
def test_a_prompt_that_leaves_the_state_early_uses_what_is_common(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = engine.tokenize(TEXT * 4, control=False)[:60]
    kept = shelf(engine, tokens, tmp_path, monkeypatch)
    other = [*tokens[:27], *engine.tokenize("And now for something else, at some length. ", control=False)]
    assert all_logits(engine, other, kept) == logits_without(engine, other)
    assert kept.restored == 24


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "length", "restored"),
    [(47, 47, 32), (41, 90, 40), (129, 129, 112), (129, 200, 120), (200, 129, 112), (257, 300, 248), (90, 47, 32)],
)
def test_every_logit_is_the_same_after_a_prompt_that_begins_alike(
    engine: Engine, before: int, length: int, restored: int
) -> None:
    tokens = engine.tokenize(TEXT * 20, control=False)
    recalling = PromptCache(find(SMALL), {}, recalls=True)
    all_logits(engine, tokens[:before], recalling)
    assert recalling.restored == 0
    assert all_logits(engine, tokens[:length], recalling) == logits_without(engine, tokens[:length])
    assert recalling.restored == restored


def test_of_a_long_prompt_the_first_thousand_tokens_are_kept(small_engine: Engine) -> None:
    tokens = small_engine.tokenize(TEXT * 100, control=False)
    for before, restored in ((1_100, 1_024), (1_025, 1_016)):
        recalling = PromptCache(find(SMALL), {}, recalls=True)
        all_logits(small_engine, tokens[:before], recalling)
        assert all_logits(small_engine, tokens[:1_200], recalling) == logits_without(small_engine, tokens[:1_200])
        assert recalling.restored == restored


def test_what_was_kept_of_another_prompt_is_no_hindrance(small_engine: Engine) -> None:
    recalling = PromptCache(find(SMALL), {}, recalls=True)
    one, other = (small_engine.tokenize(text * 9, control=False) for text in (TEXT, "Nothing of the kind happened here. "))
    for prompt in (one, other, one):
        assert all_logits(small_engine, prompt, recalling) == logits_without(small_engine, prompt)
    assert recalling.restored == 0


def test_from_one_request_to_the_next_nothing_goes_but_what_they_have_in_common(small_engine: Engine) -> None:
    """What is left of another owner's prompt would say how far a guess at it is right."""
    prompt, states = small_engine.tokenize(TEXT * 9, control=False), PromptCache(find(SMALL), {})

    def spared(**how: bool) -> int:
        states.begin(**{"recalls": False, "common": False, **how})
        before = states.restored
        assert all_logits(small_engine, prompt, states) == logits_without(small_engine, prompt)
        return states.restored - before

    assert [spared(recalls=True), spared(recalls=True), spared()] == [0, 0, 0]
    small_engine._states = states
    small_engine.share(prompt[:45])
    small_engine._states = None
    assert [spared(), spared(common=True), spared(common=True), spared()] == [0, 40, 40, 0]


def test_without_memory_nothing_is_kept(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    prompt, recalling = small_engine.tokenize(TEXT * 4, control=False), PromptCache(find(SMALL), {}, recalls=True)
    monkeypatch.setattr(small_engine.c, "llama_state_seq_get_size", lambda *_: 1 << 46)
    assert all_logits(small_engine, prompt, recalling) == all_logits(small_engine, prompt, recalling)
    assert recalling.restored == 0


@pytest.mark.slow
def test_answers_and_slots_are_the_same(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [chat.Message("system", TEXT * 2), chat.Message("user", "Is water wet?")]
    prompt = chat.tokenize(engine, engine.chat_template(), words)
    begin = chat.opening(engine, engine.chat_template(), words[:1])
    assert prompt[: len(begin)] == begin
    parts: list[str | Slot] = ["Well: ", Slot('root ::= "yes" | "no" | "perhaps"', 4), "."]

    def three() -> object:
        return (
            engine.generate(prompt, Sampling(), 4),
            fill(engine, prompt, parts, Sampling()),
            weigh(engine, prompt, ["y", "n"]),
        )

    without = three()
    engine._states = kept = shelf(engine, begin, tmp_path, monkeypatch)
    assert three() == without
    engine._states = None
    assert kept.restored > 2 * (len(begin) - 16)


def test_a_python_task_begins_as_its_pinned_state(small_engine: Engine) -> None:
    request, _ = parse({"language": "python", "prompt": "Print one."})
    assert isinstance(request, Code)
    told, template = code_prompt.messages(request, None), small_engine.chat_template()
    opening, _ = code_prompt.start(request)
    prompt = chat.tokenize(small_engine, template, told) + small_engine.tokenize(opening, control=False)
    kept = PromptCache(find(SMALL), {"code": states.pins()[SMALL]["code"]})
    assert all_logits(small_engine, prompt, kept) == logits_without(small_engine, prompt)
    assert kept.restored > len(chat.opening(small_engine, template, told[:1])) - 16 > 48


@pytest.mark.slow
def test_a_prompt_may_be_cut_at_every_joint(engine: Engine) -> None:
    """The rule that the states rest on: pieces at random, every logit the same."""
    tokens, random = engine.tokenize(TEXT * 20, control=False), Random(1)
    for length in (17, 61, 135, 200):
        with engine.context(length) as context:
            context.read(tokens[:length])
            whole = logits(engine, context)
        for _ in range(2):
            with engine.context(length) as context:
                for cut in sorted(random.sample(joints(length), 2)):
                    _extend(context, tokens[:length], cut)
                _extend(context, tokens[:length], length)
                assert logits(engine, context) == whole


def _extend(context: Context, tokens: list[int], end: int) -> None:
    for start, stop in spans(len(tokens)):
        if max(start, len(context.tokens)) < min(stop, end):
            context.decode(tokens[max(start, len(context.tokens)) : min(stop, end)])


@pytest.mark.parametrize("length", [2, 15, 16, 17, 128, 129, 130, 136, 257, 1000])
def test_joints_leave_whole_eights_on_both_sides(length: int) -> None:
    for start, end in spans(length):
        inside = [joint for joint in joints(length) if start < joint < end]
        assert all((joint - start) % 8 == 0 and end - joint >= 8 for joint in inside)
        # a batch that was cut short so that none of one token follows ends in a rest, which no cut may follow
        assert (start in joints(length)) == (start % 8 == 0)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sha256": "0" * 64}, "altered"),
        ({"model": "0" * 64}, "made for another model file or engine"),
        ({"build": "0" * 64}, "made for another model file or engine"),
        ({"batch": 64}, "made for another model file or engine"),
    ],
    ids=str,
)
def test_a_state_that_does_not_fit_is_left_out(
    small_engine: Engine, change: dict[str, object], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = small_engine.tokenize(TEXT, control=False)
    shelf(small_engine, tokens, tmp_path, monkeypatch)
    model: Model = find(SMALL)
    assert PromptCache(model, {"ask": pin(tmp_path / "ask", **change)}).unfit == {"ask": reason}
    assert PromptCache(model, {"ask": pin(tmp_path / "ask")}).unfit == {}
    good = pin(tmp_path / "ask")
    (tmp_path / "ask").unlink()
    assert PromptCache(model, {"ask": good}).unfit == {"ask": "not there"}


def test_a_file_with_another_header_changes_nothing(
    small_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = small_engine.tokenize(TEXT * 3, control=False)
    shelf(small_engine, tokens, tmp_path, monkeypatch)
    # behind the header llama.cpp ends the process: that is what the hash is for
    whole = (tmp_path / "ask").read_bytes()
    for damaged in (
        b"",
        whole[:9],
        b"ggsq" + whole[4:],
        whole[:60],
        whole[:8] + b"\xff" * 4 + whole[12:],
        whole[:4] + b"\xff" + whole[5:],
    ):
        (tmp_path / "ask").write_bytes(damaged)
        kept = PromptCache(find(SMALL), {"ask": pin(tmp_path / "ask")})
        assert all_logits(small_engine, tokens, kept) == logits_without(small_engine, tokens)
        assert kept.restored == 0


@pytest.mark.slow
def test_the_states_that_make_wrote_are_the_pinned_ones() -> None:
    model = find(SMALL)
    assert PromptCache(model, states.pins()[SMALL]).unfit == {}
