"""iexec.json, chain.json and deployed.json of both generations, judged by the SDKs' own validators."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app import __version__
from dev.iexec import CHAIN_IDS, GENERATIONS, POOLS, main, missing
from tests.support.desk import ROOT

FILES = ("iexec", "chain", "deployed")
FINE = dict.fromkeys(FILES)
needs_clients = pytest.mark.skipif(
    shutil.which("node") is None or not (ROOT / "examples/deploy/node_modules/iexec").is_dir(),
    reason="node, or examples/deploy/node_modules, is not here (`make test` fills the second)",
)


def said(tee: str, *folders: Path) -> list[dict[str, str | None]]:
    """Return what the SDK of a generation says of the files in each folder."""
    sdk = ROOT / "examples/deploy/node_modules" / GENERATIONS[tee].package
    command = ["node", str(ROOT / "tests/support/iexec/validate.mjs"), str(sdk), *map(str, folders)]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    verdicts: list[dict[str, str | None]] = json.loads(done.stdout)
    return verdicts


def changed(folder: Path, tee: str, stem: str, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Return a copy of a generation's files with one of them changed."""
    folder.mkdir()
    for name in FILES:
        document = GENERATIONS[tee].read(f"{name}.json")
        if name == stem:
            change(document)
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


@pytest.mark.slow
@needs_clients
@pytest.mark.parametrize("tee", ["tdx", "scone"])
def test_each_sdk_takes_the_files_of_its_generation(tee: str) -> None:
    assert said(tee, GENERATIONS[tee].folder) == [FINE]


@pytest.mark.slow
@needs_clients
def test_the_clients_are_the_pinned_ones() -> None:
    """Both packages bring a program of the same name; the one on the PATH of docs/how-to/deploy-tdx.md must be the new one."""
    program = str(ROOT / "examples/deploy/node_modules/.bin/iexec")
    for command, version in (
        ([program], "9.0.1"),
        (GENERATIONS["tdx"].client, "9.0.1"),
        (GENERATIONS["scone"].client, "8.24.0"),
    ):
        done = subprocess.run([*command, "--version"], capture_output=True, check=True, timeout=60, text=True)
        assert done.stdout.strip() == version


@pytest.mark.slow
@needs_clients
def test_the_new_sdk_refuses_the_files_of_the_old_generation() -> None:
    (verdict,) = said("tdx", GENERATIONS["scone"].folder)
    assert verdict["iexec"] == "mrenclave is not a valid mrenclave"
    assert 'Unknown key "defaultTeeFramework"' in (verdict["chain"] or "")


BAD: dict[str, tuple[str, str, Callable[[dict[str, Any]], Any]]] = {
    "tdx docker digest": ("tdx", "iexec", lambda conf: conf["app"].update(checksum="sha256:" + "ab" * 32)),
    "tdx enclave of TDX": ("tdx", "iexec", lambda conf: conf["app"].update(mrenclave={"framework": "TDX"})),
    "tdx no name": ("tdx", "iexec", lambda conf: conf["app"].pop("name")),
    "tdx sms by framework": (
        "tdx",
        "chain",
        lambda conf: conf["chains"]["arbitrum-mainnet"].update(sms={"tdx": "https://a.b"}),
    ),
    "tdx number for an id": ("tdx", "chain", lambda conf: conf["chains"].update(local={"id": 31337})),
    "tdx deployed nowhere": ("tdx", "deployed", lambda conf: conf.update(app={"421614": "soon"})),
    "scone unknown key": ("scone", "iexec", lambda conf: conf["app"]["mrenclave"].update(loader="x")),
    "scone no entrypoint": ("scone", "iexec", lambda conf: conf["app"]["mrenclave"].pop("entrypoint")),
    "scone unknown framework": ("scone", "chain", lambda conf: conf["chains"]["bellecour"].update(defaultTeeFramework="sgx")),
}


