"""Send each request to its job. A run imports only the job that it needs."""

from __future__ import annotations

from app.base.deadline import NEVER, Deadline
from app.llm.answerer import OpenAnswerer
from app.request.code import Code
from app.request.parse import Request
from app.request.score import Score
from app.result.answers.answer import JobAnswer, Mode
from app.result.report import Parameters


def answer_to(
    request: Request, open_answerer: OpenAnswerer, deadline: Deadline = NEVER
) -> tuple[JobAnswer, Mode, Parameters | None]:
    """Return the answer, its mode, and the parameters that shaped it besides model and request.

    `open_answerer` is called only when the job needs the model. Raises `AppError`, and engine.too_slow after `deadline`.
    """
    if isinstance(request, Score):
        from app.jobs.score import scoring

        return scoring.answer(request, open_answerer, deadline)
    if isinstance(request, Code):
        from app.jobs.code import repair

        written, shaped = repair.answer(open_answerer(), request, deadline)
        return written, "ai", shaped
    from app.jobs import ask

    said, parameters = ask.answer(open_answerer(), request)
    return said, "ai", parameters
