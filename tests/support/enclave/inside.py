"""Commands as they run inside, for the checkout that the tests stand in."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence

from app.llm.models import WEIGHTS
from app.sandbox.guest import GUEST
from tests.support.desk import ROOT
from tests.support.enclave import launcher

_DEPLOYED = ROOT / "examples/deploy/scone/iexec.json"


def heap() -> int:
    """Return the bytes of heap that SCONE is told to give: mrenclave.heapSize of the file that deploys."""
    size: int = json.loads(_DEPLOYED.read_text())["app"]["mrenclave"]["heapSize"]
    return size


def inside(command: Sequence[str], bytes_of_heap: int | None = None) -> list[str]:
    """Return the command that runs `command` (a program by its absolute path) inside the rehearsal.

    Readable are the interpreter, its packages, `app/` and the models: what the image holds.
    """
    linked = [os.path.realpath(path) for path in (*sorted(WEIGHTS.iterdir()), GUEST)]
    readable = [sys.base_prefix, sys.prefix, os.fspath(ROOT / "app"), *linked]
    options = [option for path in readable for option in ("--read", path)]
    options += ["--list", os.fspath(ROOT), "--heap", str(bytes_of_heap or heap())]
    return [sys.executable, launcher.__file__, *options, *command]
