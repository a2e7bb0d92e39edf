"""A shop on the loopback iExec: an app of ours that is deployed with a client, and whoever buys there."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from app.cli.main import cli
from tests.support.desk import ROOT, SECRET, SIGNER, SMALL
from tests.support.iexec.chain import SEPOLIA
from tests.support.iexec.life import CHAIN, Life, Person, edit, key_of
from tests.support.iexec.worker import NONE, Mishap, Worked

APP_PRICE, POOL_PRICE = 2, 10  # nRLC; what one task costs its requester
ARGS = f"--model {SMALL} --max-tokens 8"


@dataclass(frozen=True)
class Shop:
    """A deployed app with its key and orders, a workerpool, and somebody who wants answers."""

    life: Life
    tee: str
    app: str
    pool: str
    consumer: str
    developer: Person
    requester: Person

    def order(self, *flags: str, args: str = ARGS) -> str:
        """Order a task with `iexec app run` and return the deal's id."""
        wanted = ["--tag", f"tee,{self.tee}", "--workerpool", self.pool, "--args", args, "--force", *flags]
        return str(self.requester.did("app", "run", self.app, "--chain", CHAIN, *wanted)["deals"][0]["dealid"])

    def buy(self, *flags: str, args: str = ARGS, mishap: Mishap = NONE) -> Worked:
        """Order a task and let the worker do it."""
        return self.life.worker.work(self.order(*flags, args=args), mishap=mishap)

    def verify(self, result: bytes, task_id: str, tmp_path: Path) -> Result:
        """Run `python -m app verify --task --rpc` on a result."""
        path = tmp_path / "result.json"
        path.write_bytes(result)
        where = ["--rpc", self.life.chain.url, "--hub", self.life.chain.hub, "--app", self.app, "--task", task_id]
        return CliRunner().invoke(cli, ["verify", str(path), "--signer", SIGNER, *where])


def opened(life: Life, tee: str) -> Shop:
    """Deploy app and workerpool with the client, push the key, publish the orders."""
    developer, scheduler, requester = (life.person(name, tee) for name in ("developer", "scheduler", "requester"))
    filled = {"owner": developer.address, "multiaddr": "registry.example/sealed-llm:0.1.0", "checksum": "0x" + "ab" * 32}
    edit(developer.folder / "iexec.json", lambda conf: conf["app"].update(filled))
    if tee == "scone":
        edit(developer.folder / "iexec.json", lambda conf: conf["app"]["mrenclave"].update(fingerprint="cd" * 32))
    said = developer.says(*developer.script("deploy"))
    app = developer.generation.read("deployed.json")["app"][str(SEPOLIA)]
    assert f"{developer.generation.shown} app push-secret {app} --chain {CHAIN}" in said
    developer.did("app", "push-secret", app, "--chain", CHAIN, "--secret-value", SECRET)
    developer.did("app", "publish", app, "--chain", CHAIN, "--tag", f"tee,{tee}", "--price", str(APP_PRICE), "--force")
    edit(scheduler.folder / "iexec.json", lambda conf: conf.update(workerpool={"owner": scheduler.address, "description": tee}))
    pool = scheduler.did("workerpool", "deploy", "--chain", CHAIN)["address"]
    offer = ["--price", str(POOL_PRICE), "--volume", "1000", "--category", "0", "--tag", f"tee,{tee}", "--force"]
    scheduler.did("workerpool", "publish", pool, "--chain", CHAIN, *offer)
    consumer = life.chain.deploy("Consumer", life.chain.hub, app, SIGNER)
    requester.did("account", "deposit", "1", "RLC", "--chain", CHAIN)
    edit(requester.folder / "deployed.json", lambda conf: conf.update(app={str(SEPOLIA): app}))
    return Shop(life, tee, app, pool, consumer, developer, requester)


def download(person: Person, task_id: str, *flags: str) -> dict[str, bytes]:
    """Return the files of a task's result, as `iexec task show --download` gets them."""
    said = person.did("task", "show", task_id, "--chain", CHAIN, "--download", *flags)
    assert said["task"]["statusName"] == "COMPLETED"
    with zipfile.ZipFile(io.BytesIO(Path(said["resultPath"]).read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def protect(owner: Person, shop: Shop, protector: dict[str, str], request: dict[str, Any], *how: str) -> str:
    """Protect a request with the real dataProtector, grant the shop's requester access, and return the address."""
    (owner.folder / "request.json").write_text(json.dumps(request))
    command = ["node", str(ROOT / "examples/deploy/protect.mjs"), "request.json", shop.app, shop.requester.address, *how]
    return owner.says(*command, PRIVATE_KEY=key_of(owner.name), **protector).strip()
