"""Run a command in a root folder of its own: no network, no environment but the given one, no /proc, /sys or /dev."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_TICK = 0.02  # seconds between two looks at VmPeak


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it; `changed` names every file that is new, gone or other, but for those in IEXEC_IN and IEXEC_OUT."""

    code: int
    stdout: bytes
    stderr: bytes
    result: bytes | None
    computed: object
    timings: dict[str, int | str]
    """The side file: how the run went about it."""
    changed: tuple[str, ...]
    peak_resident: int
    """Bytes."""
    peak_virtual: int
    """Bytes, as last seen: the true peak may be a little higher."""


def run_chrooted(root: Path, command: list[str], environ: Mapping[str, str], address_space: int | None = None) -> Ran:
    """Return what came of `command` below `root`, as root, with cwd / and no stdin. `address_space` is RLIMIT_AS in bytes."""
    outside = [_tool("prlimit"), "--core=0", *([f"--as={address_space}"] if address_space else [])]
    outside += [_tool("unshare"), "--net", _tool("chroot"), os.fspath(root)]
    before, peak = tree(root), 0
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = subprocess.Popen([*outside, *command], env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        while (ended := os.wait4(child.pid, os.WNOHANG))[0] == 0:
            peak = max(peak, _peak(child.pid))
            time.sleep(_TICK)
        child.returncode = os.waitstatus_to_exitcode(ended[1])
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read())
    after = tree(root)
    changed = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    return Ran(
        code=child.returncode,
        stdout=said[0],
        stderr=said[1],
        result=_read(root / "iexec_out/result.json"),
        computed=json.loads(_read(root / "iexec_out/computed.json") or b"null"),
        timings=json.loads(_read(root / "iexec_out/timings.json") or b"{}"),
        changed=tuple(name for name in changed if not name.startswith(("iexec_in/", "iexec_out/"))),
        peak_resident=ended[2].ru_maxrss * 1024,
        peak_virtual=peak,
    )


def tree(root: Path) -> dict[str, tuple[int, int, int]]:
    """Return size, mode and time (ns) of every file and link below `root`, by its path from there; folders have size 0."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            info = path.lstat()
            is_folder = stat.S_ISDIR(info.st_mode)
            found[os.path.relpath(path, root)] = (
                (0, info.st_mode, 0) if is_folder else (info.st_size, info.st_mode, info.st_mtime_ns)
            )
    return found


def _tool(name: str) -> str:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or name


def _peak(pid: int) -> int:
    try:
        found = re.search(r"VmPeak:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) * 1024 if found else 0


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
