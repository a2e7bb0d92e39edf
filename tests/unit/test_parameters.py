"""Everything that decides an answer is under `parameters`: each constant, changed alone, changes what is reported."""

from __future__ import annotations

import re
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

from app.base.limits import LIMITS
from app.jobs import ask, ask_words
from app.jobs.code import edits, examples, prompt, repair
from app.jobs.code import words as code_words
from app.jobs.parameters import constants
from app.llm.answerer import Outside
from app.llm.engine import Generation
from app.request.parse import parse
from app.result.report import Parameters


class Echo(Outside):
    """Answers with nothing: what is reported is asked for here, not what is said."""

    kind = "openai-compatible"
    name = "echo"

    def complete(self, *_: Any, **__: Any) -> Generation:
        return Generation("x = 1", "stop", 1, 1)


def used(job: ModuleType, **fields: Any) -> Parameters:
    found: Parameters = job.answer(Echo(), parse(fields)[0])[1]
    return found


def asked() -> Parameters:
    return used(ask, prompt="p")


def coded() -> Parameters:
    return repair._parameters(Echo(), code_request())


def code_request() -> Any:
    return parse({"language": "python", "prompt": "p"})[0]


def other(value: Any) -> Any:
    if isinstance(value, str):
        return value + " "
    if isinstance(value, int):
        return value + 1
    if isinstance(value, re.Pattern):
        return re.compile(value.pattern + "x?", value.flags)
    if isinstance(value, dict):
        return {key: other(one) for key, one in value.items()}
    return (*value, value[-1])


ROOMS = [("ask", ask_words), ("code", code_words), ("code", prompt), ("code", edits), ("code", examples)]
EACH = [(job, module, name) for job, module in ROOMS for name in constants(module)]


@pytest.mark.parametrize(("job", "module", "name"), EACH, ids=[f"{module.__name__}.{name}" for _, module, name in EACH])
def test_each_constant_shows(job: str, module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = asked if job == "ask" else coded
    before = now()
    monkeypatch.setattr(module, name, other(getattr(module, name)))
    assert now() != before


@pytest.mark.parametrize(
    ("job", "limit"),
    [("ask", "default_max_tokens"), *(("code", limit) for limit in repair._LIMITS)],
)
def test_each_limit_that_decides_shows(job: str, limit: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = asked if job == "ask" else coded
    before = now()
    changed = replace(LIMITS, **{limit: getattr(LIMITS, limit) + 1})
    for module in (ask, repair):
        monkeypatch.setattr(module, "LIMITS", changed)
    assert now() != before


def test_no_name_in_capitals_is_left_out() -> None:
    for module in (ask_words, code_words):
        assert {name for name in vars(module) if name.isupper()} - {"LIMITS"} == set(constants(module))
    assert {
        "SYSTEM",
        "ESCAPE",
        "REPAIR",
        "FENCES",
        "COMMENTS",
        "OPENING",
        "CLOSING",
        "REFUSAL",
        "OPINION",
        "SCALE",
        "ON_TASK_MILLI",
    } <= set(constants(code_words))
