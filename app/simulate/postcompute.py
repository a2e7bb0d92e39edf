"""Check IEXEC_OUT as the platform's post-compute does.

Two parsers read computed.json: serde in Rust (TEE tasks) and Jackson in Java (standard tasks). A file must satisfy both. Rules:
docs/reference/iexec-protocol.md, "What the app leaves".
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from app.base.errors import InputError, SimulationError
from app.base.limits import LIMITS
from app.crypto.signing import keccak256
from app.formats import strict_json

_KEYS = {"deterministic-output-path", "callback-data", "error-message"}
_RESERVED = {"stdout.txt", "stderr.txt", "iexec_out.zip"}


@dataclass(frozen=True, slots=True)
class Delivered:
    """What the requester would get: the deterministic file, its digest, and all files with their sizes."""

    result: bytes
    digest: str
    """0x + SHA-256 of the deterministic file, which is the task's resultDigest on chain."""
    files: dict[str, int]
    error_message: str | None
    callback_data: str | None

    @property
    def callback_digest(self) -> str | None:
        """Return the resultDigest of a deal with a callback: keccak256 of callback-data; None without callback-data."""
        return None if self.callback_data is None else "0x" + keccak256(bytes.fromhex(self.callback_data[2:])).hex()


def judge(folder: Path) -> Delivered:
    """Return what post-compute would deliver from `folder`.

    Raises `SimulationError` simulate.failed with the rule that is broken.
    """
    files = _check_files(folder)
    computed = _computed(folder / "computed.json")
    named = computed.get("deterministic-output-path")
    if named is None or not os.path.isabs(named) or Path(named).parent != folder:
        raise _refused("deterministic-output-path is not an absolute path directly under IEXEC_OUT")
    if not files.get(Path(named).name):
        raise _refused("deterministic-output-path does not name a non-empty regular file")
    result = Path(named).read_bytes()
    digest = "0x" + hashlib.sha256(result).hexdigest()
    callback = computed.get("callback-data")
    if callback is not None and not re.fullmatch("0x(?:[0-9a-f]{2})+", callback):
        raise _refused("callback-data is not 0x and pairs of hex digits")
    return Delivered(result, digest, files, computed.get("error-message"), callback)


def _check_files(folder: Path) -> dict[str, int]:
    files: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        if stat.S_ISDIR(info.st_mode):
            continue
        if not stat.S_ISREG(info.st_mode):
            raise _refused("IEXEC_OUT holds something that is no regular file")
        if len(os.fsencode(path.name)) > LIMITS.file_name_bytes or path.name in _RESERVED:
            raise _refused("a file name in IEXEC_OUT is too long or reserved")
        files[os.fspath(path.relative_to(folder))] = info.st_size
    if sum(files.values()) >= LIMITS.delivered_bytes:
        raise _refused("IEXEC_OUT is too large to upload")
    return files


def _computed(path: Path) -> dict[str, str]:
    try:
        value = strict_json.loads(path.read_bytes())  # serde requires UTF-8, no BOM, no NaN, no duplicate key
    except (OSError, InputError) as err:
        raise _refused("computed.json is missing or is not strict JSON") from err
    if not isinstance(value, dict) or not value.keys() <= _KEYS:  # Jackson accepts no unknown key
        raise _refused("computed.json has a key that the standard parser refuses")
    if not all(isinstance(text, str) for text in value.values()):  # serde accepts only strings
        raise _refused("computed.json has a value that is not a string")
    return value


def _refused(rule: str) -> SimulationError:
    return SimulationError("simulate.failed", rule)
