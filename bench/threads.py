"""The cliff: what a token costs when llama.cpp's threads share their processors with others, and what the watchdog makes of it.

    python -m bench.threads [tokens]

For 0, 1, 2 and 4 busy neighbours (children that count for ever): one thread, all threads as they are, and
all threads under the watchdog. The neighbours are this benchmark's own; with others on the machine the
first line is no quiet one, so the load is printed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from app.llm import chat
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.sampling import Sampling
from app.llm.threads import Pace, default
from bench.measure import median

ASKED = "Explain step by step and in great detail how a rainbow forms."


class _Unwatched(Pace):
    """Threads that stay as many as they are."""

    def took(self, tokens: int, threads: int, seconds: float) -> None:
        """Ignore it."""

    def threads_for(self, tokens: int) -> int:
        """Return all."""
        del tokens
        return self.threads


@contextlib.contextmanager
def neighbours(count: int) -> Iterator[None]:
    """Keep `count` processors busy."""
    forever = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"
    busy = [subprocess.Popen([sys.executable, "-c", forever]) for _ in range(count)]
    try:
        yield
    finally:
        for child in busy:
            child.kill()
            child.wait()


def clock(engine: Engine, prompt: list[int], pace: Pace, tokens: int) -> list[float]:
    """Return the milliseconds of each of `tokens` lone tokens."""
    engine.pace = pace
    found = []
    with engine.context(len(prompt) + tokens) as context:
        context.read(prompt)
        for token in engine.tokenize(ASKED * (tokens // 8 + 1), control=False)[:tokens]:
            began = time.perf_counter()
            context.decode([token])
            found.append((time.perf_counter() - began) * 1000)
    return found


def main(tokens: int) -> None:
    """Print medians, worst and sum for each number of neighbours."""
    count = len(os.sched_getaffinity(0))
    model = find(None)
    with Engine(checked_path(model)) as engine:
        prompt = chat.tokenize(engine, engine.chat_template(), [chat.Message("user", ASKED)])
        out = [engine.generate(prompt, Sampling(), 2)]
        print(f"{model.name}, {tokens} tokens, {count} processors, load {os.getloadavg()[0]:.1f}, default here {default()}")
        for busy in (0, 1, 2, 4):
            with neighbours(busy):
                for name, pace in (
                    ("1 thread", Pace(1)),
                    (f"{count} threads", _Unwatched(count)),
                    (f"{count} threads, watched", Pace(count)),
                ):
                    found = clock(engine, prompt, pace, tokens)
                    cost = f"median {median(found):.0f}, worst {max(found):.0f} ms, all {sum(found) / 1000:.2f} s"
                    print(
                        f"  {busy} busy neighbours, {name}: {cost}"
                        + (", dropped to 1" if "watched" in name and pace.threads < count else "")
                    )
                    out.append(engine.generate(prompt, Sampling(), 2))
    print("the same bits in every case" if len(set(out)) == 1 else "THE BITS DIFFER")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 24)
