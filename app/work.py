"""The middle of a run: from items to outcomes, with one engine for all of them."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace

from app.answers import Answer, Kind, Mode
from app.errors import AppError, ContradictionError, HistoryError, InputError, ModelError
from app.iexec.args import Args
from app.iexec.held import told
from app.iexec.inputs import Item
from app.iexec.task import Dataset
from app.limits import LIMITS
from app.llm import chat, threads
from app.llm.answering import Outside
from app.llm.engine import Engine
from app.llm.models import Model, checked_path, find
from app.llm.states import Pin, States, pins
from app.report import Input, Parameters
from app.request import Request, parse
from app.request.ask import Ask
from app.request.code import Code
from app.tasks import answer_to
from app.timings import Timings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: an error, or an answer with its parameters."""

    dataset: Dataset | None = None
    request: Request | None = None
    commitment: str | None = None
    inputs: tuple[Input, ...] = ()
    common_system: bool = False
    """The system prompt is the requester's own, and so the same for every item without another."""
    error: AppError | None = None
    answer: Answer | None = None
    mode: Mode | None = None
    parameters: Parameters | None = None

    @property
    def kind(self) -> Kind | None:
        """Return the job, None if the request could not be read."""
        return self.request.kind if self.request else None


def parse_item(item: Item) -> Outcome:
    """Return the item's request, or the error that stands in its place."""
    if isinstance(item.fields, AppError):
        return Outcome(item.dataset, inputs=told(item.held, None), error=item.fields)
    try:
        request, salt = parse(item.fields)
    except AppError as err:
        return Outcome(item.dataset, inputs=told(item.held, None), error=_located(err, item))
    commitment = request.commitment(salt) if salt else None
    places = [item.origins[name] for name in ("system", "messages") if name in item.origins]
    common = isinstance(request, Ask) and request.system is not None and places[0].source != "dataset"
    return Outcome(item.dataset, request, commitment, told(item.held, request.kind), common)


def _located(err: AppError, item: Item) -> AppError:
    """Return the error with the sources of what it complains about."""
    if isinstance(err, ContradictionError):
        return err.located(item.origins)
    if isinstance(err, HistoryError):
        places = dict.fromkeys(str(held.origin) for held in item.held if held.name == "history")
        err.message = f"{' and '.join(places)}: {err.message}" if places else err.message
    return err


def do_all(
    outcomes: list[Outcome], args: Args, timings: Timings, outside: Outside | None = None
) -> tuple[list[Outcome], Model | Outside | None]:
    """Return the outcomes with answers, and the model that was loaded (None if no request needed one).

    What goes wrong with one item stays with it; without the model, each item has its own error or fallback.
    `timings` learns how long each step took; `outside` is what a simulation asks in the place of the embedded
    models. Raises `ModelError` model.unknown if the args name no model, `InputError` if they name one beside it.
    """
    if all(outcome.request is None for outcome in outcomes):
        return outcomes, None
    if outside and args.model is not None:
        raise InputError("request.contradiction", "both --engine and --model are given")
    model = find(args.model)
    with ExitStack() as stack:
        engine: Engine | Outside | ModelError | None = outside
        if outside is None and any(outcome.request is not None and outcome.request.needs_model for outcome in outcomes):
            try:
                engine = stack.enter_context(_engine(model, outcomes, args, timings))
            except ModelError as err:
                engine = err
        begun = _share(engine, outcomes)
        done = [_do(engine, model, outcome, begun) for outcome in outcomes]
        timings.mark("answer")
        if isinstance(engine, Engine):
            timings.note("threads_in_the_end", engine.pace.threads)
            timings.note("restored_tokens", engine.restored_tokens)
    return done, outside or (model if isinstance(engine, Engine) else None)


def _engine(model: Model, outcomes: list[Outcome], args: Args, timings: Timings) -> Engine:
    """Return the engine with the checked model and the prompt states of the jobs at hand. Raises `ModelError`."""
    path = checked_path(model)
    jobs = [outcome.kind for outcome in outcomes if outcome.request is not None]
    pinned: dict[str, Pin] = {job: pin for job, pin in pins().get(model.name, {}).items() if job in jobs}
    states = States(model, pinned)
    timings.mark("check_model")
    for job, reason in states.unfit.items():
        timings.note(f"prompt_state_{job}", reason)
    count = args.threads or min(LIMITS.threads, threads.default())
    timings.note("threads", count)
    engine = Engine(path, threads=count, mmap=args.mmap, states=states)
    timings.mark("load_model")
    return engine


def _share(engine: Engine | Outside | ModelError | None, outcomes: list[Outcome]) -> str | None:
    """Let the engine read a system prompt of the requester's once, if several items have it; return it."""
    found = [outcome.request.system for outcome in outcomes if outcome.common_system and isinstance(outcome.request, Ask)]
    if len(found) < 2 or found[0] is None or not isinstance(engine, Engine):
        return None
    try:
        engine.share(chat.opening(engine, engine.chat_template(), [chat.Message("system", found[0])]))
    except ModelError:
        return None  # each item tells by itself what is wrong
    return found[0]


def _do(engine: Engine | Outside | ModelError | None, model: Model, outcome: Outcome, begun: str | None) -> Outcome:
    if outcome.request is None:
        return outcome
    if isinstance(engine, Engine):
        common = begun is not None and outcome.common_system
        engine.begin(recalls=isinstance(outcome.request, Code), common=common)
    try:
        answer, mode, parameters = answer_to(outcome.request, engine, model)
    except Exception as err:  # noqa: BLE001  one item's surprise must not take the others with it
        return replace(outcome, error=as_app_error(err))
    return replace(outcome, answer=answer, mode=mode, parameters=parameters)


def as_app_error(err: Exception) -> AppError:
    """Return `err`, or what a bug or an exhausted machine is reported as: its kind, none of its words."""
    if isinstance(err, AppError):
        return err
    if isinstance(err, MemoryError):
        return AppError("engine.failed", "there is not enough memory")
    return AppError("internal", f"an unforeseen {type(err).__name__} stopped the work")
