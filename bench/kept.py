"""Long runs of many small jobs: one process a core, and each finished job kept, so that a run goes on where it was stopped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results" / "local"
Row = dict[str, Any]


def finished(
    file: str, work: Callable[..., Row], jobs: Mapping[str, tuple[Any, ...]], *, fresh: bool = False
) -> dict[str, Row]:
    """Return `work(*arguments)` of each job by its name; what FOLDER/`file` holds from earlier is not done again.

    `work` must be importable; it may keep a loaded model in its process. `file` must name all that the rows depend on.
    """
    kept = FOLDER / file
    kept.parent.mkdir(parents=True, exist_ok=True)
    if fresh:
        kept.unlink(missing_ok=True)
    rows = {row.pop("job"): row for row in map(json.loads, kept.read_text().splitlines())} if kept.exists() else {}
    missing = [name for name in jobs if name not in rows]
    with ProcessPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool, kept.open("a") as out:
        running = {name: pool.submit(work, *jobs[name]) for name in missing}
        for done, (name, job) in enumerate(running.items(), 1):
            rows[name] = job.result()
            out.write(json.dumps({"job": name, **rows[name]}) + "\n")
            out.flush()
            if sys.stderr.isatty():
                sys.stderr.write(f"\r{done} of {len(missing)}")
    return {name: rows[name] for name in jobs}
