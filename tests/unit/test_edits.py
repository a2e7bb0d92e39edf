"""A part of a module is written anew: what fits back in, what does not, and what then happens."""

from __future__ import annotations

import ast
import itertools
import textwrap
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.base.deadline import Deadline
from app.jobs.code import edits, words
from app.jobs.code import repair as job
from app.jobs.code.opinion import opinion
from app.llm.answerer import Embedded
from app.llm.chat import Message
from app.llm.context import Context
from app.llm.engine import Engine, Generation
from app.llm.infill import Slot, fill
from app.llm.models import find
from app.llm.sampling import Sampling
from app.request.code import Code
from app.request.material import tagged
from app.request.parse import parse
from app.result.answers.code import CodeAnswer
from app.simulate.outside_engines import OpenAI
from tests.support.desk import SMALL

MODULE = '''\
"""A shop."""

from __future__ import annotations

import functools


def price(name):
    """Return the price."""
    return {"tea": 3}[name]


class Shop:
    """Goods and a till."""

    limit = 9

    def __init__(self):
        self.till = 0

    @functools.cache
    def sell(self, name):
        """Sell one."""
        def inner():
            return price(name)

        self.till += inner()
        return self.till


def twice(x):
    return x


def twice(x):
    return 2 * x


LAST = price("tea")  # ``` </code> <|im_end|>
'''
assert MODULE.count("\n") + 1 >= words.EDIT_LINES
PARTS = edits.parts(MODULE)


def changed(written: str) -> str | None:
    return edits.apply(MODULE, PARTS, written)


def test_parts_do_not_overlap_and_are_named_once() -> None:
    """Nothing inside of a function, and nothing that is defined twice."""
    assert [part.name for part in PARTS] == ["price", "__init__", "sell"]
    assert all(one.last <= other.first for one, other in itertools.pairwise(PARTS))


@pytest.mark.parametrize(
    "code",
    ["def f(): pass\n" * 3, "def f(:\n" * 40, MODULE.replace("\n", "\r\n"), "x = 1\n" * 40, "def f():\n" + "    x = 1\n" * 40],
    ids=["short", "no python", "carriage returns", "no function", "one function"],
)
def test_no_parts(code: str) -> None:
    assert edits.parts(code) == ()


def test_a_function_is_put_in_its_place_and_nowhere_else() -> None:
    made = changed('def price(name):\n    """Return it."""\n    return 4\n\n\n')
    assert made == MODULE.replace('"""Return the price."""\n    return {"tea": 3}[name]', '"""Return it."""\n    return 4')


def test_a_method_keeps_its_place_and_its_decorators() -> None:
    old = MODULE[MODULE.index("    def sell") : MODULE.index("\n\ndef twice")]
    made = changed("def sell(self, name, n=1):\n    return n\n")
    assert made == MODULE.replace(old, "    def sell(self, name, n=1):\n        return n\n")


def test_what_is_new_stays_behind_what_was_chosen() -> None:
    made = changed("def __init__(self):\n    self.till = 1\n\ndef buy(self):\n    return 1\n")
    assert made is not None
    shop = next(node for node in ast.parse(made).body if isinstance(node, ast.ClassDef))
    assert [node.name for node in shop.body if isinstance(node, ast.FunctionDef)] == ["__init__", "buy", "sell"]


def test_several_functions_each_find_their_place_in_any_order() -> None:
    sell, buy = "def sell(self, name):\n    return 2\n", "# new\n@staticmethod\ndef buy():\n    return 1\n"
    made = changed(f"{sell}\n{buy}\ndef __init__(self):\n    self.till = 5\n")
    old = MODULE[MODULE.index("    def sell") : MODULE.index("\n\ndef twice")]
    new = textwrap.indent(f"{sell}\n{buy}", "    ")
    assert made == MODULE.replace(old, new).replace("till = 0", "till = 5")


def test_a_function_that_waits_is_one_too() -> None:
    code = MODULE.replace("def price", "async def price")
    made = edits.apply(code, edits.parts(code), "async def price(name):\n    return 4\n")
    assert made is not None and "async def price(name):\n    return 4\n" in made
    assert edits.apply(code, edits.parts(code), "def price(name):\n    return 4\n") is None


PRICE = "def price(name):\n    return 4\n"


@pytest.mark.parametrize(
    "written",
    [
        "def nothing(name):\n    return 4\n",
        "def prices(name):\n    return 4\n",
        "def twice(x):\n    return 4\n",
        "\n" + PRICE,
        PRICE + "\ndef __init__(self):\n    pass\n",
        PRICE + "\ndef twice(x):\n    pass\n",
        PRICE + "\ndef inner():\n    pass\n",
        "def __init__(self):\n    self.till = 1\n\n@functools.cache\ndef sell(self, name):\n    return 3\n",
        PRICE + "\nclass Shop:\n    pass\n",
        PRICE + "\n" + PRICE,
        PRICE + "\nprice('tea')\n",
        PRICE + "import os\n",
        "def price(name):\n    return (\n",
        "def price(name):\n",
        "def price(name):\n    return " + "(" * 5000 + "\n",
        'def price(name):\n\n    """Return the price."""\n    return {"tea": 3}[name]  # the same\n',
        "The price must be 4.\n",
        "# ERROR: no\n",
        "",
        'def sell(self, name):\n    return """a\n    b"""\n',
    ],
)
def test_what_does_not_fit_is_no_edit(written: str) -> None:
    assert changed(written) is None


