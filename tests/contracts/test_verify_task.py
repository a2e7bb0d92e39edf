"""`verify --task` as a user runs it, against the real PoCo on a real anvil: every outcome one code and one line."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli.main import cli
from app.crypto.signing import keccak256
from app.result.envelope import callback_data
from app.verify import on_chain as chain_room
from tests.support.contracts.chain import Chain, freeze, needs_chain
from tests.support.contracts.sealed import sealed
from tests.support.desk import SIGNER

pytestmark = [pytest.mark.slow, needs_chain]
Verdict = tuple[int, Any]
Verify = Callable[..., Verdict]


@pytest.fixture
def verify(chain: Chain, tmp_path: Path) -> Verify:
    """Return a function that starts `python -m app verify` and gives the exit code and what it says: a receipt or a code."""

    def run(result: bytes, task: str, **other: str | None) -> Verdict:
        path = tmp_path / "result.json"
        path.write_bytes(result)
        command = [sys.executable, "-m", "app", *command_line(chain, path, task, **other)]
        done = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60, stdin=subprocess.DEVNULL)
        return judged(done.returncode, done.stdout, done.stderr)

    return run


def command_line(chain: Chain, path: Path, task: str, **other: str | None) -> list[str]:
    named = {"signer": SIGNER, "task": task, "rpc": chain.facts["url"], "app": chain.app, "hub": chain.hub} | other
    options = [word for name, value in named.items() if value is not None for word in (f"--{name}", value)]
    return ["verify", str(path), *options, "--receipt", "--json"]


def judged(exit_code: int, stdout: str, stderr: str) -> Verdict:
    assert stderr.count("\n") == 1 and "Traceback" not in stderr, stderr
    said = json.loads(stdout)
    word = {0: "OK", 1: "REFUSED", 69: "UNKNOWN"}[exit_code]
    assert stderr.startswith(f"{word}: ")
    return (exit_code, said) if exit_code == 0 else (exit_code, said["code"])


def delivered(chain: Chain, result: Callable[[str], bytes], app: str | None = None, steps: int = 1) -> tuple[str, bytes]:
    """Return a completed task without a callback, and the result that it delivered."""
    task = chain.order_without_callback(app)
    made = result(task)
    chain.complete_without_callback(task, "0x" + sha256(made).hexdigest(), steps)
    return task, made


# --- what the chain holds


@pytest.mark.parametrize("steps", [1, 3], ids=["contributeAndFinalize", "contribute-reveal-finalize"])
@pytest.mark.parametrize("chain_id", [None, 31337], ids=["no chain", "this chain"])
def test_the_digest_of_the_file(chain: Chain, verify: Verify, chain_id: int | None, steps: int) -> None:
    task, result = delivered(chain, lambda task: sealed(task, chain_id=chain_id), steps=steps)
    exit_code, receipt = verify(result, task)
    assert exit_code == 0
    facts = receipt["predicate"]["onChain"]
    deal = facts.pop("dealId")
    assert keccak256(bytes.fromhex(deal[2:]) + bytes(32)).hex() == task[2:]  # the first task of that deal
    assert facts == {
        "chainId": chain.chain_id,
        "hub": chain.hub,
        "app": chain.app,
        "taskId": task,
        "resultDigest": "0x" + receipt["subject"][0]["digest"]["sha256"],
        "hasCallback": False,
    }


def test_the_digest_of_callback_data(chain: Chain, verify: Verify) -> None:
    task = chain.order()
    result = sealed(task)
    data = callback_data(result)
    chain.complete(task, data)
    exit_code, receipt = verify(result, task)
    facts = receipt["predicate"]["onChain"]
    assert (exit_code, facts["hasCallback"]) == (0, True)
    assert facts["resultDigest"] == "0x" + keccak256(bytes.fromhex(data[2:])).hex()
    assert verify(sealed(task, size=101), task) == (1, "result.other_digest")


def test_letters_of_an_address_may_be_large_or_small(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed)
    assert verify(result, "0x" + task[2:].upper(), app=chain.app.lower(), hub=chain.hub.lower())[0] == 0


def test_another_result_of_the_same_task(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed)
    assert verify(sealed(task, size=101), task) == (1, "result.other_digest")
    assert verify(sealed(task, "error"), task) == (1, "result.other_digest")
    assert verify(result, task)[0] == 0


def test_the_result_of_another_task(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed)
    other, _ = delivered(chain, sealed)
    assert verify(result, other) == (1, "result.other_task")
    assert verify(sealed(None), task) == (1, "result.other_task")


def test_a_task_that_is_unknown_or_not_completed(chain: Chain, verify: Verify) -> None:
    unknown = "0x" + "cd" * 32
    assert verify(sealed(unknown), unknown) == (1, "result.not_on_chain")
    for task in (chain.order_without_callback(), chain.order()):
        assert verify(sealed(task), task) == (1, "result.not_on_chain")


def test_another_app(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed, chain.other_app)
    assert verify(result, task) == (1, "result.other_app")
    assert verify(result, task, app=chain.other_app)[0] == 0


def test_another_chain(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed)
    bound_task, bound = delivered(chain, lambda task: sealed(task, chain_id=31337))
    assert verify(result, task, hub=None) == (69, "chain.unknown")
    try:
        chain.ask("rename", chainId=421614)
        assert verify(bound, bound_task) == (1, "result.other_task")
        assert verify(result, task)[0] == 0
        assert verify(result, task, hub=None) == (69, "chain.bad_answer")  # nothing stands at Sepolia's hub here
    finally:
        chain.ask("rename", chainId=chain.chain_id)
    assert verify(bound, bound_task)[0] == 0


def test_another_hub(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed)
    for hub in (chain.consumer, chain.app, chain.stranger, "0x" + "00" * 20):
        assert verify(result, task, hub=hub) == (69, "chain.bad_answer"), hub


def test_what_is_wrong_offline_is_said_first(chain: Chain, verify: Verify) -> None:
    task, result = delivered(chain, sealed)
    assert verify(result, task, signer=chain.stranger, rpc="http://127.0.0.1:1") == (1, "result.wrong_signer")
    assert verify(result + b"\n", task) == (1, "result.not_canonical")


LIGHT = """
import resource, sys
from app.cli.main import cli
cli(sys.argv[1:], standalone_mode=False)
used = resource.getrusage(resource.RUSAGE_SELF)
heavy = {"llama_cpp", "web3", "eth_account", "eth_abi", "jinja2", "httpx", "requests"}
print(sorted(heavy & sys.modules.keys()), used.ru_utime + used.ru_stime < 1)
"""


@pytest.mark.parametrize("on_chain", [False, True], ids=["offline", "task"])
def test_it_is_light(chain: Chain, tmp_path: Path, on_chain: bool) -> None:
    """Less than a second of a processor, and nothing heavy is loaded."""
    task, result = delivered(chain, sealed)
    path = tmp_path / "result.json"
    path.write_bytes(result)
    words = command_line(chain, path, task)[:-2] if on_chain else ["verify", str(path), "--signer", SIGNER]
    command = [sys.executable, "-c", LIGHT, *words]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["[] True"]


# --- an endpoint out of order


def test_an_endpoint_that_is_not_there(verify: Verify) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        closed = f"http://127.0.0.1:{taken.getsockname()[1]}"
        task = "0x" + "cd" * 32
        for rpc in (
            closed,
            "http://does-not-exist.invalid",
            "ftp://127.0.0.1",
            "nonsense",
            "http://127.0.0.1:99999",
            "http://[",
        ):
            assert verify(sealed(task), task, rpc=rpc) == (69, "chain.unreachable"), rpc


def test_an_endpoint_that_speaks_something_else(chain: Chain, verify: Verify) -> None:
    task = "0x" + "cd" * 32
    assert verify(sealed(task), task, rpc=chain.facts["url"] + "/no/such/path")[0] == 69
    with socket.create_server(("127.0.0.1", 0)) as server:
        rpc = f"http://127.0.0.1:{server.getsockname()[1]}"
        script = f"""
import socket
server = socket.socket(fileno={server.fileno()})
for _ in range(2):
    peer, _ = server.accept()
    peer.recv(65536)
    peer.sendall(b"SSH-2.0-OpenSSH_9.2\\r\\n")
    peer.close()
"""
        with subprocess.Popen([sys.executable, "-c", script], pass_fds=[server.fileno()]) as other:
            try:
                assert verify(sealed(task), task, rpc=rpc) == (69, "chain.unreachable")
                assert verify(sealed(task), task, rpc=rpc.replace("http:", "https:")) == (69, "chain.unreachable")
            finally:
                other.kill()


def test_an_endpoint_that_hangs(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_room, "_TIMEOUT", 0.5)
    task, result = delivered(chain, sealed)
    path = tmp_path / "result.json"
    path.write_bytes(result)

    def here() -> Verdict:
        done = CliRunner().invoke(cli, command_line(chain, path, task))
        return judged(done.exit_code, done.stdout, done.stderr)

    anvil = freeze(chain)
    try:
        assert here() == (69, "chain.unreachable")
    finally:
        os.kill(anvil, signal.SIGCONT)
    monkeypatch.undo()
    assert here()[0] == 0
