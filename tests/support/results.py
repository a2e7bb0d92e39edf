"""Results of every kind, as the program seals them, for tests of what reads and shows them."""

from __future__ import annotations

from typing import Any

from app import __version__
from app.result.answers.ask import AskAnswer
from app.result.envelope import seal
from app.result.report import Failure, ModelInfo, Report, RequestInfo
from app.result.score_signatures import sign_scores
from tests.support.reports import KEY, PARAMETERS

__all__ = ["ASKED", "FAILURE", "KEY", "NOTHING", "PARAMETERS", "report", "sealed"]

ASKED = Report(
    version=__version__,
    task_id="0x" + "cd" * 32,
    bot_index=0,
    status="ok",
    kind="ask",
    mode="ai",
    answer=AskAnswer(text="Paris.", finish_reason="stop", prompt_tokens=3, completion_tokens=2),
    error=None,
    bulk=None,
    model=ModelInfo(name="m", sha256="12" * 32, engine="e", build="34" * 32, flags=("-DX=ON",)),
    parameters=PARAMETERS,
    inputs=(),
    request=RequestInfo(args_hash="0x" + "56" * 32, commitment=None, datasets=(), input_files=()),
    key_origin="app-secret",
)
FAILURE = Failure(code="input.missing", message="there is no prompt", hint="give one")
NOTHING: dict[str, Any] = {"answer": None, "mode": None, "parameters": None, "model": None, "error": FAILURE}


def report(**update: Any) -> Report:
    """Return a report that differs from a plain answer in `update`."""
    return sign_scores(ASKED.model_copy(update=update), KEY)


def sealed(**update: Any) -> bytes:
    return seal(report(**update), KEY).data
