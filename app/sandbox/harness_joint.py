"""Lists, mappings and sets that both sides of the wall hold. Read as text by `app.sandbox.build`, as harness.py is.

They are the same on both sides: each letter tells what has changed in them since the last one, so that a list which the snippet
sorts in place is sorted for the test, too. What one side no longer holds is left to the other.
"""

from __future__ import annotations

import collections
import marshal
import operator
import sys
from typing import Any

from app.sandbox.harness_values import JOINT_BY_NAME, MANY, SCALARS, contents, dense, sparse


class Joint:
    """What both sides hold, by the number that both know it by."""

    def __init__(self, first: int) -> None:
        """Begin with nothing; the numbers given here begin behind `first` and go up by two."""
        self._next = first
        self._joint, self._joint_numbers = dict[int, Any](), dict[int, int]()
        self._told = dict[int, Any]()  # what is in the joint ones, as the other side knows it
        self._flat = set[int]()  # of the joint ones, those with scalars alone
        self._joint[0] = []
        self._alone = self._count(0)  # references to what nobody else holds
        del self._joint[0]

    def pack(self, value: Any) -> Any:
        raise NotImplementedError

    def unpack(self, said: Any) -> Any:
        raise NotImplementedError

    def new(self) -> int:
        """Return a number that nothing has yet."""
        self._next += 2
        return self._next

    def share(self, made: Any) -> int:
        """Return the number of what both sides shall hold from now on."""
        found = self._joint_numbers.get(id(made))
        if found is None:
            found = self._joint_numbers[id(made)] = self.new()
            self._joint[found] = made
        return found

    def _contents(self, number: int, inside: list[Any], blobs: list[bytes]) -> Any:
        """Return what is in one of those, and remember it as told."""
        made = self._joint[number]
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
            return bool(marshal.dumps(inside, 2) == told)
        except ValueError:
            return False

    def _fill(self, number: int, parts: Any, blobs: bytes) -> bytes:
        """Put what came into one of those; return the blobs that are left."""
        made = self._joint[number]
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
        kind = JOINT_BY_NAME[name]
        return kind((), parts[0]) if kind is collections.deque else kind()

    def _count(self, number: int) -> int:
        made = self._joint[number]
        return sys.getrefcount(made)

    def forget(self) -> list[int]:
        """Return which of the joint ones nobody on this side holds any more: from now on, it is the other's alone."""
        inner = collections.Counter[int]()
        children = {number: [] if number in self._flat else list(self._children(self._told[number])) for number in self._joint}
        for inside in children.values():
            inner.update(inside * 2)  # by the joint ones, and by what is told of it, which is the same now
        waiting = [number for number in children if self._count(number) > self._alone + inner[number]]
        held = set(waiting)
        while waiting:
            for child in children[waiting.pop()]:
                if child not in held:
                    held.add(child)
                    waiting.append(child)
        gone = [number for number in children if number not in held]
        self.drop(gone)
        return gone

    def _children(self, inside: Any) -> Any:
        for one in inside:
            if type(one) is tuple:
                yield from self._children(one)
            elif id(one) in self._joint_numbers:
                yield self._joint_numbers[id(one)]

    def drop(self, gone: list[int]) -> None:
        """Leave to the other side what it alone holds."""
        for number in gone:
            if number in self._joint:
                del self._joint_numbers[id(self._joint[number])], self._joint[number]
                self._told.pop(number, None)
                self._flat.discard(number)

    def changes(self, blobs: list[bytes]) -> list[Any]:
        """Return what has changed since it was told last; long lists go into `blobs`."""
        changed, seen = list[Any](), set[int]()
        while waiting := self._joint.keys() - seen:
            for number in sorted(waiting):
                seen.add(number)
                inside = contents(self._joint[number])
                if not self._is_told(number, inside):
                    name = type(self._joint[number]).__qualname__
                    changed.append([number, name, self._contents(number, inside, blobs)])
                del inside
        return changed

    def change(self, changed: list[Any], blobs: bytes) -> None:
        """Make the changes that the other side told."""
        for number, name, parts in changed:
            if number not in self._joint:
                self._joint[number] = made = self._made(name, parts)
                self._joint_numbers[id(made)] = number
                del made
        for number, _, parts in changed:
            blobs = self._fill(number, parts, blobs)
            if not isinstance(parts, dict):
                self._remember(number, contents(self._joint[number]))
