"""What runs inside the rehearsal: one line a job."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.formats.protected_data_writer import protect
from tests.support import histories
from tests.support.desk import Desk
from tests.support.enclave.inside import inside


@dataclass(frozen=True)
class Job:
    """A protectedData (or several: a bulk slice) and the task's arguments."""

    datasets: Sequence[Mapping[str, Any]] = ()
    args: Sequence[str] = ()
    secrets: Mapping[int, str] = field(default_factory=dict)

    def lay(self, desk: Desk) -> None:
        """Put the job's files and environment on `desk`."""
        desk.environ |= {f"IEXEC_REQUESTER_SECRET_{number}": secret for number, secret in self.secrets.items()}
        if len(self.datasets) == 1:
            desk.dataset(self.datasets[0])
        if len(self.datasets) > 1:
            desk.environ["IEXEC_BULK_SLICE_SIZE"] = str(len(self.datasets))
            for index, fields in enumerate(self.datasets, 1):
                address = f"0x{index:040x}"
                desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address
                (desk.inside / address).write_bytes(protect(fields))


TESTS = json.dumps(["assert twice(2) == 4"])
PAST = histories.made_up(random.Random(7), transactions=30, first_block=5_000_000)
JOBS: dict[str, Job] = {
    "ask": Job([{"email": "What is the capital of France?"}], ["--max-tokens", "24"]),
    "ask with a seed, no mmap": Job([{"prompt": "Name a colour.", "temperature": 0.9, "seed": 7}], ["--no-mmap"]),
    "ask by secret, for a callback": Job(secrets={1: "Hello?", 2: '{"callback": true}'}, args=["--max-tokens", "4"]),
    "code with tests": Job([{"language": "python", "prompt": "a function twice(x)", "tests": TESTS}]),
    "score": Job([{"wallet": PAST.wallet, "history": json.dumps(histories.etherscan(PAST))}]),
    "bulk of three": Job([{"prompt": f"What is {number} plus one?"} for number in range(3)], ["--max-tokens", "12"]),
}


class Enclosed(Desk):
    """A desk whose app runs inside the rehearsal."""

    def command(self, args: Sequence[str]) -> list[str]:
        """Return the worker's command, started inside."""
        return inside(super().command(args))


def both(job: Job, root: Path) -> tuple[Desk, Enclosed]:
    """Return two desks with the same job on them: one as ever, one enclosed."""
    free, held = Desk(root / "free"), Enclosed(root / "held")
    for desk in (free, held):
        job.lay(desk)
    return free, held
