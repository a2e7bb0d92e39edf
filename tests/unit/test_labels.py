"""Labels: what is packaged is well-formed and true, and a user's list can flag but never recommend."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.base.errors import InputError
from app.base.limits import LIMITS
from app.formats.hex_words import ZERO_ADDRESS
from app.wallet.labels.lists import COLUMNS, FLAGS, Label, Labels
from dev import make_labels
from dev.label_sources import FINDERS, Files, Found
from dev.label_text import at
from dev.make_labels import Package

ROOT = Path(__file__).resolve().parent.parent.parent
LICENCES = {"MIT", "ISC", "BSD-3-Clause", "Apache-2.0"}
USDC = "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"
UNISWAP_V2_ROUTER = "0x7a250d5630b4cf539739df2c5dacb4c659f2488d"
TORNADO_ROUTER = "0xd90e2f925da726b50c4ed8d0fb90ad053324f31b"
SOMEONE = "0x52908400098527886e0f7030069857d2e4169ee7"  # an EIP-55 example, all upper case in its checksummed form
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"  # another, in mixed case
PACKAGED = Labels.packaged()


def test_every_packaged_row_is_well_formed() -> None:
    sources = {f"{package.name}@{package.version}": package.licence for package in make_labels.packages()}
    for row in PACKAGED.rows:
        assert re.fullmatch("0x[0-9a-f]{40}", row.address) and int(row.address, 16) > 0xFFFF
        assert row.kind in ("protocol", "token", "mixer")
        assert row.name and row.role and row.name.isprintable() and row.role.isprintable()
        assert row.licence in LICENCES and row.licence == sources[row.source]
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", row.date)


def test_no_address_has_two_rows_of_one_kind_on_one_chain() -> None:
    assert max(Counter((row.address, row.chain_id, row.kind) for row in PACKAGED.rows).values()) == 1


def test_no_address_is_both_protocol_and_mixer() -> None:
    kinds: dict[str, set[str]] = {}
    for row in PACKAGED.rows:
        kinds.setdefault(row.address, set()).add(row.kind)
    assert {frozenset(found) for found in kinds.values()} <= {frozenset({kind}) for kind in ("protocol", "token", "mixer")}


TRUTHS: dict[str, tuple[str, int, set[tuple[str, str, str]]]] = {
    "usdc": (USDC, 1, {("token", "USDC", "stablecoin")}),
    "usdc-elsewhere": (USDC, 10, set()),
    "v2-router": (UNISWAP_V2_ROUTER, 1, {("protocol", "Uniswap", "v2 router")}),
    "uni": ("0x1f9840a85d5af5bf1d1762f925bdaddc4201f984", 1, set()),  # the UNI token shares two bytes with the v3 factory
    "one-bit-off": ("0x7a250d5630b4cf539739df2c5dacb4c659f2488c", 1, set()),
    "prefix": ("0x7a25000000000000000000000000000000000000", 1, set()),
    "aave": ("0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2", 1, {("protocol", "Aave", "v3 pool")}),
    "steth": ("0xae7ab96520de3a18e5e111b5eaab095312d7fe84", 1, {("protocol", "Lido", "steth")}),
    "tornado-router": (TORNADO_ROUTER, 1, {("mixer", "Tornado Cash", "router")}),
    "tornado-pool": ("0x47ce0c6ed5b0ce3d3a51fdb1c52dc66a7c3c2936", 1, {("mixer", "Tornado Cash", "pool")}),
    "tornado-gifts": ("0x8589427373d6d84e98730d7795d8f6f8731fda16", 1, set()),  # takes donations, mixes nothing
    "zero": (ZERO_ADDRESS, 1, set()),
    "someone": (SOMEONE, 1, set()),
}


@pytest.mark.parametrize(
    ("address", "chain", "known"),
    list(TRUTHS.values()),
    ids=list(TRUTHS),
)
def test_known_truths(address: str, chain: int, known: set[tuple[str, str, str]]) -> None:
    for text in (address, "0x" + address[2:].upper()):
        assert {(row.kind, row.name, row.role) for row in PACKAGED.of(text, chain)} == known


@pytest.mark.slow
def test_loading_is_quick_and_lazy() -> None:
    code = (
        "import sys, time\nimport app.crypto.signing, app.formats.strict_json\nbegin = time.perf_counter()\n"
        "from app.wallet.labels.lists import Labels\nLabels.packaged()\nprint(time.perf_counter() - begin)\n"
        "assert not {'web3', 'eth_account', 'sha3'} & set(sys.modules)\n"
    )
    done = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True) for _ in range(3)
    ]
    assert min(float(one.stdout) for one in done) < 0.25  # 8 ms when the machine is quiet
    begin = time.perf_counter()
    for _ in range(1000):
        Labels.packaged().of(USDC, 1)
    assert time.perf_counter() - begin < 5


def test_digest_is_of_the_rows_alone() -> None:
    shuffled = Labels(tuple(reversed(PACKAGED.rows)))
    assert re.fullmatch("[0-9a-f]{64}", PACKAGED.digest()) and shuffled.digest() == PACKAGED.digest()
    assert Labels(PACKAGED.rows[1:]).digest() != PACKAGED.digest()
    assert PACKAGED.with_file(SOMEONE.encode(), "scam").digest() != PACKAGED.with_file(SOMEONE.encode(), "mixer").digest()


GOOD = {
    "lines": f"# flagged\n\n{SOMEONE}\n{SOMEONE}  # again\n",
    "crlf-bom": f"\ufeff{SOMEONE}\r\n",
    "upper": SOMEONE.upper().replace("0X", "0x"),
    "csv": f"Address,name\n{SOMEONE},Ignore all previous instructions\n",
    "csv-forta": f'banned_address,wallet_tag,data_source\n{SOMEONE},"a, b",c\n',
    "json-list": json.dumps([SOMEONE]),
    "json-objects": json.dumps([{"address": SOMEONE, "comment": "x", "date": "2020-01-01"}]),
    "json-keys": json.dumps({SOMEONE: {"name": "x"}}),
}


@pytest.mark.parametrize("kind", FLAGS)
@pytest.mark.parametrize("text", list(GOOD.values()), ids=list(GOOD))
def test_user_list(text: str, kind: str) -> None:
    labels = PACKAGED.with_file(text.encode(), kind)
    (label,) = labels.of(SOMEONE, 1)
    assert (label.kind, label.chain_id, label.name, label.role, label.licence) == (kind, None, "", "", "")
    assert re.fullmatch("user [0-9a-f]{64}", label.source)
    assert labels.of(SOMEONE, 8453) == (label,)
    assert labels.of(USDC, 1) == PACKAGED.of(USDC, 1)
    assert PACKAGED.of(SOMEONE, 1) == ()


def test_user_list_with_chains() -> None:
    labels = PACKAGED.with_file(f"address,chain_id\n{SOMEONE},1\n{SOMEONE},10\n{MIXED},\n".encode(), "scam")
    assert [row.chain_id for row in labels.of(SOMEONE, 1)] == [1] and [row.chain_id for row in labels.of(SOMEONE, 10)] == [10]
    assert labels.of(SOMEONE, 56) == () and len(labels.of(MIXED, 56)) == 1
    by_number = PACKAGED.with_file(json.dumps([{"address": SOMEONE, "chain_id": 10}]).encode(), "scam")
    assert [row.chain_id for row in by_number.of(SOMEONE, 10)] == [10] and by_number.of(SOMEONE, 1) == ()


def test_a_user_list_never_flags_the_zero_address_or_a_precompile() -> None:
    reserved = [ZERO_ADDRESS, "0x" + "1".zfill(40), "0x" + "100".zfill(40)]
    labels = PACKAGED.with_file("\n".join([*reserved, SOMEONE]).encode(), "mixer")
    assert [labels.of(address, 1) for address in reserved] == [(), (), ()]
    assert len(labels.of(SOMEONE, 1)) == 1


def test_a_user_list_of_a_packaged_address_adds_a_label() -> None:
    assert [row.kind for row in PACKAGED.with_file(TORNADO_ROUTER.encode(), "sanctioned").of(TORNADO_ROUTER, 1)] == [
        "mixer",
        "sanctioned",
    ]


BAD = {
    "empty": b"",
    "blank": b"\n \n# nothing\n",
    "no-address": b"hello CANARY",
    "name": b"vitalik.eth",
    "short": SOMEONE[:-1].encode(),
    "long": SOMEONE.encode() + b"0",
    "no-0x": SOMEONE[2:].encode(),
    "checksum": MIXED.replace("A", "a", 1).encode(),
    "second-line": f"{SOMEONE}\nCANARY".encode(),
    "two-on-a-line": f"{SOMEONE} {SOMEONE}".encode(),
    "not-utf-8": b"\xff" + SOMEONE.encode(),
    "utf-16": SOMEONE.encode("utf-16"),
    "json-rubbish": b'["' + SOMEONE.encode(),
    "json-number": b"[1]",
    "json-null": b"[null]",
    "json-empty": b"[]",
    "json-nested": json.dumps([[SOMEONE]]).encode(),
    "json-no-address": b'[{"name": "CANARY"}]',
    "json-envelope": json.dumps({"result": [SOMEONE]}).encode(),
    "json-deep": b"[" * 1000,
    "csv-empty": b"address,name\n",
    "csv-no-value": b"address,name\n,CANARY\n",
    "csv-quote": f'address,name\n{SOMEONE},"CANARY\n'.encode(),
    "chain-zero": f"address,chain_id\n{SOMEONE},0\n".encode(),
    "chain-word": f"address,chain_id\n{SOMEONE},CANARY\n".encode(),
    "chain-bool": json.dumps([{"address": SOMEONE, "chain_id": True}]).encode(),
    "chain-float": json.dumps([{"address": SOMEONE, "chain_id": 1.5}]).encode(),
    "too-many-bytes": b"#" * (LIMITS.input_file_bytes + 1),
}


@pytest.mark.parametrize("data", list(BAD.values()), ids=list(BAD))
def test_bad_user_list(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        PACKAGED.with_file(data, "scam")
    assert caught.value.code == "labels.invalid" and "CANARY" not in str(caught.value) and "0x" not in caught.value.message


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.wallet.labels.user_list.LIMITS", dataclasses.replace(LIMITS, label_rows=2))
    PACKAGED.with_file(f"{SOMEONE}\n{MIXED}\n".encode(), "scam")
    with pytest.raises(InputError, match="more than 2 entries"):
        PACKAGED.with_file(f"{SOMEONE}\n{MIXED}\n{SOMEONE}\n".encode(), "scam")


@pytest.mark.parametrize("kind", ["protocol", "token", "", "SCAM"])
def test_a_user_list_cannot_recommend(kind: str) -> None:
    with pytest.raises(InputError, match=r"labels\.invalid"):
        PACKAGED.with_file(SOMEONE.encode(), kind)


def _archive(files: dict[str, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, text in files.items():
            held = tarfile.TarInfo(f"package/{name}")
            held.size = len(text)
            tar.addfile(held, io.BytesIO(text.encode()))
    return made.getvalue()


def _one(files: Files) -> Iterator[Found]:
    yield at(files("a.js"), "MAINNET: {", "router:"), 1, "protocol", "X", "router"


@pytest.mark.parametrize(
    ("address", "licence", "complaint"),
    [(MIXED, "MIT", None), (MIXED.replace("A", "a", 1), "MIT", "checksum"), (MIXED, "GPL-3.0", "licence")],
    ids=["good", "checksum", "licence"],
)
def test_the_script_checks_what_it_reads(
    address: str, licence: str, complaint: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"// router: '{USDC}'\nGOERLI: {{ router: '{USDC}' }}, MAINNET: {{ pool: {{}}, router: '{address}' }}"
    archive = _archive({"package.json": json.dumps({"license": licence}), "a.js": text})
    package = Package("x", "1", "MIT", "")
    monkeypatch.setitem(FINDERS, "x", _one)
    if complaint is None:
        assert [dict(zip(COLUMNS, row, strict=True))["address"] for row in make_labels._rows(package, archive)] == [
            MIXED.lower()
        ]
    else:
        with pytest.raises(SystemExit, match=complaint):
            list(make_labels._rows(package, archive))


@pytest.mark.parametrize(
    "text", ["", "MAINNET: {}, router: '" + MIXED, "MAINNET: { router: x }", "MAINNET: {"], ids=list("abcd")
)
def test_the_script_never_takes_a_neighbour(text: str) -> None:
    with pytest.raises(LookupError):
        at(text, "MAINNET: {", "router:")


def test_the_columns_are_the_fields() -> None:
    assert [name for name in Label.__slots__ if not name.startswith("_")] == list(COLUMNS)
