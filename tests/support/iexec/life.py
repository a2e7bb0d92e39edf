"""A whole iExec on loopback: chain, stores, markets, a worker, and people who hold iExec's own clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.iexec import GENERATIONS, Generation
from tests.support.desk import ROOT
from tests.support.iexec.chain import SEPOLIA, Chain, account, running_chain
from tests.support.iexec.market import Market
from tests.support.iexec.service import serving
from tests.support.iexec.sms import Sms
from tests.support.iexec.store import Store
from tests.support.iexec.worker import NONE, Mishap, Worked, Worker

CHAIN = "arbitrum-sepolia-testnet"
PATIENCE = 150  # seconds for one command of a client
SOON = 45  # seconds in which a client must notice that its task is done


def key_of(name: str) -> str:
    """Return the private key of one of anvil's accounts."""
    return "0x" + bytes(account(name).key).hex()


@dataclass(frozen=True)
class Person:
    """Somebody with a wallet, a folder with the three files, and the client of one generation."""

    name: str
    generation: Generation
    environ: Mapping[str, str]

    @property
    def folder(self) -> Path:
        """Return the folder in which the client works."""
        return self.generation.folder

    @property
    def address(self) -> str:
        """Return the address of the wallet."""
        return str(account(self.name).address)

    def iexec(self, *command: str) -> dict[str, Any]:
        """Run `iexec … --raw` and return its JSON; a refusal is {"error": {…}}."""
        # `iexec app …` itself only starts this file
        argv = [
            *self.generation.client[:-1],
            self.generation.client[-1].replace(".js", f"-{command[0]}.js"),
            *command[1:],
            "--raw",
        ]
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=PATIENCE,
        )
        lines = (done.stdout if done.returncode == 0 else done.stderr).decode().splitlines()
        said: dict[str, Any] = json.loads(next(line for line in reversed(lines) if line.startswith("{")))
        assert (done.returncode == 0) == ("error" not in said), said
        return said

    def did(self, *command: str) -> dict[str, Any]:
        """Run `iexec … --raw`, which must succeed."""
        said = self.iexec(*command)
        assert "error" not in said, said
        return said

    def start(self, *argv: str, **environ: str) -> subprocess.Popen[str]:
        """Start a program in this person's folder; what it says goes to files, so that it cannot block."""
        with (self.folder / "stdout").open("w") as out, (self.folder / "stderr").open("w") as err:
            return subprocess.Popen(
                argv,
                cwd=self.folder,
                env={**self.environ, **environ},
                stdout=out,
                stderr=err,
                text=True,
                stdin=subprocess.DEVNULL,
            )

    def says(self, *argv: str, **environ: str) -> str:
        """Run a program to its end and return what it printed; it must succeed."""
        child = self.start(*argv, **environ)
        try:
            code = child.wait(PATIENCE)
        finally:
            end(child)
        assert code == 0, self.said("stderr") + self.said("stdout")
        return self.said("stdout")

    def said(self, stream: str) -> str:
        """Return what the last started program printed so far."""
        return (self.folder / stream).read_text()

    def script(self, *argv: str) -> list[str]:
        """Return the command of `make deploy` or `make run`, in this person's folder."""
        script = [sys.executable, str(ROOT / "dev/iexec.py"), argv[0], "--tee", self.generation.tee, "--chain", CHAIN]
        return [*script, "--folder", str(self.folder), *argv[1:]]


@dataclass(frozen=True)
class Life:
    """Everything there is on this loopback."""

    chain: Chain
    store: Store
    sms: Sms
    market: Market
    worker: Worker
    urls: Mapping[str, str]
    folder: Path

    def person(self, name: str, tee: str = "tdx") -> Person:
        """Return somebody whose folder holds copies of our three files, with the endpoints of this loopback added."""
        ours = GENERATIONS[tee]
        folder = self.folder / tee / name
        folder.mkdir(parents=True)
        chain = ours.read("chain.json")
        endpoints = {"host": self.chain.url, "hub": self.chain.hub, "sms": self.urls["sms"]}
        endpoints |= {"ipfsGateway": self.urls["ipfs"], "iexecGateway": self.urls["market"]}
        chain["chains"][CHAIN] |= endpoints
        wallet = {"privateKey": key_of(name), "address": account(name).address, "publicKey": "0x"}
        files = {"iexec": ours.read("iexec.json"), "deployed": ours.read("deployed.json"), "chain": chain, "wallet": wallet}
        for stem, content in files.items():
            (folder / f"{stem}.json").write_text(json.dumps(content))
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        environ["NODE_OPTIONS"] = f"--import={(ROOT / 'tests/support/iexec/loopback.mjs').as_uri()}"
        return Person(name, Generation(tee, folder, ours.package), environ)

    def while_working(self, pool: str, child: subprocess.Popen[str], mishap: Mishap = NONE) -> list[Worked]:
        """Do every task that is ordered of `pool` until `child` has ended, and return them."""
        seen, done = set(self.chain.deals(pool)), []
        deadline = time.monotonic() + PATIENCE
        try:
            while child.poll() is None and time.monotonic() < deadline:
                for deal_id in set(self.chain.deals(pool)) - seen:
                    seen.add(deal_id)
                    deal = self.chain.deal(deal_id)
                    done += [self.worker.work(deal_id, deal.first + nth, mishap) for nth in range(deal.size)]
                    deadline = time.monotonic() + SOON
                time.sleep(0.1)
        finally:
            end(child)
        return done


@contextmanager
def living(folder: Path) -> Iterator[Life]:
    """Start everything, and leave nothing behind."""
    store = Store()
    with running_chain() as chain:
        sms = Sms(chain.owner)
        market = Market(lambda order: [_public(chain, deal) for deal in chain.deals_of(order)])
        with serving(store.answer) as ipfs, serving(sms.answer) as sms_url, serving(market.answer) as market_url:
            urls = {"ipfs": ipfs, "sms": sms_url, "market": market_url}
            yield Life(chain, store, sms, market, Worker(chain, sms, store, folder / "worker"), urls, folder)


def _public(chain: Chain, deal_id: str) -> dict[str, Any]:
    deal = chain.deal(deal_id)
    return {"dealid": deal.id, "botFirst": deal.first, "botSize": deal.size, "chainId": SEPOLIA}


def end(child: subprocess.Popen[str]) -> None:
    """Leave nothing of a program and of what it started; the client's commands are programs of their own."""
    with suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def edit(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a JSON file in place."""
    document = json.loads(path.read_text())
    change(document)
    path.write_text(json.dumps(document))
