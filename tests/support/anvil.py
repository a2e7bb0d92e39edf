"""A real anvil, a wallet with a past on it, and a proxy in front of it that misbehaves."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from eth_account import Account

from app.crypto.signing import checksum_address, keccak256
from app.wallet.history import Transaction, Transfer
from tests.support.desk import ROOT

ANVIL = ROOT / "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"
CHAIN = 31337
START = 1_600_000_000
WALLET = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"  # account 0 of anvil's own, public mnemonic
OTHER, THIRD = (
    "0x70997970c51812dc3a010c7d01b50e0d17dc79c8",
    "0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc",
)  # accounts 1 and 2 of anvil's own, public mnemonic
COMPILE = """
const solc = require('solc'); const fs = require('fs');
const sources = { 'Tokens.sol': { content: fs.readFileSync(0, 'utf8') } };
const settings = { evmVersion: 'cancun', outputSelection: { '*': { '*': ['evm.bytecode.object'] } } };
const { errors, contracts } = JSON.parse(solc.compile(JSON.stringify({ language: 'Solidity', sources, settings })));
if (errors) throw new Error(errors.map((one) => one.formattedMessage).join());
const codes = Object.entries(contracts['Tokens.sol']).map(([name, one]) => [name, '0x' + one.evm.bytecode.object]);
console.log(JSON.stringify(Object.fromEntries(codes)));
"""


def word(value: int | str) -> str:
    return f"{value:064x}" if isinstance(value, int) else value[2:].zfill(64)


def data(signature: str, *args: int | str) -> str:
    return "0x" + keccak256(signature.encode())[:4].hex() + "".join(map(word, args))


@dataclass
class Node:
    """What answers JSON-RPC at `url`."""

    url: str

    def __call__(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})  # noqa: S310  our own anvil
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            said = json.loads(answer.read())
        assert "error" not in said, said
        return said["result"]


@contextmanager
def anvil(*args: str) -> Iterator[Node]:
    command = [str(ANVIL), "--host", "127.0.0.1", "--port", "0", "--timestamp", str(START), *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        try:
            for line in child.stdout:
                if found := re.search(r"Listening on (127\.0\.0\.1:\d+)", line):
                    threading.Thread(target=child.stdout.read, daemon=True).start()
                    yield Node(f"http://{found[1]}")
                    break
        finally:
            child.kill()


@dataclass
class Past:
    """A wallet on a node, and what we did with it, told by us."""

    node: Node
    wallet: str = ""
    transactions: list[Transaction] = field(default_factory=list)
    transfers: list[Transfer] = field(default_factory=list)

    def send(self, sender: str, to: str | None, value: int = 0, call: str = "0x", **told: Any) -> dict[str, Any]:
        """Mine one transaction, ten minutes after the last, and note it if it is the wallet's. `told` goes into the note."""
        sent = {"from": sender, "value": hex(value), "data": call, "gas": hex(1_000_000)} | ({"to": to} if to else {})
        return self.note(self.node("eth_sendTransaction", sent), value, call, **told)

    def note(self, tx: str, value: int, call: str, *, is_quiet: bool = False, **told: Any) -> dict[str, Any]:
        receipt = self.receipt(tx)
        block, moment = int(receipt["blockNumber"], 16), int(self.time(receipt["blockNumber"]), 16)
        for token, origin, end, amount in told.pop("moved", []):
            self.transfers.append(Transfer(tx, block, moment, token, origin, end, amount))
        made = Transaction(
            tx,
            block,
            moment,
            receipt["from"],
            receipt["to"],
            value,
            int(receipt["gasUsed"], 16),
            int(receipt["effectiveGasPrice"], 16),
            ok=told.pop("ok", True),
            selector=call[:10] if len(call) >= 10 and receipt["to"] else None,
            created=receipt["contractAddress"],
            **told,
        )
        if not is_quiet:
            self.transactions.append(made)
        self.node("evm_increaseTime", 600)
        return receipt

    def receipt(self, tx: str) -> dict[str, Any]:
        end = time.monotonic() + 20
        while not (found := self.node("eth_getTransactionReceipt", tx)) and time.monotonic() < end:
            time.sleep(0.002)  # it may come a moment after the transaction
        receipt: dict[str, Any] = found
        return receipt

    def time(self, number: str) -> str:
        return str(self.node("eth_getBlockByNumber", number, False)["timestamp"])


