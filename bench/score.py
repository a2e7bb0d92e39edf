"""`score` against the same wording by llama-cpp-python as one finds it in examples, and by llama.cpp's own program.

    python -m bench.score [rounds] [model] [wallets]

All are given the same system prompt and facts and asked for one sentence a fact in the same JSON. Ours is the whole task:
history read, features, score, sentences checked and written again where they fail, signatures; "once" is a copy of ours that
keeps every first attempt and so does the work that the others do. The library is used with its
defaults and a JSON schema, and signs with eth_account; llama.cpp's program gets the chat text and the grammar that ours
decodes under, as one. Neither computes or checks anything. No answer may be longer than ours at its longest.
"""

from __future__ import annotations

import functools
import json
import os
import random
import re
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.jobs.score import words
from app.jobs.score.facts import Fact, facts_of
from app.llm.engine import Engine
from app.llm.models import WEIGHTS, find
from app.request.parse import parse
from app.request.score import Score
from app.wallet.features import features, months
from app.wallet.scorecard import Scorecard
from bench.altered import ROOT, copy
from bench.ask import chat_text
from bench.measure import Cost, in_turns, median, run
from bench.peer import program
from bench.peers.install import NAIVE
from bench.task import KEY, task
from tests.support import histories

WHO = ("ours", "once", "library", "llama.cpp")
_SKELETON = 24  # tokens around a sentence, at most


@dataclass(frozen=True, slots=True)
class Wallet:
    """A request, and what the model is to word of it."""

    fields: dict[str, Any]
    facts: tuple[Fact, ...]

    @property
    def prompt(self) -> str:
        """Return the user's turn."""
        return words.question([(fact.kind, fact.text) for fact in self.facts])

    @property
    def tokens(self) -> int:
        """Return the most that an answer may take."""
        return len(self.facts) * (words.SENTENCE_TOKENS + _SKELETON)

    @property
    def grammar(self) -> str:
        """Return the grammar of the whole answer."""
        rules, parts = [], []
        for place, fact in enumerate(self.facts):
            opening = ("[" if place == 0 else ", ") + f'{{"{fact.kind}": "{fact.feature} = {fact.value}", "sentence": "'
            parts.append(f'{json.dumps(opening)} root{place} "\\"}}"')
            sentence = words.grammar(fact.value, fact.text).splitlines()
            rules += [re.sub(r"\b(root|gap|number)\b", rf"\g<1>{place}", line) for line in sentence if line[:4] != "word"]
            rules += [line for line in sentence if line[:4] == "word" and place == 0]
        return "\n".join([f'root ::= {" ".join(parts)} "]"', *rules, ""])


def wallet(seed: int) -> Wallet:
    """Return a made-up wallet."""
    past = histories.made_up(random.Random(seed), transactions=120, first_block=1_000_000)
    fields = {"wallet": past.wallet, "history": histories.etherscan(past)}
    request, _ = parse(fields)
    if not isinstance(request, Score) or request.history is None:
        raise SystemExit("the request is no score")
    values = features(request.history, request.labels)
    scored = Scorecard.packaged().score(values, months(request.history, request.labels))
    return Wallet(fields, tuple(fact for fact in facts_of(values, scored) if fact.kind != "advice"))


def ours(asked: Wallet, model: str, threads: int, code: Path) -> tuple[Cost, int]:
    """Return the cost of the whole task by the program in `code`, and how many tokens were sampled."""
    done = task([_flat(asked.fields)], ["--model", model, "--threads", str(threads)], code=code)
    return done.cost, done.report["answer"]["completion_tokens"]


def library(asked: Wallet, model: str) -> tuple[Cost, int]:
    """Return the cost of the naive run, and its tokens; it takes the threads that are its default."""
    command = [*NAIVE.command(), _file(model), str(asked.tokens), str(len(asked.facts)), words.SYSTEM, asked.prompt]
    cost = run(command, {**os.environ, "KEY": KEY})
    return cost, int(json.loads(cost.stdout.splitlines()[-1])["tokens"])


def command_line(asked: Wallet, model: str, threads: int, engine: Engine) -> tuple[Cost, int]:
    """Return the cost of llama.cpp's program, and the tokens of what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        prompt, grammar = Path(folder, "prompt.txt"), Path(folder, "grammar.gbnf")
        prompt.write_text(chat_text(words.SYSTEM, asked.prompt))
        grammar.write_text(asked.grammar)
        command: list[str | Path] = [program(), "-m", _file(model), "-f", prompt, "--grammar-file", grammar]
        command += ["-n", str(asked.tokens), "--temp", "0", "-t", str(threads), "-tb", str(threads), "-c", "2048", "-fa", "off"]
        cost = run([*command, "-no-cnv", "--no-display-prompt", "--no-warmup", "--seed", "0"], os.environ)
    return cost, len(engine.tokenize(cost.stdout.decode(errors="replace"), control=True))


def _file(model: str) -> Path:
    return (WEIGHTS / find(model).file).resolve()


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    """Return `fields` as a protectedData can hold them: the history as JSON text."""
    return {**fields, "history": json.dumps(fields["history"])}


def main(rounds: int, name: str | None, wallets: int) -> None:
    """Print the ratios for one thread and for all there are."""
    model = find(name).name
    asked = [wallet(seed) for seed in range(wallets)]
    program()
    NAIVE.command()
    engine = Engine(_file(model))  # counts tokens
    sentences = sum(len(one.facts) for one in asked)
    print(f"{model}, {wallets} wallets, {sentences} sentences, medians of {rounds} added up, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        copy(Path(folder), "app/jobs/score/words.py", f"ATTEMPTS = {words.ATTEMPTS} ", "ATTEMPTS = 1 ")
        for threads in sorted({1, len(os.sched_getaffinity(0))}):
            seconds, tokens = dict.fromkeys(WHO, 0.0), dict.fromkeys(WHO, 0)
            for one in asked:
                contenders: dict[str, Callable[[], tuple[Cost, int]]] = {
                    "ours": functools.partial(ours, one, model, threads, ROOT),
                    "once": functools.partial(ours, one, model, threads, Path(folder)),
                    "library": functools.partial(library, one, model),
                    "llama.cpp": functools.partial(command_line, one, model, threads, engine),
                }
                for who, runs in in_turns(contenders, rounds).items():
                    seconds[who] += median([cost.seconds for cost, _ in runs])
                    tokens[who] += runs[0][1]
            each = ", ".join(f"{who} {seconds[who]:.2f} s ({tokens[who]} tokens)" for who in WHO)
            print(f"  {threads} thread(s), the library its default: {each}", flush=True)
            for mine in WHO[:2]:
                ratios = ", ".join(f"{mine} / {who} {seconds[mine] / seconds[who]:.2f}" for who in WHO[2:])
                print(f"    {ratios}", flush=True)


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 3,
        sys.argv[2] if len(sys.argv) > 2 else None,
        int(sys.argv[3]) if len(sys.argv) > 3 else 3,
    )
