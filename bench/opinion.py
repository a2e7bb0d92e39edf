"""How well `second_opinion` tells answers that are not about their task: `bench.opinion_set`, by kind.

    python -m bench.opinion

The criterion was fixed before any wording was tried: of the answers that are about the task, at most about one in ten may be
taken for off it; of the rest, as many as possible must be. Wordings were compared, and the threshold was set, on one half of
the tasks; the other half tests both. The last lines say what the same scale knows of right and wrong.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from app.jobs.code import prompt, words
from app.jobs.code.opinion import belonging_milli
from app.llm.answerer import Embedded
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.prompt_cache import PromptCache
from app.llm.sampling import Sampling
from app.request.code import Code
from app.request.parse import parse
from bench.opinion_set import KINDS, ON_KINDS, Case, cases

_RIGHT, _, _WRONG = ON_KINDS


class Found(NamedTuple):
    """A case, and where the model put its answer on the scale."""

    case: Case
    milli: int

    @property
    def is_off(self) -> bool:
        """Return whether it counts as off the task."""
        return self.milli < words.ON_TASK_MILLI


def main() -> None:
    """Measure all cases and print the tables."""
    model = find(None)
    with Engine(checked_path(model), states=PromptCache(model, {}, recalls=True)) as engine:
        found = [Found(case, _measured(Embedded(engine, model.context), case)) for case in cases()]
    report(model.name, found)


def report(name: str, found: list[Found]) -> None:
    """Print what was found."""
    print(f"{name}, {len(found)} answers; told as off_task below {words.ON_TASK_MILLI} on the scale")
    print(f"  {'tasks':36} {'about the task':>16} {'not about it':>14}   area under the ROC curve")
    parts = {
        "where wording and threshold were set": [one for one in found if not in_test_half(one.case)],
        "the other half": [one for one in found if in_test_half(one.case)],
        "both: functions of HumanEval": [one for one in found if not one.case.own],
        "both: short tasks of our own": [one for one in found if one.case.own],
    }
    for title, part in parts.items():
        on, off = ([one for one in part if (one.case.kind in ON_KINDS) == wanted] for wanted in (True, False))
        print(f"  {title:36} {_share(on):>16} {_share(off):>14}   {_area(on, off):.2f}")
    by_kind = defaultdict[str, list[Found]](list)
    for one in found:
        by_kind[one.case.kind].append(one)
    for title, kinds in (("about the task, told as off_task:", ON_KINDS), ("not about the task, told as off_task:", KINDS)):
        print(title)
        for kind in kinds:
            print(f"  {kind:34} {_share(by_kind[kind]):>16}")
    numbers = {one.case.place for one in by_kind[_WRONG]}
    right = [one for one in by_kind[_RIGHT] if one.case.place in numbers]
    print(f"right against wrong solutions of the same tasks, area under the ROC curve: {_area(right, by_kind[_WRONG]):.2f}")


def in_test_half(case: Case) -> bool:
    """Return whether no wording was chosen and no threshold set with it; either half has both kinds of HumanEval tasks."""
    return case.place // 2 % 2 == 1


def _measured(answerer: Embedded, case: Case) -> int:
    request, _ = parse({"language": case.language, "prompt": case.prompt})
    if not isinstance(request, Code):
        raise SystemExit("the request is no code")
    asked = prompt.messages(request, None)
    found = belonging_milli(answerer, request, asked, _own(answerer, request) if case.text is None else case.text)
    if found is None:
        raise SystemExit("the context has no room")
    return found


def _own(answerer: Embedded, request: Code) -> str:
    """Return what the model writes, as the first attempt at a task does."""
    opening, opened = prompt.start(request)
    out = answerer.complete(prompt.messages(request, None), Sampling(), 300, opening=opening, stop=words.CLOSING)
    return prompt.definitions(opened + out.text) if opened else out.text


def _share(found: list[Found]) -> str:
    count = sum(one.is_off for one in found)
    return f"{count} of {len(found)} ({100 * count / len(found):.0f} %)"


def _area(high: list[Found], low: list[Found]) -> float:
    """Return how often one of `high` stands above one of `low`; a tie counts half, chance is 0.5."""
    wins = sum((above.milli > below.milli) + (above.milli == below.milli) / 2 for above in high for below in low)
    return wins / (len(high) * len(low))


if __name__ == "__main__":
    main()
