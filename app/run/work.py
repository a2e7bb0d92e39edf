"""The middle of a run: from an item to its outcome, with one engine for all items."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Self

from app.base.deadline import Deadline
from app.base.errors import AppError, ContradictionError, HistoryError, InputError, ModelError, bare
from app.base.limits import LIMITS
from app.iexec.args import Args
from app.iexec.task import Dataset
from app.jobs.dispatch import answer_to
from app.llm import chat, threads
from app.llm.answerer import NOT_LOADED, Answerer, Embedded, OpenAnswerer, Outside, lacking
from app.llm.engine import Engine
from app.llm.models import Model, checked_path, find
from app.llm.prompt_cache import Pin, PromptCache, pins
from app.request.ask import Ask
from app.request.code import Code
from app.request.parse import USES, Request, parse
from app.request.score import Score
from app.request.sources.held import given
from app.request.sources.items import Item, Items
from app.result.answers.answer import Job, JobAnswer, Mode
from app.result.answers.score import UnsignedScore
from app.result.report import Input, Parameters
from app.run.reported_inputs import reported
from app.run.timings import Timings


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one item: an error, or an answer with its parameters."""

    dataset: Dataset | None = None
    request: Request | None = None
    commitment: str | None = None
    inputs: tuple[Input, ...] = ()
    common_system: bool = False
    """The requester's own system prompt, which is the same for every item that has no other."""
    error: AppError | None = None
    answer: JobAnswer | None = None
    mode: Mode | None = None
    parameters: Parameters | None = None
    job: Job | None = None
    """The job, kept after the request was dropped."""

    def settled(self) -> Outcome:
        """Return the outcome without its request, which may be large and is not needed any more."""
        return replace(self, request=None, job=self.kind)

    @property
    def is_cut_off(self) -> bool:
        """Return whether the item ran out of its share of the time, so that a second try with more time may end differently."""
        fallback = self.answer.fallback if isinstance(self.answer, UnsignedScore) else None
        return any(said is not None and said.code == "engine.too_slow" for said in (self.error, fallback))

    @property
    def kind(self) -> Job | None:
        """Return the job, None if the request could not be read."""
        return self.request.kind if self.request else self.job


def parse_item(item: Item) -> Outcome:
    """Return the outcome with the item's request, or with the error that kept it from being read."""
    if isinstance(item.fields, AppError):
        return Outcome(item.dataset, inputs=reported(item.held, None), error=item.fields)
    try:
        request, salt = parse(item.fields, given(item.held, item.origins))
    except AppError as err:
        return Outcome(item.dataset, inputs=reported(item.held, None), error=bare(_located(err, item)))
    commitment = request.commitment(salt) if salt else None
    places = [item.origins[name] for name in ("system", "messages") if name in item.origins]
    common = isinstance(request, Ask) and request.system is not None and places[0].source != "dataset"
    return Outcome(item.dataset, request, commitment, reported(item.held, request.kind), common)


def _located(err: AppError, item: Item) -> AppError:
    """Return the error with the sources of the fields that its message names."""
    if isinstance(err, ContradictionError):
        return err.located(item.origins)
    if isinstance(err, HistoryError):
        places = dict.fromkeys(str(held.origin) for held in item.held if held.name == "history")
        err.message = f"{' and '.join(places)}: {err.message}" if places else err.message
    return err


