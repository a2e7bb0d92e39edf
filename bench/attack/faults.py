"""What a machine can do to the output of a run: calls that fail, clocks that jump, a signal at every step.

After each, whatever lies in IEXEC_OUT must be whole: a result.json that is there verifies, a computed.json that is there is
what a post-compute takes and names such a result, and the exit code says which of them to expect. Anything else is torn.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.base.errors import EXIT_CANNOT_WRITE, AppError
from app.simulate.postcompute import judge
from app.verify.verifier import verify
from bench.attack import places
from bench.attack.places import KEPT, ROOT
from tests.support.desk import SIGNER, SMALL, Desk
from tests.support.system import STRACE

CALLS = ("openat", "write", "fsync", "close", "rename", "unlink")
ERRORS = ("ENOSPC", "EIO", "EDQUOT", "EROFS")
_FILES = tuple(name for stem in ("result.json", "computed.json", "timings.json") for name in (stem, f".{stem}.tmp"))
# A clock that goes to the year 2058 and back to 1970, and one that has run for a month, or goes back by an hour. Forward in
# the monotonic one stays below `LIMITS.wording_seconds`, which is the one limit of a run in seconds, and is told of.
JUMPS: dict[str, str] = {
    "the wall clock forward": "40:1000000000:0",
    "the wall clock back": "40:-1700000000:0",
    "the wall clock to and fro": ",".join(f"{20 + 20 * at}:{(-1) ** at * 10**8}:0" for at in range(8)),
    "the steady clock forward": "40:0:200",
    "the steady clock back": "40:0:-3600",
    "both to and fro": ",".join(f"{20 + 20 * at}:{(-1) ** at * 10**8}:{-(at % 2) * 100}" for at in range(8)),
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One output call that fails."""

    call: str
    error: str
    nth: int
    lasting: bool = False
    """So do all of its name from then on."""

    def __str__(self) -> str:
        """Return it in a few words."""
        return f"{self.call} {self.nth}{'+' * self.lasting} fails with {self.error}"


def prepare(desk: Desk, *, model: bool) -> list[str]:
    """Put a request with a callback into the desk, one that needs the model or one that is an error; return the command."""
    desk.dataset({"prompt": "Tell me about the sea.", "max_tokens": 4} if model else {"max_tokens": 4})
    desk.environ["IEXEC_REQUESTER_SECRET_1"] = json.dumps({"callback": True})
    return desk.command(["--model", SMALL])


def torn(desk: Desk, exit_code: int, said: bytes, ended: Sequence[int] = (0, EXIT_CANNOT_WRITE)) -> str:
    """Return what is wrong with the output of a run that ended so, "" if it is whole."""
    status = told = None
    try:
        if (desk.out / "result.json").exists():
            status = verify((desk.out / "result.json").read_bytes(), SIGNER).result.report.status
        if (desk.out / "computed.json").exists():
            delivered = judge(desk.out)
            status, told = verify(delivered.result, SIGNER).result.report.status, delivered.error_message
        elif exit_code == 0:
            return "there is no computed.json, and the exit code is 0"
    except AppError as err:
        return f"{type(err).__name__}: {err}"
    wrong = {
        f"the exit code is {exit_code}": exit_code not in ended,
        f"the exit code is 0, and the result is {status}": exit_code == 0 and status not in {"ok", "error"},
        f"computed.json says {told!r} of a result that is {status}": exit_code == 0
        and (status == "error") != (told is not None),
        "the exit code is 73, and the reason is not one line": exit_code == EXIT_CANNOT_WRITE
        and (said.count(b"\n") != 1 or b"output.unwritable" not in said),
        "there is a traceback": b"Traceback" in said,
    }
    return next((words for words, is_so in wrong.items() if is_so), "")


def inject(desk: Desk, fault: Fault, *, model: bool) -> tuple[str, bool]:
    """Run with the fault; return what is torn, and whether the call came at all."""
    command = prepare(desk, model=model)
    watch = [part for name in ("", *_FILES) for part in ("-P", str(desk.out / name).rstrip("/"))]
    log = desk.root / "strace"
    when = f"{fault.call}:error={fault.error}:when={fault.nth}{'+' * fault.lasting}"
    strace = [str(STRACE), "-qq", "-f", "-o", str(log), *watch, "-e", f"trace={fault.call}", "-e", f"inject={when}"]
    environ = desk.environ | {"PATH": os.environ["PATH"]}
    done = subprocess.run([*strace, *command], env=environ, cwd="/", capture_output=True, check=False)
    return torn(desk, done.returncode, done.stderr), "(INJECTED)" in log.read_text(errors="replace")


def faults() -> Generator[Fault, bool | None, None]:
    """Yield every fault there can be, by call and error from the first call on; `send(False)` when there is no such call."""
    for call, error, lasting in itertools.product(CALLS, ERRORS, (False, True)):
        for nth in itertools.count(1):
            came = yield Fault(call, error, nth, lasting)
            if not came:
                break


# Sends the signal at the n-th call that `app.run.run` and its two ways make: its eight steps and what stands between them.
_AT_STEP = """
import os, signal, sys
import app.run.run as way
left = int(sys.argv.pop(1))
of = {one.__code__ for one in (way.run, way._single, way._bulk)}
def step(frame, event, _):
    global left
    if event == "call" and frame.f_back is not None and frame.f_back.f_code in of:
        left -= 1
        if left == 0:
            os.write(2, frame.f_code.co_name.encode())
            os.kill(os.getpid(), signal.SIGTERM)
sys.setprofile(step)
from app.__main__ import leave, main
leave(main())
"""


