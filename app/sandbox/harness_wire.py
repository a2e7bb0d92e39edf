"""The letters that cross the wall between snippet and test. Read as text by `app.sandbox.build`, as harness.py is.

Plain values cross by value, from the snippet as JSON, which hurts no reader. What can change and is plain is kept the same on
both sides (harness_joint.py). Everything else stays where it is, and a mirror (harness_mirror.py) stands for it elsewhere.
"""

from __future__ import annotations

import marshal
import weakref
from typing import Any

from app.sandbox.harness_joint import Joint
from app.sandbox.harness_values import BY_NAME, JOINT, NAMES, SCALARS, VALUES, from_json, to_json


class Garbled(Exception):
    """What came is no letter."""


class Wire(Joint):
    """What both sides know of each other, and the letters between them."""

    def __init__(self, *, of_test: bool) -> None:
        """Begin with nothing; the numbers that the side of the test gives are odd."""
        super().__init__(1 if of_test else 2)
        self._of_test = of_test
        self._encode = marshal.dumps if of_test else to_json
        self._decode = from_json if of_test else marshal.loads
        self._mine, self._numbers = dict[int, Any](), dict[int, int]()  # what the other side may name
        self._theirs: Any = weakref.WeakValueDictionary()  # mirrors that are alive
        self._kept = dict[int, Any]()  # those that cannot be referred to weakly

    # objects

    def number(self, made: object) -> int:
        """Return what the other side calls an object of this one."""
        found = self._numbers.get(id(made))
        if found is None:
            found = self._numbers[id(made)] = self.new()
            self._mine[found] = made
        return found

    def pack(self, value: Any) -> Any:
        """Return a value as JSON knows it."""
        kind = type(value)
        if kind in SCALARS:
            return value
        if kind in JOINT:
            return ["=", self.share(value)]
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
            return self._joint[parts[0]]
        if tag == "t":
            return tuple(map(self.unpack, parts))
        if tag == "v":
            return BY_NAME[parts[0]](*map(self.unpack, parts[1:]))
        return self.unpack_object(tag, parts)

    # letters

    def write(self, said: list[Any], more: Any) -> bytes:
        """Return a letter: what is said, and what has changed in what both hold. Who calls holds no value of it any more."""
        blobs = list[bytes]()
        if self._joint:
            changed = self.changes(blobs)
            head = self._encode((said, more, changed, self.forget()))
        else:
            head = self._encode((said, more))
        return b"".join([len(head).to_bytes(4, "little"), head, *blobs])

    def read(self, letter: bytes) -> tuple[list[Any], Any]:
        """Return what is said, and what came with it. Raises `Garbled`."""
        size = 4 + int.from_bytes(letter[:4], "little")
        try:
            said, more, *rest = self._decode(letter[4:size])
            if rest:
                self.change(rest[0], letter[size:])
            said[2:] = map(self.unpack, said[2:])
            if type(more) is dict:
                more = {key: self.unpack(part) for key, part in more.items()}
            if rest:
                self.drop(rest[1])
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, StopIteration, EOFError) as err:
            raise Garbled from err
        return said, more