def tokens() -> dict[str, str]:
    """Return the creation code of each contract in Tokens.sol."""
    source = (ROOT / "tests/support/contracts/Tokens.sol").read_bytes()
    done = subprocess.run(
        ["node", "-e", COMPILE], input=source, cwd=ROOT / "contracts", check=True, capture_output=True, timeout=60
    )
    codes: dict[str, str] = json.loads(done.stdout)
    return codes


def lived(node: Node, wallet: str) -> Past:
    """Return the past that `wallet`, an account of anvil's, has from now on: one of each thing that happens to wallets."""
    codes, zero = tokens(), "0x" + "0" * 40
    past = Past(node, wallet)
    past.send(OTHER, wallet, 10**18)
    past.send(wallet, THIRD, 12_345_678_901_234_567_890)
    past.send(wallet, wallet, 7)
    created = past.send(wallet, None, call=codes["Token20"])["contractAddress"]
    token = str(created)
    birth = past.transactions[-1]
    past.transfers.append(Transfer(birth.hash, birth.block, birth.time, token, zero, wallet, 1000))
    past.send(wallet, token, call=data("transfer(address,uint256)", OTHER, 400), moved=[(token, wallet, OTHER, 400)])
    past.send(
        OTHER, token, call=data("transfer(address,uint256)", wallet, 150), is_quiet=True, moved=[(token, OTHER, wallet, 150)]
    )
    past.send(wallet, token, call=data("transfer(address,uint256)", wallet, 5), moved=[(token, wallet, wallet, 5)])
    past.send(OTHER, token, call=data("transfer(address,uint256)", THIRD, 1), is_quiet=True)
    past.send(wallet, token, call=data("approve(address,uint256)", THIRD, 2**256 - 1), spender=THIRD)
    past.send(wallet, token, call=data("approve(address,uint256)", THIRD, 0))
    past.send(wallet, token, call=data("transfer(address,uint256)", OTHER, 10**6), ok=False)
    unique = str(past.send(OTHER, None, call=codes["Token721"], is_quiet=True)["contractAddress"])
    past.send(
        OTHER, unique, call=data("mint(address,uint256)", wallet, 99), is_quiet=True, moved=[(unique, zero, wallet, None)]
    )
    several = str(past.send(OTHER, None, call=codes["Token1155"], is_quiet=True)["contractAddress"])
    minted = [(several, zero, wallet, 3)]
    past.send(OTHER, several, call=data("mint(address,uint256,uint256)", wallet, 1, 3), is_quiet=True, moved=minted)
    relay = str(past.send(OTHER, None, call=codes["Relay"], is_quiet=True)["contractAddress"])
    past.send(OTHER, relay, 5, data("pass(address)", wallet), is_quiet=True)
    for _ in range(30):  # more than a page
        past.send(wallet, OTHER, 1)
    node("anvil_mine", "0x5")
    return past


def delegate(past: Past, key: str, target: str) -> None:
    """Give the wallet of `key` the code of `target` (EIP-7702), in a transaction of its own."""
    nonce = int(past.node("eth_getTransactionCount", past.wallet, "latest"), 16)
    authorization = Account.sign_authorization(
        {"chainId": CHAIN, "address": bytes.fromhex(target[2:]), "nonce": nonce + 1}, key
    )
    to = checksum_address(bytes.fromhex(OTHER[2:]))
    transaction = {
        "type": 4, "chainId": CHAIN, "nonce": nonce, "to": to, "value": 0, "gas": 200_000, "data": "0x",
        "maxFeePerGas": 10**11, "maxPriorityFeePerGas": 1, "authorizationList": [authorization],
    }  # fmt: skip
    signed = Account.sign_transaction(transaction, key)
    past.note(past.node("eth_sendRawTransaction", "0x" + signed.raw_transaction.hex().removeprefix("0x")), 0, "0x")


Twist = Callable[[str, list[Any], Any], Any]
"""Method, params and the real node's result -> another result; bytes and functions answer instead, {"error"} is JSON-RPC's."""


@contextmanager
def twisted(node: Node, twist: Twist, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Yield the URL of a proxy to `node` that passes every result through `twist`, its path a key to be kept secret."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet, or each answer waits 40 ms for an acknowledgement

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            method, params = request["method"], request["params"]
            known = method.startswith(("eth_", "ots_"))
            said = twist(method, params, node(method, *params) if known else None)
            if callable(said):
                said(self)
                return
            if not isinstance(said, bytes):
                inner = said if isinstance(said, dict) and "error" in said else {"result": said}
                said = json.dumps({"jsonrpc": "2.0", "id": request["id"]} | inner).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}/v2/CANARY-KEY"
    finally:
        server.shutdown()
        server.server_close()
