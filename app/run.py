"""The way through, from the worker's environment to a signed result in IEXEC_OUT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app import assemble, signing
from app.errors import AppError, SigningError
from app.iexec import args, output
from app.iexec.inputs import Item, read_inputs, wants_callback
from app.iexec.task import Task, open_task
from app.llm.answering import Outside
from app.sealing import callback_data, seal
from app.timings import Timings
from app.work import as_app_error, do_all, parse_item


def run(environ: Mapping[str, str], argv: Sequence[str], outside: Outside | None = None) -> None:
    """Do the one task in `environ` and leave its signed result in IEXEC_OUT.

    1 open the task        env and args -> Task; only a missing IEXEC_OUT ends here
    2 write ahead          a signed result "incomplete" + computed.json: a kill from here on still delivers
    3 read the inputs      protectedData (one, or a bulk slice), secrets, input files, args -> items
    4 parse each           item -> Request, or the error that stands in its place
    5 do the work          one checked and loaded model for all items
    6 build the report     outcomes -> Report
    7 sign and self-check  EIP-712; recovered, read back and compared before anything is written
    8 write result.json    then computed.json last

    `outside` is for `simulate` alone: an engine in the place of the embedded models. Prints nothing.
    Raises `OutputError` if IEXEC_OUT cannot be written; any other failure is a result.
    """
    timings = Timings()
    task = open_task(environ, argv)  # 1
    options, key, trouble = _prepare(task)
    draft = assemble.draft(task, options.public, key)
    callback = options.callback or wants_callback(task)
    ahead = seal(draft, key, options.chain_id)
    output.write(task.out_folder, ahead, None, callback_data(ahead) if callback else None)  # 2
    timings.mark("write_ahead")
    error: AppError | None
    try:
        items = _read(task, options, trouble)  # 3
        parsed = [parse_item(item) for item in items]  # 4
        timings.mark("read_inputs")
        outcomes, model = do_all(parsed, options, timings, outside)  # 5
        report, error = assemble.finish(draft, outcomes, model, bulk=task.is_bulk)  # 6
        result = seal(report, key, options.chain_id)  # 7
    except Exception as err:  # noqa: BLE001  whatever it is, the requester gets a signed result
        error = as_app_error(err)
        result = seal(assemble.fail(draft, error), key, options.chain_id)
    output.write(task.out_folder, result, error, callback_data(result) if callback else None)  # 8
    timings.mark("sign_and_write")
    output.write_timings(task.out_folder, timings.told(private=bool(task.datasets)))


def _prepare(task: Task) -> tuple[args.Args, signing.Key, AppError | None]:
    """Return options and key, safe ones where the given ones are no good, and the first trouble met."""
    trouble = task.trouble
    try:
        options = args.parse(task.args)
    except AppError as err:
        options, trouble = args.salvage(task.args), trouble or err
    try:
        key = signing.load_key(task.app_secret) if task.app_secret is not None else signing.new_key()
    except SigningError as err:
        key, trouble = signing.new_key(), trouble or err
    return options, key, trouble


def _read(task: Task, options: args.Args, trouble: AppError | None) -> list[Item]:
    """Return the items, unless trouble came up while nothing could be reported yet."""
    if trouble is not None:
        raise trouble
    return read_inputs(task, options.fields, options.words)
