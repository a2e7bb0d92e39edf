"""Run a request again and see whether it gives the same bytes."""

from __future__ import annotations

from app import strict_json
from app.errors import VerifyError
from app.llm import native
from app.llm.engine import Engine
from app.llm.models import checked_path, find
from app.request import Request
from app.tasks import answer_to
from app.verify import Verified


def replay(verified: Verified, request: Request, threads: int = 1) -> None:
    """Return if the same model, engine build and request give the report's answer, byte for byte.

    Compares the canonical JSON of answer and parameters; everything else in a report is public and is
    covered by `verify`. Raises `VerifyError` result.no_answer, result.other_engine or result.not_reproduced,
    `ModelError` if the model is not embedded here.
    """
    report = verified.result.report
    if report.answer is None or report.parameters is None or report.model is None:
        raise VerifyError("result.no_answer", "the result holds no single answer to repeat")
    if report.model.build != native.build_id():
        raise VerifyError("result.other_engine", "the answer came from another build of the engine")
    model = find(report.model.name)
    if model.sha256 != report.model.sha256:
        raise VerifyError("result.other_engine", "the answer came from another file of this model")
    with Engine(checked_path(model), threads=threads) as engine:
        answer, _, parameters = answer_to(request, engine, model)
    again = strict_json.dumps([answer.model_dump(mode="json"), parameters and parameters.model_dump(mode="json")])
    if again != strict_json.dumps([report.answer.model_dump(mode="json"), report.parameters.model_dump(mode="json")]):
        raise VerifyError("result.not_reproduced", "the request gives another answer here")