def terminate(desk: Desk, nth: int, *, model: bool) -> tuple[str, str]:
    """Send SIGTERM at the n-th call of the run; return what is torn, and the name of the call, "" if there is none."""
    arguments = prepare(desk, model=model)[3:]
    command = [sys.executable, "-c", _AT_STEP, str(nth), *arguments]
    done = subprocess.run(
        command, env=desk.environ | {"PYTHONPATH": str(ROOT)}, cwd="/", capture_output=True, check=False
    )  # fmt: skip
    wrong = torn(desk, done.returncode, done.stderr, (0, -signal.SIGTERM))
    return wrong, done.stderr.decode() if done.returncode else ""


def status_of(desk: Desk) -> str:
    """Return the status of the result in a desk, "" if there is none."""
    path = desk.out / "result.json"
    return verify(path.read_bytes(), SIGNER).result.report.status if path.exists() else ""


@cache
def clock() -> Path | None:
    """Return the compiled clock.c, None where there is no compiler or no libc that it is written for."""
    compiler = shutil.which("cc")
    made = Path(tempfile.mkdtemp()) / "clock.so"
    command = [str(compiler), "-O1", "-shared", "-fPIC", "-o", str(made), str(KEPT / "clock.c"), "-ldl"]
    if compiler is None or not sys.platform.startswith("linux"):
        return None
    return made if subprocess.run(command, capture_output=True, check=False).returncode == 0 else None


def jump(desk: Desk, fields: Mapping[str, Any], jumps: str) -> tuple[bytes, int]:
    """Return result.json of a run whose clocks jump, and how many of the jumps came."""
    desk.dataset(fields)
    seen = desk.root / "seen"
    environ = {"LD_PRELOAD": str(clock()), "CLOCK_JUMPS": jumps, "CLOCK_SEEN": str(seen)} if jumps else {}
    command = desk.command(["--model", SMALL, "--threads", "1"])
    subprocess.run(command, env=desk.environ | environ, cwd="/", capture_output=True, check=True)
    return (desk.out / "result.json").read_bytes(), len(seen.read_bytes()) if seen.exists() else 0


JUMPED: tuple[Mapping[str, Any], ...] = (
    {"prompt": "Tell me about the sea.", "max_tokens": 12},
    {"language": "python", "prompt": "def twice(x): return twice of x", "tests": '["assert twice(2) == 4"]', "max_tokens": 32},
)


def campaign(minutes: float) -> dict[str, Any]:
    """Go on with faults, signals and jumps for so many minutes; return the figures of all campaigns so far."""
    if STRACE is None:
        raise SystemExit("strace is not here: `make system-packages` installs it")
    state = places.load("faults")
    source = places.sha256_of(*sorted((ROOT / "app").rglob("*.py")))
    if state.get("source") != source:  # every fault anew for other code
        state = {"source": source, "faults": {}, "signals": {}, "jumps": {}}
    until = time.monotonic() + 60 * minutes
    for model in (False, True):
        _signals(state, until, model=model)
        _jumps(state, until) if model else None
        _faults(state, until, model=model)
    places.save("faults", state)
    return state


def _faults(state: dict[str, Any], until: float, *, model: bool) -> None:
    every = faults()
    fault = next(every, None)
    while fault is not None and time.monotonic() < until:
        key = f"{fault}, {'an answer' if model else 'an error'}"
        if key not in state["faults"]:
            with tempfile.TemporaryDirectory() as folder:
                wrong, came = inject(Desk(Path(folder) / "desk"), fault, model=model)
            state["faults"][key] = [came, wrong]
            _told("faults", state, key, wrong)
        try:
            fault = every.send(state["faults"][key][0])
        except StopIteration:
            fault = None


def _signals(state: dict[str, Any], until: float, *, model: bool) -> None:
    for nth in itertools.count(1):
        key = f"SIGTERM at call {nth} of a run with {'an answer' if model else 'an error'}"
        if time.monotonic() > until:
            return
        if key not in state["signals"]:
            with tempfile.TemporaryDirectory() as folder:
                wrong, name = terminate(Desk(Path(folder) / "desk"), nth, model=model)
            state["signals"][key] = [name, wrong]
            _told("signals", state, key, wrong)
        if not state["signals"][key][0]:
            return


def _jumps(state: dict[str, Any], until: float) -> None:
    for number, fields in enumerate(JUMPED):
        with tempfile.TemporaryDirectory() as folder:
            right, _ = jump(Desk(Path(folder) / "desk"), fields, "")
        for name, jumps in JUMPS.items():
            key = f"{name}, request {number}"
            if key in state["jumps"] or time.monotonic() > until:
                continue
            with tempfile.TemporaryDirectory() as folder:
                found, came = jump(Desk(Path(folder) / "desk"), fields, jumps)
            wrong = "" if came == jumps.count(",") + 1 and found == right else f"{came} jumps; same bytes: {found == right}"
            state["jumps"][key] = [came, wrong]
            _told("jumps", state, key, wrong)


def _told(part: str, state: dict[str, Any], key: str, wrong: str) -> None:
    if wrong:
        print(f"faults: {key}: {wrong}", flush=True)
    if len(state[part]) % 20 == 0:
        places.save("faults", state)
        print(f"faults: {len(state[part])} {part}", flush=True)


def figures(state: Mapping[str, Any]) -> dict[str, int]:
    """Return how many faults, signals and jumps there were, and how many outputs were torn or changed by them."""
    came = {part: [wrong for here, wrong in state.get(part, {}).values() if here] for part in ("faults", "signals", "jumps")}
    everything = [wrong for part in ("faults", "signals", "jumps") for _, wrong in state.get(part, {}).values()]
    return {part: len(found) for part, found in came.items()} | {"torn": sum(map(bool, everything))}
