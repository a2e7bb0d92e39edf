"""Every job inside the rehearsal with the default model: `make enclave-rehearsal`.

python -m tests.support.enclave.rehearse
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import click

from app.llm.models import find
from app.simulate.postcompute import judge
from tests.support.enclave.inside import heap
from tests.support.enclave.jobs import JOBS, both


def main() -> None:
    """Run each job outside and inside; print one line each; end non-zero at the first difference."""
    click.echo(f"{find(None).name} in a heap of {heap() / 2**20:.0f} MiB: one CPU, no fork, no exec, no W+X, no /proc, no /dev")
    for name, job in JOBS.items():
        with tempfile.TemporaryDirectory() as folder:
            free, held = both(job, Path(folder))
            outside = free.run(*job.args, small=False)
            began = time.monotonic()
            inside = held.run(*job.args, small=False, check=False)
            seconds = time.monotonic() - began
            if (inside.exit_code, inside.stderr) != (0, b"") or inside.raw != outside.raw:
                raise SystemExit(f"{name}: exit {inside.exit_code}, {inside.stderr.decode()}, or another result than outside")
            judge(held.out)
            status = json.loads(inside.raw)["report"]["status"]
        click.echo(f"  {name:32} {status:5} {seconds:5.1f} s, the same bytes as outside")


if __name__ == "__main__":
    main()
