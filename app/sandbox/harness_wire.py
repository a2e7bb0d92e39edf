"""The letters that cross the wall between snippet and test. Read as text by `app.sandbox.build`, as harness.py is.

Plain values cross by value, from the snippet as JSON, which hurts no reader. A list, a mapping, a set that both sides hold is
kept the same on both: each letter carries what has changed in them since the last, so that a list that is sorted in place is
sorted for the test, too. Everything else stays where it is, and a mirror of it (harness_mirror.py) stands for it elsewhere.
"""

from __future__ import annotations

import collections
import marshal
import operator
import sys
import weakref
from typing import Any

from app.sandbox.harness_values import (
    BY_NAME,
    MANY,
    NAMES,
    SCALARS,
    SHARED,
    SHARED_BY_NAME,
    VALUES,
    contents,
    dense,
    from_json,
    sparse,
    to_json,
)


class Garbled(Exception):
    """What came is no letter."""


class Wire:
    """What both sides know of each other, and the letters between them."""

    def __init__(self, *, of_test: bool) -> None:
        """Begin with nothing; the numbers that the side of the test gives are odd."""
        self._of_test, self._next = of_test, 1 if of_test else 2
        self._encode = marshal.dumps if of_test else to_json
        self._decode = from_json if of_test else marshal.loads
        self._mine, self._numbers = dict[int, Any](), dict[int, int]()  # what the other side may name
        self._theirs: Any = weakref.WeakValueDictionary()  # mirrors that are alive
        self._kept = dict[int, Any]()  # those that cannot be referred to weakly
        self._shared, self._shared_numbers = dict[int, Any](), dict[int, int]()
        self._told = dict[int, Any]()  # what is in the shared, as the other side knows it
        self._flat = set[int]()  # of the shared, those with scalars alone
        self._shared[0] = []
        self._alone = self._count(0)  # references to what nobody else holds
        del self._shared[0]

    # objects

    def number(self, made: object) -> int:
        """Return what the other side calls an object of this one."""
        found = self._numbers.get(id(made))
        if found is None:
            found = self._numbers[id(made)] = self._new()
            self._mine[found] = made
        return found

    def _new(self) -> int:
        self._next += 2
        return self._next

    def pack(self, value: Any) -> Any:
        """Return a value as JSON knows it."""
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind in SHARED:
            return ["=", self._share(value)]
        if kind is tuple:
            return ["t", *(value if set(map(type, value)) <= SCALARS else map(self.pack, value))]
        if kind in VALUES:
            return ["v", NAMES[kind], *map(self.pack, VALUES[kind][0](value))]
        return self.pack_object(value)

    def pack_object(self, value: Any) -> Any:
        raise NotImplementedError

    def unpack_object(self, tag: str, parts: list[Any]) -> Any:
        raise NotImplementedError

    def unpack(self, said: Any) -> Any:
        """Return the value. Raises `Garbled`, and what a constructor raises."""
        if type(said) in SCALARS:
            return said
        tag, *parts = said
        if tag == "=":
            return self._shared[parts[0]]
        if tag == "t":
            return tuple(map(self.unpack, parts))
        if tag == "v":
            return BY_NAME[parts[0]](*map(self.unpack, parts[1:]))
        return self.unpack_object(tag, parts)

    # what both sides hold

    def _share(self, made: Any) -> int:
        found = self._shared_numbers.get(id(made))
        if found is None:
            found = self._shared_numbers[id(made)] = self._new()
            self._shared[found] = made
        return found

    def _contents(self, number: int, inside: list[Any], blobs: list[bytes]) -> Any:
        """Return what is in one of those, and remember it as told."""
        made = self._shared[number]
        whole = dense(inside) if isinstance(made, list) and len(inside) >= MANY else None
        if whole is not None:
            self._flat.add(number)
            self._told[number] = whole[1]
            blobs.append(whole[1])
            return {whole[0]: len(whole[1])}
        extra = [self.pack(getattr(made, "default_factory", None))] if isinstance(made, dict) else []
        extra += [made.maxlen] if isinstance(made, collections.deque) else []
        self._remember(number, inside)
        return extra + (inside if number in self._flat else list(map(self.pack, inside)))

    def _remember(self, number: int, inside: list[Any]) -> None:
        if set(map(type, inside)) <= SCALARS:
            self._flat.add(number)
            self._told[number] = marshal.dumps(inside, 2)
        else:
            self._flat.discard(number)
            self._told[number] = tuple(inside)

    def _is_told(self, number: int, inside: list[Any]) -> bool:
        told = self._told.get(number)
        if told is None:
            return False
        if number not in self._flat:
            return len(inside) == len(told) and all(map(operator.is_, inside, told))
        try:
            return marshal.dumps(inside, 2) == told
        except ValueError:
            return False

    def _fill(self, number: int, parts: Any, blobs: bytes) -> bytes:
        """Put what came into one of those; return the blobs that are left."""
        made = self._shared[number]
        if isinstance(parts, dict):
            ((kind, size),) = parts.items()
            made[:] = sparse(kind, blobs[:size])
            self._flat.add(number)
            self._told[number] = blobs[:size]
            return blobs[size:]
        inside = parts[1:] if isinstance(made, dict | collections.deque) else parts
        if not set(map(type, inside)) <= SCALARS:
            inside = [self.unpack(part) for part in inside]
        if isinstance(made, list):
            made[:] = inside
            return blobs
        made.clear()
        if isinstance(made, dict):
            if isinstance(made, collections.defaultdict):
                made.default_factory = self.unpack(parts[0])
            for key, value in zip(inside[::2], inside[1::2]):
                made[key] = value
        elif isinstance(made, collections.deque | bytearray):
            made.extend(inside)
        else:
            made.update(inside)
        return blobs

    @staticmethod
    def _made(name: str, parts: Any) -> Any:
        kind = _SHARED_BY_NAME[name]
        return kind((), parts[0]) if kind is collections.deque else kind()

    def _count(self, number: int) -> int:
        made = self._shared[number]
        return sys.getrefcount(made)

    def _forget(self) -> list[int]:
        """Return what of the shared nobody on this side holds any more: from now on, it is the other's alone."""
        inner = collections.Counter[int]()
        children = {number: [] if number in self._flat else list(self._children(self._told[number])) for number in self._shared}
        for inside in children.values():
            inner.update(inside * 2)  # by the shared, and by what is told of it, which is the same now
        waiting = [number for number in children if self._count(number) > self._alone + inner[number]]
        held = set(waiting)
        while waiting:
            for child in children[waiting.pop()]:
                if child not in held:
                    held.add(child)
                    waiting.append(child)
        gone = [number for number in children if number not in held]
        self._drop(gone)
        return gone

    def _children(self, inside: Any) -> Any:
        for one in inside:
            if type(one) is tuple:
                yield from self._children(one)
            elif id(one) in self._shared_numbers:
                yield self._shared_numbers[id(one)]

    def _drop(self, gone: list[int]) -> None:
        for number in gone:
            if number in self._shared:
                del self._shared_numbers[id(self._shared[number])], self._shared[number]
                self._told.pop(number, None)
                self._flat.discard(number)

    # letters

    def write(self, said: list[Any], more: Any) -> bytes:
        """Return a letter: what is said, and what has changed in what both hold. Whoever calls holds no value of it any more."""
        blobs = list[bytes]()
        if self._shared:
            changed = self._changes(blobs)
            head = self._encode((said, more, changed, self._forget()))
        else:
            head = self._encode((said, more))
        return b"".join([len(head).to_bytes(4, "little"), head, *blobs])

    def _changes(self, blobs: list[bytes]) -> list[Any]:
        changed, seen = list[Any](), set[int]()
        while waiting := self._shared.keys() - seen:
            for number in sorted(waiting):
                seen.add(number)
                inside = contents(self._shared[number])
                if not self._is_told(number, inside):
                    name = type(self._shared[number]).__qualname__
                    changed.append([number, name, self._contents(number, inside, blobs)])
                del inside
        return changed

    def read(self, letter: bytes) -> tuple[list[Any], Any]:
        """Return what is said, and what came with it. Raises `Garbled`."""
        size = 4 + int.from_bytes(letter[:4], "little")
        try:
            said, more, *rest = self._decode(letter[4:size])
            if rest:
                self._change(rest[0], letter[size:])
            said[2:] = map(self.unpack, said[2:])
            if type(more) is dict:
                more = {key: self.unpack(part) for key, part in more.items()}
            if rest:
                self._drop(rest[1])
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, StopIteration, EOFError) as err:
            raise Garbled from err
        return said, more

    def _change(self, changed: list[Any], blobs: bytes) -> None:
        for number, name, parts in changed:
            if number not in self._shared:
                self._shared[number] = made = self._made(name, parts)
                self._shared_numbers[id(made)] = number
                del made
        for number, _, parts in changed:
            blobs = self._fill(number, parts, blobs)
            if not isinstance(parts, dict):
                self._remember(number, contents(self._shared[number]))
