"""The contract of the tutorial, on anvil: it takes the arguments that the example's script prints of a result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.result.envelope import seal
from app.result.report import Draft
from dev.make_vectors import BASE, KEY
from dev.score_vectors import GIVEN, SCORE
from tests.support.contracts.chain import Chain, needs_chain
from tests.support.desk import ROOT

HOST = "rpc.example"


def arguments(folder: Path, data: dict[str, Any], **more: Any) -> list[Any]:
    """Return what the script prints for the Solidity contract of a sealed score whose history is as `data` says."""
    answer = SCORE | more | {"data": SCORE["data"] | data}
    report = Draft.model_validate_json(json.dumps(BASE | {"kind": "score", "answer": answer}))
    (folder / "result.json").write_bytes(seal(report, KEY).data)
    script = [sys.executable, str(ROOT / "examples/score/arguments.py"), str(folder / "result.json")]
    done = subprocess.run(script, capture_output=True, check=True)
    said = json.loads(done.stdout)
    assert len(said["move"]["sig"]) == 128 and len(said["move"]["pk"]) == 66
    return list(said["solidity"].values())


@needs_chain
@pytest.mark.parametrize(
    ("data", "more", "says"),
    [
        ({}, {"score": 800}, None),
        ({}, {"score": 699}, "ScoreTooLow"),
        (GIVEN, {"score": 800}, "NotAFetchedScoreThatWeTrust"),
        ({"host": "evil.example"}, {"score": 800}, "NotAFetchedScoreThatWeTrust"),
        ({"chain_id": 10}, {"score": 800}, "NotAFetchedScoreThatWeTrust"),
        ({"truncated": True}, {"score": 800}, "NotAFetchedScoreThatWeTrust"),
    ],
)
def test_the_gate(chain: Chain, tmp_path: Path, data: dict[str, Any], more: dict[str, Any], says: str | None) -> None:
    gate = chain.deploy("ScoreGate", chain.deploy("VerifyScore"), KEY.address, HOST)
    given = arguments(tmp_path, data, **more)
    call = {"contract": "ScoreGate", "to": gate, "method": "open", "args": given}
    if says:
        assert chain.ask("call", **call, **{"from": chain.stranger}) == {"refused": says}
        return
    chain.ask("send", **call)
    until = {"contract": "ScoreGate", "to": gate, "method": "openUntil", "args": [given[0]["wallet"]]}
    opened = int(chain.ask("call", **until, **{"from": chain.stranger})["values"][0])
    assert opened == given[0]["timestampMs"] // 1000 + 90 * 86_400
    assert chain.ask("call", **call, **{"from": chain.stranger}) == {"refused": "OlderScore"}
