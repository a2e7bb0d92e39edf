from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.llm import chat
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.llm.sampling import Sampling
from app.llm.threads import Pace, default
from tests.support.desk import SMALL

AFFINITY = len(os.sched_getaffinity(0))
V2 = {"proc/self/cgroup": "0::/a/b\n"}
V1 = {"proc/self/cgroup": "4:memory:/m\n3:cpuset:/\n2:cpu,cpuacct:/docker/x\n0::/\n"}


def machine(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize(
    ("files", "threads"),
    [
        ({}, 1),
        (V2, AFFINITY),
        (V2 | {"sys/fs/cgroup/a/b/cpu.max": "max 100000\n"}, AFFINITY),
        (V2 | {"sys/fs/cgroup/a/b/cpu.max": "150000 100000\n"}, 1),
        (V2 | {"sys/fs/cgroup/a/b/cpu.max": "50000 100000\n"}, 1),
        (V2 | {"sys/fs/cgroup/a/b/cpu.max": "9900000 100000\n"}, AFFINITY),
        (V2 | {"sys/fs/cgroup/a/b/cpu.max": "max 100000\n", "sys/fs/cgroup/a/cpu.max": "100000 100000\n"}, 1),
        (V2 | {"sys/fs/cgroup/cpu.max": "100000 100000\n"}, 1),
        (V2 | {"sys/fs/cgroup/cpu.max": "nonsense"}, AFFINITY),
        (V1 | {"sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us": "-1\n"}, AFFINITY),
        (
            V1
            | {
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000\n",
                "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
            },
            1,
        ),
        (V2 | {"proc/pressure/cpu": "some avg10=1.50 avg60=90.00 avg300=9.00 total=1\nfull avg10=0.00\n"}, AFFINITY),
        (V2 | {"proc/pressure/cpu": "some avg10=60.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.00\n"}, 1),
        (V2 | {"proc/pressure/cpu": "x"}, AFFINITY),
    ],
    ids=lambda value: (
        " ".join(f"{k.split('/')[-1]}={v.split()[0]}" for k, v in value.items()) if isinstance(value, dict) else None
    ),
)
def test_the_default_is_what_the_machine_has_to_give(files: dict[str, str], threads: int, tmp_path: Path) -> None:
    assert default(machine(tmp_path, files)) == threads


def paced(costs: list[tuple[int, int]], threads: int = 2) -> list[int]:
    """The threads of each lone token, when one thread takes the first and more take the second number of seconds."""
    pace, used = Pace(threads), []
    for alone, together in costs:
        count = pace.threads_for(1)
        used.append(count)
        pace.took(1, count, alone if count == 1 else together)
    return used


def test_threads_that_help_stay() -> None:
    assert paced([(10, 6)] * 8) == [2, 1, 2, 2, 2, 2, 2, 2]
    assert paced([(10, 12)] * 8) == [2, 1, 2, 2, 2, 2, 2, 2]


def test_a_collapse_ends_after_two_tokens() -> None:
    assert paced([(10, 1_800)] * 6) == [2, 1, 2, 1, 1, 1]
    assert paced([(10, 6)] * 4 + [(10, 400)] * 5) == [2, 1, 2, 2, 2, 2, 1, 1, 1]


def test_one_slow_token_is_no_collapse() -> None:
    assert paced([(10, 6), (10, 6), *[(10, 400), (10, 6)] * 3], threads=4) == [4, 1, 4, 4, 4, 4, 4, 4]


def test_batches_are_not_judged_and_one_thread_is_never_measured() -> None:
    pace = Pace(2)
    for _ in range(5):
        assert pace.threads_for(64) == 2
        pace.took(64, 2, 99)
    assert paced([(10, 10)] * 3, threads=1) == [1, 1, 1]


def test_another_number_of_threads_in_the_middle_changes_no_bit(small_engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = [chat.Message("user", "List five animals.")]
    prompt = chat.tokenize(small_engine, small_engine.chat_template(), messages)
    with Engine(checked_path(find(SMALL)), threads=2) as engine:
        turns = iter([2, 2, 1, 1, 2, 1] * 9)
        monkeypatch.setattr(engine.pace, "threads_for", lambda _: next(turns))
        assert engine.generate(prompt, Sampling(), 10) == small_engine.generate(prompt, Sampling(), 10)
