"""A chain of the tests: contracts/chain.mjs (anvil with iExec's real PoCo), and what a worker reads and sends there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount

from app.crypto.signing import keccak256
from tests.support.desk import ROOT

SEPOLIA = 421614
ANVIL = 31337
DEAL = (
    "((address,address,uint256),(address,address,uint256),(address,address,uint256),uint256,uint256,bytes32,"
    "address,address,address,string,uint256,uint256,uint256,uint256,uint256,address)"
)
TASK = "(uint8,bytes32,uint256,uint256,uint256,uint256,uint256,bytes32,uint256,uint256,address[],bytes32,bytes,uint256,bytes)"
NOTICE = "0x" + keccak256(b"SchedulerNotice(address,bytes32)").hex()
MATCHED = "0x" + keccak256(b"OrdersMatched(bytes32,bytes32,bytes32,bytes32,bytes32,uint256)").hex()
MNEMONIC = "test test test test test test test test test test test junk"  # anvil's own, public
ACCOUNTS = {"admin": 0, "requester": 1, "scheduler": 2, "worker": 3, "developer": 6, "owner": 7}
RLC = 10**9  # nRLC
PATIENCE = 60  # seconds for one answer of anvil or of chain.mjs


Account.enable_unaudited_hdwallet_features()


def account(name: str) -> LocalAccount:
    """Return one of anvil's accounts, which have ether."""
    made: LocalAccount = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{ACCOUNTS[name]}")
    return made


class RevertedError(Exception):
    """The contract refused the transaction; PoCo gives no reasons."""


@dataclass(frozen=True)
class Deal:
    """`viewDeal` of the hub, as far as a worker needs it."""

    id: str
    app: str
    dataset: str
    workerpool: str
    beneficiary: str
    requester: str
    callback: str
    tag: str
    params: dict[str, Any]
    first: int
    size: int

    def task(self, index: int) -> str:
        """Return the id of the task `index` of this deal, as the hub computes it."""
        return "0x" + keccak256(bytes.fromhex(self.id[2:]) + index.to_bytes(32, "big")).hex()


