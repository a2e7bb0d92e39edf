"""Values that lie about how they stand to others. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.sandbox.harness_describe import COMPARES

SAYS = {
    "__eq__": "equals", "__ne__": "differs from", "__contains__": "contains", "__sub__": "is just as far from",
    "__rsub__": "is just as far from", "__lt__": "is less than", "__le__": "is at most", "__gt__": "is more than",
    "__ge__": "is at least",
}  # fmt: skip


def questioned(ask: Callable[[str, Any], Any], shuffle: Callable[[list[Any]], None], name: str, other: Any) -> tuple[Any, bool]:
    """Return what a value says of `other`, and whether it lies: whether it says that of anything.

    In between it is asked, in an order that it cannot know, what no honest value answers in the same way.
    """
    questions = [(name, other, True), *((*one, False) for one in decoys(name, other))]
    if len(questions) > 1:
        questions.append(questions[0])  # a second time: it must say the same
    shuffle(questions)
    said, others = list[Any](), list[Any]()
    for what, value, counts in questions:
        try:
            found = ask(what, value)
        except Exception:
            if counts:
                raise
            continue
        (said if counts else others).append(found)
    return said[0], any(_agrees(name, said[0], one) for one in others) or not _is_steady(name, said)


def _is_steady(name: str, said: list[Any]) -> bool:
    return name in ("__sub__", "__rsub__") or len({one is NotImplemented or bool(one) for one in said}) == 1


def _agrees(name: str, said: Any, other: Any) -> bool:
    if said is NotImplemented or other is NotImplemented:
        return False
    if name in ("__sub__", "__rsub__"):
        return type(said) in (int, float) and type(other) in (int, float) and said == other
    return bool(said) and bool(other) and name != "__ne__"


def decoys(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return questions that no honest value answers as it answers whether it is, or has, `value`."""
    is_number = type(value) in (int, float)
    if name == "__ne__":
        return []
    if name == "__contains__":
        return [(name, "\0 nothing"), (name, object)]
    if name in ("__sub__", "__rsub__"):
        return [(name, value + 1), (name, value - 2)] if is_number else []
    opposite = COMPARES[name]
    if opposite:
        least = float("-inf" if name in ("__lt__", "__le__") else "inf")
        return [(opposite, value), *([(name, least)] if is_number else [])]
    near: list[Any] = ["\0 nothing"]
    if is_number:
        near += [value + 1, value - 1, -value - 1, 2 * value + 3]
    elif type(value) is str:
        near += [value + "\0", "\0" + value, value[1:] + "\0"]
    elif type(value) in (list, tuple):
        near += [value + type(value)((None,)), type(value)(("\0 nothing",)) + value, type(value)((None,)) * (len(value) or 1)]
    elif type(value) is dict:
        near += [{**value, "\0": None}, {"\0": None}]
    else:
        near += [-987654321, ("\0",)]
    return [(name, one) for one in near]