@pytest.mark.slow
@needs_clients
@pytest.mark.parametrize("tee", ["tdx", "scone"])
def test_the_validators_bite(tee: str, tmp_path: Path) -> None:
    cases = {name: case[1:] for name, case in BAD.items() if case[0] == tee}
    folders = [changed(tmp_path / str(nth), tee, *case) for nth, case in enumerate(cases.values())]
    for (name, (stem, _)), verdict in zip(cases.items(), said(tee, *folders), strict=True):
        assert [file for file in FILES if verdict[file]] == [stem], name


def test_no_key_of_one_generation_is_in_the_files_of_the_other() -> None:
    tdx, scone = (GENERATIONS[tee].read("iexec.json")["app"] for tee in ("tdx", "scone"))
    assert list(tdx) == ["owner", "name", "type", "multiaddr", "checksum"]
    assert list(scone) == [*tdx, "mrenclave"]
    assert list(scone["mrenclave"]) == ["framework", "version", "entrypoint", "heapSize", "fingerprint"]
    chains = GENERATIONS["tdx"].read("chain.json")["chains"], GENERATIONS["scone"].read("chain.json")["chains"]
    assert [list(one) for one in chains] == [["arbitrum-sepolia-testnet", "arbitrum-mainnet"], [*chains[0], "bellecour"]]
    assert set(chains[1]) == set(CHAIN_IDS)
    assert {one[1] for one in POOLS} == set(chains[0])


def test_the_files_claim_nothing() -> None:
    """Nothing is deployed, and what a build will fill in is empty until then."""
    for tee, places in (("tdx", 3), ("scone", 4)):
        app = GENERATIONS[tee].read("iexec.json")["app"]
        assert GENERATIONS[tee].read("deployed.json") == {}
        assert len(missing(app)) == places
        assert app["multiaddr"].partition(":")[2].removesuffix("-scone") == __version__
        assert app["name"] == "sealed-llm"


@pytest.mark.parametrize("tee", ["tdx", "scone"])
def test_unfinished_files_are_not_deployed(tee: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["deploy", "--tee", tee]) == 1
    assert "app.owner" in capsys.readouterr().out
    assert main(["run", "--tee", tee]) == 1
    assert "`make deploy` first" in capsys.readouterr().out


def test_a_run_without_a_known_pool_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = changed(tmp_path / "new", "scone", "deployed", lambda conf: conf.update(app={"421614": "0x" + "11" * 20}))
    assert main(["run", "--tee", "scone", "--folder", str(folder)]) == 1
    assert "no scone workerpool is known" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("field", "value", "line"),
    [
        ("multiaddr", "docker.io/me/sealed-llm", "explicit tag"),
        ("multiaddr", "docker.io/me/sealed-llm@sha256:" + "ab" * 32, "explicit tag"),
        ("multiaddr", "localhost:5000/sealed-llm", "explicit tag"),
        ("checksum", "0x" + "00" * 32, "app.checksum"),
        ("owner", "0x" + "00" * 20, "app.owner"),
    ],
    ids=["no tag", "a digest", "a port is no tag", "no checksum", "no owner"],
)
def test_what_is_missing_is_named(field: str, value: str, line: str) -> None:
    filled = {"owner": "0x" + "11" * 20, "multiaddr": "docker.io/me/sealed-llm:1", "checksum": "0x" + "ab" * 32}
    assert missing(filled) == []
    (said_of_it,) = missing(filled | {field: value})
    assert line in said_of_it


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("it's odd", "odd number of quotes"),
        ('{"prompt": "p"}', "args.json"),
        ('"What is 2? --max-tokens 4"', "args.quotes"),
        ("--frobnicate", "args.unknown_option"),
    ],
)
def test_args_that_nobody_means_are_told_before_they_are_paid_for(text: str, says: str) -> None:
    for given in (["--args", text], [f"--args={text}"]):
        command = [sys.executable, str(ROOT / "dev/iexec.py"), "run", *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, says in done.stdout, done.stderr) == (2, True, "")
