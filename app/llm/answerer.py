"""What answers a chat: the model in the image, or for development an engine outside of it (`app.simulate.outside_engines`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from app.base.deadline import NEVER, Deadline
from app.base.errors import InputError, ModelError
from app.llm import chat
from app.llm.chat import Message
from app.llm.engine import Engine, Generation
from app.llm.sampling import Sampling

if TYPE_CHECKING:
    from app.llm.infill import Filled, Filling, Slot


class Answerer(Protocol):
    """What `ask` and `code` need of whatever answers them."""

    @property
    def embedded(self) -> bool:
        """Return whether it is the model in the image. Only that one can be made to begin its answer with given words."""

    @property
    def chat_template(self) -> str | None:
        """Return what puts the messages together, None where that is the engine's own affair."""

    def heeded(self, sampling: Sampling) -> Sampling:
        """Return what of `sampling` it goes by."""

    def room(self, messages: list[Message]) -> int | None:
        """Return how many tokens the context leaves for an answer, None if that is not known; may be below zero."""

    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return what follows `opening`, up to `stop`. Raises `InputError` prompt.too_long, `ModelError` engine.*."""

    def weigh(self, messages: list[Message], choices: Sequence[str]) -> tuple[int, ...] | None:
        """Return how likely each of `choices` is as its answer, per million; None if it does not tell."""


OpenAnswerer = Callable[[], Answerer]
"""Gives what answers, loaded; raises `ModelError` with the reason if it cannot be had."""


def lacking(why: ModelError) -> OpenAnswerer:
    """Return what says `why` to whoever asks for an answerer."""

    def refuse() -> Answerer:
        raise ModelError(why.code, why.message)

    return refuse


NOT_LOADED = lacking(ModelError("engine.failed", "the model was not loaded"))


@dataclass(frozen=True, slots=True)
class Embedded:
    """The model in the image."""

    engine: Engine
    context: int
    """Tokens of prompt and answer together."""
    deadline: Deadline = NEVER
    """After which no token is read."""

    @property
    def embedded(self) -> bool:
        """Return True."""
        return True

    @property
    def chat_template(self) -> str:
        """Return the template in the GGUF."""
        return self.engine.chat_template()

    def heeded(self, sampling: Sampling) -> Sampling:
        """Return all of it."""
        return sampling

    def room(self, messages: list[Message]) -> int:
        """Return what the context leaves."""
        return self.context - len(self._tokens(messages))

    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return what follows `opening`, which is read as plain text; nothing is ever cut to fit the context."""
        tokens = self._tokens(messages) + (self.engine.tokenize(opening, control=False) if opening else [])
        if len(tokens) + max_tokens > self.context:
            wanted = f"{len(tokens)} tokens and max_tokens {max_tokens}"
            raise InputError("prompt.too_long", f"the prompt has {wanted}, the context holds {self.context}")
        return self.engine.generate(tokens, sampling, max_tokens, stop=stop, deadline=self.deadline)

    def fill(
        self,
        messages: list[Message],
        parts: Sequence[str | Slot],
        sampling: Sampling,
        again: Callable[[Filled], Sampling | None] = lambda _: None,
        hopeless: Callable[[Filled], bool] | None = None,
    ) -> Filling:
        """Return `parts` with their slots filled by the model: see `app.llm.infill.fill`."""
        from app.llm.infill import fill

        return fill(self.engine, self._tokens(messages), parts, sampling, again, hopeless, self.deadline)

    def weigh(self, messages: list[Message], choices: Sequence[str]) -> tuple[int, ...]:
        """Return the probability of each: see `app.llm.choice_probabilities.weigh`."""
        from app.llm.choice_probabilities import weigh

        return weigh(self.engine, self._tokens(messages), choices, self.deadline)

    def _tokens(self, messages: list[Message]) -> list[int]:
        return chat.tokenize(self.engine, self.engine.chat_template(), messages)


class Outside(ABC):
    """An engine outside of the image. It answers messages; the same messages may get another answer."""

    embedded = False
    chat_template = None
    kind: Literal["openai-compatible", "transformers"]
    name: str
    """Of the model, as the developer gave it, without folder."""
    version: str | None = None
    """Of the library, None for a server: it does not say."""
    host: str | None = None
    """Of the server, without port, path, user or key."""

    def heeded(self, sampling: Sampling) -> Sampling:
        """Return temperature, top_p and seed; the rest is off."""
        return replace(sampling, top_k=0, min_p_milli=0, repeat_penalty_milli=1_000)

    def room(self, _: list[Message]) -> None:  # noqa: B027  None is what it says
        """Return None: only the engine knows."""

    @abstractmethod
    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return the whole answer, wherever it begins and ends."""

    def weigh(self, messages: list[Message], choices: Sequence[str]) -> None:  # noqa: B027  likewise
        """Return None: such an engine does not tell its probabilities."""
