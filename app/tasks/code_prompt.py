"""From a code task to the tokens that the model continues."""

from __future__ import annotations

import ast
import re
from typing import Literal

from app.llm import chat
from app.llm.engine import Engine
from app.llm.prompts import code as words
from app.llm.prompts.code import tagged
from app.request.code import Code
from app.tasks.findings import parse

# Letters in a row without any of the marks that code is made of: prose.
_CODE_MARKS = re.compile(r"[(){}\[\];=<>#$*/]|\b(?:select|insert|create|update|delete|echo)\b", re.IGNORECASE)


def tokens(engine: Engine, request: Code, wrong: tuple[str, str] | None) -> tuple[list[int], str]:
    """Return the prompt, which ends inside an opened code block, and the code that the block begins with.

    `wrong` is an attempt that failed, and how. A prompt that is a Python function without a body is
    continued after its documentation, so the signature stays what the caller wrote.
    """
    opened = "" if request.code is not None else header(request)
    user = _adjust(request) if request.code is not None else _generate(request, opened)
    if wrong:
        user += words.REPAIR.format(code=tagged("attempt", wrong[0]), verdict=tagged("verdict", wrong[1]))
    system = words.SYSTEM.format(language=request.language, comment=words.COMMENTS[request.language])
    messages = [chat.Message("system", system), chat.Message("user", user)]
    start = f"{words.OPENING}{words.FENCES[request.language]}\n{opened}"
    return chat.tokenize(engine, engine.chat_template(), messages) + engine.tokenize(start, control=False), opened


def header(request: Code) -> str:
    """Return the prompt if it is Python that ends in a function with documentation and no body, else ""."""
    if request.language != "python":
        return ""
    text = request.prompt.rstrip() + "\n"
    tree = parse(text)
    last = tree.body[-1] if tree and tree.body else None
    bare = isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef) and len(last.body) == 1
    return text if bare and isinstance(last, ast.FunctionDef) and ast.get_docstring(last) is not None else ""


def opinion(engine: Engine, request: Code, code: str) -> Literal["yes", "no"]:
    """Return whether the same model takes `code` for an answer to the task: one token, of these two words only."""
    task, snippet = tagged("task", request.prompt), tagged("code", code)
    asked = words.OPINION.format(task=task, code=snippet, language=request.language)
    messages = [chat.Message("system", words.OPINION_SYSTEM), chat.Message("user", asked)]
    prompt = chat.tokenize(engine, engine.chat_template(), messages)
    return "yes" if engine.choose(prompt, ("yes", "no")) == "yes" else "no"


def looks_like_code(text: str) -> bool:
    """Return whether most lines have something that prose has not; for languages without a parser here."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and sum(bool(_CODE_MARKS.search(line)) for line in lines) * 2 >= len(lines)


def _generate(request: Code, opened: str) -> str:
    task = tagged("task", request.prompt)
    return (words.COMPLETE if opened else words.GENERATE).format(language=request.language, task=task)


def _adjust(request: Code) -> str:
    earlier = request.said()[: len(request.said()) - len(request.feedback)]
    said = words.SAID.format(feedback=_listed("said", earlier)) if earlier else ""
    return words.ADJUST.format(
        language=request.language,
        task=tagged("task", request.prompt),
        said=said,
        code=tagged("code", request.code or ""),
        feedback=_listed("change", list(request.feedback)),
    )


def _listed(tag: str, texts: list[str]) -> str:
    return tagged(tag, "\n".join(f"- {text.strip()}" for text in texts))
