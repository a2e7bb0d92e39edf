"""One story for each job: a request in, an answer out. A run pays for the import of its own job alone."""

from __future__ import annotations

from app.base.deadline import NEVER, Deadline
from app.base.errors import ModelError
from app.llm.answerer import Embedded, Outside
from app.llm.engine import Engine
from app.llm.models import Model
from app.request.code import Code
from app.request.parse import Request
from app.request.score import Score
from app.result.answers.answer import Answer, Mode
from app.result.report import Parameters


def answer_to(
    request: Request, engine: Engine | Outside | ModelError | None, model: Model, deadline: Deadline = NEVER
) -> tuple[Answer, Mode, Parameters | None]:
    """Return the answer, how it came about, and what shaped it besides model and request.

    `engine` is why it could not be had, if it could not; None if no request of the task needs it. Raises `AppError`,
    after `deadline` engine.too_slow.
    """
    if isinstance(request, Score):
        if isinstance(engine, Outside):
            raise ModelError("engine.not_embedded", "a score is worded by the embedded model alone")
        from app.jobs.score import scoring

        return scoring.answer(request, engine, deadline)
    if engine is None or isinstance(engine, ModelError):
        raise engine or ModelError("engine.failed", "the model was not loaded")
    answerer = Embedded(engine, model.context, deadline) if isinstance(engine, Engine) else engine
    if isinstance(request, Code):
        from app.jobs.code import repair

        written, shaped = repair.answer(answerer, request, deadline)
        return written, "ai", shaped
    from app.jobs import ask

    said, parameters = ask.answer(answerer, request)
    return said, "ai", parameters