@settings(deadline=None)
@given(st.sampled_from(PARTS), st.text(alphabet="def price(x):\n    returnclass@`\"'#\\1", max_size=80))
def test_whatever_is_written_the_rest_stays(part: edits.Editable, written: str) -> None:
    made = changed(part.definition + written)
    if made is None:
        return
    others = {one.name for one in PARTS if one != part}
    before, after = (
        {node.name: ast.dump(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
        for text in (MODULE, made)
    )
    assert all(before[name] == after[name] for name in others)


def test_the_model_s_freedom_is_one_function_that_is_there(small_engine: Engine) -> None:
    form = edits.form(PARTS, 24)
    assert [part for part in form if isinstance(part, str)] == list(words.EDIT_ANSWER)
    prompt = small_engine.tokenize("Name a function, and write ``` three backticks. " * 3, control=False)
    (written,) = fill(small_engine, prompt, form, Sampling()).slots
    assert any(written.text.startswith(part.definition) for part in PARTS)
    assert not any(line.startswith("`") for line in written.text.split("\n"))


def test_a_slot_until_a_text_of_several_tokens(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the model has read is the text, whole and once, also where the end took several tokens."""
    contexts: list[Context] = []
    make = small_engine.context

    def kept(room: int, deadline: Deadline) -> Context:
        contexts.append(make(room, deadline))
        return contexts[-1]

    monkeypatch.setattr(small_engine, "context", kept)
    slot = Slot('root ::= ([a-z] | " " | "." | "-" [a-z])*', 12, until=3)
    prompt = small_engine.tokenize("Say some words. ", control=False)
    filled = fill(small_engine, prompt, ["Some: ", slot, "--- and ", Slot('root ::= "yes" | "no"', 4), "."], Sampling())
    read = b"".join(small_engine.piece(token, control=False) for token in contexts[0].tokens).decode()
    assert ("Say some words. " + filled.text).startswith(read) and "--- and" in read


def request_to_adjust(**fields: Any) -> Code:
    made, _ = parse({"language": "python", "prompt": "A shop.", "code": MODULE, "feedback": ["Tea costs 4."], **fields})
    assert isinstance(made, Code)
    return made


def adjusted(engine: Engine, **fields: Any) -> CodeAnswer:
    return job.answer(Embedded(engine, find(SMALL).context), request_to_adjust(max_tokens=48, **fields))[0]


def test_an_adjust_begins_with_an_edit(small_engine: Engine) -> None:
    said = adjusted(small_engine)
    assert said.attempts[0].edit in {"applied", "refused"} and said.budget.tokens == 2 * 48
    assert sum(attempt.completion_tokens for attempt in said.attempts) <= said.budget.tokens
    if said.attempts[0].edit == "applied":
        assert said.status == "ok" and said.text != MODULE


def test_an_edit_that_does_not_fit_falls_back_to_the_whole(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edits, "apply", lambda *_: None)
    said = adjusted(small_engine)
    assert [attempt.edit for attempt in said.attempts] == ["refused"]
    monkeypatch.setattr(edits, "choices", lambda *_: ())
    whole = adjusted(small_engine)
    assert (said.status, said.text, whole.attempts[0].edit) == (whole.status, whole.text, None)
    assert said.attempts[0].completion_tokens > whole.attempts[0].completion_tokens and whole.budget.tokens == 48


def test_the_opinion_is_asked_after_the_edit_with_everything_in_view(
    small_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, told = "def price(name):\n    return 4\n", list[list[Message]]()
    edit = edits.Edited(MODULE.replace("3", "4"), Generation(written, "stop", 1, 1))
    monkeypatch.setattr(edits, "edit", lambda *_: edit)
    weigh = Embedded.weigh

    def spy(answerer: Embedded, messages: list[Message], choices: Sequence[str]) -> tuple[int, ...]:
        told.append(messages)
        return weigh(answerer, messages, choices)

    monkeypatch.setattr(Embedded, "weigh", spy)
    assert adjusted(small_engine, feedback=["Tea costs four now."]).second_opinion in {"on_task", "off_task"}
    ((_, asked, answered, question),) = told
    assert all(part in asked.content for part in ("Tea costs four now.", tagged("code", MODULE), words.EDIT))
    assert answered == Message("assistant", f"```python\n{written.strip()}\n```")
    assert question == Message("user", words.OPINION.format(language="python"))


def test_no_room_no_opinion(small_engine: Engine) -> None:
    request, asked = request_to_adjust(), [Message("user", "word " * 3)]
    written = "x = 1\n" * 40
    assert opinion(Embedded(small_engine, 512), request, asked, written) is not None
    assert opinion(Embedded(small_engine, 128), request, asked, written) is None


def test_only_the_first_attempt_edits(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    edit = edits.Edited(MODULE.replace("3", "4"), Generation("", "stop", 1, 1))
    monkeypatch.setattr(edits, "edit", lambda *_: edit)
    said = adjusted(small_engine, tests=["assert price('tea') == 5"], attempts=2)
    assert [attempt.edit for attempt in said.attempts] == ["applied", None]
    assert said.budget.tokens == 3 * 48


def test_where_the_whole_is_written() -> None:
    outside = OpenAI("http://127.0.0.1/v1", "127.0.0.1", "x", None)
    assert edits.choices(outside, request_to_adjust()) == ()
    engine = Embedded(None, 4096)  # type: ignore[arg-type]  # the choice does not ask it
    assert edits.choices(engine, request_to_adjust()) == PARTS
    assert edits.choices(engine, request_to_adjust(language="bash")) == ()
    assert edits.choices(engine, request_to_adjust(code="def f(): pass")) == ()
    assert edits.choices(engine, request_to_adjust(code=None, feedback=None)) == ()
