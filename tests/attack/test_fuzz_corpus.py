"""What the fuzzer found ways through the code with, and 200 made-up mutations of each seed: values and named errors alone."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from bench.attack import corpus, fuzz, replay
from bench.attack.targets import CANARY, TARGETS, BrokenContractError, attempt

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_breaks_no_contract(name: str) -> None:
    inputs = corpus.inputs(name)
    assert inputs, "a campaign leaves a corpus: python -m bench.attack fuzz"
    assert replay.in_child(lambda: [attempt(name, data) for data in inputs]) == ""


@pytest.mark.parametrize("name", TARGETS)
def test_two_hundred_mutations_break_no_contract(name: str) -> None:
    rng, seeds = random.Random(name), list(TARGETS[name].seeds())
    inputs = [mutated(rng, rng.choice(seeds), TARGETS[name].tokens) for _ in range(200)]
    assert replay.in_child(lambda: [attempt(name, data) for data in inputs]) == ""


def mutated(rng: random.Random, data: bytes, tokens: tuple[str, ...]) -> bytes:
    """Return `data` with one to four things done to it: a word of the format put in, bytes cut out, changed or repeated."""
    for _ in range(rng.randint(1, 4)):
        at, end = sorted(rng.randrange(len(data) + 1) for _ in range(2))
        word = rng.choice([*tokens, CANARY]).encode(errors="surrogateescape")
        data = rng.choice(
            [
                data[:at] + word + data[at:],
                data[:at] + data[min(end, at + 40) :],
                data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :],
                data[:end] + data[at : min(end, at + 200)] + data[end:],
            ]
        )
    return data


def test_the_corpus_is_small() -> None:
    sizes = [len(data) for name in TARGETS for data in corpus.inputs(name)]
    assert {path.name.partition(".")[0] for path in corpus.FOLDER.iterdir()} == set(TARGETS)
    assert len(sizes) > 10 * len(TARGETS) and sum(sizes) < 1_000_000


# They take any text, variables that nobody reads, or leave to another what is none of theirs.
ANY = frozenset(("names", "prompt", "verdict", "task", "table", "delivered"))


def test_every_target_takes_one_of_its_seeds_and_refuses_another_input() -> None:
    for name, target in TARGETS.items():
        assert "" in {attempt(name, seed) for seed in target.seeds()}, name
        if name not in ANY:
            assert attempt(name, b"\xff{") != "", name
    assert attempt("task", b"BULK_SLICE_SIZE=many") != ""


@pytest.mark.parametrize("name", ["live", "history", "request"])
def test_every_seed_of_these_is_taken(name: str) -> None:
    """A seed that is refused leads nowhere: what lies behind would not be fuzzed."""
    assert [attempt(name, seed) for seed in TARGETS[name].seeds()] == [""] * len(list(TARGETS[name].seeds()))


def test_a_crash_is_kept_once_and_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "FOLDER", tmp_path)
    assert corpus.add_crash("url", b"\0\n") and corpus.add_crash("url", b"") and not corpus.add_crash("url", b"\0\n")
    corpus.keep("url", [b"a"])
    assert corpus.inputs("url") == [b"\0\n", b"", b"a"]


def test_an_error_that_tells_content_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from app.base.errors import InputError
    from app.formats import strict_json

    def telling(data: bytes) -> None:
        raise InputError("json.invalid", f"cannot read {data.decode()}")

    monkeypatch.setattr(strict_json, "loads", telling)
    with pytest.raises(BrokenContractError):
        attempt("json", CANARY.encode())


def test_what_hangs_and_what_eats_memory_is_ended() -> None:
    assert replay.in_child(lambda: bytearray(64 * 2**30)).startswith("MemoryError")
    assert replay.in_child(lambda: 1 / 0).startswith("ZeroDivisionError")
    assert replay.in_child(lambda: None) == ""


def test_the_fuzzer_reads_its_own_numbers(tmp_path: Path) -> None:
    assert fuzz._counted("#5 INITED\nstat::number_of_executed_units: 123\n") == 123
    assert fuzz._counted("#77\tNEW cov: 3\n==1== ERROR: libFuzzer: timeout\n") == 77
    fuzz.write_seeds("url", tmp_path)
    assert len(list(tmp_path.iterdir())) == len({*TARGETS["url"].seeds(), *corpus.ways("url")})
