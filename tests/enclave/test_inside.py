"""The whole app inside the rehearsal: the same bytes as outside, and no call that SCONE would refuse."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from app.verify.verifier import verify
from tests.support.desk import SIGNER, SMALL
from tests.support.enclave.jobs import JOBS, Enclosed, Job, both
from tests.support.system import STRACE, needs_strace

pytestmark = pytest.mark.slow


# Looked for and not needed: Rust's standard library counts the CPUs, llama.cpp wants the CPU's name for a description.
CURIOUS = {"/proc/self/cgroup", "/proc/cpuinfo"}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS.keys())
def test_a_job_gives_the_same_result_inside(tmp_path: Path, job: Job) -> None:
    free, held = both(job, tmp_path)
    result = held.run(*job.args)
    assert verify(result.raw, SIGNER).result.report.status == "ok"
    assert result.raw == free.run(*job.args).raw
    for name in ("result.json", "computed.json"):
        assert (held.out / name).read_text() == (free.out / name).read_text().replace(str(free.root), str(held.root))


def test_a_bad_input_is_a_signed_error_inside_too(tmp_path: Path) -> None:
    held = Enclosed(tmp_path / "held")
    held.dataset(b"PK\3\4, but what is this?")
    report = verify(held.run().raw, SIGNER).result.report
    assert report.error is not None and report.error.code == "protected_data.invalid"


@needs_strace
def test_the_app_asks_for_nothing_that_is_refused(tmp_path: Path) -> None:
    """Every system call of an ask, as strace sees them from the app's first instruction on."""
    held = Enclosed(tmp_path / "held")
    JOBS["ask"].lay(held)
    trace = tmp_path / "trace"
    command = [str(STRACE), "-f", "-o", str(trace), *held.command(["--model", SMALL, *JOBS["ask"].args])]
    subprocess.run(command, env=held.environ, cwd="/", check=True, capture_output=True)
    calls = re.split(r"execveat\(1000.* = 0\n", trace.read_text())
    assert len(calls) == 2
    refused = re.findall(r"^\d+ +(\w+)\((.*)\) = -1 (?:ENOSYS|EACCES|EPERM|ENOMEM) ", calls[1], re.MULTILINE)
    assert {name for name, _ in refused} <= {"openat", "mkdir"}, "mkdir: the interpreter would keep byte code"
    wanted = set(re.findall(r'"(/(?:proc|sys|dev)[^"]*)"', calls[1]))
    assert wanted <= CURIOUS
    assert not re.search(r"(PROT_WRITE\|PROT_EXEC|\bclone|socket\(AF_INET)", calls[1])
