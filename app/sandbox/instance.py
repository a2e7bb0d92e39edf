"""One life of a guest, or of two guests with a wall between them: a store with their modules, and access for the host."""

from __future__ import annotations

import ctypes
from typing import Any, Self

from app.base.errors import SandboxError
from app.sandbox.runtime import raise_error

_TABLE_ELEMENTS = 100_000  # the guest's own table has 5,903
_NAMES = (b"wasi_snapshot_preview1", b"guest", b"door")
_OUT_OF_FUEL = 11  # WASMTIME_TRAP_CODE_OUT_OF_FUEL in wasmtime/trap.h


class Instance:
    """The wall and one or two guests, in a store of their own. The end of the `with` block frees it with all memory."""

    def __init__(self, c: Any, engine: Any, modules: tuple[Any, ...], *, memory_bytes: int, fuel: int) -> None:
        """Link `modules` (wall, WASI, guest, door) to one guest. Raises `SandboxError` sandbox.failed if they do not fit."""
        self._c = c
        self._fuel = fuel
        self._modules = modules
        no_finalizer = ctypes.CFUNCTYPE(None, ctypes.c_void_p)()  # a null pointer, not a closure
        self._store = c.wasmtime_store_new(engine, None, no_finalizer)
        self._linker = c.wasmtime_linker_new(engine)
        self._context = c.wasmtime_store_context(self._store)
        c.wasmtime_store_limiter(self._store, memory_bytes, _TABLE_ELEMENTS, 7, 3, 5)
        c.wasmtime_linker_allow_shadowing(self._linker, True)  # the second guest uses the same names as the first
        self._sides: list[tuple[Any, Any, Any]] = []
        try:
            raise_error(c, c.wasmtime_context_set_fuel(self._context, 2**40))
            self._link(modules[0], b"wall")
            self.add_side()
        except SandboxError:
            self.__exit__()
            raise

    def add_side(self) -> None:
        """Link one more guest, which costs no fuel. Raises `SandboxError` sandbox.failed if that is impossible."""
        left = self._fuel - self.fuel_used() if self._sides else self._fuel
        raise_error(self._c, self._c.wasmtime_context_set_fuel(self._context, 2**40))
        wasi, guest, door = (self._link(module, name) for module, name in zip(self._modules[1:], _NAMES, strict=True))
        self._sides.append((wasi, guest, door))
        raise_error(self._c, self._c.wasmtime_context_set_fuel(self._context, left))

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free everything."""
        self._c.wasmtime_linker_delete(self._linker)
        self._c.wasmtime_store_delete(self._store)

    def start(self) -> str | None:
        """Run the guest's `_start`. Return as `enter`."""
        return self._call(self._sides[0][1], b"_start", [], 0)[0]

    def enter(self, stack: int, function: int, target: int, args: int, *, side: int = 0) -> str | None:
        """Call a function in a guest's table. Return what trapped ("out_of_fuel", "trap"), None if the function returned."""
        return self._call(self._sides[side][2], b"enter", [stack, function, target, args], 1)[0]

    def stand(self, side: int, stack: int, function: int) -> None:
        """Let the other guest call this guest."""
        self._call(self._sides[side][2], b"stand", [side, stack, function], 0)

    def stack(self) -> int:
        """Return the guest's stack pointer."""
        return self._call(self._sides[0][2], b"stack", [], 1)[1]

    def fuel_used(self) -> int:
        """Return the units used so far."""
        left = ctypes.c_uint64()
        raise_error(self._c, self._c.wasmtime_context_get_fuel(self._context, ctypes.byref(left)))
        return self._fuel - left.value

    def memory_size(self, side: int = 0) -> int:
        """Return the size of a guest's memory in bytes."""
        return int(self._c.wasmtime_memory_data_size(self._context, self._memory(b"memory", side)))

    def read(self, memory: bytes, at: int, size: int, *, side: int = 0) -> bytes:
        """Return bytes of a memory ("memory" is the guest's, or "pipe"); the range is not checked."""
        base = self._c.wasmtime_memory_data(self._context, self._memory(memory, side))
        return ctypes.string_at(ctypes.addressof(base.contents) + at, size)

    def write(self, memory: bytes, at: int, data: bytes, *, side: int = 0) -> None:
        """Write `data` into a memory. Raises `SandboxError` sandbox.failed if it does not fit."""
        where = self._memory(memory, side)
        if at + len(data) > self._c.wasmtime_memory_data_size(self._context, where):
            raise SandboxError("sandbox.failed", "the data does not fit into the guest")
        base = self._c.wasmtime_memory_data(self._context, where)
        ctypes.memmove(ctypes.addressof(base.contents) + at, data, len(data))

    def word(self, name: bytes, side: int = 0) -> int:
        """Return the value of a global of a WASI module: "out", "err", "exit" or "full"."""
        value = self._c.wasmtime_val_t()
        found = self._export(self._sides[side][0], name).of.global_
        self._c.wasmtime_global_get(self._context, ctypes.byref(found), ctypes.byref(value))
        return int(value.of.i32)

    def _link(self, module: Any, name: bytes) -> Any:
        instance, trap = self._c.wasmtime_instance_t(), ctypes.POINTER(self._c.wasm_trap_t)()
        raise_error(
            self._c,
            self._c.wasmtime_linker_instantiate(
                self._linker, self._context, module, ctypes.byref(instance), ctypes.byref(trap)
            ),
        )
        if trap:
            self._c.wasm_trap_delete(trap)
            raise SandboxError("sandbox.failed", "the guest could not be set up")
        raise_error(
            self._c,
            self._c.wasmtime_linker_define_instance(self._linker, self._context, name, len(name), ctypes.byref(instance)),
        )
        return instance

    def _export(self, instance: Any, name: bytes) -> Any:
        item = self._c.wasmtime_extern_t()
        if not self._c.wasmtime_instance_export_get(self._context, ctypes.byref(instance), name, len(name), ctypes.byref(item)):
            raise SandboxError("sandbox.failed", "the guest lacks an export")
        return item

    def _memory(self, name: bytes, side: int) -> Any:
        return ctypes.byref(self._export(self._sides[side][0], name).of.memory)

    def _call(self, instance: Any, name: bytes, args: list[int], results: int) -> tuple[str | None, int]:
        values = (self._c.wasmtime_val_t * len(args))()
        for value, arg in zip(values, args, strict=True):
            value.kind = self._c.WASMTIME_I32
            value.of.i32 = arg
        result, trap = self._c.wasmtime_val_t(), ctypes.POINTER(self._c.wasm_trap_t)()
        function = ctypes.byref(self._export(instance, name).of.func)
        raise_error(
            self._c,
            self._c.wasmtime_func_call(
                self._context, function, values, len(args), ctypes.byref(result), results, ctypes.byref(trap)
            ),
        )
        if not trap:
            return None, int(result.of.i32)
        code = ctypes.c_uint8()
        known = self._c.wasmtime_trap_code(trap, ctypes.byref(code))
        self._c.wasm_trap_delete(trap)
        return "out_of_fuel" if known and code.value == _OUT_OF_FUEL else "trap", 0
