"""One loopback iExec for all the tests in this folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from tests.support.desk import ROOT
from tests.support.iexec.life import Life, Person, living
from tests.support.iexec.shop import POOL_PRICE, Shop, opened

ANVIL = ROOT / "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"


@pytest.fixture(scope="package")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    if shutil.which("node") is None or not ANVIL.is_file() or not (ROOT / "examples/deploy/node_modules/iexec").is_dir():
        pytest.skip("node, or contracts/node_modules and examples/deploy/node_modules, are not here (`make test` fills both)")
    with living(tmp_path_factory.mktemp("iexec")) as world:
        yield world


@pytest.fixture(scope="package")
def shop(life: Life) -> Shop:
    return opened(life, "tdx")


@pytest.fixture(scope="package")
def owner(life: Life) -> Person:
    """Somebody who has something to ask, and lets others pay for it."""
    return life.person("owner")


@pytest.fixture(scope="package")
def protector(life: Life, owner: Person) -> dict[str, str]:
    """What dataProtector's scripts need in their environment on this chain."""
    code = owner.says("node", str(ROOT / "tests/support/iexec/compile.mjs"))
    registry = life.chain.read(life.chain.hub, "datasetregistry()", "address")
    receipt = life.chain.send("admin", None, "0x" + code + registry[2:].lower().rjust(64, "0"))
    urls = life.urls
    services = {"smsURL": urls["sms"], "iexecGatewayURL": urls["market"], "pocoSubgraphURL": urls["market"]}
    options = {"dataprotectorContractAddress": receipt["contractAddress"], "subgraphUrl": urls["market"]}
    options |= {"ipfsNode": urls["ipfs"], "ipfsGateway": urls["ipfs"]}
    hub = {"hubAddress": life.chain.hub}
    return {
        "RPC": life.chain.url,
        "MAX_NRLC": str(POOL_PRICE),
        "OPTIONS": json.dumps(options | {"iexecOptions": services | hub}),
    }
