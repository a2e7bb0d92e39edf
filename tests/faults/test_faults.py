"""What the machine can do to a run: kills, full and read-only disks, too little memory, missing parts."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.result.envelope import callback_data
from app.simulate.postcompute import judge
from app.verify.verifier import verify
from tests.support.desk import ROOT, SIGNER, SMALL, Desk
from tests.support.system import STRACE, needs_strace

pytestmark = pytest.mark.slow


OUTPUT_CALLS = ("openat", "write", "fsync", "close", "rename", "unlink")


def ask(desk: Desk) -> list[str]:
    desk.dataset({"prompt": "Tell me about the sea.", "max_tokens": 8})
    return desk.command(["--model", SMALL, "--threads", "1"])


def status_of(desk: Desk) -> str:
    return verify(judge(desk.out).result, SIGNER).result.report.status


def test_a_kill_at_any_time_after_the_write_ahead_leaves_a_valid_result(new_desk: Callable[[str], Desk]) -> None:
    seen = set()
    for index in range(24):
        desk = new_desk(f"kill{index}")
        child = subprocess.Popen(ask(desk), env=desk.environ, cwd="/")
        while not (desk.out / "computed.json").exists():
            time.sleep(0.001)
        time.sleep(index * 0.03)
        child.kill()
        child.wait()
        seen.add(status_of(desk))
    assert "incomplete" in seen


@needs_strace
@pytest.mark.parametrize("call", OUTPUT_CALLS)
def test_a_kill_at_every_system_call_on_the_output(new_desk: Callable[[str], Desk], call: str) -> None:
    """If computed.json is there, it parses and what it names is complete: SQLite's "fail the Nth call" loop."""
    for nth in range(1, 40):
        desk = new_desk(f"{call}{nth}")
        names = [
            str(desk.out),
            *(str(desk.out / name) for stem in ("result.json", "computed.json") for name in (stem, f".{stem}.tmp")),
        ]
        watch = [part for name in names for part in ("-P", name)]
        command = [
            str(STRACE),
            "-qq",
            "-f",
            "-o",
            "/dev/null",
            *watch,
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:signal=KILL:when={nth}",
        ]
        done = subprocess.run(
            [*command, *ask(desk)], env=desk.environ | {"PATH": os.environ["PATH"]}, cwd="/", capture_output=True, check=False
        )
        if done.returncode == 0:
            assert nth > 1
            return
        if (desk.out / "computed.json").exists():
            assert status_of(desk) in {"incomplete", "ok"}
    raise AssertionError("the call never ran out")


