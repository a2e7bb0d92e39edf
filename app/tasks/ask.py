"""ask: a prompt in, the model's answer out."""

from __future__ import annotations

from app.answers.ask import AskAnswer
from app.errors import InputError
from app.limits import LIMITS
from app.llm import chat
from app.llm.engine import Engine, Sampling
from app.llm.models import Model
from app.llm.prompts import ask as words
from app.report import Parameters
from app.request.ask import Ask
from app.tasks.parameters import parameters


def answer(engine: Engine, model: Model, request: Ask) -> tuple[AskAnswer, Parameters]:
    """Return the answer and every parameter that shaped it.

    Raises `InputError` prompt.too_long, with the numbers, if prompt and answer do not fit the context.
    """
    template = engine.chat_template()
    messages = [chat.Message("system", request.system or words.SYSTEM)]
    messages += [chat.Message(turn.role, turn.content) for turn in request.turns]
    prompt = chat.tokenize(engine, template, messages)
    max_tokens = _budget(len(prompt), request.max_tokens, model.context)
    sampling = Sampling(
        temperature_milli=request.temperature_milli,
        seed=request.seed,
        repeat_penalty_milli=words.REPEAT_PENALTY_MILLI,
    )
    out = engine.generate(prompt, sampling, max_tokens)
    fixed = {"chat_template": template, "id": words.ID, "system": words.SYSTEM}
    used = parameters(fixed, sampling, max_tokens, system="default" if request.system is None else "caller")
    said = AskAnswer(
        text=out.text,
        finish_reason=out.finish_reason,
        prompt_tokens=out.prompt_tokens,
        completion_tokens=out.completion_tokens,
    )
    return said, used


def _budget(prompt_tokens: int, asked: int | None, context: int) -> int:
    """Return the tokens the answer may have: as asked, or up to the default where the context allows."""
    room = context - prompt_tokens
    if asked is None and room > 0:
        return min(LIMITS.default_max_tokens, room)
    if asked is None or asked > room:
        wanted = f" and max_tokens {asked}" if asked else ""
        raise InputError("prompt.too_long", f"the prompt has {prompt_tokens} tokens{wanted}, the context holds {context}")
    return asked
