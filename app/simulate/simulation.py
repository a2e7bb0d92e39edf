"""Run one simulation, from the order to a verified result."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import AppError, SigningError, SimulationError
from app.crypto import signing
from app.iexec.args import split_args
from app.llm.answerer import Outside
from app.result.envelope import read_result
from app.run.run import run
from app.simulate.folders import deferred, orderly, private, results
from app.simulate.postcompute import Delivered, judge
from app.simulate.worker import Order, prepare, start
from app.verify.verifier import Verified, verify

_TICK = 0.1  # seconds between two looks at the child


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the requester gets, and whether it verifies."""

    delivered: Delivered
    verified: Verified | None
    refusal: AppError | None
    trusted: bool
    """Whether the signer's key is the one that the app was given; otherwise it is only known that nothing was altered."""
    order: Order
    seconds: float
    folder: Path
    """The folder with result.json and all other files that the requester would get."""


def simulate(
    order: Order, out: Path | None, tick: Callable[[float], None], outside: Outside | None = None, *, keep: bool = False
) -> Simulated:
    """Run `order` through the app as a worker would, and return the outcome.

    IEXEC_OUT is `out`, or the next folder below ./sealed-result; it stays. IEXEC_IN, with the decrypted inputs, is a temporary
    folder that is removed in the end, or with `keep` moved there too. `tick` is called with the seconds so far. With `outside`
    the app runs in this very process, because a worker's environment cannot name an engine. Raises `SimulationError` if the app
    breaks a rule of the platform; an error result does not break one.
    """
    began = time.monotonic()
    with orderly(), results(out, keep=keep) as folder, private(keep_in=folder if keep else None) as inside:
        environ = prepare(order, inside, folder.absolute())
        if outside:
            run(environ, split_args(order.args), outside)
        else:
            _run_child(environ, order.args, began, tick)
        delivered = judge(folder.absolute())
    seconds = time.monotonic() - began
    expected = _expected_signer(order)
    try:
        signer = expected or read_result(delivered.result).attestation.signer
        return Simulated(delivered, verify(delivered.result, signer), None, expected is not None, order, seconds, folder)
    except AppError as err:
        return Simulated(delivered, None, err, False, order, seconds, folder)


def _expected_signer(order: Order) -> str | None:
    """Return the address of the key in the order, None if there is no key or an invalid one."""
    try:
        return signing.load_key(order.app_secret).address if order.app_secret else None
    except SigningError:
        return None


def _run_child(environ: Mapping[str, str], args: str, began: float, tick: Callable[[float], None]) -> None:
    """Run `python -m app`. Raises `SimulationError` unless it ends with code 0 and prints nothing."""
    child = None
    try:
        with deferred():
            child = start(environ, args)
        stdout, stderr = _wait(child, began, tick)
    except BaseException:
        if child:
            child.kill()
            child.wait()  # the folder that it writes to is removed next
        raise
    if child.returncode != 0:
        last = stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise SimulationError("simulate.failed", f"the app ended with exit code {child.returncode}: {last}")
    if stdout or stderr:
        raise SimulationError("simulate.failed", "the app wrote to stdout or stderr, which are public")


def _wait(child: subprocess.Popen[bytes], began: float, tick: Callable[[float], None]) -> tuple[bytes, bytes]:
    while True:
        try:
            return child.communicate(timeout=_TICK)
        except subprocess.TimeoutExpired:
            tick(time.monotonic() - began)