@needs_strace
@pytest.mark.parametrize("error", ["ENOSPC", "EIO", "EDQUOT", "EROFS"])
@pytest.mark.parametrize("call", ["write", "fsync", "rename"])
def test_a_failing_disk_is_one_line_and_a_non_zero_exit(desk: Desk, call: str, error: str) -> None:
    names = [str(desk.out), *(str(desk.out / name) for name in ("result.json", ".result.json.tmp"))]
    watch = [part for name in names for part in ("-P", name)]
    command = [str(STRACE), "-qq", "-f", "-o", "/dev/null", *watch, "-e", f"trace={call}", "-e", f"inject={call}:error={error}"]
    done = subprocess.run(
        [*command, *ask(desk)], env=desk.environ | {"PATH": os.environ["PATH"]}, cwd="/", capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (73, b"")
    assert done.stderr.count(b"\n") == 1 and b"output.unwritable" in done.stderr
    assert [name for name in os.listdir(desk.out) if name.endswith(".tmp")] == []


def bulk(desk: Desk) -> list[str]:
    """Three items, one of them no good, for a deal with a callback."""
    desk.environ["IEXEC_BULK_SLICE_SIZE"] = "3"
    for index, data in enumerate((b'{"prompt": "Hello?", "max_tokens": 2}', b"{", b'{"prompt": "Bye?", "max_tokens": 2}'), 1):
        address = f"0x{index:040x}"
        desk.environ[f"IEXEC_DATASET_{index}_FILENAME"] = address
        (desk.inside / address).write_bytes(data)
    return desk.command(["--model", SMALL, "--threads", "1", "--callback"])


def consistent(desk: Desk) -> tuple[str, int]:
    """Return status and the number of items that were done, if what computed.json says is true of the file it names."""
    delivered = judge(desk.out)
    report = verify(delivered.result, SIGNER).result.report
    assert delivered.callback_data == callback_data(delivered.result)
    assert (delivered.error_message is not None) == (report.status == "error")
    results = report.bulk.results if report.bulk else ()
    undone = sum(item.error is not None and item.error.code == "incomplete" for item in results)
    return report.status, len(results) - undone


@needs_strace
@pytest.mark.parametrize("call", ["openat", "write", "rename", "unlink"])
def test_a_kill_at_every_call_of_a_slice_leaves_a_pair_that_agrees(new_desk: Callable[[str], Desk], call: str) -> None:
    """The callback-data holds the digest of the very file: two files that change as one, with the items done so far."""
    seen = set()
    for nth in range(1, 60):
        desk = new_desk(f"{call}{nth}")
        names = ("result.json", "result-next.json", "computed.json")
        watch = [part for stem in names for name in (stem, f".{stem}.tmp") for part in ("-P", str(desk.out / name))]
        inject = ["-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={nth}"]
        command = [str(STRACE), "-qq", "-f", "-o", "/dev/null", *watch, *inject, *bulk(desk)]
        env = desk.environ | {"PATH": os.environ["PATH"]}
        done = subprocess.run(command, env=env, cwd="/", capture_output=True, check=False)
        if (desk.out / "computed.json").exists():
            seen.add(consistent(desk))
        if done.returncode == 0:
            assert consistent(desk) == ("error", 3)
            assert sorted(os.listdir(desk.out)) == ["computed.json", "result.json", "timings.json"]
            break
    else:
        raise AssertionError("the call never ran out")
    if call == "rename":
        assert seen >= {("incomplete", done) for done in (0, 1, 2)} | {("error", 3)}


def test_a_killed_slice_delivers_the_items_that_were_done(desk: Desk) -> None:
    """As iExec does it, at the end of the category's time: without a word."""
    command = [part for part in bulk(desk) if part != "--callback"]
    (desk.inside / f"0x{3:040x}").write_bytes(b'{"prompt": "Tell me a long story.", "max_tokens": 4000}')
    child = subprocess.Popen(command, env=desk.environ, cwd="/")
    while child.poll() is None:
        if (desk.out / "computed.json").exists():
            report = verify(judge(desk.out).result, SIGNER).result.report
            if report.bulk and [item.error and item.error.code for item in report.bulk.results[:2]] == [None, "json.invalid"]:
                break
        time.sleep(0.01)
    child.kill()
    child.wait()
    report = verify(judge(desk.out).result, SIGNER).result.report
    assert report.bulk is not None and report.status == "incomplete"
    codes = [item.error and item.error.code for item in report.bulk.results]
    assert codes == [None, "json.invalid", "incomplete"]
    assert sorted(os.listdir(desk.out))[:2] == ["computed.json", "result.json"]


def test_a_folder_that_cannot_be_written(desk: Desk) -> None:
    """Root may write anywhere, so the folder is one where nothing can be created."""
    desk.environ["IEXEC_OUT"] = "/proc/self/task"
    done = subprocess.run(ask(desk), env=desk.environ, cwd="/", capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (73, b"")
    assert done.stderr.count(b"\n") == 1 and b"output.unwritable" in done.stderr


def test_short_writes_are_finished(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.iexec import output

    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:7]))
    output.write_output(desk.out, b"x" * 1_000, None, None)
    assert (desk.out / "result.json").read_bytes() == b"x" * 1_000


@pytest.mark.parametrize("mebibytes", [96, 160, 224, 288, 352, 448, 640])
def test_too_little_memory_is_reported_or_leaves_the_write_ahead(desk: Desk, mebibytes: int) -> None:
    """Down a ladder of address spaces: an error result, the incomplete one, or (too small to start) nothing at all."""
    limit = mebibytes * 2**20

    def shrink() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    done = subprocess.run(ask(desk), env=desk.environ, cwd="/", capture_output=True, check=False, preexec_fn=shrink)
    if (desk.out / "computed.json").exists():
        status = status_of(desk)
        assert status in {"ok", "error", "incomplete"}
        assert (done.returncode == 0) == (status != "incomplete")
    else:
        assert done.returncode != 0
    assert b"Traceback" not in done.stderr or not (desk.out / "computed.json").exists()
    if mebibytes >= 448:
        assert status_of(desk) == "ok"


@pytest.fixture
def copied_app(tmp_path: Path) -> Path:
    """The package without its models, in a folder of its own, to be broken."""
    target = tmp_path / "copy"
    shutil.copytree(ROOT / "app", target / "app", ignore=shutil.ignore_patterns("weights", "__pycache__"))
    (target / "app/llm/weights").mkdir()
    return target


