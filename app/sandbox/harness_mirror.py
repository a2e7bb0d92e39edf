"""Mirrors: what stands on one side of the wall for an object on the other. Read as text, as harness.py is.

A mirror has the class, or a mirror of it, and answers whatever it is asked by asking the object. A subclass of int, str,
tuple and the like is mirrored by one that has the value; an exception by one that can be raised and caught.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, NoReturn

from app.sandbox.harness_describe import CLAIMED, COMPARES, NATURAL, SPECIAL, VALUED, special

MARK = "_number_across_the_wall"
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)


class Beyond(BaseException):
    """A test does what cannot be done across the wall: it has to share an interpreter with the snippet."""


class Mirrors:
    """Makes mirrors; `ask` asks the other side, `equal` does so for a comparison."""

    def __init__(self, ask: Callable[..., Any], equal: Callable[..., Any]) -> None:
        """Begin with none."""
        self._ask, self._equal = ask, equal
        self._kinds = dict[int, int]()  # the numbers of classes, by the identity of their mirrors
        self._metas = dict[tuple[str, ...], Any]()
        self._of_known = dict[type, type]()
        self.makes = False
        self.beyond: Beyond | None = None
        self._mirror, self._mirrored = _class_of_classes(self, ask), _class_of_objects(self, ask)

    def refuse(self, words: str) -> NoReturn:
        """Remember, whoever catches it, that a test goes beyond the wall. Raises `Beyond`."""
        self.beyond = self.beyond or Beyond(words)
        raise self.beyond

    def kind(self, made: type) -> int | None:
        """Return what the other side calls the class of which this is a mirror, None if it is no mirror."""
        return self._kinds.get(id(made))

    def of_class(self, number: int, said: dict[str, Any], bases: list[Any]) -> type:
        """Return a mirror of a class that was described; whoever calls keeps it."""
        natural = [base for base in bases if self.kind(base) is not None or issubclass(base, BaseException)]
        value = {one.__name__: one for one in VALUED}[said["valued"]] if said["valued"] else None
        space: dict[str, Any] = {"__module__": "snippet", "__qualname__": said["qualname"], "__doc__": said["doc"]}
        space |= {name: self._operation(name) for name in said["special"] if name in SPECIAL}
        if value is not None and not any(issubclass(base, value) for base in natural):
            natural.append(value)
        if value is None and not any(issubclass(base, BaseException) for base in natural):
            natural = natural or [self._mirrored]
            space["__slots__"] = ()
        else:
            space["__getattr__"] = lambda made, name: self._ask("get", number_of(made), name)
        if value is not None:
            space |= self._valued(frozenset(said["names"]) - NATURAL)
        elif said["claims"]:
            claimed = type(said["name"], ({one.__name__: one for one in CLAIMED}[said["claims"]],), {})
            space["__class__"] = property(lambda _: claimed)
        self.makes = True
        try:
            made: type = self._meta(tuple(said["meta"]))(said["name"], tuple(natural), space)
        finally:
            self.makes = False
        self._kinds[id(made)] = number
        return made

    def _meta(self, names: tuple[str, ...]) -> Any:
        """Return the class of a mirror whose class has operations of its own, as an enumeration can be counted."""
        if names not in self._metas:
            space = {name: self._operation(name, of_class=True) for name in names if name in SPECIAL and name != "__call__"}
            self._metas[names] = (
                type("Mirror", (self._mirror,), {**space, "__hash__": type.__hash__}) if names else self._mirror
            )
        return self._metas[names]

    def of_known(self, kind: type) -> type:
        """Return a mirror for objects of a class that both sides have."""
        made = self._of_known.get(kind)
        if made is None:
            space: dict[str, Any] = {name: self._operation(name) for name in special(kind)}
            space |= {"__slots__": (), "__module__": "snippet", "__class__": property(lambda _: kind)}
            if kind in _FUNCTIONS:
                space["__doc__"] = property(lambda made: self._ask("get", number_of(made), "__doc__"))
            made = self._of_known[kind] = type(kind.__name__, (self._mirrored,), space)
        return made

    def of_object(self, number: int, kind: type, value: Any) -> Any:
        """Return a mirror of an object; `value` is what it has of int, str, tuple and the like."""
        mirror = self.of_known(kind) if self.kind(kind) is None else kind
        if issubclass(mirror, VALUED):
            base: Any = next(one for one in mirror.__mro__ if one in VALUED)
            valued = base.__new__(mirror, value)
            vars(valued)[MARK] = number
            return valued
        made = object.__new__(mirror)
        object.__setattr__(made, MARK, number)
        return made

    def _operation(self, name: str, *, of_class: bool = False) -> Any:
        ask = self._ask

        def number(made: Any) -> int:
            return self._kinds[id(made)] if of_class else number_of(made)

        if name in COMPARES:
            return lambda made, other: self._equal(name, number(made), other)
        if name == "__call__":
            return lambda made, *args, **words: ask("call", number(made), args, tuple(words.items()))
        return lambda made, *args: ask("operate", number(made), name, args)

    def _valued(self, names: frozenset[str]) -> dict[str, Any]:
        def look(made: Any, name: str) -> Any:
            return self._ask("get", number_of(made), name) if name in names else object.__getattribute__(made, name)

        def change(made: Any, name: str, value: Any) -> None:
            self._ask("set", number_of(made), name, value)

        return {"__getattribute__": look, "__setattr__": change}


def _class_of_classes(mirrors: Mirrors, ask: Callable[..., Any]) -> Any:
    class Mirror(type):
        """The class of mirrors of classes."""

        def __new__(cls, name: str, bases: Any, space: Any) -> Any:
            if not mirrors.makes:
                mirrors.refuse("a class of the test extends one of the snippet")
            return super().__new__(cls, name, bases, space)

        def __call__(cls, *args: Any, **words: Any) -> Any:
            return ask("call", mirrors.kind(cls), args, tuple(words.items()))

        def __getattr__(cls, name: str) -> Any:
            return ask("get", mirrors.kind(cls), name)

        def __setattr__(cls, name: str, value: Any) -> None:
            ask("set", mirrors.kind(cls), name, value)

        def __delattr__(cls, name: str) -> None:
            ask("delete", mirrors.kind(cls), name)

        def __instancecheck__(cls, made: Any) -> bool:
            if type.__instancecheck__(cls, made):
                return True
            return is_mirror(made) and ask("is", number_of(made), mirrors.kind(cls)) is True

        def __dir__(cls) -> Any:
            return ask("dir", mirrors.kind(cls))

    return Mirror


def _class_of_objects(mirrors: Mirrors, ask: Callable[..., Any]) -> Any:
    class Mirrored:
        """What every mirror of a plain object has."""

        __slots__ = (MARK, "__weakref__")

        def __getattr__(self, name: str) -> Any:
            return ask("get", number_of(self), name)

        def __setattr__(self, name: str, value: Any) -> None:
            ask("set", number_of(self), name, value)

        def __delattr__(self, name: str) -> None:
            ask("delete", number_of(self), name)

        def __dir__(self) -> Any:
            return ask("dir", number_of(self))

        def __copy__(self) -> Any:
            return ask("copy", number_of(self), False)

        def __deepcopy__(self, _: Any) -> Any:
            return ask("copy", number_of(self), True)

        def __reduce_ex__(self, _: Any) -> Any:
            mirrors.refuse("an object of the snippet is pickled")

    return Mirrored


def is_mirror(made: Any) -> bool:
    """Return whether an object is a mirror of one on the other side, that of a class left aside."""
    try:
        return type(object.__getattribute__(made, MARK)) is int
    except AttributeError:
        return False


def number_of(made: Any) -> int:
    """Return what the other side calls the object of a mirror."""
    number: int = object.__getattribute__(made, MARK)
    return number
