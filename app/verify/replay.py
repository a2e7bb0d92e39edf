"""Run a request again, and check that it gives the same bytes."""

from __future__ import annotations

from pathlib import Path

from app.base.errors import ModelError, VerifyError
from app.base.hints import HINTS
from app.crypto.score_statement import Giver
from app.formats import strict_json
from app.jobs.dispatch import answer_to
from app.llm import library
from app.llm.answerer import NOT_LOADED, Embedded, OpenAnswerer, lacking
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.request.given import Given
from app.request.parse import Request
from app.request.score import Score
from app.result.answers.answer import Answer, JobAnswer
from app.result.answers.score import ScoreAnswer, UnsignedScore
from app.result.report import ModelInfo, Parameters
from app.verify.verifier import Verified


def replay(verified: Verified, request: Request, threads: int = 1) -> None:
    """Check that the same model, engine build and request give the report's answer again, byte for byte.

    It compares the canonical JSON of answer and parameters, without signatures; everything else in a report is public, and
    `verify` covers it. Who gave a wallet's history is not part of a request: whether the requester or the owner of the data
    gave it is taken from the report, and only whether it was given or fetched is compared. A score that was made without the
    model is again made without it, and a history from a live source is fetched again. Raises `VerifyError` result.no_answer,
    engine.not_embedded, result.other_engine or result.not_reproduced, and `ModelError` if the model is not embedded here.
    """
    report = verified.result.report
    if report.answer is None:
        raise VerifyError("result.no_answer", "the result holds no single answer to repeat")
    if report.outside_model:
        raise VerifyError("engine.not_embedded", "the answer did not come from an embedded model")
    request = _as_given(request, report.answer)
    if report.embedded_model is None:
        answer, _, parameters = answer_to(request, _lacking(report.answer))
    else:
        with Engine(_model(report.embedded_model, report.version), threads=threads) as engine:
            answerer = Embedded(engine, find(report.embedded_model.name).context)
            answer, _, parameters = answer_to(request, lambda: answerer)
    if _plain(answer, parameters) != _plain(report.answer, report.parameters):
        raise VerifyError("result.not_reproduced", "the request gives another answer here")


def _model(used: ModelInfo, version: str) -> Path:
    """Return the checked file of the model that the program of that version used."""
    if used.build != library.build_id():
        raise VerifyError("result.other_engine", f"the answer came from another build of the engine, in sealed-llm {version}")
    model = find(used.name)
    if model.sha256 != used.sha256:
        raise VerifyError("result.other_engine", f"the answer came from another file of this model, in sealed-llm {version}")
    return checked_path(model)


def _lacking(answer: Answer) -> OpenAnswerer:
    """Return a function that raises the error for which a score had no model, as its answer tells."""
    why = answer.fallback if isinstance(answer, ScoreAnswer) else None
    return lacking(ModelError(why.code, why.message)) if why and why.code in HINTS else NOT_LOADED


def _as_given(request: Request, answer: Answer) -> Request:
    """Return the request with the givers of its history as the answer tells them."""
    if not isinstance(request, Score) or not isinstance(answer, ScoreAnswer):
        return request
    data = answer.data
    history: Giver = "owner" if data.origin == "owner" else "requester"
    given = Given(history=history, is_public=data.sha256 is not None, labels=data.own_labels or "requester")
    return request.model_copy(update={"given": given})


def _plain(answer: JobAnswer, parameters: Parameters | None) -> bytes:
    plain = answer.model_dump(mode="json", exclude=ScoreAnswer.model_fields.keys() - UnsignedScore.model_fields.keys())
    return strict_json.dumps([plain, parameters and parameters.model_dump(mode="json")])
