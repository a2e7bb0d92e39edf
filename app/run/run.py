"""The whole run of a task, from the worker's environment to a signed result in IEXEC_OUT."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Mapping, Sequence

from app.base.deadline import Deadline
from app.base.errors import AppError, OutputError, SigningError
from app.base.limits import LIMITS
from app.crypto import signing
from app.iexec import args, output
from app.iexec.task import Task, open_task
from app.llm.answerer import Outside
from app.request.sources.items import Items, read_inputs, wants_callback
from app.result.envelope import Sealed, check_back, seal
from app.result.report import Draft
from app.run import build_report
from app.run.bulk import Slice, work_through
from app.run.timings import Timings
from app.run.work import Outcome, Work, as_app_error

_SPARE = 4 * 2**20  # bytes that are kept free, so that running out of memory can still be reported


def run(environ: Mapping[str, str], argv: Sequence[str], outside: Outside | None = None) -> None:
    """Do the one task in `environ` and leave its signed result in IEXEC_OUT.

    1 open the task        env and args -> Task; only a missing IEXEC_OUT ends here
    2 write ahead          a signed result "incomplete" + computed.json: a kill from here on still delivers
    3 read common inputs   secrets, input files, args; then for one item after the other, or the only one:
    4 read and parse it    its protectedData beside them -> Request, or the error that stands in its place
    5 do the work          one checked model for all items, loaded for the first item that needs it
    6 in bulk, write       the result so far, with unfinished items "incomplete": a kill delivers the finished ones
    7 sign and self-check  EIP-712; recovered, read back and compared before anything is written for good
    8 write result.json    then computed.json last

    `outside` is an engine in place of the embedded models, for `simulate` alone. This function prints nothing.
    Raises `OutputError` if IEXEC_OUT cannot be written; any other failure is a result.
    """
    spare = [bytearray(_SPARE)]
    timings = Timings()
    task = open_task(environ, argv)  # 1
    options, key, trouble = _prepare(task)
    draft = build_report.draft(task, options.public, key)
    writer = _Writer(task, timings, options.callback or wants_callback(task))
    writer.write(seal(draft, key, options.chain_id), step="write_ahead", is_last=False)  # 2
    error: AppError | None
    try:
        items = _read(task, options, trouble)  # 3
        timings.mark("read_inputs")
        if task.is_bulk:
            made = Slice(draft, items, key, options.chain_id)
            result, error = _bulk(made, items, options, writer, Work(options, timings, outside, items=len(items)))
        else:
            report, error = _single(draft, items, options, Work(options, timings, outside))
            result = seal(report, key, options.chain_id)  # 7
    except OutputError:
        raise
    except Exception as err:  # noqa: BLE001  whatever it is, the requester gets a signed result
        spare.clear()
        error = as_app_error(err)
        result = seal(build_report.fail(draft, error), key, options.chain_id)
    writer.write(result, error)  # 8
    output.write_timings(task.out_folder, timings.told(private=bool(task.datasets)))


def _single(draft: Draft, items: Items, options: args.Args, work: Work) -> tuple[Draft, AppError | None]:
    """Return the report of the only item, and the error for computed.json, if any."""
    with work:
        outcome = work.read(items, 0)  # 4
        work.prepare(outcome)
        return build_report.finish(draft, work.do(outcome, Deadline(options.seconds or math.inf)), work.model)  # 5


def _bulk(made: Slice, items: Items, options: args.Args, writer: _Writer, work: Work) -> tuple[Sealed, AppError | None]:
    """Return the result of a slice. A result was written before after each item that was done."""

    def put(at: int, outcome: Outcome) -> None:
        made.put(at, outcome)
        with contextlib.suppress(MemoryError):  # if it fails, a kill delivers one item less
            writer.write(*made.sealed(work.model), is_last=False)  # 6

    with work:
        work_through(items, work, options.seconds or LIMITS.slice_seconds, put)
        model = work.model
    result, error = made.sealed(model)
    check_back(result.data)  # 7
    return result, error


class _Writer:
    """Writes results, with callback-data if the deal has a callback contract."""

    def __init__(self, task: Task, timings: Timings, has_callback: bool) -> None:  # noqa: FBT001  its only option
        self._folder, self._timings, self._has_callback = task.out_folder, timings, has_callback

    def write(
        self, result: Sealed, error: AppError | None = None, *, step: str = "sign_and_write", is_last: bool = True
    ) -> None:
        """Write a result; `step` is its name in the timings."""
        said = result.callback_data if self._has_callback else None
        output.write_output(self._folder, result.data, error, said, is_last=is_last)
        self._timings.mark(step)


def _prepare(task: Task) -> tuple[args.Args, signing.Key, AppError | None]:
    """Return options and key, with safe ones in place of invalid ones, and the first error met."""
    trouble = task.trouble
    try:
        options = args.parse_args(task.args)
    except AppError as err:
        options, trouble = args.salvage(task.args), trouble or err
    try:
        key = signing.load_key(task.app_secret) if task.app_secret is not None else signing.new_key()
    except SigningError as err:
        key, trouble = signing.new_key(), trouble or err
    return options, key, trouble


def _read(task: Task, options: args.Args, trouble: AppError | None) -> Items:
    """Return the items. Raise the error met before, which could not be reported until now."""
    if trouble is not None:
        raise trouble
    return read_inputs(task, options.fields, options.words)
