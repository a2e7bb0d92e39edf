"""What a prompt state spares: reading a prompt with it and without it, the same bits, in turns.

    python -m bench.prefix [rounds]

For `ask` and `code` (in Python) with their own fixed words, and for 400 and 632 tokens, as longer jobs have.
One thread; seconds of wall time from an empty context to the logits of the last token, checking the file included.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest import mock

from app.build.prompt_cache import save
from app.jobs import ask_words
from app.jobs.code import words as code
from app.llm import chat, library, prompt_cache
from app.llm.context import BATCH
from app.llm.engine import Engine
from app.llm.models import Model, checked_path, find
from app.llm.prompt_cache import Pin, PromptCache
from bench.measure import in_turns, median

ASKED = "In one sentence: why is the sky blue?"
WORDS = "Give a direct, correct and brief answer. If you do not know, say so. "


def read(model: Model, engine: Engine, prompt: list[int], pinned: dict[str, Pin]) -> float:
    """Return the seconds to read `prompt`."""
    began = time.perf_counter()
    known = PromptCache(model, pinned)
    with engine.context(len(prompt)) as context:
        known.read(engine.c, context, prompt)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Print both times and the ratio for each length of the fixed words."""
    model = find(None)
    with Engine(checked_path(model)) as engine, tempfile.TemporaryDirectory() as folder:
        template = engine.chat_template()
        print(f"{model.name}, reading a prompt without and with its state, medians of {rounds}")
        for system in (ask_words.SYSTEM, code.system("python"), WORDS * 23, WORDS * 37):
            words = [chat.Message("system", system), chat.Message("user", ASKED)]
            prompt, fixed = chat.tokenize(engine, template, words), chat.opening(engine, template, words[:1])
            file = Path(folder, str(len(fixed)))
            save(engine, fixed, file)
            sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
            pin = Pin(sha256=sha256, model=model.sha256, build=library.build_id(), batch=BATCH)
            with mock.patch.object(prompt_cache, "path", lambda *_, file=file: file):
                found = in_turns(
                    {
                        "without": partial(read, model, engine, prompt, {}),
                        "with": partial(read, model, engine, prompt, {"job": pin}),
                    },
                    rounds,
                )
            without, saved = median(found["without"]), median(found["with"])
            size = f"{len(fixed)} of {len(prompt)} tokens fixed, {file.stat().st_size / 1e6:.1f} MB"
            print(f"  {size}: {without:.3f} s, {saved:.3f} s, ratio {saved / without:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
