"""Write app/wallet/labels/labels.csv from the npm packages in labels.lock; `--check` says whether it differs.

The packages are fetched with `npm pack`, compared with the integrity written there and read inside their
archives: nothing is installed and none of their code runs.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.crypto.signing import checksum_address
from app.wallet.labels.lists import COLUMNS
from dev.label_sources import FINDERS, Files

LOCK = Path(__file__).resolve().parent / "labels.lock"
LABELS = LOCK.parent.parent / "app/wallet/labels/labels.csv"
READ_ON = "2026-11-21"  # when the releases above were the newest


@dataclass(frozen=True, slots=True)
class Package:
    """One release on npm."""

    name: str
    version: str
    licence: str
    integrity: str


def packages() -> list[Package]:
    """Return the releases of labels.lock in its order."""
    lines = LOCK.read_text().splitlines()
    return [Package(*line.split()) for line in lines if not line.startswith("#")]


def _fetch(package: Package, folder: str) -> bytes:
    command = ["npm", "pack", "--silent", "--ignore-scripts", f"{package.name}@{package.version}", "--pack-destination", folder]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    data = (Path(folder) / done.stdout.split()[-1]).read_bytes()
    if f"sha512-{base64.b64encode(hashlib.sha512(data).digest()).decode()}" != package.integrity:
        raise SystemExit(f"{package.name} {package.version} is not the release that was read")
    return data


def _files(archive: bytes) -> Files:
    """Return the reader of one package's files by path; npm puts them in one top folder of any name."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        texts = {
            member.name.partition("/")[2]: held.read()
            for member in tar
            if member.isfile() and member.size < 20 * 2**20 and (held := tar.extractfile(member))
        }
    return lambda path: texts[path].decode()


def _rows(package: Package, archive: bytes) -> Iterator[tuple[str, ...]]:
    files = _files(archive)
    if json.loads(files("package.json")).get("license") != package.licence:
        raise SystemExit(f"{package.name} has another licence now")
    for address, chain, kind, name, role in FINDERS[package.name](files):
        if address not in (address.lower(), checksum_address(bytes.fromhex(address[2:]))):
            raise SystemExit(f"{package.name} has {address}: its checksum is wrong")
        if int(address, 16):
            source = f"{package.name}@{package.version}"
            yield address.lower(), str(chain), kind, name, role, source, package.licence, READ_ON


def _order(row: tuple[str, ...]) -> tuple[str, int, str, str, str]:
    return row[2], int(row[1]), row[3], row[4], row[0]


def make() -> str:
    """Return the whole file: sorted, one row for each address, chain and kind. Needs npm and its registry."""
    kept: dict[tuple[str, ...], tuple[str, ...]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in packages():
            for row in _rows(package, _fetch(package, folder)):
                kept.setdefault(row[:3], row)
    made = io.StringIO()
    writer = csv.writer(made, lineterminator="\n")
    writer.writerow(COLUMNS)
    rows = sorted(kept.values(), key=_order)
    writer.writerows(rows)
    return made.getvalue()


if __name__ == "__main__":
    fresh = make()
    if "--check" not in sys.argv:
        LABELS.write_text(fresh)
    elif fresh != LABELS.read_text():
        raise SystemExit("app/wallet/labels/labels.csv is not what dev/make_labels.py makes")
