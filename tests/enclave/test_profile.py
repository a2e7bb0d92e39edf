"""The build-and-run profile: signed by its hash, checked at load, and what llama.cpp itself says of a run."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from app.llm import library
from bench.logits import Setting, digest
from tests.support.desk import SMALL
from tests.support.system import STRACE, needs_strace

TALK = f"""
from app.llm import library as native
from app.llm.engine import Engine
from app.llm.sampling import Sampling
from app.llm.models import checked_path, find
c = native.load_library()
c.llama_log_set(c.llama_log_callback(), None)  # NULL: everything on stderr
with Engine(checked_path(find({SMALL!r}))) as engine:
    engine.generate([1, 2, 3], Sampling(), 2)
"""


@pytest.mark.slow
def test_a_run_keeps_the_profile() -> None:
    said = subprocess.run([sys.executable, "-c", TALK], capture_output=True, text=True, check=True).stderr
    run = library.build_config()["run"]
    assert re.findall(r"flash_attn += (\w+)", said) == [run["flash_attention"]]
    assert re.findall(r"[KV] \((\w+)\):", said) == [run["kv_cache"]] * 2


@pytest.mark.parametrize(
    ("part", "change"),
    [("run", {"flash_attention": "enabled"}), ("flags", ["-DGGML_AVX512=ON"]), ("version", "0.3.37")],
    ids=["run", "flags", "version"],
)
def test_the_signed_id_covers_every_part(monkeypatch: pytest.MonkeyPatch, part: str, change: Any) -> None:
    before, config = library.build_id(), library.build_config()
    monkeypatch.setattr(library, "build_config", lambda: config | {part: change})
    assert library.build_id() != before


def test_a_second_backend_is_refused() -> None:
    """OpenBLAS would come as one; `make campaign-bits` builds it and sees it refused."""
    for count in (1, 2):
        fake = SimpleNamespace(_lib=SimpleNamespace(ggml_backend_reg_count=lambda count=count: count))
        assert library._has_other_backends(fake) == (count > 1)


def test_another_kv_cache_is_refused() -> None:
    for kind in (0, 1, 8):
        params = SimpleNamespace(type_k=kind, type_v=1)
        fake = SimpleNamespace(GGML_TYPE_F16=1, llama_context_default_params=lambda params=params: params)
        assert library._changes_the_kv_cache(fake) == (kind != 1)


@pytest.mark.slow
def test_what_is_free_keeps_every_logit_and_what_is_fixed_does_not() -> None:
    first = digest(SMALL, Setting())
    assert digest(SMALL, Setting(batch=40, ubatch=40, context=640, mmap=False)) == first
    for fixed in (Setting(tail_of_one=True), Setting(flash=True), Setting(kv="F32")):
        assert digest(SMALL, fixed)["digest"] != first["digest"]


@pytest.mark.slow
@needs_strace
def test_a_failed_assertion_starts_no_debugger() -> None:
    """llama.cpp would fork, and let gdb or backtrace_symbols print the stack on stderr, which is public."""
    fall = "from app.llm import library as native; native.load_library()._lib.ggml_abort(b'file', 1, b'reason')"
    done = subprocess.run(
        [str(STRACE), "-f", "-qq", "-e", "trace=process", sys.executable, "-c", fall],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith(("execve", "exit", "tgkill", "+++", "---"))]
    assert lines == ["file:1: reason"]
