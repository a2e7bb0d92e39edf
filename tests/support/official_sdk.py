"""iExec's own code in Node, from npm: it protects objects (in today's format and in that of 0.5) and reads zips.

Values travel tagged, as in tests/peers/roundtrip.mjs: what is equal here is the same type and the same bits.
"""

from __future__ import annotations

import base64
import json
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest

from tests.support.desk import ROOT

PEERS = ROOT / "tests/peers"
NODE = shutil.which("node")
Ask = Callable[..., dict[str, Any]]
"""asks to protect an `object` (`legacy`: by 0.5), or to read a `zip` in base64, and to name the values at the `probes`"""

needs_sdk = pytest.mark.skipif(
    NODE is None or not (PEERS / "node_modules").is_dir(),
    reason="node, or tests/peers/node_modules, is not here (`make test` fills the second)",
)


@contextmanager
def serving() -> Iterator[Ask]:
    """Yield a way to ask iExec's code; it ends with the block."""
    with subprocess.Popen(["node", str(PEERS / "roundtrip.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as node:
        assert node.stdin and node.stdout
        requests, answers = node.stdin, node.stdout

        def ask(**request: Any) -> dict[str, Any]:
            requests.write(json.dumps(request).encode() + b"\n")
            requests.flush()
            answer: dict[str, Any] = json.loads(answers.readline() or '{"error": "node has ended"}')
            assert "error" not in answer, answer["error"]
            return answer | {"zip": base64.b64decode(answer["zip"])}

        yield ask


def tagged(value: Any) -> list[Any]:
    """Return a value with its JavaScript type; a whole number is a bigint, and a datetime is a Date."""
    match value:
        case bool():
            made: list[Any] = ["bool", value]
        case float():
            made = ["f64", struct.pack(">d", value).hex()]
        case int():
            made = ["i128", str(value)]
        case str():
            made = ["string", value]
        case bytes():
            made = ["bytes", value.hex()]
        case datetime():
            made = ["date", value.isoformat()]
        case _:
            made = ["object", {key: tagged(inner) for key, inner in value.items()}]
    return made


def leaves(data: Mapping[str, Any], folder: str = "") -> dict[str, Any]:
    """Return the scalars of a nested object by dotted path; a Date is none: the SDK stores an empty object for it."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if not isinstance(value, datetime):
            found |= leaves(value, f"{folder}{key}.") if isinstance(value, Mapping) else {folder + key: value}
    return found


def probes(scalars: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the deserializer is asked for, so that each value comes back as the type it had."""
    return [(path, tagged(value)[0]) for path, value in scalars.items()]
