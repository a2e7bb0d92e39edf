"""What a mirror has to know of a class. Read as text by `app.sandbox.build`, as harness.py is."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable
from typing import Any

SPECIAL = tuple(
    f"__{name}__"
    for name in (
        "repr str format bytes lt le eq ne gt ge hash bool call len length_hint getitem setitem delitem missing iter "
        "next reversed contains add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor or radd rsub "
        "rmul rmatmul rtruediv rfloordiv rmod rdivmod rpow rlshift rrshift rand rxor ror iadd isub imul imatmul "
        "itruediv ifloordiv imod ipow ilshift irshift iand ixor ior neg pos abs invert complex int float index round "
        "trunc floor ceil enter exit get set delete fspath"
    ).split()
)
# Of these, the ones that tell how a value stands to another, and what cannot be true as well: a value may lie.
COMPARES = {
    "__eq__": None, "__ne__": None, "__contains__": None, "__sub__": None, "__rsub__": None,
    "__lt__": "__ge__", "__le__": "__gt__", "__gt__": "__le__", "__ge__": "__lt__",
}  # fmt: skip
_SPECIAL = frozenset(SPECIAL)
VALUED = (int, float, complex, str, bytes, tuple, frozenset)
CLAIMED = (list, dict, set)
_ABC = type(collections.abc.Sized)
NATURAL = {
    "__new__",
    "__init__",
    "__class__",
    "__dict__",
    "__doc__",
    "__module__",
    "__slots__",
    "__getattribute__",
    "__setattr__",
}


def describe(kind: type, pack: Callable[[Any], Any]) -> dict[str, Any]:
    """Return what a mirror of a class has to know."""
    valued = next((one for one in kind.__mro__ if _is_one(one, VALUED)), None)
    own = kind.__mro__[: kind.__mro__.index(valued)] if valued else ()
    return {
        "name": kind.__name__,
        "qualname": kind.__qualname__,
        "doc": kind.__doc__ if isinstance(kind.__doc__, str) else None,
        "bases": [pack(base) for base in kind.__bases__ if base is not object],
        "special": special(kind),
        "meta": [] if _is_one(type(kind), (type, _ABC)) else special(type(kind)),
        "valued": valued and valued.__name__,
        "claims": next((one.__name__ for one in kind.__mro__ if _is_one(one, CLAIMED)), None),
        "names": sorted({name for one in own for name in vars(one)} - NATURAL),
    }


def _is_one(kind: type, kinds: tuple[type, ...]) -> bool:
    return any(kind is one for one in kinds)  # a metaclass may say what equals what


def special(kind: type) -> list[str]:
    """Return the operations that a class defines itself, or has from any but the most general classes."""
    found, seen = list[str](), set[str]()
    for one in kind.__mro__:
        names = _SPECIAL & vars(one).keys() - seen
        seen |= names
        raised = one.__module__ == "builtins" and issubclass(one, BaseException)
        if not raised and not _is_one(one, (object, type, *VALUED)):
            found += sorted(names)
    return found


def value_of(made: Any) -> tuple[Any, ...]:
    """Return what an object has of int, str, tuple and the like, as a tuple that is empty if it has nothing of them."""
    return next(((value(made),) for kind, value in _PLAIN.items() if issubclass(type(made), kind)), ())


_PLAIN: dict[type, Callable[[Any], Any]] = {  # whatever the subclass makes of them
    int: int.__pos__,
    float: float.__pos__,
    complex: complex.__pos__,
    str: str.__str__,
    bytes: lambda made: bytes.__add__(made, b""),
    tuple: lambda made: tuple.__getitem__(made, slice(None)),
    frozenset: lambda made: frozenset.__or__(made, frozenset()),
}
