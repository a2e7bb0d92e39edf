"""Results as a task on a chain delivers them."""

from __future__ import annotations

from typing import Literal

from app.crypto.signing import load_key
from app.result.envelope import seal
from tests.support.desk import SECRET
from tests.support.reports import FAILURE, REPORT

KEY = load_key(SECRET)
Status = Literal["incomplete", "ok", "error"]


def sealed(task: str | None = None, status: Status = "ok", size: int = 100, chain_id: int | None = None) -> bytes:
    """Return a result.json of a task, with an answer of `size` letters."""
    answer = REPORT.answer and REPORT.answer.model_copy(update={"text": "x" * size})
    error = FAILURE if status == "error" else None
    update = {"task_id": task, "status": status, "answer": answer if status in ("ok", "failed") else None, "error": error}
    return seal(REPORT.model_copy(update=update), KEY, chain_id).data
