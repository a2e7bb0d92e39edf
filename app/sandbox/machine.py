"""A guest on wasmtime's interpreter: start it once, keep its memory, and run copies of it.

A guest stops itself (by proc_exit) in the middle of its start; its memory is what is kept. Every run gets a new store with a
copy of that memory and calls one of the guest's functions there. That takes hundredths of a second instead of the second that
CPython needs to start, and no run sees another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.base.errors import SandboxError
from app.sandbox import runtime
from app.sandbox.instance import Instance

PAGE = 65_536  # bytes, WebAssembly
_TABLE, _WALL, _ARGS, _INPUTS, _STDOUT, _STDERR = 16, 40, 64, 0x10000, 0x3E0000, 0x3F0000  # places in the pipe: see wasi.wat
INPUT_BYTES = _STDOUT - _INPUTS  # all inputs of one run together


@dataclass(frozen=True, slots=True)
class WasmCode:
    """Four compiled modules: the wall between two guests, the WASI below a guest, the guest, and the door back into it."""

    wall: bytes | memoryview
    wasi: bytes | memoryview
    guest: bytes | memoryview
    door: bytes | memoryview


@dataclass(frozen=True, slots=True)
class Image:
    """A guest at rest, and the calls that continue it."""

    memory: bytes
    stack: int
    """The stack pointer, which is not part of the memory."""
    function: int
    """Index in the guest's table of the function to call ..."""
    targets: dict[str, int]
    """... its first argument, the address of a Python function by its name in harness.py ..."""
    args: int
    """... and its second, the address of a tuple."""
    modules: tuple[str, ...] = ()
    """The modules of the standard library that can be imported there ..."""
    missing: tuple[str, ...] = ()
    """... and those that cannot."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The texts that a guest can read as its standard input."""

    first: list[bytes]
    """At most two, from the start."""
    later: bytes
    """One more, which does not exist in the guest before `main` has returned ..."""
    apart: bool
    """... and whether it goes to a separate guest."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one run of the guest ended."""

    cause: Literal["exit", "returned", "out_of_fuel", "output_limit", "trap"]
    status: int
    """The status that the guest gave to proc_exit, if it did."""
    stdout: bytes
    stderr: bytes
    fuel: int
    """Units of fuel used: one for each WebAssembly instruction, with few exceptions."""
    memory_bytes: int
    """Size of the guest's memory at the end; it never shrinks."""


class Machine:
    """An engine with the loaded modules."""

    def __init__(self, code: WasmCode, *, memory_bytes: int) -> None:
        """Load `code`, every byte of which is trusted; `memory_bytes` limits the guest's memory.

        Raises `SandboxError` sandbox.missing, or sandbox.failed if another version of wasmtime compiled it.
        """
        self._c = runtime.load_runtime()
        self._engine = runtime.new_engine(self._c)
        load = runtime.load_module
        self._modules = tuple(load(self._c, self._engine, part) for part in (code.wall, code.wasi, code.guest, code.door))
        self._memory_bytes = memory_bytes

    def boot(self, args: list[bytes], environ: list[bytes], fuel: int) -> tuple[Ended, bytes, int]:
        """Return how the guest's own start ended, its memory, and its stack pointer."""
        with self._instance(fuel) as guest:
            sizes = [size for items in (args, environ) for size in (len(items), sum(len(item) + 1 for item in items))]
            guest.write(b"pipe", 0, _words(*sizes))
            guest.write(b"pipe", _ARGS, b"".join(item + b"\0" for item in args + environ))
            ended = _ended(guest, guest.start())
            return ended, guest.read(b"memory", 0, guest.memory_size()), guest.stack()

    def enter(self, image: Image, inputs: Inputs, fuel: int) -> Ended:
        """Return how a copy of `image` ended that ran `main` with the first inputs and at most `fuel` units.

        After `main`, the test runs. It is judged by `judge` in the same copy, or by `confirm` in a second copy, which reaches
        the first only across the wall. With two copies, the end of the first counts if it ended both, and the output is that of
        the second.
        """
        with self._instance(fuel) as guest:
            guest.write(b"memory", 0, image.memory)
            trapped = _enter(guest, image, "main", inputs.first)
            if trapped:
                return _ended(guest, trapped)
            if not inputs.apart:
                return _ended(guest, _enter(guest, image, "judge", [*inputs.first, inputs.later]))
            guest.add_side()
            guest.write(b"memory", 0, image.memory, side=1)
            for side in (0, 1):
                guest.stand(side, image.stack, image.function)
                guest.write(b"pipe", _WALL, _words(1, 1 - side, image.targets["answer"], image.args), side=side)
            trapped = _enter(guest, image, "confirm", [inputs.later], side=1)
            return _ended(guest, trapped, side=0 if guest.word(b"full") or guest.word(b"exit") >= 0 else 1)

    def _instance(self, fuel: int) -> Instance:
        return Instance(self._c, self._engine, self._modules, memory_bytes=self._memory_bytes, fuel=fuel)


def _words(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "little") for number in numbers)


def _enter(guest: Instance, image: Image, name: str, inputs: list[bytes], *, side: int = 0) -> str | None:
    if sum(map(len, inputs)) > INPUT_BYTES:
        raise SandboxError("sandbox.failed", "the inputs do not fit into the guest")
    at, table = _INPUTS, b""
    for data in inputs:
        guest.write(b"pipe", at, data, side=side)
        table += _words(at, at + len(data))
        at += len(data)
    guest.write(b"pipe", _TABLE, table, side=side)
    return guest.enter(image.stack, image.function, image.targets[name], image.args, side=side)


def _ended(guest: Instance, trapped: str | None, side: int = 0) -> Ended:
    fuel, status = guest.fuel_used(), guest.word(b"exit", side)
    cause: Literal["exit", "returned", "out_of_fuel", "output_limit", "trap"] = "trap"
    if trapped is None:
        cause = "returned"
    elif trapped == "out_of_fuel":
        cause = "out_of_fuel"
    elif guest.word(b"full", side):
        cause = "output_limit"
    elif status >= 0:
        cause = "exit"
    stdout = guest.read(b"pipe", _STDOUT, guest.word(b"out", side), side=side)
    stderr = guest.read(b"pipe", _STDERR, guest.word(b"err", side), side=side)
    return Ended(cause, status, stdout, stderr, fuel, max(guest.memory_size(one) for one in {0, side}))
