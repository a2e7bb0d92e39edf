"""An event loop for the guest, which has neither sockets nor a clock: what waits for time alone need not wait at all.

`asyncio.run` works with it, and so do sleep, timeouts, tasks, locks and queues. Time passes only while everything sleeps.
Read as text by `app.sandbox.build`, as harness.py is.
"""

from __future__ import annotations

import asyncio
from typing import Any


class _Nothing:
    """A selector without sockets: it lets the time pass that it was told to wait."""

    def __init__(self) -> None:
        self.now = 0.0

    def select(self, timeout: float | None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("every task waits for something that nobody will do")
        self.now += max(0.0, timeout)
        return []


class Loop(asyncio.BaseEventLoop):
    """asyncio's own loop on such a selector."""

    def __init__(self) -> None:
        """Begin at time 0."""
        super().__init__()
        self._selector = _Nothing()

    def time(self) -> float:
        """Return the seconds slept so far."""
        return self._selector.now

    def _process_events(self, event_list: list[Any]) -> None:
        """Do nothing: there are none."""

    def _write_to_self(self) -> None:
        """Do nothing: there is no other thread to wake this one."""


class _Policy(asyncio.DefaultEventLoopPolicy):
    _loop_factory = Loop


def install() -> None:
    """Make it the loop that `asyncio.run` begins."""
    asyncio.set_event_loop_policy(_Policy())
