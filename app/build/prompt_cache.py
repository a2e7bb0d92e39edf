"""Write the prompt state of a job's fixed words beside the model, where a run finds it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.base.errors import ModelError
from app.desk import atomic
from app.llm.context import EIGHT
from app.llm.engine import Engine


def save(engine: Engine, tokens: Sequence[int], path: Path) -> None:
    """Write to `path` the state after `tokens`, cut to a multiple of eight tokens.

    Raises `ModelError` engine.failed if llama.cpp cannot write it.
    """
    kept = tokens[: len(tokens) // EIGHT * EIGHT]
    with engine.context(len(kept)) as context:
        context.read(kept)
        array = (engine.c.llama_token * len(kept))(*kept)
        made = atomic.unfinished(path)
        try:
            if not engine.c.llama_state_seq_save_file(context.pointer, os.fsencode(made), 0, array, len(kept)):
                raise ModelError("engine.failed", "llama.cpp could not write a prompt state")
            made.replace(path)
        except OSError as err:
            raise ModelError("engine.failed", f"a prompt state could not be written: {atomic.reason(err)}") from err
        finally:
            made.unlink(missing_ok=True)
