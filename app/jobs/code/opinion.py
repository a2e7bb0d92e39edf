"""What the model says of its own answer in the turn after it: whether it is about the task, not whether it is right."""

from __future__ import annotations

from app.jobs.code import words
from app.llm.answerer import Answerer
from app.llm.chat import Message
from app.request.code import Code
from app.result.answers.code import Opinion


def opinion(answerer: Answerer, request: Code, asked: list[Message], written: str) -> Opinion | None:
    """Return whether the same model takes the block of code that it has `written` for an answer to the task.

    It knows next to nothing of whether the code is right: bench/opinion.py. The threshold was set with the default model.
    None from an engine outside of the image, which does not tell its probabilities, and where the context has no room.
    """
    found = belonging_milli(answerer, request, asked, written)
    return None if found is None else "on_task" if found >= words.ON_TASK_MILLI else "off_task"


def belonging_milli(answerer: Answerer, request: Code, asked: list[Message], written: str) -> int | None:
    """Return how closely the model takes its answer to belong to the task, in thousandths of a step of its scale.

    It is the mean of the scale, each step weighed by how likely the model is to name it: one forward pass, no sampling.
    None where `opinion` returns None.
    """
    block = f"{words.OPENING}{words.FENCES[request.language]}\n{written.rstrip()}{words.CLOSING}"
    turns = [*asked, Message("assistant", block), Message("user", words.OPINION.format(language=request.language))]
    room = answerer.room(turns)
    weights = None if room is not None and room < 1 else answerer.weigh(turns, tuple(words.SCALE))
    if weights is None or not sum(weights):
        return None
    return round(1000 * sum(step * weight for step, weight in enumerate(weights)) / sum(weights))
