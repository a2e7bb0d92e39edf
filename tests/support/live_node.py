"""A wallet's past through a node that misbehaves, judged."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from app.base.errors import HistoryError
from app.wallet.fetch.node import fetch
from app.wallet.read.any_source import read_documents
from tests.support.anvil import CHAIN, WALLET, Past, Twist, twisted

HERE = ("127.0.0.1", "localhost")
SECONDS = 3.0
SLACK = 6.0  # seconds over the deadline, on a busy machine; what is tested would go on for much longer


def refused(past: Past, twist: Twist, seconds: float = SECONDS) -> str:
    """Return the code with which a history through `twist` is refused, in time and without a word of the URL."""
    with twisted(past.node, twist) as url:
        begin = time.monotonic()
        with pytest.raises(HistoryError) as caught:
            read_documents(fetch(url, WALLET, CHAIN, HERE, seconds=seconds), WALLET, CHAIN)
        assert time.monotonic() - begin < seconds + SLACK
    told = "".join(traceback.format_exception(caught.value)) + str(caught.value) + caught.value.hint
    assert "CANARY" not in told and url.split("/")[2] not in told
    return caught.value.code


def on(wanted: str, answer: Callable[[list[Any], Any], Any], first: int = 1) -> Twist:
    """Return the twist of the `first`-th and each later answer to `wanted`; a longer name beats "eth_"."""
    count = 0

    def twist(method: str, params: list[Any], result: Any) -> Any:
        nonlocal count
        count += method.startswith(wanted)
        return answer(params, result) if method.startswith(wanted) and count >= first else result

    return twist
