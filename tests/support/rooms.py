"""How two workers share the tests (`pytest -n 2`): a file at a time, for what its tests share is made once; longest first."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/iexec/"
"""The files of this folder share one loopback iExec, so they go to one worker."""

LONGEST = (
    "tests/e2e/test_run.py",
    "tests/e2e/test_score.py",
    "tests/enclave/test_instructions.py",
    "tests/e2e/test_field_code.py",
    "tests/faults/test_faults.py",
    "tests/e2e/test_owner_canary.py",
    "tests/unit/test_wall.py",
    "tests/iexec/test_local_iexec.py",
    "tests/e2e/test_code.py",
    "tests/e2e/test_commands.py",
    "tests/e2e/test_cli.py",
    "tests/enclave/test_isolation.py",
    "tests/unit/test_states.py",
    "tests/unit/test_kinds.py",
    "tests/e2e/test_outside.py",
    "tests/enclave/test_heap.py",
    "tests/enclave/test_inside.py",
    "tests/e2e/test_desk_mistakes.py",
    "tests/unit/test_sandbox.py",
    "tests/attack/test_readings.py",
    "tests/e2e/test_oracle.py",
    "tests/e2e/test_verify_request.py",
    "tests/e2e/test_score_sources.py",
    "tests/attack/test_outputs_fail.py",
    "tests/faults/test_at_once.py",
    "tests/faults/test_crash.py",
    "tests/enclave/test_profile.py",
    "tests/e2e/test_material.py",
    "tests/faults/test_sandbox_calls.py",
    "tests/unit/test_plain_tokens.py",
    "tests/unit/test_constrained.py",
    "tests/unit/test_snippets.py",
    "tests/unit/test_linear.py",
    "tests/contracts/test_contracts.py",
    "tests/contracts/test_peer.py",
    "tests/attack/test_mutants.py",
)
"""What takes more than ten seconds, longest first, so that both workers end together. A wrong order costs time alone."""


class Rooms(LoadScopeScheduling):  # type: ignore[misc]  # it has no types
    """xdist's scheduler of whole scopes, with our scopes and in our order."""

    def __init__(self, config: pytest.Config, log: Producer) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # by how many tests a file has, which says little of how long they take

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid.partition("::")[0]


def longest_first(items: list[pytest.Item], root: Path) -> None:
    """Order the tests by how long their files take; the order within a file stays."""
    order = {name: nth for nth, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(os.path.relpath(item.path, root), len(order)))
