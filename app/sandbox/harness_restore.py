"""What judges a test is put back as it was before the snippet. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import builtins
import gc
import sys
import types
from collections.abc import Callable, Iterable
from typing import Any

_PARTS = ("__code__", "__defaults__", "__kwdefaults__")


def remember(spaces: Iterable[dict[str, Any]]) -> Callable[[], None]:
    """Return what puts back all that is in some modules: names, classes, functions, and what hooks into every call."""
    names = [(space, dict(space)) for space in spaces]
    kinds = list({id(one): one for space, _ in names for one in space.values() if _is_plain_class(one)}.values())
    classes = [(kind, dict(vars(kind))) for kind in kinds]
    made = [one for _, inside in (*names, *classes) for one in inside.values()]
    functions = [(one, *(getattr(one, part) for part in _PARTS)) for one in map(_function, made) if one is not None]
    apart = {id(vars(builtins)), *(id(space) for space, _ in names)}
    holders = [(one, type(one)(one)) for one in made if type(one) in (dict, list, set) and id(one) not in apart]
    hooks = ("displayhook", "__displayhook__", "stdout", "stderr", "__stdout__", "meta_path", "path_hooks")
    system = {name: getattr(sys, name) for name in hooks}
    holders += [(one, list(one)) for one in (sys.meta_path, sys.path_hooks)]
    kept, type_, silence, put_back = vars(sys), type, _silencer(), _class_keeper()

    def restore() -> None:
        silence()
        kept.update(system)
        for space, inside in names:
            space.clear()
            space.update(inside)
        for kind, inside in classes:
            put_back(kind, inside)
        for function, code, defaults, words in functions:
            if function.__code__ is not code:
                function.__code__ = code
            function.__defaults__, function.__kwdefaults__ = defaults, words
        for holder, inside in holders:
            holder.clear()
            (holder.extend if type_(holder) is list else holder.update)(inside)

    return restore


def _silencer() -> Callable[[], None]:
    """Return what ends all that is called at every step."""
    trace, profile, callbacks = sys.settrace, sys.setprofile, gc.callbacks
    monitoring: Any = sys.monitoring  # type: ignore[attr-defined]  # of 3.12
    tool_of, set_events = monitoring.get_tool, monitoring.set_events

    def silence() -> None:
        trace(None)
        profile(None)
        for tool in (0, 1, 2, 3, 4, 5):
            if tool_of(tool) is not None:
                set_events(tool, 0)
        callbacks.clear()

    return silence


def _class_keeper() -> Callable[[type, dict[str, Any]], None]:
    change, delete, space_of = type.__setattr__, type.__delattr__, type.__dict__["__dict__"].__get__

    def put_back(kind: type, inside: dict[str, Any]) -> None:
        now = space_of(kind)
        for name in [name for name in now if name not in inside]:
            delete(kind, name)
        for name, value in inside.items():
            if now.get(name) is not value:
                change(kind, name, value)

    return put_back


def _is_plain_class(one: Any) -> bool:
    return isinstance(one, type) and bool(one.__flags__ & 1 << 9)  # Py_TPFLAGS_HEAPTYPE: what a program can change


def _function(one: Any) -> types.FunctionType | None:
    found = getattr(one, "__func__", None) or getattr(one, "fget", None) or one
    return found if isinstance(found, types.FunctionType) else None
