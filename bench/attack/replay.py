"""What earlier campaigns found, run again: each input in a child with a budget, so that nothing hangs what asks for it."""

from __future__ import annotations

import functools
import hashlib
import os
import resource
import signal
from collections.abc import Callable

from bench.attack import corpus, growth
from bench.attack.growth import Repetition
from bench.attack.targets import TARGETS, attempt

_SECONDS = 20  # of processor time: forty times what the slowest of them takes
_BYTES = 4 * 2**30
_TIMES_THE_LIMIT = 16  # what takes a quarter of a second at the limit, and grows with the square, takes a minute here


def crashes() -> list[str]:
    """Return the inputs of the corpus that break the contract, as target and SHA-1."""
    return [
        f"{name}, SHA-1 {hashlib.sha1(data, usedforsecurity=False).hexdigest()}"
        for name in TARGETS
        for data in corpus.inputs(name)
        if in_child(functools.partial(attempt, name, data))
    ]


def slow() -> list[Repetition]:
    """Return the known repetitions that still grow too fast."""
    return [one for one in growth.known() if grows(one)]


def grows(one: Repetition) -> str:
    """Return what is wrong with a repetition at far more bytes than its target may be given, "" if it is quick."""
    return in_child(lambda: [attempt(one.target, one.made(_TIMES_THE_LIMIT * growth.limit(one.target)))])


def in_child(work: Callable[[], object]) -> str:
    """Return why `work` failed in a child, "" if it did not."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, resource.RLIM_INFINITY))
        resource.setrlimit(resource.RLIMIT_AS, (_BYTES, _BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code = 1
        try:
            work()
            code = 0
        except BaseException as err:  # noqa: BLE001  it is told to the parent
            os.write(writing, f"{type(err).__name__}: {err}"[:400].encode(errors="replace"))
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        said = stream.read().decode()
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return said if code >= 0 else f"signal {signal.Signals(-code).name}"
