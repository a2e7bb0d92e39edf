"""Whatever answers a chat: the model in the image, or for development an outside engine (`app.simulate.outside_engines`)."""

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
    """The interface that `ask` and `code` need of a model or an engine."""

    @property
    def embedded(self) -> bool:
        """Return whether it is the model in the image. Only that model can be made to begin its answer with given words."""

    @property
    def chat_template(self) -> str | None:
        """Return the chat template, None if the engine keeps it to itself."""

    def heeded(self, sampling: Sampling) -> Sampling:
        """Return the part of `sampling` that it follows."""

    def room(self, messages: list[Message]) -> int | None:
        """Return how many tokens the context leaves for an answer, which may be below zero; None if that is unknown."""

    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return the text after `opening`, up to `stop`. Raises `InputError` prompt.too_long, `ModelError` engine.*."""

    def weigh(self, messages: list[Message], choices: Sequence[str]) -> tuple[int, ...] | None:
        """Return how likely each of `choices` is as its answer, per million; None if it does not tell."""


OpenAnswerer = Callable[[], Answerer]
"""Returns the loaded answerer; raises `ModelError` with the reason if there is none."""


def lacking(why: ModelError) -> OpenAnswerer:
    """Return a function that raises `why` when it is asked for an answerer."""

    def refuse() -> Answerer:
        raise ModelError(why.code, why.message)

    return refuse


NOT_LOADED = lacking(ModelError("engine.failed", "the model was not loaded"))


@dataclass(frozen=True, slots=True)
class Embedded:
    """The model in the image."""

    engine: Engine
    context: int
    """The most tokens of prompt and answer together."""
    deadline: Deadline = NEVER
    """No token is read after it."""

    @property
    def embedded(self) -> bool:
        """Return True."""
        return True

    @property
    def chat_template(self) -> str:
        """Return the chat template in the GGUF file."""
        return self.engine.chat_template()

    def heeded(self, sampling: Sampling) -> Sampling:
        """Return all of `sampling`."""
        return sampling

    def room(self, messages: list[Message]) -> int:
        """Return how many tokens the context leaves."""
        return self.context - len(self._tokens(messages))

    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return the text after `opening`, which is read as plain text. Nothing is ever cut to fit into the context."""
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
    """An engine outside of the image. The same messages may get a different answer."""

    embedded = False
    chat_template = None
    kind: Literal["openai-compatible", "transformers"]
    name: str
    """The name of the model as the developer gave it, without a folder."""
    version: str | None = None
    """The version of the library; None for a server, which does not tell it."""
    host: str | None = None
    """The host of the server, without port, path, user or key."""

    def heeded(self, sampling: Sampling) -> Sampling:
        """Return temperature, top_p and seed; all other settings are off."""
        return replace(sampling, top_k=0, min_p_milli=0, repeat_penalty_milli=1_000)

    def room(self, _: list[Message]) -> None:  # noqa: B027  None is what it says
        """Return None, because only the engine knows."""

    @abstractmethod
    def complete(
        self, messages: list[Message], sampling: Sampling, max_tokens: int, *, opening: str = "", stop: str | None = None
    ) -> Generation:
        """Return the whole answer, without regard to `opening` and `stop`."""

    def weigh(self, messages: list[Message], choices: Sequence[str]) -> None:  # noqa: B027  likewise
        """Return None: such an engine does not tell its probabilities."""
