"""One whole task of ours as a worker starts it: a fresh process and a fresh folder.

In bulk the requests are protectedData. A single one is an input file, since timings.json tells nothing of protected data.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.formats.protected_data_writer import protect
from app.simulate.worker import HeldFile, Order, prepare
from bench.measure import Cost, run

KEY = "4c" * 32


@dataclass(frozen=True, slots=True)
class Task:
    """What it cost and what it left behind."""

    cost: Cost
    result: bytes
    timings: Mapping[str, Any]

    @property
    def report(self) -> dict[str, Any]:
        """Return the signed report."""
        return dict(json.loads(self.result)["report"])


def task(
    requests: Sequence[Mapping[str, Any]],
    args: Sequence[str],
    *,
    bulk: bool = False,
    code: Path | None = None,
    wrapper: Sequence[str] = (),
) -> Task:
    """Return one task over `requests`, by the program in `code` (this one if None), started by `wrapper` if there is one."""
    with tempfile.TemporaryDirectory() as folder:
        inside, out = Path(folder, "in"), Path(folder, "out")
        inside.mkdir()
        out.mkdir()
        held = () if bulk else tuple(HeldFile("request.json", json.dumps(fields).encode()) for fields in requests)
        datasets = tuple(protect(fields) for fields in requests) if bulk else ()
        environ = prepare(Order(datasets, bulk=bulk, input_files=held, app_secret=KEY), inside, out)
        if code:
            environ["PYTHONPATH"] = os.fspath(code)
        cost = run([*wrapper, sys.executable, "-m", "app", *args], environ)
        return Task(cost, (out / "result.json").read_bytes(), json.loads((out / "timings.json").read_text()))
