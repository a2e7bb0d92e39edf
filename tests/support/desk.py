"""A worker's desk for every test: real folders, a real child process, and nothing but IEXEC_* in its environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.crypto.signing import load_key
from app.formats.protected_data_writer import protect
from app.simulate.postcompute import judge

ROOT = Path(__file__).resolve().parents[2]
SMALL = "smollm2-135m-instruct"
SECRET = "0x" + "4c" * 32
SIGNER = load_key(SECRET).address
SALT = "7f0f1d309912e79c0fe0458e6d8386d1ece2848bee7032797d3fa026d77d7d70"  # of 32 random bytes
TASK_ID = "0x" + "ab" * 32
ADDRESS = "0x" + "11" * 20


@dataclass
class Ran:
    """A finished `python -m app`."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    out: Path

    @property
    def raw(self) -> bytes:
        return (self.out / "result.json").read_bytes()

    @property
    def report(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.raw)["report"]
        return report


@dataclass
class Desk:
    """IEXEC_IN, IEXEC_OUT and the environment of one task."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inside, self.out = self.root / "in", self.root / "out"
        self.inside.mkdir(parents=True)
        self.out.mkdir()
        self.environ = {
            "IEXEC_IN": str(self.inside),
            "IEXEC_OUT": str(self.out),
            "IEXEC_TASK_ID": TASK_ID,
            "IEXEC_APP_DEVELOPER_SECRET": SECRET,
            "IEXEC_DATASET_ADDRESS": "0x" + "0" * 40,
            "IEXEC_DATASET_FILENAME": "0x" + "0" * 40,
            "IEXEC_INPUT_FILES_NUMBER": "0",
        }

    def dataset(self, data: bytes | Mapping[str, Any], address: str = ADDRESS) -> None:
        (self.inside / address).write_bytes(data if isinstance(data, bytes) else protect(data))
        self.environ |= {"IEXEC_DATASET_ADDRESS": address, "IEXEC_DATASET_FILENAME": address}

    def command(self, args: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "app", *args]

    def run(self, *args: str, small: bool = True, cwd: str | Path = "/", check: bool = True) -> Ran:
        """Run the app; with `check`, its output must pass the post-compute rules and nothing may be printed."""
        # one thread is as fast as it goes beside another worker, and it changes no bit
        one = [] if any(word.startswith("--threads") for word in args) else ["--threads", "1"]
        argv = ["--model", SMALL, *one, *args] if small else list(args)
        done = subprocess.run(
            self.command(argv), env=self.environ, cwd=cwd, capture_output=True, check=False, stdin=subprocess.DEVNULL
        )
        ran = Ran(done.returncode, done.stdout, done.stderr, self.out)
        if check:
            assert (ran.exit_code, ran.stdout, ran.stderr) == (0, b"", b"")
            judge(self.out)
        return ran
