"""Reports of every shape, for tests of what seals, verifies and reads them."""

from __future__ import annotations

from app.crypto.signing import load_key
from app.result.answers.ask import AskAnswer
from app.result.report import Bulk, BulkItem, Failure, ModelInfo, OutsideModel, Parameters, PromptTemplate, Report, RequestInfo

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
ANSWER = AskAnswer(text='Grüße, \u2028"x" 🐀', finish_reason="stop", prompt_tokens=3, completion_tokens=2)
FAILURE = Failure(code="input.missing", message="m", hint="h")
REPORT = Report(
    version="0.1.0",
    inputs=(),
    task_id="0x" + "cd" * 32,
    bot_index=0,
    status="ok",
    kind="ask",
    mode="ai",
    answer=ANSWER,
    error=None,
    bulk=None,
    model=ModelInfo(name="m", sha256="12" * 32, engine="e", build="34" * 32, flags=("-DX=ON",)),
    parameters=PARAMETERS,
    request=RequestInfo(args_hash="0x" + "56" * 32, commitment=None, datasets=("0x" + "11" * 20, None), input_files=("f",)),
    key_origin="app-secret",
)
ITEM = BulkItem(
    index=1,
    dataset=None,
    success=True,
    kind="ask",
    mode="ai",
    answer=ANSWER,
    error=None,
    parameters=PARAMETERS,
    inputs=(),
    commitment=None,
)
BAD_ITEM = BulkItem(
    index=2,
    dataset=None,
    success=False,
    kind=None,
    mode=None,
    answer=None,
    error=FAILURE,
    parameters=None,
    inputs=(),
    commitment=None,
)
BULK = REPORT.model_copy(
    update={
        "bulk": Bulk(totalCount=2, successCount=1, errorCount=1, results=(ITEM, BAD_ITEM)),
        "answer": None,
        "parameters": None,
        "kind": None,
        "mode": None,
        "status": "error",
        "error": FAILURE,
    }
)
EMPTY = REPORT.model_copy(
    update={"model": None, "parameters": None, "answer": None, "mode": None, "task_id": None, "status": "incomplete"}
)


OUTSIDE = REPORT.model_copy(
    update={"model": OutsideModel(embedded=False, engine="openai-compatible", host="h", name="m", version=None)}
)
