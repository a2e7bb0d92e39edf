"""The whole task against what a user would run instead: a fresh process each, same model, prompt, threads and tokens.

    python -m bench.peers [rounds] [threads]

Ours is `python -m app` as a worker starts it, SHA-256 of the model, signature and self-check included; a peer only answers.
Each is asked the same two messages through its own chat interface. What does not run here is named with the reason.
A peer that ends its turn before the last token has the advantage of it; the table has the count.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from app import __version__
from app.jobs import ask_words as words
from app.llm.models import WEIGHTS, find
from bench.ask import PROMPT, TOKENS, ours
from bench.measure import Cost, in_turns, median, run
from bench.peers.install import PEERS, Peer

MODEL = "smollm2-135m-instruct"
_MOST = 600  # seconds of a peer's first run


@dataclass(frozen=True, slots=True)
class Said:
    """One run and how many tokens it wrote."""

    cost: Cost
    tokens: int


def us(threads: int) -> Said:
    """Return one whole task."""
    once = ours(PROMPT, TOKENS, threads, model=MODEL)
    return Said(once.cost, once.completion_tokens)


def them(peer: Peer, threads: int) -> Said:
    """Return one run of an installed peer."""
    cost = run(_command(peer, threads), _environ())
    return Said(cost, _tokens(cost.stdout))


def missing(peer: Peer, threads: int) -> str | None:
    """Return why the peer cannot be run here, None if it can; installs it and runs it once."""
    try:
        command = _command(peer, threads)
        done = subprocess.run(command, env=_environ(), cwd="/", check=True, capture_output=True, timeout=_MOST)
        _tokens(done.stdout)
    except subprocess.CalledProcessError as err:
        said = err.stderr.decode(errors="replace") if isinstance(err.stderr, bytes) else err.stderr
        return (said.strip().splitlines() or [f"exit {err.returncode}"])[-1][:200]
    except (OSError, ValueError, IndexError, subprocess.SubprocessError) as err:
        return f"{type(err).__name__}: {err}"[:200]
    return None


def _command(peer: Peer, threads: int) -> list[str]:
    model = (WEIGHTS / find(MODEL).file).resolve()
    return [str(part) for part in (*peer.command(), model, TOKENS, threads, words.SYSTEM, PROMPT)]


def _environ() -> dict[str, str]:
    """Return an environment in which nothing looks for an update."""
    return {**os.environ, "HF_HUB_OFFLINE": "1", "NODE_LLAMA_CPP_SKIP_DOWNLOAD": "true"}


def _tokens(stdout: bytes) -> int:
    """Return the count on the last line of what a peer printed."""
    return int(json.loads(stdout.splitlines()[-1])["tokens"])


def main(rounds: int, threads: int) -> None:
    """Print the table."""
    reasons = {peer.name: missing(peer, threads) for peer in PEERS}
    here = [peer for peer in PEERS if reasons[peer.name] is None]
    contenders: dict[str, Callable[[], Said]] = {"sealed-llm": functools.partial(us, threads)}
    contenders |= {peer.name: functools.partial(them, peer, threads) for peer in here}
    found = in_turns(contenders, rounds)
    versions = {"sealed-llm": __version__, **{peer.name: peer.version for peer in here}}
    how = f"{threads} thread(s), fresh processes in turns, medians of {rounds}, load {os.getloadavg()[0]:.1f}"
    print(f"{MODEL}, {TOKENS} tokens, {how}")
    print(f"  {'':<24}{'version':<18}{'tokens':>7}{'seconds':>9}{'ours/its':>9}{'MiB':>7}{'ours/its':>9}")
    seconds = {name: median([said.cost.seconds for said in all_said]) for name, all_said in found.items()}
    peaks = {name: median([said.cost.mebibytes for said in all_said]) for name, all_said in found.items()}
    for name, all_said in found.items():
        time, peak = seconds["sealed-llm"] / seconds[name], peaks["sealed-llm"] / peaks[name]
        tokens = median([said.tokens for said in all_said])
        print(f"  {name:<24}{versions[name]:<18}{tokens:>7.0f}{seconds[name]:>9.2f}{time:>9.2f}{peaks[name]:>7.0f}{peak:>9.2f}")
    for name, reason in reasons.items():
        if reason is not None:
            print(f"  {name:<24}not run: {reason}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5, int(sys.argv[2]) if len(sys.argv) > 2 else 1)
