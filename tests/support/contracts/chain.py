"""chain.mjs at work, seen from Python: a line for a line, and never a wait without an end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from app.formats.hex_words import ZERO_ADDRESS
from tests.support.desk import ROOT, SIGNER

CONTRACTS = ROOT / "contracts"
CALLBACK_GAS = 200_000
PARAMS = json.dumps({"iexec_args": "--callback --max-tokens 64 " + "word " * 60, "iexec_secrets": {"1": "a" * 36}})
PATIENCE = 90  # seconds for one answer; the first takes 4 on two idle cores

needs_chain = pytest.mark.skipif(
    shutil.which("node") is None or not (CONTRACTS / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil").is_file(),
    reason="node, or anvil in contracts/node_modules, is not here (`make test` fills the second, on Linux x86-64)",
)


class Chain:
    """What chain.mjs said first, and its operations. No answer within `patience` seconds ends it and fails the test."""

    def __init__(self, node: subprocess.Popen[bytes]) -> None:
        self.node, self.patience = node, PATIENCE
        self.facts = self._exchange(b"")
        self.app, self.other_app = self.facts["apps"]
        self.hub: str = self.facts["hub"]
        self.stranger: str = self.facts["signers"]["stranger"]
        self.chain_id: int = self.facts["chainId"]
        self.consumer = self.deploy("Consumer", self.hub, self.app, SIGNER)
        self.probe = self.deploy("Probe")

    def _exchange(self, line: bytes) -> dict[str, Any]:
        assert self.node.stdin and self.node.stdout
        watch = threading.Timer(self.patience, kill, [self.node])
        watch.start()
        try:
            with suppress(BrokenPipeError):  # then nothing comes back
                self.node.stdin.write(line)
                self.node.stdin.flush()
            answer: dict[str, Any] = json.loads(self.node.stdout.readline() or '{"error": "node has ended"}')
        finally:
            watch.cancel()
        assert "error" not in answer, answer["error"]
        return answer

    def ask(self, op: str, **request: Any) -> dict[str, Any]:
        return self._exchange(json.dumps({"op": op} | request).encode() + b"\n")

    def deploy(self, contract: str, *args: Any) -> str:
        return str(self.ask("deploy", contract=contract, args=args)["address"])

    def order(self, app: str | None = None, params: str = PARAMS, consumer: str | None = None) -> str:
        """Sign and match the orders of a deal with a callback, initialize its task, and return the task's id."""
        return str(self.ask("order", app=app or self.app, callback=consumer or self.consumer, params=params)["taskId"])

    def order_without_callback(self, app: str | None = None) -> str:
        return self.order(app, consumer=ZERO_ADDRESS)

    def complete(self, task: str, data: str, steps: int = 1) -> dict[str, Any]:
        """Let a worker deliver `data`; return what the hub's call of the consumer came to."""
        callback: dict[str, Any] = self.ask("complete", taskId=task, data=data, steps=steps)["callback"]
        return callback

    def complete_without_callback(self, task: str, digest: str, steps: int = 1) -> None:
        """Let a worker deliver a result whose SHA-256 is `digest`."""
        assert self.ask("complete", taskId=task, data="0x", digest=digest, steps=steps) == {"callback": None}

    def call(self, method: str, *args: Any, sender: str | None = None, to: str | None = None) -> Any:
        """Return the one value, or the list of values, of a call of the consumer; a refusal is {"refused": error}."""
        return self._call("Consumer", to or self.consumer, method, args, sender or self.stranger)

    def probed(self, method: str, *args: Any) -> int:
        """Return the gas that another contract spends on a check that says yes."""
        answer, used = self._call("Probe", self.probe, method, (self.consumer, *args), self.stranger)
        assert answer is True
        return int(used)

    def words(self, task: str, consumer: str | None = None) -> list[Any]:
        words: list[Any] = self.call("received", task, to=consumer)
        return words

    def _call(self, contract: str, to: str, method: str, args: Any, sender: str) -> Any:
        answer = self.ask("call", contract=contract, to=to, method=method, args=args, **{"from": sender})
        if "refused" in answer:
            return answer
        return answer["values"][0] if len(answer["values"]) == 1 else answer["values"]


def freeze(chain: Chain) -> int:
    """Stop anvil: it keeps its sockets and answers no more. Return its process id."""
    pid = int(chain.facts["anvil"])
    os.kill(pid, signal.SIGSTOP)
    until = time.monotonic() + PATIENCE
    while any(stat.read_text().rpartition(")")[2].split()[0] != "T" for stat in Path(f"/proc/{pid}/task").glob("*/stat")):
        assert time.monotonic() < until
        time.sleep(0.01)
    return pid


def alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def kill(node: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        os.killpg(node.pid, signal.SIGKILL)


def end(chain: Chain) -> int:
    """Tell chain.mjs that nothing more will be asked; return its exit code."""
    assert chain.node.stdin
    chain.node.stdin.close()
    return chain.node.wait(20)


@contextmanager
def started() -> Iterator[Chain]:
    """Start the chain in a process group of its own, and leave none of that behind, whatever happens."""
    command = ["node", str(CONTRACTS / "chain.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as node:
        try:
            yield Chain(node)
        finally:
            kill(node)
            with suppress(BrokenPipeError):  # what it did not read any more
                assert node.stdin
                node.stdin.close()
