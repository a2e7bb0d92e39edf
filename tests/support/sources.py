"""What comes of a task whose sources (dataset, secret, input file, args, bulk) hold this or that, up to the model."""

from __future__ import annotations

import json

from app.base.errors import AppError
from app.formats.protected_data_writer import protect
from app.iexec import args
from app.iexec.task import open_task
from app.request.sources.items import read_inputs
from app.run.work import Outcome, parse_item
from tests.support.desk import ADDRESS, Desk


def put(desk: Desk, source: str, said: str) -> list[str]:
    """Put a text into its source; return the args."""
    data = (
        protect({"prompt": json.loads(said)["prompt"]})
        if said.startswith("{") and source in ("dataset", "bulk")
        else said.encode()
    )
    if source == "bulk":
        (desk.inside / ADDRESS).write_bytes(data or b"{}")
        desk.environ |= {"IEXEC_BULK_SLICE_SIZE": "1", "IEXEC_DATASET_1_FILENAME": ADDRESS}
    elif not said:
        return []
    elif source == "dataset":
        desk.dataset(data)
    elif source == "input file":
        (desk.inside / "f").write_bytes(data)
        desk.environ |= {"IEXEC_INPUT_FILES_NUMBER": "1", "IEXEC_INPUT_FILE_NAME_1": "f"}
    elif source == "secret":
        desk.environ["IEXEC_REQUESTER_SECRET_1"] = said
    return [said] if source == "args" else []


def outcome(desk: Desk, argv: list[str]) -> Outcome:
    said = args.parse_args(argv)
    try:
        (item,) = read_inputs(open_task(desk.environ, argv), said.fields, said.words)
    except AppError as err:
        return Outcome(error=err)
    return parse_item(item)


def rows_of(found: Outcome) -> list[tuple[str, str, bool]]:
    return [(one.source.replace("_", " "), one.kind, one.used) for one in found.inputs]
