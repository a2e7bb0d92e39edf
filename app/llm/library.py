"""The only access to llama.cpp: llama-cpp-python's C bindings, opened without writable code pages.

`import llama_cpp` makes a libffi closure for its log callback, which needs a page that is writable and executable at once. An
enclave refuses such a page (docs/explanation/enclaves.md, "What SCONE refuses"). The C bindings alone (`llama_cpp.llama_cpp`)
make no closure, and load neither numpy nor jinja2 nor diskcache.
"""

from __future__ import annotations

import ctypes
import functools
import os
import tomllib
from importlib import resources
from typing import Any

from app.base.bindings import import_bindings
from app.base.errors import ModelError
from app.formats import strict_json

# What `llama_print_system_info` of the build in build.toml must report, and what it must not.
_WANTED = frozenset({"AVX", "AVX2", "FMA", "F16C", "BMI2", "LLAMAFILE", "REPACK"})
_REFUSED = frozenset({"OPENMP", "AVX_VNNI", "AMX_INT8"})


def build_config() -> dict[str, Any]:
    """Return app/llm/build.toml as a table."""
    return tomllib.loads((resources.files("app.llm") / "build.toml").read_text())


def engine_name() -> str:
    """Return the engine's name and version as a report shows them."""
    config = build_config()
    return f"llama.cpp ({config['binding']} {config['version']})"


def build_id() -> str:
    """Return the SHA-256 of the canonical JSON of build.toml, 64 hex digits."""
    import hashlib

    return hashlib.sha256(strict_json.dumps(build_config())).hexdigest()


def features(info: str) -> frozenset[str]:
    """Return the names that llama.cpp's system info marks with `= 1`."""
    pairs = (item.rsplit(":", 1)[-1].split("=") for item in info.split("|") if "=" in item)
    return frozenset(name.strip() for name, value in pairs if value.strip() == "1")


@functools.cache
def load_library() -> Any:
    """Return the module `llama_cpp.llama_cpp`, silenced, after checking that it is the portable build.

    Raises `ModelError` engine.missing or engine.wrong_build.
    """
    os.environ["GGML_NO_BACKTRACE"] = "1"  # else a failed assertion forks gdb, whose report can quote strings
    try:
        bindings = import_bindings("llama_cpp", "llama_cpp")
    except (ImportError, OSError, RuntimeError) as err:
        raise ModelError("engine.missing", "llama-cpp-python is not installed or cannot be loaded") from err
    # A log function without a closure: libc's abs() takes the level and ignores the rest (System V ABI).
    # NULL would mean "log to stderr".
    silent = ctypes.cast(ctypes.CDLL(None).abs, bindings.llama_log_callback)
    bindings.llama_log_set(silent, None)
    bindings.sealed_llm_log = silent  # keeps it alive as long as the library
    bindings.llama_backend_init()
    found = features(bindings.llama_print_system_info().decode())
    wrong = not found >= _WANTED or found & _REFUSED or any(name.startswith("AVX512") for name in found)
    if wrong or _has_other_backends(bindings) or _changes_the_kv_cache(bindings):
        raise ModelError("engine.wrong_build", "llama.cpp was not built with the flags in app/llm/build.toml")
    return bindings


def _has_other_backends(bindings: Any) -> bool:
    """Return whether something besides the CPU computes, such as BLAS, which the system info does not name."""
    return int(bindings._lib.ggml_backend_reg_count()) != 1  # noqa: SLF001  libllama's handle finds ggml's symbols too


def _changes_the_kv_cache(bindings: Any) -> bool:
    """Return whether a context with default settings would not keep keys and values in F16."""
    defaults = bindings.llama_context_default_params()
    return bool({defaults.type_k, defaults.type_v} != {bindings.GGML_TYPE_F16})
