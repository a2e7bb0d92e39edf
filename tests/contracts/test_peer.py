"""No test of the chain can wait for ever, and none leaves a process behind."""

from __future__ import annotations

import json
import signal
import time

import pytest

from tests.support.contracts.chain import alive, end, freeze, needs_chain, started

pytestmark = [pytest.mark.slow, needs_chain]


def gone(pid: int, within: float) -> bool:
    until = time.monotonic() + within
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.05)
    return not alive(pid)


def test_a_chain_that_hangs_fails_the_test_that_asks() -> None:
    with started() as chain:
        anvil = freeze(chain)
        chain.patience = 1
        with pytest.raises(AssertionError, match="node has ended"):
            chain.order()
        with pytest.raises(AssertionError, match="node has ended"):
            chain.order()
    assert gone(anvil, 5) and chain.node.returncode == -signal.SIGKILL


def test_a_chain_that_hangs_ends_when_nobody_asks_any_more() -> None:
    """As when pytest itself was killed."""
    with started() as chain:
        anvil = freeze(chain)
        assert chain.node.stdin
        chain.node.stdin.write(json.dumps({"op": "rename", "chainId": 1}).encode() + b"\n")
        assert end(chain) == 1
        assert gone(anvil, 5)
