"""Test equipment: does to one task what an iExec worker of version 9.2 does, with our app in the middle.

initialize → pre-compute (fetch, check, decrypt) → the app with exactly a worker's environment → post-compute
(parse, digest, zip, encrypt, sign) → contributeAndFinalize. Order and rules: docs/reference/iexec-protocol.md,
"The environment", "What the app leaves" and "Failure". There is no enclave: whoever reads this process's memory reads
the secrets.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from app.base.errors import SimulationError
from app.crypto.signing import keccak256
from app.formats.hex_words import ZERO_ADDRESS
from app.simulate.postcompute import Delivered, judge
from app.simulate.worker import Order, prepare, start
from tests.support.iexec import vault
from tests.support.iexec.chain import Chain, Deal, RevertedError, account
from tests.support.iexec.sms import Sms
from tests.support.iexec.store import Store

PATIENCE = 120  # seconds for one run of the app


@dataclass(frozen=True)
class Mishap:
    """What goes wrong on purpose."""

    kill_app: bool = False
    """SIGKILL as soon as the app has written ahead."""
    spoil: Callable[[Path], None] = lambda _: None
    """Called with IEXEC_OUT between the app and post-compute."""
    report: Callable[[str], str] = lambda digest: digest
    """From the digest that the enclave signed to the one that the worker sends."""


NONE = Mishap()


@dataclass(frozen=True)
class Worked:
    """How one task went."""

    deal_id: str
    task_id: str
    causes: list[str]
    """What the worker reports: pre-compute's and post-compute's causes, or that the hub refused; empty if all went well."""
    exit_code: int
    printed: bytes
    delivered: Delivered | None


@dataclass(frozen=True)
class Worker:
    """A worker and its scheduler, who hold an account each, and the enclave, which has a new key for each task."""

    chain: Chain
    sms: Sms
    store: Store
    folder: Path

    def work(self, deal_id: str, index: int = 0, mishap: Mishap = NONE) -> Worked:
        """Do the task `index` of a deal. What fails is in `causes`; nothing is raised for it."""
        deal = self.chain.deal(deal_id)
        task_id = deal.task(index)
        self.chain.send("scheduler", self.chain.hub, "initialize(bytes32,uint256)", bytes.fromhex(deal_id[2:]), index)
        order, causes = self._pre_compute(deal, index)
        inside, out = (self.folder / task_id / name for name in ("iexec_in", "iexec_out"))
        for made in (inside, out):
            made.mkdir(parents=True)
        exit_code, printed = _compute(order, inside, out, kill=mishap.kill_app)
        mishap.spoil(out)
        enclave = Account.create()
        try:
            delivered, digest, location = self._post_compute(deal, out)
        except SimulationError as err:
            return Worked(deal_id, task_id, [*causes, err.message], exit_code, printed, None)
        try:
            self._contribute(task_id, enclave, digest, mishap.report(digest), location, delivered)
        except RevertedError:
            causes.append("the hub refused contributeAndFinalize")
        return Worked(deal_id, task_id, causes, exit_code, printed, delivered)

    def _pre_compute(self, deal: Deal, index: int) -> tuple[Order, list[str]]:
        """Return what the app gets, and a cause for each dataset that it does not get."""
        bulk = "bulk_cid" in deal.params
        addresses = self._slice(deal, index) if bulk else [deal.dataset] if deal.dataset != ZERO_ADDRESS else []
        datasets: list[bytes | None] = []
        causes: list[str] = []
        for address in addresses:
            try:
                datasets.append(self._dataset(address))
            except ValueError as err:
                datasets.append(None)
                causes.append(f"{address}: {err}")
        named = deal.params.get("iexec_secrets", {})
        secrets = {int(key): self.sms.get("requester", deal.requester, name) for key, name in named.items()}
        order = Order(
            datasets=tuple(datasets),
            addresses=tuple(addresses),
            bulk=bulk,
            args=deal.params.get("iexec_args", ""),
            requester_secrets={key: value for key, value in secrets.items() if value is not None},
            app_secret=self.sms.get("app", deal.app),
            task_id=deal.task(index),
            deal_id=deal.id,
            task_index=index,
            first_index=deal.first,
            deal_size=deal.size,
        )
        return order, causes

    def _slice(self, deal: Deal, index: int) -> list[str]:
        root = json.loads(self.store.files[deal.params["bulk_cid"]])
        return [order["dataset"] for order in json.loads(self.store.files[root[index]])]

    def _dataset(self, address: str) -> bytes:
        """Return the plain content of a dataset. Raises `ValueError` with the cause."""
        _, _, multiaddr, checksum = self.chain.read(
            self.chain.hub, "viewDataset(address)", "(address,string,bytes,bytes32)", address
        )
        sealed = self.store.at(multiaddr)
        key = self.sms.get("dataset", address)
        if sealed is None:
            raise ValueError("PRE_COMPUTE_DATASET_DOWNLOAD_FAILED")
        if hashlib.sha256(sealed).digest() != checksum:
            raise ValueError("PRE_COMPUTE_INVALID_DATASET_CHECKSUM")
        if key is None:
            raise ValueError("PRE_COMPUTE_DATASET_DECRYPTION_FAILED")
        return vault.decrypt(sealed, key)

    def _post_compute(self, deal: Deal, out: Path) -> tuple[Delivered, str, dict[str, str]]:
        """Return the judged output, the digest, and where the result is. Raises `SimulationError` as the platform fails."""
        delivered = judge(out)
        if deal.callback != ZERO_ADDRESS:  # nothing is uploaded then
            if delivered.callback_digest is None:
                raise SimulationError("simulate.failed", "POST_COMPUTE_RESULT_DIGEST_COMPUTATION_FAILED")
            return delivered, delivered.callback_digest, {"storage": "ethereum", "location": deal.callback}
        archive = vault.pack({name: (out / name).read_bytes() for name in delivered.files})
        if deal.params.get("iexec_result_encryption"):
            public_key = self.sms.get("web2", deal.beneficiary, "iexec-result-encryption-public-key")
            if public_key is None:
                raise SimulationError("simulate.failed", "POST_COMPUTE_ENCRYPTION_FAILED")
            archive = vault.encrypt_result(archive, public_key)
        return delivered, delivered.digest, {"storage": "ipfs", "location": "/ipfs/" + self.store.add(archive)}

    def _contribute(
        self, task_id: str, enclave: LocalAccount, digest: str, sent: str, location: dict[str, str], delivered: Delivered
    ) -> None:
        """Send contributeAndFinalize. Raises `RevertedError`. `callback-data` always goes with it, as a worker does."""
        worker = account("worker").address
        task, result = bytes.fromhex(task_id[2:]), bytes.fromhex(digest[2:])
        seal = keccak256(bytes.fromhex(worker[2:]) + task + result)
        proof = _personal_sign(enclave, keccak256(keccak256(task + result) + seal))
        allowed = keccak256(bytes.fromhex(worker[2:]) + task + bytes.fromhex(enclave.address[2:]))
        self.chain.send(
            "worker",
            self.chain.hub,
            "contributeAndFinalize(bytes32,bytes32,bytes,bytes,address,bytes,bytes)",
            task,
            bytes.fromhex(sent[2:]),
            json.dumps(location).encode(),
            bytes.fromhex((delivered.callback_data or "0x")[2:]),
            enclave.address,
            proof,
            _personal_sign(account("scheduler"), allowed),
        )


def _compute(order: Order, inside: Path, out: Path, *, kill: bool) -> tuple[int, bytes]:
    """Run the app and return its exit code and what it printed."""
    child = start(prepare(order, inside, out), order.args)
    if kill:
        end = time.monotonic() + PATIENCE
        while not (out / "computed.json").exists() and child.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        child.kill()
    try:
        stdout, stderr = child.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:  # a worker does the same when the category's time is over
        child.kill()
        stdout, stderr = child.communicate()
    return child.returncode, stdout + stderr


def _personal_sign(account: LocalAccount, digest: bytes) -> bytes:
    return bytes(account.sign_message(encode_defunct(digest)).signature)
