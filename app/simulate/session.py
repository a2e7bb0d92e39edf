"""One simulation from order to verified result."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app import signing
from app.errors import AppError, SimulationError
from app.simulate.postcompute import Delivered, judge
from app.simulate.worker import Order, prepare, start
from app.verify import Verified, verify

_TICK = 0.1  # seconds between two looks at the child


@dataclass(frozen=True, slots=True)
class Simulated:
    """What the requester gets, and whether it verifies against the key that the app was given."""

    delivered: Delivered
    verified: Verified | None
    refusal: AppError | None
    seconds: float
    folder: Path


def simulate(order: Order, folder: Path | None, tick: Callable[[float], None]) -> Simulated:
    """Run `order` through the app as a worker would and return what comes out.

    IEXEC_IN and IEXEC_OUT are made below `folder`, or below a new temporary one, and stay there.
    `tick` is called with the seconds so far. Raises `SimulationError` when the app breaks a rule of
    the platform; an error result is no such thing.
    """
    root = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="sealed-llm-"))
    in_folder, out_folder = (root / name for name in ("iexec_in", "iexec_out"))
    for made in (in_folder, out_folder):
        made.mkdir(parents=True, exist_ok=True)
        if any(made.iterdir()):
            raise SimulationError("simulate.failed", "the folder for the simulation is not empty")
    began = time.monotonic()
    child = start(prepare(order, in_folder.absolute(), out_folder.absolute()), order.args)
    stdout, stderr = _wait(child, began, tick)
    if child.returncode != 0:
        raise SimulationError("simulate.failed", f"the app ended with exit code {child.returncode}")
    if stdout or stderr:
        raise SimulationError("simulate.failed", "the app wrote to stdout or stderr, which are public")
    delivered = judge(out_folder.absolute())
    seconds = time.monotonic() - began
    try:
        trusted = signing.load_key(order.app_secret).address if order.app_secret else signing.ZERO_ADDRESS
        return Simulated(delivered, verify(delivered.result, trusted), None, seconds, root)
    except AppError as err:
        return Simulated(delivered, None, err, seconds, root)


def _wait(child: subprocess.Popen[bytes], began: float, tick: Callable[[float], None]) -> tuple[bytes, bytes]:
    while True:
        try:
            return child.communicate(timeout=_TICK)
        except subprocess.TimeoutExpired:
            tick(time.monotonic() - began)
        except BaseException:
            child.kill()
            raise
