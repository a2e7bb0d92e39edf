"""What it costs to adjust code by one function of it, against writing all of it again, and how often each is right.

    python -m bench.adjust [MODEL]

Each task of bench/adjust_tasks.py both ways, in turns: the product's own path, greedy, one attempt and one thread, without
tests, so that nothing is repaired; the tests judge afterwards. Processor time of the whole answer, second opinion included.
"""

from __future__ import annotations

import sys
import time
from typing import NamedTuple
from unittest import mock

from app.jobs.code import edits, repair
from app.llm.answerer import Embedded
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.prompt_cache import PromptCache, pins
from app.request.code import Code
from app.request.parse import parse
from app.sandbox.sandbox import Assertion, Sandbox
from bench.adjust_tasks import TASKS, Task


class Row(NamedTuple):
    """What became of one task: `how` is "whole", or whether the edit was applied."""

    right: bool
    tokens: int
    seconds: float
    how: str


def adjusted(answerer: Embedded, sandbox: Sandbox, task: Task, *, whole: bool) -> Row:
    """Return what becomes of `task` when the model may edit, or when it must write the whole code."""
    request, _ = parse(
        {"language": "python", "prompt": "Write a small module.", "code": task.code, "feedback": [task.feedback]}
    )
    if not isinstance(request, Code):
        raise SystemExit("the request is no code")
    parts = edits.choices if not whole else lambda *_: ()
    with mock.patch.object(edits, "choices", parts):
        began = time.process_time()
        said, _ = repair.answer(answerer, request)
        seconds = time.process_time() - began
    verdicts = sandbox.run(said.text, [Assertion(test) for test in task.tests]).tests if said.is_code else ()
    right = bool(verdicts) and all(verdict.status == "passed" for verdict in verdicts)
    only = said.attempts[0]
    return Row(right, only.completion_tokens, seconds, only.edit or "whole")


def main(name: str | None) -> None:
    """Print a line for each task, and the sums."""
    model, sandbox = find(name), Sandbox()
    rows: dict[str, list[Row]] = {"edit": [], "whole": []}
    path, pinned = checked_path(model), {"code": pins()[model.name]["code"]}
    print(f"{model.name}, {len(TASKS)} changes; right, tokens and processor seconds of edit and of whole")
    for task in TASKS:
        line = f"{task.name:<18}"
        for way, done in rows.items():
            # an engine for each, as a task has one: what was read for another must not help
            with Engine(path, states=PromptCache(model, pinned, recalls=True)) as engine:
                row = adjusted(Embedded(engine, model.context), sandbox, task, whole=way == "whole")
            done.append(row)
            line += f" {row.how:<8} {'right' if row.right else 'wrong'} {row.tokens:>5} {row.seconds:>6.1f}"
        print(line, flush=True)
    for way, done in rows.items():
        print(f"{way}: {_right(done)} of {len(done)} right, {_tokens(done)} tokens, {_seconds(done):.0f} s")
    edit, whole = rows.values()
    tokens, seconds = _tokens(edit) / _tokens(whole), _seconds(edit) / _seconds(whole)
    each = (_seconds(edit) / _right(edit)) / (_seconds(whole) / _right(whole))
    print(f"edit / whole: tokens {tokens:.2f}, processor time {seconds:.2f}, for each right change {each:.2f}")


def _right(rows: list[Row]) -> int:
    return sum(row.right for row in rows)


def _tokens(rows: list[Row]) -> int:
    return sum(row.tokens for row in rows)


def _seconds(rows: list[Row]) -> float:
    return sum(row.seconds for row in rows)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
