"""Build the guest: fetch CPython, patch and compile it, start it, and keep the memory of the started guest.

This happens when an image is built or a checkout is set up, never in a task. The result depends only on guest.toml, wall.wat,
wasi.wat, door.wat and harness*.py.
"""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path

from app.base.errors import AppError, SandboxError
from app.base.limits import LIMITS
from app.build.fetch import OnBytes, fetch
from app.build.guest_patch import patch
from app.desk import atomic
from app.desk.cache import cache_folder, lock
from app.sandbox import runtime
from app.sandbox.guest import catalogue, pack
from app.sandbox.machine import PAGE, Ended, Image, Machine, WasmCode

_FUEL = 20_000_000_000  # the start takes a tenth of it
_TP_CALL = 64  # offset of tp_call in CPython's PyTypeObject where a pointer has 4 bytes (Include/cpython/object.h)
_TARGETS = ("main", "judge", "confirm", "answer")  # functions of harness.py, in the order in which it prints their addresses
_ENVIRON = [b"PYTHONHASHSEED=0"]
_PARTS = (
    "loop",
    "checks",
    "patching",
    "pytest",
    "fixtures",
    "kinds",
    "doctest",
    "words",
    "lacks",
    "verdict",
    "restore",
    "scope",
    "values",
    "joint",
    "describe",
    "known",
    "lies",
    "mirror",
    "wire",
    "wall",
)  # modules of the harness, in the order of their imports
# Prints which modules of the standard library can be imported, and which cannot.
_LIST = """
import os, sys
found = {True: [], False: []}
for name in sorted(sys.stdlib_module_names - {"antigravity", "this", "idlelib", "lib2to3", "turtledemo", "ensurepip"}):
    if not name.startswith("_"):
        try:
            __import__(name)
        except BaseException:
            found[False].append(name)
        else:
            found[True].append(name)
os.write(1, "\\n".join(" ".join(found[kind]) for kind in (True, False)).encode())
os._exit(0)
"""
_CATALOGUE = Path(__file__).parent.parent / "sandbox" / "guest.toml"


def build(progress: OnBytes = lambda _: None, *, pin: bool = False) -> Path:
    """Return the path of the guest in the cache, built if it is not there yet.

    With `pin`, it is built again, and its digests are written into guest.toml. Raises `ModelError` model.fetch_failed,
    `SandboxError` sandbox.altered if the built bytes are not those that guest.toml names, `AppError` cache.unwritable.
    """
    if not pin and (path := _built()):
        return path
    with lock("guest", "making the guest"):
        return (None if pin else _built()) or _build(progress, pin=pin)


def _built() -> Path | None:
    """Return the guest in the cache, None if it is missing or incomplete."""
    wanted = catalogue().build.sha256
    path = cache_folder() / "sandbox" / f"{wanted}.bin"
    try:
        return path if hashlib.sha256(path.read_bytes()).hexdigest() == wanted else None
    except OSError:
        return None


def _build(progress: OnBytes, *, pin: bool) -> Path:
    if runtime.engine_name() != catalogue().build.engine and not pin:
        raise SandboxError("sandbox.altered", "guest.toml is for another version of wasmtime")
    data = make(fetch(catalogue().guest, progress).read_bytes())
    found = hashlib.sha256(data).hexdigest()
    if pin:
        _pin(found)
    elif found != catalogue().build.sha256:
        raise SandboxError("sandbox.altered", "the built bytes are not those that guest.toml names")
    path = cache_folder() / "sandbox" / f"{found}.bin"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(path, data)
    except OSError as err:
        raise AppError("cache.unwritable", f"{path.parent} cannot be written: {atomic.reason(err)}") from err
    return path


def make(wasm: bytes) -> bytes:
    """Return the packed guest made from CPython's WebAssembly; this takes 20 s on one core."""
    c = runtime.load_runtime()
    engine = runtime.new_engine(c)
    guest = runtime.compile_module(c, engine, patch(wasm))
    wall, door = (runtime.compile_module(c, engine, _text(f"{name}.wat").encode(), text=True) for name in ("wall", "door"))
    code = WasmCode(wall, _wasi(c, engine, 160), guest, door)
    image = _start(Machine(code, memory_bytes=LIMITS.test_memory_bytes))
    return pack(WasmCode(wall, _wasi(c, engine, len(image.memory) // PAGE), guest, door), image)


def _wasi(c: object, engine: object, pages: int) -> bytes:
    """Return the compiled wasi.wat, with a guest memory that has this many pages at first."""
    source = _text("wasi.wat").replace("{pages}", str(pages))
    return runtime.compile_module(c, engine, source.encode(), text=True)


def _start(machine: Machine) -> Image:
    """Return the image of CPython after harness.py has run up to its last line."""
    ended, memory, stack = _boot(machine, _program())
    kind, args_at, *at = (int(word) for word in ended.stdout.split())
    function = int.from_bytes(memory[kind + _TP_CALL : kind + _TP_CALL + 4], "little")
    modules, missing = (tuple(line.split()) for line in _boot(machine, _LIST)[0].stdout.decode().splitlines())
    return Image(memory, stack, function, dict(zip(_TARGETS, at, strict=True)), args_at, modules, missing)


def _boot(machine: Machine, program: str) -> tuple[Ended, bytes, int]:
    """Return how CPython ended after running a program, its memory, and its stack pointer."""
    args = [b"python", b"-S", b"-s", b"-B", b"-c", program.encode()]
    ended, memory, stack = machine.boot(args, _ENVIRON, _FUEL)
    if ended.cause != "exit" or ended.status != 0:
        raise SandboxError("sandbox.failed", "the guest did not start")
    return ended, memory, stack


def _program() -> str:
    """Return harness.py together with the modules that it imports from this folder; they exist only during their import."""
    parts = {f"app.sandbox.harness_{name}": _text(f"harness_{name}.py") for name in _PARTS}
    made = ["import sys, types\nsys.modules['app.sandbox'] = package = types.ModuleType('app.sandbox')"]
    for name, text in parts.items():
        made.append(f"sys.modules[{name!r}] = package.{name.rpartition('.')[2]} = types.ModuleType({name!r})")
        made.append(f"exec(compile({text!r}, {name!r}, 'exec'), vars(sys.modules[{name!r}]))")
    return "\n".join([*made, f"exec(compile({_text('harness.py')!r}, '<harness>', 'exec'))"])


def _pin(sha256: str) -> None:
    head, _, _ = _CATALOGUE.read_text().partition("[build]\n")
    atomic.write(_CATALOGUE, f'{head}[build]\nengine = "{runtime.engine_name()}"\nsha256 = "{sha256}"\n'.encode())
    catalogue.cache_clear()


def _text(name: str) -> str:
    return (resources.files("app.sandbox") / name).read_text()
