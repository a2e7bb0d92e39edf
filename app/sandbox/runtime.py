"""The only access to wasmtime: its C bindings, opened without writable code pages.

`import wasmtime` makes libffi closures for callbacks that nothing here uses, and a closure needs a page that is writable and
executable at once. The C bindings alone (`wasmtime._ffi`) make none.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.metadata
from typing import Any

from app.base.bindings import import_bindings
from app.base.errors import SandboxError


@functools.cache
def load_runtime() -> Any:
    """Return the module `wasmtime._ffi`, which holds all of `wasmtime._bindings`. Raises `SandboxError` sandbox.missing."""
    try:
        return import_bindings("wasmtime", "_ffi")
    except (ImportError, OSError, RuntimeError) as err:
        raise SandboxError("sandbox.missing", "wasmtime is not installed or cannot be loaded") from err


def engine_name() -> str:
    """Return the engine's name and version as a report shows it. Raises `SandboxError` sandbox.missing."""
    try:
        return f"wasmtime {importlib.metadata.version('wasmtime')} (pulley64)"
    except importlib.metadata.PackageNotFoundError as err:
        raise SandboxError("sandbox.missing", "wasmtime is not installed") from err


def new_engine(c: Any) -> Any:
    """Return an engine in the only configuration that is used and tested.

    Pulley is wasmtime's portable interpreter: no page of the guest is ever executable. A wrong value here can abort the process
    (a stack limit above the engine's own panics), so nothing is adjustable.
    """
    config = c.wasm_config_new()
    raise_error(c, c.wasmtime_config_target_set(config, b"pulley64"))
    c.wasmtime_config_signals_based_traps_set(config, False)  # an enclave has no SIGSEGV handler
    c.wasmtime_config_memory_reservation_set(config, 0)  # the default reserves 4 GiB for each memory
    c.wasmtime_config_memory_guard_size_set(config, 0)
    c.wasmtime_config_memory_reservation_for_growth_set(config, 0)
    c.wasmtime_config_memory_may_move_set(config, True)
    c.wasmtime_config_memory_init_cow_set(config, False)  # no memfd
    c.wasmtime_config_parallel_compilation_set(config, False)  # no threads
    c.wasmtime_config_native_unwind_info_set(config, False)
    c.wasmtime_config_cranelift_nan_canonicalization_set(config, True)  # a single NaN, so that floats repeat exactly
    c.wasmtime_config_consume_fuel_set(config, True)
    c.wasmtime_config_max_wasm_stack_set(config, 2**20)
    return c.wasm_engine_new_with_config(config)


def raise_error(c: Any, error: Any) -> None:
    """Raise `SandboxError` sandbox.failed if `error` is not null; the message holds none of wasmtime's own words."""
    if error:
        c.wasmtime_error_delete(error)
        raise SandboxError("sandbox.failed", "wasmtime refused an operation")


def compile_module(c: Any, engine: Any, source: bytes, *, text: bool = False) -> bytes:
    """Return the Pulley bytecode of `source` (WebAssembly, or its text form), ready to be deserialized."""
    if text:
        wasm = c.wasm_byte_vec_t()
        raise_error(c, c.wasmtime_wat2wasm(source, len(source), ctypes.byref(wasm)))
        source = _take(c, wasm)
    module = ctypes.POINTER(c.wasmtime_module_t)()
    buffer = (ctypes.c_uint8 * len(source)).from_buffer_copy(source)
    raise_error(c, c.wasmtime_module_new(engine, buffer, len(source), ctypes.byref(module)))
    code = c.wasm_byte_vec_t()
    try:
        raise_error(c, c.wasmtime_module_serialize(module, ctypes.byref(code)))
    finally:
        c.wasmtime_module_delete(module)
    return _take(c, code)


def load_module(c: Any, engine: Any, code: bytes | memoryview) -> Any:
    """Return a module from `compile_module`. It trusts every byte of `code`: check its hash first."""
    module = ctypes.POINTER(c.wasmtime_module_t)()
    raw = (ctypes.c_uint8 * len(code)).from_buffer(code if isinstance(code, memoryview) else bytearray(code))
    raise_error(c, c.wasmtime_module_deserialize(engine, raw, len(code), ctypes.byref(module)))
    return module


def _take(c: Any, vector: Any) -> bytes:
    data = ctypes.string_at(vector.data, vector.size)
    c.wasm_byte_vec_delete(ctypes.byref(vector))
    return data
