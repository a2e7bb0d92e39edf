"""The job ask: take a prompt and return the model's answer."""

from __future__ import annotations

from app.base.limits import LIMITS
from app.jobs import ask_words as words
from app.jobs.parameters import constants, parameters
from app.llm.answerer import Answerer
from app.llm.chat import Message
from app.llm.sampling import REPEAT_WINDOW, Sampling
from app.request.ask import Ask
from app.request.material import tagged
from app.result.answers.ask import AskAnswer
from app.result.report import Parameters


def answer(answerer: Answerer, request: Ask) -> tuple[AskAnswer, Parameters]:
    """Return the answer and every parameter that shaped it.

    Raises `InputError` prompt.too_long, with the token counts, if prompt and answer do not fit into the context.
    """
    messages = [Message("system", request.system or words.SYSTEM)]
    messages += [Message(turn.role, turn.content) for turn in request.turns[:-1]]
    messages.append(Message("user", _with_material(request)))
    max_tokens = request.max_tokens or _default_max_tokens(answerer.room(messages))
    sampling = Sampling(
        temperature_milli=request.temperature_milli,
        seed=request.seed,
        repeat_penalty_milli=words.REPEAT_PENALTY_MILLI,
    )
    out = answerer.complete(messages, sampling, max_tokens)
    limits = {"default_max_tokens": LIMITS.default_max_tokens, "repeat_window": REPEAT_WINDOW}
    fixed = {"chat_template": answerer.chat_template, "id": words.ID, "limits": limits, "words": constants(words)}
    used = parameters(fixed, answerer.heeded(sampling), max_tokens, system="default" if request.system is None else "caller")
    said = AskAnswer(
        text=out.text,
        finish_reason=out.finish_reason,
        prompt_tokens=out.prompt_tokens,
        completion_tokens=out.completion_tokens,
    )
    return said, used


def _with_material(request: Ask) -> str:
    """Return the last turn, with its material between tags that the material cannot close."""
    asked = request.turns[-1].content
    if not request.material:
        return asked
    return words.MATERIAL.format(material="\n\n".join(tagged(words.TAG, text) for text in request.material), prompt=asked)


def _default_max_tokens(room: int | None) -> int:
    """Return the token limit of an answer whose caller set none: the default, or what `room` leaves, but at least one token."""
    return LIMITS.default_max_tokens if room is None else max(1, min(LIMITS.default_max_tokens, room))
