"""What the model's opinion of its own code is worth: how often it says yes to right answers, and to those of another task.

    python -m bench.opinion [--every N]

Every Nth HumanEval task with its own reference solution, and with that of the task half the list away, each as if the model
had just written it. What it says of its real answers, which are of the right task but may be wrong, is what `bench.humaneval`
keeps: there it knows next to nothing.
"""

from __future__ import annotations

import argparse

from app.jobs.code import prompt
from app.llm.answerer import Embedded
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.prompt_cache import PromptCache
from app.request.code import Code
from app.request.parse import parse
from bench.humaneval import problems


def main() -> None:
    """Print both counts."""
    options = argparse.ArgumentParser()
    options.add_argument("--every", type=int, default=4, help="take every Nth task only")
    tasks, model = problems()[:: options.parse_args().every], find(None)
    yes = {"its own": 0, "another task's": 0}
    with Engine(checked_path(model), states=PromptCache(model, {}, recalls=True)) as engine:
        for place, task in enumerate(tasks):
            request, _ = parse({"language": "python", "prompt": task["prompt"]})
            if not isinstance(request, Code):
                raise SystemExit("the request is no code")
            asked, other = prompt.messages(request, None), tasks[(place + len(tasks) // 2) % len(tasks)]
            for whose, of in (("its own", task), ("another task's", other)):
                written = of["prompt"] + of["canonical_solution"]
                yes[whose] += prompt.opinion(Embedded(engine, model.context), request, asked, written) == "yes"
    print(f"{model.name}, {len(tasks)} tasks; yes to the solution of a task:")
    for whose, count in yes.items():
        print(f"  {whose}: {count} ({100 * count / len(tasks):.0f} %)")


if __name__ == "__main__":
    main()
