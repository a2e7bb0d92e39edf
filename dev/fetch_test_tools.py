"""Bring strace and qemu-user, which some tests need, into the environment: unpacked from Debian's packages, not installed.

What the system has is used as it is. Otherwise `apt-get download`, with package lists of its own, brings the packages into
the cache, signed as apt checks it, and they are unpacked into .venv/tools: nothing outside of both is written, and no root
is needed. Where that cannot be, the last line says how to install them; the tests that need them are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from app.desk.cache import cache_folder

TOOLS = Path(sys.prefix) / "tools"
WANTED = {  # program -> the packages with it and with the libraries that are not in every Debian
    "strace": ("strace", "libunwind8"),
    "qemu-x86_64-static": ("qemu-user-static",),
}
OTHER_NAMES = {"qemu-x86_64-static": ("qemu-x86_64",)}
RUN = """#!/bin/sh
exec /lib64/ld-linux-x86-64.so.2 --library-path "{root}/usr/lib/x86_64-linux-gnu" "{root}/usr/bin/{name}" "$@"
"""


def here(name: str) -> bool:
    """Return whether the system has a program, under any of its names."""
    return any(shutil.which(one) for one in (name, *OTHER_NAMES.get(name, ())))


def works(name: str) -> bool:
    """Return whether .venv/tools has a program that starts."""
    path = TOOLS / name
    return path.exists() and subprocess.run([path, "--version"], capture_output=True, check=False).returncode == 0


def fetch(name: str, kept: Path) -> None:
    """Unpack a program's packages. Raises `OSError` or `CalledProcessError` where one of them cannot be had."""
    lists = kept / "lists"
    (lists / "partial").mkdir(parents=True, exist_ok=True)
    apt = ["apt-get", "-qq", "-o", f"Dir::State::lists={lists}", "-o", f"Dir::Cache={kept}", "-o", "APT::Sandbox::User="]
    if not list(lists.glob("*Packages*")):
        subprocess.run([*apt, "update"], check=True, capture_output=True)
    root = TOOLS / "root"
    root.mkdir(parents=True, exist_ok=True)
    for package in WANTED[name]:
        if not list(kept.glob(f"{package}_*.deb")):
            subprocess.run([*apt, "download", package], cwd=kept, check=True, capture_output=True)
        subprocess.run(["dpkg-deb", "--extract", *kept.glob(f"{package}_*.deb"), root], check=True, capture_output=True)
    if name.endswith("-static"):
        (TOOLS / name).unlink(missing_ok=True)
        (TOOLS / name).symlink_to(root / "usr/bin" / name)
    else:
        (TOOLS / name).write_text(RUN.format(root=root, name=name))
        (TOOLS / name).chmod(0o755)


def main() -> int:
    """Fetch what is missing; return how many programs could not be had."""
    missing = [name for name in WANTED if not here(name) and not works(name)]
    kept = cache_folder() / "test-tools"
    for name in missing:
        where = os.path.relpath(TOOLS)
        sys.stdout.write(f"fetching {name} for the tests into {where} (apt-get download; nothing is installed)\n")
        sys.stdout.flush()
        try:
            fetch(name, kept)
        except (OSError, subprocess.CalledProcessError) as err:
            sys.stdout.write(f"  that did not work: {type(err).__name__}\n")
    lacking = [name for name in missing if not works(name)]
    if lacking:
        packages = " ".join(WANTED[name][0] for name in lacking)
        sys.stdout.write(f"missing: {', '.join(lacking)}; the tests that need it are skipped and say so. To install: ")
        sys.stdout.write(f"`make system-packages`, or with your system's own package manager (Debian: {packages})\n")
    return len(lacking)


if __name__ == "__main__":
    sys.exit(main())