@pytest.mark.parametrize(
    ("kind", "code"),
    [("missing", "model.missing"), ("truncated", "model.altered"), ("altered", "model.altered"), ("folder", "model.altered")],
)
def test_a_model_that_is_not_the_published_one(desk: Desk, copied_app: Path, kind: str, code: str) -> None:
    from app.llm.models import WEIGHTS, find

    name = find(SMALL).file
    path = copied_app / "app/llm/weights" / name
    if kind == "folder":
        path.mkdir()
    elif kind != "missing":
        shutil.copyfile(WEIGHTS / name, path)
        with path.open("r+b") as stream:
            if kind == "truncated":
                stream.truncate(1_000_000)
            else:
                stream.seek(50_000_000)
                stream.write(b"\x00sealed\x00")
    desk.dataset({"prompt": "Hello?"})
    ran = desk.run(cwd=copied_app)
    report = verify(ran.raw, SIGNER).result.report
    assert report.error is not None and (report.status, report.error.code) == ("error", code)
    assert report.model is None


def test_an_engine_that_is_not_there(desk: Desk, copied_app: Path) -> None:
    """A folder that shadows llama_cpp and holds nothing."""
    from app.llm.models import WEIGHTS, find

    (copied_app / "app/llm/weights" / find(SMALL).file).symlink_to((WEIGHTS / find(SMALL).file).resolve())
    (copied_app / "llama_cpp").mkdir()
    (copied_app / "llama_cpp/__init__.py").touch()
    desk.dataset({"prompt": "Hello?"})
    report = desk.run(cwd=copied_app).report
    assert report["error"]["code"] == "engine.missing"


def test_a_bug_is_reported_without_its_words(desk: Desk, copied_app: Path) -> None:
    source = copied_app / "app/jobs/ask.py"
    line = "    messages = [Message("
    assert source.read_text().count(line) == 1
    source.write_text(source.read_text().replace(line, '    raise ValueError("narwhal " + request.turns[0].content)\n' + line))
    from app.llm.models import WEIGHTS, find

    (copied_app / "app/llm/weights" / find(SMALL).file).symlink_to((WEIGHTS / find(SMALL).file).resolve())
    desk.dataset({"prompt": "zebrafish"})
    ran = desk.run(cwd=copied_app)
    assert ran.report["error"]["code"] == "internal"
    assert b"zebrafish" not in ran.raw and b"narwhal" not in ran.raw


@needs_strace
def test_a_run_never_forks_nor_maps_writable_code(desk: Desk, tmp_path: Path) -> None:
    """What an enclave refuses: fork, exec, and memory that is writable and executable at once."""
    log = tmp_path / "trace"
    command = [str(STRACE), "-f", "-qq", "-o", str(log), "-e", "trace=process,mmap,mprotect,pkey_mprotect,memfd_create,socket"]
    done = subprocess.run(
        [*command, *ask(desk)], env=desk.environ | {"PATH": os.environ["PATH"]}, cwd="/", capture_output=True, check=False
    )
    assert done.returncode == 0 and status_of(desk) == "ok"
    lines = log.read_text().splitlines()
    execs = [line for line in lines if "execve(" in line]
    assert len(execs) == 1  # our own start
    calls = ("fork", "vfork", "clone", "clone3", "memfd_create")
    made = [line for line in lines if any(f" {call}(" in line for call in calls)]
    assert not [line for line in made if "CLONE_THREAD" not in line]  # a thread of the engine is no process
    # CPython's own `site` looks up a home folder, which may ask a name service on this machine
    assert not [line for line in lines if "socket(" in line and "AF_UNIX" not in line]
    assert not [line for line in lines if "PROT_WRITE|PROT_EXEC" in line]
    assert not [line for line in lines if "mprotect(" in line and "PROT_EXEC" in line]


def test_interrupts_leave_the_write_ahead(desk: Desk) -> None:
    child = subprocess.Popen(ask(desk), env=desk.environ, cwd="/")
    while not (desk.out / "computed.json").exists():
        time.sleep(0.001)
    child.send_signal(signal.SIGTERM)
    child.wait()
    assert status_of(desk) in {"incomplete", "ok"}


def test_the_message_names_no_content(desk: Desk) -> None:
    desk.dataset(b"PK\3\4 zebrafish")
    desk.run()
    assert "zebrafish" not in json.loads((desk.out / "computed.json").read_text())["error-message"]
    assert sys.executable
