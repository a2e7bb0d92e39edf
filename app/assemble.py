"""From outcomes to a report."""

from __future__ import annotations

from typing import Any

from app import __version__
from app.answers import is_met
from app.errors import AppError
from app.iexec.task import Task
from app.llm import native
from app.llm.answering import Outside
from app.llm.models import Model
from app.report import Bulk, BulkItem, Failure, ModelInfo, OutsideModel, Report, RequestInfo
from app.sealing import hash_json
from app.signing import Key
from app.work import Outcome


def draft(task: Task, public_args: tuple[str, ...], key: Key) -> Report:
    """Return the report of a task that has done nothing yet: status incomplete."""
    return Report(
        version=__version__,
        task_id=task.task_id,
        bot_index=task.bot_index,
        status="incomplete",
        kind=None,
        mode=None,
        answer=None,
        error=_failure(AppError("incomplete", "the task was stopped before it finished")),
        bulk=None,
        model=None,
        parameters=None,
        inputs=(),
        request=RequestInfo(
            args_hash=hash_json(public_args),
            commitment=None,
            datasets=tuple(dataset.address for dataset in task.datasets),
            input_files=task.input_files,
        ),
        blinding=key.blinding(task.task_id),
        key_origin=key.origin,
    )


def fail(report: Report, error: AppError) -> Report:
    """Return `report` with nothing but an error in it."""
    return report.model_copy(update={"status": "error", "error": _failure(error)})


def finish(
    report: Report, outcomes: list[Outcome], model: Model | Outside | None, *, bulk: bool
) -> tuple[Report, AppError | None]:
    """Return `report` with the outcomes filled in, and the error for computed.json, if any."""
    error, found = _bulk(outcomes) if bulk else _single(report, *outcomes)
    status = "error" if error else "ok" if all(map(_is_good, outcomes)) else "failed"
    found |= {"status": status, "error": error and _failure(error), "model": model and _model_info(model)}
    return report.model_copy(update=found), error


def _single(report: Report, only: Outcome) -> tuple[AppError | None, dict[str, Any]]:
    request = report.request.model_copy(update={"commitment": only.commitment})
    return only.error, {
        "kind": only.kind,
        "mode": only.mode,
        "answer": only.answer,
        "parameters": only.parameters,
        "inputs": only.inputs,
        "request": request,
    }


def _bulk(outcomes: list[Outcome]) -> tuple[AppError | None, dict[str, Any]]:
    items = tuple(_bulk_item(outcome) for outcome in outcomes)
    good = sum(item.success for item in items)
    bad = len(items) - good
    error = AppError("bulk.partial", f"{bad} of {len(items)} items failed") if any(item.error for item in items) else None
    return error, {"bulk": Bulk(totalCount=len(items), successCount=good, errorCount=bad, results=items)}


def _bulk_item(outcome: Outcome) -> BulkItem:
    dataset = outcome.dataset
    return BulkItem(
        index=(dataset and dataset.index) or 0,
        dataset=dataset.address if dataset else None,
        success=_is_good(outcome),
        kind=outcome.kind,
        mode=outcome.mode,
        answer=outcome.answer,
        error=None if outcome.error is None else _failure(outcome.error),
        parameters=outcome.parameters,
        inputs=outcome.inputs,
        commitment=outcome.commitment,
    )


def _is_good(outcome: Outcome) -> bool:
    return outcome.error is None and (outcome.answer is None or is_met(outcome.answer))


def _failure(error: AppError) -> Failure:
    return Failure(code=error.code, message=error.message, hint=error.hint)


def _model_info(model: Model | Outside) -> ModelInfo | OutsideModel:
    if isinstance(model, Outside):
        return OutsideModel(embedded=False, engine=model.kind, host=model.host, name=model.name, version=model.version)
    return ModelInfo(
        name=model.name,
        sha256=model.sha256,
        engine=native.engine_name(),
        build=native.build_id(),
        flags=tuple(native.build_config()["flags"]),
    )
