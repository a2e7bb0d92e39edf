"""Two processes at once on one cache or one session file, and kills and full disks in between: real processes throughout."""

from __future__ import annotations

import hashlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import UsageError
from app.crypto.signing import load_key
from app.request.code_session import Session
from app.simulate import leftovers, session_file
from app.simulate.worker import simulation_key
from tests.support.desk import ROOT, SMALL

pytestmark = pytest.mark.slow


CONTENT = bytes(range(256)) * 12_000
SHA = hashlib.sha256(CONTENT).hexdigest()
AT_ONCE = 12


class Hub:
    """A server on loopback that sends one file, the second half of it when told to go on."""

    def __init__(self, content: bytes) -> None:
        hub = self
        self.go_on = threading.Event()
        self.ranges: list[str | None] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                wanted = self.headers.get("Range")
                hub.ranges.append(wanted)
                body = content[int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0 :]
                self.send_response(206 if wanted else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                half = len(body) // 2
                self.wfile.write(body[:half])
                self.wfile.flush()
                hub.go_on.wait(60)
                self.wfile.write(body[half:])

            def log_message(self, *_: object) -> None: ...

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that was killed is no news."""

        self.server = Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub(CONTENT)
    yield made
    made.go_on.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEALED_LLM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


FETCH = f"""
from app.build import fetch
from app.llm.models import Model, Source
fetch.HUB = {{url!r}}
source = Source(hub="a/b", revision="r")
model = Model(name="m", file="m.gguf", bytes={len(CONTENT)}, sha256={SHA!r}, licence="x", context=1, sources=(source,))
print(fetch.fetch(model))
"""


def begin(code: str, **more: Any) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": os.fspath(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)


def until(reached: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_of_many_that_want_a_model_one_fetches_it_and_the_others_wait(cache: Path, hub: Hub) -> None:
    children = [begin(FETCH.format(url=hub.url)) for _ in range(AT_ONCE)]
    streams = [child.stderr for child in children if child.stderr]
    until(lambda: len(select.select(streams, [], [], 0)[0]) == AT_ONCE - 1)  # all but the one that fetches
    hub.go_on.set()
    said = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0] * AT_ONCE, said
    assert {out.strip() for out, _ in said} == {str(cache / "models/m.gguf")}
    waited = [err for _, err in said if err]
    assert set(waited) == {"sealed-llm: another process is fetching m; waiting for it\n"}
    assert hub.ranges == [None]  # once
    assert (cache / "models/m.gguf").read_bytes() == CONTENT
    assert [path.name for path in (cache / "models").iterdir()] == ["m.gguf"]


def test_a_fetch_that_is_killed_blocks_nobody_and_is_gone_on_with(cache: Path, hub: Hub) -> None:
    first = begin(FETCH.format(url=hub.url))
    until(lambda: [path for path in (cache / "models").glob(".m.gguf.hub") if path.stat().st_size])
    second = begin(FETCH.format(url=hub.url))
    assert second.stderr and second.stderr.readline().endswith("waiting for it\n")
    first.kill()
    hub.go_on.set()
    out, _ = second.communicate()
    first.communicate()
    assert (second.returncode, out.strip()) == (0, str(cache / "models/m.gguf"))
    assert hub.ranges[0] is None and str(hub.ranges[1]).startswith("bytes=") and len(hub.ranges) == 2
    assert (cache / "models/m.gguf").read_bytes() == CONTENT


def test_a_whole_file_that_was_not_yet_named_is_not_asked_for_again(cache: Path, hub: Hub) -> None:
    """A kill between the last byte and the rename: its rest is no range that a server could send."""
    (cache / "models").mkdir(parents=True)
    (cache / "models/.m.gguf.hub").write_bytes(CONTENT)
    done = begin(FETCH.format(url=hub.url))
    assert done.communicate()[1] == "" and done.returncode == 0
    assert hub.ranges == []


def test_a_wait_can_be_ended(cache: Path, hub: Hub) -> None:
    first = begin(FETCH.format(url=hub.url))
    until(lambda: list((cache / "models").glob(".m.gguf.hub")))
    # of a test run in the background, SIGINT is ignored
    heeds = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    second = begin(heeds + FETCH.format(url=hub.url))
    assert second.stderr and second.stderr.readline()
    second.send_signal(signal.SIGINT)
    second.communicate()
    assert second.returncode != 0
    hub.go_on.set()
    assert first.communicate() and first.returncode == 0


def test_a_cache_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    environ = {**os.environ, "SEALED_LLM_CACHE": str(tmp_path / "file/cache")}
    for words in (["model", "fetch", "llama-3.2-1b-instruct"], ["sandbox", "build"], ["key", "address", "--simulation"]):
        done = subprocess.run(
            [sys.executable, "-m", "app", *words], env=environ, capture_output=True, text=True, check=False, cwd=ROOT
        )
        assert done.returncode == 2, done.stderr
        assert "(cache.unwritable)" in done.stderr and "SEALED_LLM_CACHE" in done.stderr and "not a directory" in done.stderr


FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"  # as a full disk: no file may grow by a byte
KEY = "from app.simulate.worker import simulation_key\nprint(simulation_key())\n"


def test_of_many_that_make_the_key_all_have_the_same(cache: Path) -> None:
    children = [begin(KEY) for _ in range(AT_ONCE)]
    said = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0] * AT_ONCE, said
    assert len({out for out, _ in said}) == 1
    assert load_key(said[0][0].strip()) and (cache / "simulation.key").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in cache.iterdir()) == ["locks", "simulation.key"]


def test_a_full_disk_leaves_no_empty_key(cache: Path) -> None:
    child = begin(FULL + KEY)
    out, err = child.communicate()
    assert child.returncode == 1 and out == "" and "file too large" in err
    assert [path.name for path in cache.iterdir()] == ["locks"]
    assert load_key(simulation_key())


TORN = {"empty": b"", "half": b"0x" + b"4c" * 13, "zeros": b"0x" + b"0" * 64, "not text": b"\xff" * 66, "a page": b"0" * 5_000}


@pytest.mark.parametrize("name", [*TORN, "a folder"])
def test_a_torn_key_is_an_error_with_a_hint_and_never_replaced(cache: Path, name: str) -> None:
    path = cache / "simulation.key"
    cache.mkdir()
    if name in TORN:
        path.write_bytes(TORN[name])
    else:
        path.mkdir()
    with pytest.raises(UsageError) as info:
        simulation_key()
    assert info.value.code == "key.torn" and str(path) in info.value.message and "restore it" in info.value.hint
    assert TORN[name] == path.read_bytes() if name in TORN else path.is_dir()
    for words in (["key", "address", "--simulation"], ["ask", "Hello?", "--model", SMALL]):
        command = [sys.executable, "-m", "app", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, stdin=subprocess.DEVNULL)
        assert done.returncode == 2 and "(key.torn)" in done.stderr and "Traceback" not in done.stderr


CHANGE = """
import sys
from pathlib import Path
from app.request.code_session import Session
from app.simulate import session_file as store
for number in range(5):
    with store.changing(Path({path!r})) as sessions:
        sessions.keep(f"{name}-{{number}}", Session(language="python", prompt="p", turns=[]))
"""


def test_sessions_that_are_changed_at_once_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    children = [begin(CHANGE.format(path=str(path), name=name)) for name in "abcdef"]
    assert [child.communicate() for child in children] == [("", "")] * 6
    assert sorted(session_file.load_sessions(path).sessions) == [f"{name}-{number}" for name in "abcdef" for number in range(5)]
    assert [one.name for one in tmp_path.iterdir()] == ["s.json"] and path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_leaves_the_sessions_as_they_were_and_no_copy(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    with session_file.changing(path) as sessions:
        sessions.keep("one", Session(language="python", prompt="the first", turns=[]))
    before = path.read_bytes()
    (tmp_path / ".s.json.4711.tmp").write_text("half of a prompt")  # as a kill in the middle leaves it
    child = begin(FULL + CHANGE.format(path=str(path), name="a"))
    assert "SimulationError" in child.communicate()[1]
    assert path.read_bytes() == before and [one.name for one in tmp_path.iterdir()] == ["s.json"]


def test_states_that_are_made_at_once_are_whole(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from app.build.prompt_cache import save
from app.llm.engine import Engine
from app.llm.models import checked_path, find
with Engine(checked_path(find({SMALL!r}))) as engine:
    for _ in range(3):
        save(engine, list(range(100, 140)), Path({str(tmp_path)!r}) / "m.gguf.ask.state")
"""
    children = [begin(code) for _ in range(3)]
    assert [child.communicate() for child in children] == [("", "")] * 3
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf.ask.state"]
    full = begin(FULL + code)
    assert "could not write a prompt state" in full.communicate()[1]
    assert [path.name for path in tmp_path.iterdir()] == ["m.gguf.ask.state"]


def test_what_a_killed_simulation_left_decrypted_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TMPDIR", "SEALED_LLM_CACHE"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    command = [sys.executable, "-m", "app", "ask", "word " * 3_000, "--model", SMALL]
    environ = {**os.environ, "PYTHONPATH": os.fspath(ROOT)}
    nowhere = subprocess.DEVNULL
    child = subprocess.Popen(command, env=environ, cwd=tmp_path, stdin=nowhere, stdout=nowhere, stderr=nowhere)
    try:
        until(lambda: list(tmp_path.glob("sealed-llm-*/iexec_in/0x*")))
        [folder] = tmp_path.glob("sealed-llm-*")
        others = [tmp_path / "sealed-llm-build-x", tmp_path / "sealed-llm-y"]  # a folder of another purpose, and one just made
        for other in others:
            other.mkdir()
        leftovers.sweep()
        assert folder.exists(), "its simulation is still at it"
        children = Path(f"/proc/{child.pid}/task/{child.pid}/children")
        until(children.read_text)  # what it is to read lies there before it starts
        task = int(children.read_text().split()[0])
    finally:
        child.kill()
        child.wait()
    os.kill(task, signal.SIGKILL)
    assert folder.exists()
    leftovers.sweep()
    assert not folder.exists() and all(other.exists() for other in others)


def test_a_link_is_not_followed_when_sweeping(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious/held").write_text("mine")
    (tmp_path / "tmp/sealed-llm-evil").symlink_to(tmp_path / "precious")
    leftovers.sweep()
    assert (tmp_path / "precious/held").read_text() == "mine"
