"""The middle of a run: from items to outcomes, with one engine for all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from app.errors import AppError
from app.iexec.args import Args
from app.iexec.inputs import Item
from app.iexec.task import Dataset
from app.limits import LIMITS
from app.llm import threads
from app.llm.engine import Engine
from app.llm.models import Model, checked_path, find
from app.llm.states import States, pins
from app.report import AskAnswer, Parameters
from app.request import Request, parse
from app.tasks import ask
from app.timings import Timings


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item: an error, or an answer with its parameters."""

    dataset: Dataset | None = None
    request: Request | None = None
    commitment: str | None = None
    error: AppError | None = None
    answer: AskAnswer | None = None
    parameters: Parameters | None = None

    @property
    def kind(self) -> Literal["ask"] | None:
        """Return the job, None if the request could not be read."""
        return self.request.kind if self.request else None


def parse_item(item: Item) -> Outcome:
    """Return the item's request, or the error that stands in its place."""
    if isinstance(item.fields, AppError):
        return Outcome(item.dataset, error=item.fields)
    try:
        request, salt = parse(item.fields)
    except AppError as err:
        return Outcome(item.dataset, error=err)
    return Outcome(item.dataset, request, request.commitment(salt) if salt else None)


def do_all(outcomes: list[Outcome], args: Args, timings: Timings) -> tuple[list[Outcome], Model | None]:
    """Return the outcomes with answers, and the model that gave them (None if no request needed one).

    Raises `ModelError` if the model cannot be checked or loaded: then no item can be answered. What
    goes wrong with one item stays with it. `mark` is told the name of each step that is done.
    """
    if all(outcome.request is None for outcome in outcomes):
        return outcomes, None
    model = find(args.model)
    path = checked_path(model)
    states = _states(model, outcomes)
    timings.mark("check_model")
    count = args.threads or min(LIMITS.threads, threads.default())
    with Engine(path, threads=count, mmap=args.mmap, states=states) as engine:
        timings.mark("load_model")
        done = [_do(engine, model, outcome) for outcome in outcomes]
        timings.mark("answer")
        timings.note("threads", count)
        timings.note("threads_in_the_end", engine.pace.threads)
    timings.note("restored_tokens", states.restored)
    for job, reason in states.unfit.items():
        timings.note(f"prompt_state_{job}", reason)
    return done, model


def _states(model: Model, outcomes: list[Outcome]) -> States:
    """Return the prompt states for the jobs at hand."""
    jobs = {outcome.kind for outcome in outcomes}
    return States(model, {job: pin for job, pin in pins().get(model.name, {}).items() if job in jobs})


def _do(engine: Engine, model: Model, outcome: Outcome) -> Outcome:
    if outcome.request is None:
        return outcome
    try:
        answer, parameters = ask.answer(engine, model, outcome.request)
    except Exception as err:  # noqa: BLE001  one item's surprise must not take the others with it
        return replace(outcome, error=as_app_error(err))
    return replace(outcome, answer=answer, parameters=parameters)


def as_app_error(err: Exception) -> AppError:
    """Return `err`, or what a bug or an exhausted machine is reported as: its kind, none of its words."""
    if isinstance(err, AppError):
        return err
    if isinstance(err, MemoryError):
        return AppError("engine.failed", "there is not enough memory")
    return AppError("internal", f"an unforeseen {type(err).__name__} stopped the work")