@dataclass
class Chain:
    """The hub on a chain that calls itself Arbitrum Sepolia, so that the clients' own settings for it hold."""

    node: subprocess.Popen[bytes]
    facts: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.facts = self._answer()
        self.url: str = self.facts["url"]
        self.hub: str = self.facts["hub"]
        self.rpc("anvil_setChainId", SEPOLIA)
        self.send("admin", self.hub, "updateDomainSeparator()")
        self._bring_money()

    def deploy(self, contract: str, *args: str) -> str:
        """Deploy a contract of contracts/ and return its address."""
        self.rpc("anvil_setChainId", ANVIL)  # chain.mjs signs for the chain that it started
        try:
            return str(self._ask("deploy", contract=contract, args=args)["address"])
        finally:
            self.rpc("anvil_setChainId", SEPOLIA)

    def rpc(self, method: str, *params: Any) -> Any:
        """Return the result of a JSON-RPC call."""
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310
            document = json.loads(answer.read())
        if "error" in document:
            raise RevertedError(document["error"]["message"])
        return document["result"]

    def read(self, to: str, method: str, returns: str, *args: Any) -> Any:
        """Return what the view `method` (with its types) of the contract `to` gives."""
        data = self.rpc("eth_call", {"to": to, "data": _calldata(method, args)}, "latest")
        return decode([returns], bytes.fromhex(data[2:]))[0]

    def send(self, sender: str, to: str | None, method: str, *args: Any) -> dict[str, Any]:
        """Send a transaction of one of the accounts and return the receipt; without `to`, `method` is code to deploy.

        Raises `RevertedError`.
        """
        signer = account(sender)
        transaction: dict[str, Any] = {
            "chainId": SEPOLIA,
            "nonce": int(self.rpc("eth_getTransactionCount", signer.address, "pending"), 16),
            "gas": 5_000_000,
            "gasPrice": int(self.rpc("eth_gasPrice"), 16),
            "value": 0,
            "data": _calldata(method, args) if to else method,
        }
        signed = signer.sign_transaction(transaction | ({"to": bytes.fromhex(to[2:])} if to else {}))
        sent = self.rpc("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex())
        end = time.monotonic() + PATIENCE
        while (receipt := self.rpc("eth_getTransactionReceipt", sent)) is None and time.monotonic() < end:
            time.sleep(0.01)
        if receipt["status"] != "0x1":
            raise RevertedError(method)
        mined: dict[str, Any] = receipt
        return mined

    def deals(self, workerpool: str) -> list[str]:
        """Return the ids of all deals of a workerpool, oldest first: what a scheduler listens to."""
        words = self._logs(NOTICE, "0x" + "0" * 24 + workerpool[2:].lower())
        return ["0x" + data[:64] for data in words]

    def deals_of(self, request_hash: str) -> list[str]:
        """Return the ids of all deals of a requestorder."""
        words = self._logs(MATCHED)
        return ["0x" + data[:64] for data in words if data[256:320] == request_hash[2:].lower()]

    def deal(self, deal_id: str) -> Deal:
        """Return a deal of the hub."""
        words = self.read(self.hub, "viewDeal(bytes32)", DEAL, bytes.fromhex(deal_id[2:]))
        app, dataset, pool = (one[0] for one in words[:3])
        params = json.loads(words[9]) if words[9] else {}
        return Deal(deal_id, app, dataset, pool, words[7], words[6], words[8], words[5].hex(), params, words[11], words[12])

    def task_status(self, task_id: str) -> int:
        """Return 0 unset, 1 active, 2 revealing, 3 completed, 4 failed."""
        return int(self.read(self.hub, "viewTask(bytes32)", TASK, bytes.fromhex(task_id[2:]))[0])

    def owner(self, asset: str) -> str:
        """Return the owner of an app or a dataset, in lower case."""
        return str(self.read(asset, "owner()", "address")).lower()

    def account(self, name: str) -> tuple[int, int]:
        """Return what somebody has on the hub in nRLC: free, and locked."""
        stake: tuple[int, int] = self.read(self.hub, "viewAccount(address)", "(uint256,uint256)", account(name).address)
        return stake

    def _bring_money(self) -> None:
        """Deploy the real RLC token, make it the hub's, hand it out, and deposit what scheduler and worker must stake.

        chain.mjs configures the hub without a token, and a hub can be configured once: so its storage is written.
        """
        package = ROOT / "contracts/node_modules/@iexec/poco/deployments/arbitrumSepolia/RLC.json"
        rlc = str(self.send("admin", None, json.loads(package.read_text())["bytecode"])["contractAddress"])
        call = {"to": self.hub, "data": _calldata("token()", ())}
        (touched,) = (one for one in self.rpc("eth_createAccessList", call)["accessList"] if one["address"] == self.hub.lower())
        (slot,) = (key for key in touched["storageKeys"] if not int(self.rpc("eth_getStorageAt", self.hub, key, "latest"), 16))
        self.rpc("anvil_setStorageAt", self.hub, slot, "0x" + rlc[2:].rjust(64, "0"))
        assert self.read(self.hub, "token()", "address") == rlc
        for name in ("requester", "scheduler", "worker"):
            self.send("admin", rlc, "transfer(address,uint256)", account(name).address, 100 * RLC)
        for name in ("scheduler", "worker"):
            self.send(name, rlc, "approve(address,uint256)", self.hub, RLC)
            self.send(name, self.hub, "deposit(uint256)", RLC)

    def _logs(self, *topics: str) -> list[str]:
        """Return the data of the hub's events, in hex."""
        found = self.rpc("eth_getLogs", {"address": self.hub, "fromBlock": "0x0", "topics": topics})
        return [log["data"][2:] for log in found]

    def _ask(self, op: str, **request: Any) -> dict[str, Any]:
        assert self.node.stdin
        self.node.stdin.write(json.dumps({"op": op} | request).encode() + b"\n")
        self.node.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.node.stdout
        watchdog = threading.Timer(PATIENCE, self.node.kill)
        watchdog.start()
        line = self.node.stdout.readline()
        watchdog.cancel()
        answer: dict[str, Any] = json.loads(line or '{"error": "chain.mjs has ended"}')
        assert "error" not in answer, answer["error"]
        return answer


@contextmanager
def running_chain() -> Iterator[Chain]:
    """Start the chain in a process group of its own; none of that is left, whatever happens."""
    command = ["node", str(ROOT / "contracts/chain.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as node:
        stop = threading.Event()
        miner: threading.Thread | None = None
        try:
            chain = Chain(node)
            miner = threading.Thread(target=_keep_mining, args=(chain, stop), daemon=True)
            miner.start()
            yield chain
        finally:
            stop.set()
            if miner:
                miner.join(PATIENCE)  # a node that is killed in the middle of an answer would fail whichever test runs next
            with suppress(ProcessLookupError):
                os.killpg(node.pid, signal.SIGKILL)


def _keep_mining(chain: Chain, stop: threading.Event) -> None:
    """Blocks must keep coming: the clients wait for the next one when they have missed the one of their transaction."""
    while not stop.wait(0.3):
        with suppress(OSError):
            chain.rpc("evm_mine")


def _calldata(method: str, args: tuple[Any, ...]) -> str:
    types = method[method.index("(") + 1 : -1]
    packed = encode(types.split(",") if types else [], args)
    return "0x" + keccak256(method.encode())[:4].hex() + packed.hex()
