"""Results of every kind, as the program seals them, for tests of what reads and shows them."""

from __future__ import annotations

from typing import Any

from app import __version__
from app.crypto.signing import load_key
from app.result.answers.ask import AskAnswer
from app.result.envelope import seal
from app.result.report import Failure, ModelInfo, Parameters, PromptTemplate, Report, RequestInfo
from app.result.score_signatures import sign_scores

KEY = load_key("1d" * 32)
PARAMETERS = Parameters(
    max_tokens=5,
    min_p_milli=50,
    prompt_template=PromptTemplate(id="ask/1", sha256="ab" * 32),
    repeat_penalty_milli=1100,
    seed=0,
    system="default",
    temperature_milli=0,
    top_k=40,
    top_p_milli=950,
)
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