class Work:
    """Works on one item after another, with a single engine that is loaded when the first item needs it.

    `model` is the loaded model, None until then.
    """

    def __init__(self, args: Args, timings: Timings, outside: Outside | None = None, *, items: int = 1) -> None:
        """Take the settings; this loads nothing yet.

        `timings` learns how long each step takes. `outside` is the engine that a simulation asks instead of a model.
        """
        self._args, self._timings, self._outside, self._items = args, timings, outside, items
        self._engine: Engine | None = None
        self._lack: OpenAnswerer = NOT_LOADED
        self._is_tried = False
        self._stack = ExitStack()
        self._shared: bool | None = None  # whether the requester's system prompt was read for all items; None: no item yet

    def __enter__(self) -> Self:
        """Return self."""
        return self

    def __exit__(self, *_: object) -> None:
        """Free the model, and record its notes."""
        if self._engine is not None:
            self._timings.note("threads_in_the_end", self._engine.pace.threads)
            self._timings.note("restored_tokens", self._engine.restored_tokens)
        self._stack.close()

    @property
    def model(self) -> Model | Outside | None:
        """Return the model or the outside engine; None if no request has needed it so far."""
        return self._outside or (find(self._args.model) if self._engine is not None else None)

    def read(self, items: Items, at: int) -> Outcome:
        """Return the outcome with the item's request, or with an error. Errors of one item never affect the others."""
        dataset = items.dataset(at)
        try:
            return parse_item(items[at])
        except Exception as err:  # noqa: BLE001  neither a lack of memory nor a bug may affect the other items
            return Outcome(dataset, error=as_app_error(err))
        finally:
            self._timings.mark("read_inputs")

    def prepare(self, outcome: Outcome) -> None:
        """Load the model if the request needs it. If that fails, each item gets its own error or a fallback.

        Raises `ModelError` model.unknown if the args name an unknown model, and `InputError` if they name a model while
        `outside` is set.
        """
        if outcome.request is None:
            return
        if self._outside and self._args.model is not None:
            raise InputError("request.contradiction", "both --engine and --model are given")
        model = find(self._args.model)
        if not self._outside and not self._is_tried and outcome.request.needs_model:
            self._is_tried = True
            jobs: list[str] = [outcome.request.kind] if self._items == 1 else list(USES)
            try:
                self._engine = self._stack.enter_context(_engine(model, jobs, self._args, self._timings))
            except ModelError as err:
                self._lack = lacking(err)
            except MemoryError:
                self._lack = lacking(ModelError("engine.failed", "there is not enough memory for the model"))

    def do(self, outcome: Outcome, deadline: Deadline) -> Outcome:
        """Return the outcome with its answer, or with the error that takes its place."""
        if outcome.request is None:
            return outcome
        try:
            self._refuse_scores_of_others(outcome.request)
            if self._engine is not None:
                self._begin(self._engine, outcome)
            answer, mode, parameters = answer_to(outcome.request, functools.partial(self._open, deadline), deadline)
        except Exception as err:  # noqa: BLE001  an unforeseen error of one item must not affect the others
            return replace(outcome, error=as_app_error(err))
        finally:
            self._timings.mark("answer")
        return replace(outcome, answer=answer, mode=mode, parameters=parameters)

    def _refuse_scores_of_others(self, request: Request) -> None:
        if self._outside is not None and isinstance(request, Score):
            raise ModelError("engine.not_embedded", "a score is worded by the embedded model alone")

    def _open(self, deadline: Deadline) -> Answerer:
        """Return the answerer, which stops at `deadline`. Raises `ModelError` with the reason if there is none."""
        if self._outside is not None:
            return self._outside
        return self._lack() if self._engine is None else Embedded(self._engine, find(self._args.model).context, deadline)

    def _begin(self, engine: Engine, outcome: Outcome) -> None:
        """Let the engine read the requester's system prompt once if several items share it, and drop any earlier one."""
        request = outcome.request
        system = request.system if outcome.common_system and self._items > 1 and isinstance(request, Ask) else None
        if system is not None and self._shared is None:
            self._shared = True
            try:
                engine.share(chat.opening(engine, engine.chat_template(), [chat.Message("system", system)]))
            except ModelError:
                self._shared = False  # each item reports by itself what is wrong
        engine.begin(recalls=isinstance(request, Code), common=system is not None and bool(self._shared))


def _engine(model: Model, jobs: list[str], args: Args, timings: Timings) -> Engine:
    """Return the engine with the verified model and the prompt states of these jobs. Raises `ModelError`."""
    path = checked_path(model)
    pinned: dict[str, Pin] = {job: pin for job, pin in pins().get(model.name, {}).items() if job in jobs}
    states = PromptCache(model, pinned)
    timings.mark("check_model")
    for job, reason in states.unfit.items():
        timings.note(f"prompt_state_{job}", reason)
    count = args.threads or min(LIMITS.threads, threads.default())
    timings.note("threads", count)
    engine = Engine(path, threads=count, mmap=args.mmap, states=states)
    timings.mark("load_model")
    return engine


def as_app_error(err: Exception) -> AppError:
    """Return `err` as an `AppError`. An unforeseen error or a lack of memory is reported by its kind, not its message."""
    if isinstance(err, AppError):
        return bare(err)
    if isinstance(err, MemoryError):
        return AppError("engine.failed", "there is not enough memory")
    return AppError("internal", f"an unforeseen {type(err).__name__} stopped the work")
