"""The heap a task needs: computed, enough, and not much more than enough."""

from __future__ import annotations

import pytest

from bench.memory import MEBIBYTE, need, task
from tests.support.desk import SMALL
from tests.support.enclave.inside import heap

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mmap", [True, False], ids=["mmap", "no mmap"])
def test_the_computed_heap_suffices_and_a_little_less_does_not(mmap: bool) -> None:
    """Between the two contexts that it is computed from."""
    computed = need(SMALL, 2_048, mmap=mmap)
    free = task(SMALL, 2_048, mmap=mmap)
    held = task(SMALL, 2_048, mmap=mmap, heap=computed)
    assert (held.status, held.result) == ("ok", free.result)
    assert free.address_space <= computed < free.address_space + 12 * MEBIBYTE
    assert task(SMALL, 2_048, mmap=mmap, heap=free.address_space - 4 * MEBIBYTE).status in {"error", "incomplete"}


@pytest.mark.parametrize("share", [0.95, 0.6, 0.25])
def test_too_small_a_heap_still_delivers_a_signed_result(share: float) -> None:
    """An error that names memory, or, where llama.cpp aborts, the result that was written ahead."""
    peak = task(SMALL, 4_096, heap=int(need(SMALL, 4_096) * share))
    assert peak.status in {"error", "incomplete"}
    assert peak.result["report"]["error"]["code"] in {"engine.failed", "engine.missing", "incomplete"}
    assert peak.result["attestation"]["signature"]


@pytest.mark.parametrize(("model", "mebibytes"), [("qwen2.5-coder-0.5b-instruct", 1_024), (SMALL, 512)], ids=["0.5B", "135M"])
@pytest.mark.parametrize("mmap", [True, False], ids=["mmap", "no mmap"])
def test_each_model_has_room_in_the_heap_that_the_readme_names(model: str, mebibytes: int, mmap: bool) -> None:
    """With the longest context of which both are capable, and a fifth to spare: 0.5B in the heap that is deployed."""
    assert heap() == 1_024 * MEBIBYTE
    assert task(model, 4_096, mmap=mmap, heap=mebibytes * MEBIBYTE).status == "ok"
    assert need(model, 4_096, mmap=mmap) <= mebibytes * MEBIBYTE * 4 // 5
