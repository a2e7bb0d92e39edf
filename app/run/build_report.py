"""Build the report from the outcomes of the items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app import __version__
from app.base.errors import AppError
from app.base.limits import LIMITS
from app.crypto.signing import Key
from app.formats import strict_json
from app.iexec.task import Dataset, Task
from app.llm import library
from app.llm.answerer import Outside
from app.llm.models import Model
from app.result.answers.answer import is_met
from app.result.envelope import hash_json
from app.result.report import Draft, DraftBulk, DraftItem, Failure, ModelInfo, OutsideModel, RequestInfo
from app.run.work import Outcome


def draft(task: Task, public_args: tuple[str, ...], key: Key) -> Draft:
    """Return the report of a task before any work is done: its status is incomplete."""
    return Draft(
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


def fail(report: Draft, error: AppError) -> Draft:
    """Return `report` with the error and nothing else in it."""
    return report.model_copy(update={"status": "error", "error": _failure(error)})


def undone(dataset: Dataset | None) -> Outcome:
    """Return the outcome of an item that has not been worked on."""
    return Outcome(dataset, error=AppError("incomplete", "the task was stopped before this item was done"))


def fitting(outcome: Outcome) -> Outcome:
    """Return the outcome; an answer larger than `LIMITS.item_bytes` is replaced by an error."""
    if outcome.answer is None or len(strict_json.dumps(outcome.answer.model_dump(mode="json"))) <= LIMITS.item_bytes:
        return outcome
    error = AppError("answer.too_large", f"the answer is larger than {LIMITS.item_bytes} bytes")
    return replace(outcome, error=error, answer=None, mode=None, parameters=None)


def finish(report: Draft, only: Outcome, model: Model | Outside | None) -> tuple[Draft, AppError | None]:
    """Return `report` with the only outcome filled in, and the error for computed.json, if any."""
    only = fitting(only)
    found = {
        "status": "error" if only.error else "ok" if _is_good(only) else "failed",
        "kind": only.kind,
        "mode": only.mode,
        "answer": only.answer,
        "error": only.error and _failure(only.error),
        "model": model and _model_info(model),
        "parameters": only.parameters,
        "inputs": only.inputs,
        "request": report.request.model_copy(update={"commitment": only.commitment}),
    }
    return report.model_copy(update=found), only.error


def finish_bulk(
    report: Draft, bulk: DraftBulk, model: Model | Outside | None, *, is_done: bool = True
) -> tuple[Draft, AppError | None]:
    """Return `report` with the items filled in, and the error for computed.json, if any.

    The status stays incomplete unless `is_done`.
    """
    found: dict[str, Any] = {"bulk": bulk, "model": model and _model_info(model)}
    if not is_done:
        return report.model_copy(update=found), None
    bad = f"{bulk.errorCount} of {bulk.totalCount} items failed"
    error = AppError("bulk.partial", bad) if any(item.error for item in bulk.results) else None
    status = "error" if error else "ok" if all(item.success for item in bulk.results) else "failed"
    return report.model_copy(update=found | {"status": status, "error": error and _failure(error)}), error


def bulk_item(outcome: Outcome) -> DraftItem:
    """Return the report's entry for one item of a slice."""
    dataset = outcome.dataset
    return DraftItem(
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
        engine=library.engine_name(),
        build=library.build_id(),
        flags=tuple(library.build_config()["flags"]),
    )
