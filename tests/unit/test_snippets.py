"""The snippets for ethers and viem are run as their readers would: a file, an address, an exit code, one line."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from eth_account import Account

from app.crypto.signing import ORDER, load_key
from app.result.envelope import seal
from app.result.report import Report
from tests.support.desk import ROOT
from tests.support.reports import ANSWER, BULK, EMPTY, KEY, REPORT

PEERS = ROOT / "tests/peers"
VECTORS = ROOT / "tests/vectors/verify"
OTHER = load_key("2e" * 32)
LIBRARIES = ["ethers", "viem"]
Run = Callable[..., tuple[int, str]]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("node") is None or not all((PEERS / "node_modules" / name).is_dir() for name in LIBRARIES),
        reason="node, or ethers and viem in tests/peers/node_modules, are not here (`make test` fills the second)",
    ),
]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def run(library: str, tmp_path: Path) -> Run:
    """Run a snippet beside its library; node looks for packages next to the file itself."""
    (tmp_path / "node_modules").symlink_to(PEERS / "node_modules")
    script = shutil.copy(ROOT / f"examples/snippets/verify_{library}.mjs", tmp_path)

    def started(data: bytes | Path, *signer: str) -> tuple[int, str]:
        path = data if isinstance(data, Path) else tmp_path / "result.json"
        if isinstance(data, bytes):
            path.write_bytes(data)
        done = subprocess.run(["node", script, path, *signer], cwd=tmp_path, capture_output=True, check=False, text=True)
        assert done.stderr == "" and done.stdout.count("\n") == 1
        return done.returncode, done.stdout.strip()

    return started


def edited(data: bytes, path: str, value: Any) -> bytes:
    plain = json.loads(data)
    node = plain
    *above, leaf = path.split(".")
    for name in above:
        node = node[name]
    assert node.get(leaf) != value
    node[leaf] = value
    return rfc8785.dumps(plain)


EVERY_ESCAPE = "".join(map(chr, range(0x100))) + "\u2028\u2029\ufeff\ufffe\uffff\U00010000\U0010ffff"
HARD = REPORT.model_copy(
    update={"answer": ANSWER.model_copy(update={"text": EVERY_ESCAPE}), "bot_index": 2**53 - 1, "task_id": None}
)


@pytest.mark.parametrize("report", [REPORT, BULK, EMPTY, HARD], ids=["single", "bulk", "empty", "every escape"])
@pytest.mark.parametrize("chain_id", [None, 421614], ids=["no chain", "chain"])
def test_a_good_result(run: Run, report: Report, chain_id: int | None) -> None:
    assert run(seal(report, KEY, chain_id).data, KEY.address) == (0, "OK")


def test_the_signer_in_lower_case(run: Run) -> None:
    assert run(seal(REPORT, KEY).data, KEY.address.lower()) == (0, "OK")


def test_a_released_result(run: Run) -> None:
    paths = sorted((ROOT / "tests/vectors/golden").glob("*/result.json"))
    assert paths
    for path in paths:
        assert run(path, (path.parent / "signer").read_text().strip()) == (0, "OK")


WORDS = ["taskId", "requestHash", "modelHash", "parametersHash", "reportHash"]


@pytest.mark.parametrize("chain_id", [None, 421614], ids=["no chain", "chain"])
@pytest.mark.parametrize(
    ("path", "value"),
    [
        *(("report.answer.text", "other"), ("report.status", "error"), ("report.extra", 1), ("report.bot_index", None)),
        *((f"attestation.message.{word}", "0x" + "77" * 32) for word in WORDS),
        *(("attestation.domain.chainId", 1), ("attestation.signature", "0x" + "00" * 65), ("attestation.signature", "0x")),
    ],
)
def test_an_altered_result(run: Run, path: str, value: Any, chain_id: int | None) -> None:
    code, line = run(edited(seal(REPORT, KEY, chain_id).data, path, value), KEY.address)
    assert code == 1 and line.startswith("refused: ")


@pytest.mark.parametrize("signer", [(OTHER.address,), ("nobody",), ("",), ()], ids=["other", "no address", "empty", "none"])
def test_another_signer(run: Run, signer: tuple[str, ...]) -> None:
    code, line = run(seal(REPORT, KEY).data, *signer)
    assert code == 1 and line.startswith("refused: ")


def test_what_another_key_signed_in_the_name_of_the_trusted_one(run: Run) -> None:
    code, line = run(edited(seal(REPORT, OTHER).data, "attestation.signer", KEY.address), KEY.address)
    assert code == 1 and line.startswith("refused: ")


def test_a_domain_of_another_app(run: Run) -> None:
    """What the key signed for another domain, as ethers itself would check it, is not a result of this app."""
    data = edited(seal(REPORT, KEY).data, "attestation.domain", {"name": "other", "version": "1"})
    plain = json.loads(data)
    types = {"Result": [{"name": word, "type": "bytes32"} for word in WORDS]}
    signed = Account.sign_typed_data("1d" * 32, plain["attestation"]["domain"], types, plain["attestation"]["message"])
    code, line = run(edited(data, "attestation.signature", "0x" + signed.signature.hex()), KEY.address)
    assert code == 1 and line.startswith("refused: ")


@pytest.mark.parametrize(
    "alter",
    [
        lambda data: data + b"\n",
        lambda data: data.replace(b'"bot_index":0', b'"bot_index":1,"bot_index":0'),
        lambda data: data.replace(b'"bot_index":0', b'"bot_index":0.0'),
        lambda data: data.replace(b'"report":', b'"report":{},"report":'),
        lambda data: data[:-1],
        lambda data: b"\xef\xbb\xbf" + data,
        lambda _: b"null",
        lambda _: b"",
    ],
    ids=["newline", "duplicate leaf", "float", "duplicate report", "truncated", "mark", "null", "empty"],
)
def test_another_form(run: Run, alter: Callable[[bytes], bytes]) -> None:
    data = seal(REPORT, KEY).data
    assert alter(data) != data
    code, line = run(alter(data), KEY.address)
    assert code == 1 and line.startswith("refused: ")


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    code, line = run(tmp_path / "none.json", KEY.address)
    assert code == 1 and line.startswith("refused: ENOENT")


def test_what_the_readme_says_passes(run: Run, library: str) -> None:
    data = seal(REPORT, KEY).data
    signature = json.loads(data)["attestation"]["signature"]
    v = int(signature[-2:], 16)
    high_s = f"{signature[:66]}{ORDER - int(signature[66:130], 16):064x}{55 - v:02x}"
    assert run(edited(data, "attestation.extra", 1), KEY.address)[0] == 0
    assert run(edited(data, "attestation.signer", OTHER.address), KEY.address)[0] == 0
    assert run(edited(data, "attestation.signature", f"{signature[:-2]}{v - 27:02x}"), KEY.address)[0] == 0
    assert run(edited(data, "attestation.signature", "0x" + signature[2:].upper()), KEY.address)[0] == 0
    assert run(edited(data, "attestation.signature", high_s), KEY.address)[0] == {"ethers": 1, "viem": 0}[library]


def test_stringify_writes_each_good_vector_as_it_was() -> None:
    """RFC 8785 takes strings and numbers from ECMAScript: what is canonical comes back byte by byte, the keys in order."""
    program = """
        const fs = require('node:fs');
        const same = process.argv.slice(1).filter((path) => {
          const data = fs.readFileSync(path);
          return data.equals(Buffer.from(JSON.stringify(JSON.parse(data.toString()))));
        });
        console.log(same.length);
    """
    good = [path for path in sorted(VECTORS.glob("*/result.json")) if not path.parent.name.endswith("_fail")]
    assert len(good) >= 20
    again = VECTORS / "raw_spaces_fail/result.json"
    done = subprocess.run(["node", "-e", program, *good, again], capture_output=True, check=True, text=True)
    assert int(done.stdout) == len(good)


def test_no_key_of_a_result_is_integer_like() -> None:
    """JavaScript would put such a key first, wherever it stood."""
    schema = json.loads((ROOT / "schema/result-v1.schema.json").read_text())
    objects = [schema, *schema["$defs"].values()]
    keys = {key for node in objects for key in node["properties"]}
    assert {"report", "totalCount"} < keys and not [key for key in keys if re.fullmatch("[0-9]+", key)]
    assert all(node["additionalProperties"] is False for node in objects)
