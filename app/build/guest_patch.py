"""Patch a guest's WebAssembly so that the host provides its memory and its start can be continued.

There are three edits (sections of the WebAssembly core specification 5.5): the memory becomes an import from the WASI module;
the function table and the stack pointer become exports. No instruction is changed.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.base.errors import SandboxError

_CUSTOM, _IMPORT, _MEMORY, _GLOBAL, _EXPORT = 0, 2, 5, 6, 7
_MODULE = b"wasi_snapshot_preview1"
_EXPORTS = {b"__indirect_function_table": b"\x01\x00", b"__stack_pointer": b"\x03\x00"}  # table 0, global 0
# The only global must be a mutable i32, in which compilers for WASI keep the stack pointer.
_ONE_MUTABLE_I32 = b"\x01\x7f\x01"


def patch(wasm: bytes) -> bytes:
    """Return `wasm` with the edits, and without its custom sections (names and debug information).

    Raises `SandboxError` sandbox.altered if the module does not have the expected form.
    """
    out, memory = bytearray(wasm[:8]), b""
    sections = list(_sections(wasm))
    for kind, body in sections:
        if kind == _MEMORY:
            memory = body
    if wasm[:8] != b"\0asm\1\0\0\0" or memory[:2] != b"\x01\x00":
        raise SandboxError("sandbox.altered", "the guest is not a WebAssembly module with one memory")
    for kind, body in sections:
        if kind in (_CUSTOM, _MEMORY):
            continue
        edited = body
        if kind == _GLOBAL and not body.startswith(_ONE_MUTABLE_I32):
            raise SandboxError("sandbox.altered", "the guest has globals other than a stack pointer")
        if kind == _IMPORT:  # memory type: the limits without the count before them
            edited = _append(body, [_name(_MODULE) + _name(b"memory") + b"\x02" + memory[1:]])
        elif kind == _EXPORT:
            edited = _append(body, [_name(name) + index for name, index in _EXPORTS.items()])
        out += bytes([kind]) + _leb(len(edited)) + edited
    return bytes(out)


def _sections(wasm: bytes) -> Iterator[tuple[int, bytes]]:
    at = 8
    while at < len(wasm):
        size, start = _unleb(wasm, at + 1)
        yield wasm[at], wasm[start : start + size]
        at = start + size


def _append(body: bytes, entries: list[bytes]) -> bytes:
    count, start = _unleb(body, 0)
    return _leb(count + len(entries)) + body[start:] + b"".join(entries)


def _name(text: bytes) -> bytes:
    return _leb(len(text)) + text


def _leb(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _unleb(data: bytes, at: int) -> tuple[int, int]:
    """Return the unsigned LEB128 number at `at`, and the place after it."""
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at
