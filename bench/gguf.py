"""How many bytes of a GGUF each tensor takes: what a token must read of it."""

from __future__ import annotations

import mmap
import struct
from pathlib import Path

# sizes of the fixed types of metadata; 8 is a string, 9 an array
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9


class _Reader:
    """A place in the file."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data, self._at = data, 8  # behind magic and version

    def number(self, form: str) -> int:
        """Return the next little-endian number."""
        (value,) = struct.unpack_from(f"<{form}", self._data, self._at)
        self._at += struct.calcsize(form)
        return int(value)

    def string(self) -> str:
        """Return the next string."""
        size = self.number("Q")
        self._at += size
        return self._data[self._at - size : self._at].decode()

    def skip(self, kind: int) -> None:
        """Pass over a value."""
        if kind == _STRING:
            self.string()
        elif kind == _ARRAY:
            kind, count = self.number("I"), self.number("Q")
            if kind in _SIZES:
                self._at += _SIZES[kind] * count
            else:
                for _ in range(count):
                    self.skip(kind)
        else:
            self._at += _SIZES[kind]


def tensors(path: Path) -> dict[str, int]:
    """Return name -> bytes, padding included."""
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(data)
        count, pairs = reader.number("Q"), reader.number("Q")
        for _ in range(pairs):
            reader.string()
            reader.skip(reader.number("I"))
        starts = []
        for _ in range(count):
            name = reader.string()
            for _ in range(reader.number("I")):
                reader.number("Q")  # a dimension
            reader.number("I")  # the type
            starts.append((reader.number("Q"), name))
        total = len(data)
        header = reader._at  # noqa: SLF001  the tensors begin behind it
    starts.sort()
    ends = [start for start, _ in starts[1:]] + [total - -(-header // 32) * 32]
    return {name: end - start for (start, name), end in zip(starts, ends, strict=True)}


def read_per_token(path: Path) -> int:
    """Return the bytes that a lone token reads: all but the input embedding, where the output has a matrix of its own."""
    sizes = tensors(path)
    return sum(sizes.values()) - (sizes["token_embd.weight"] if "output.weight" in sizes else 0)
