"""Turn a code task into the messages that the model answers, and find the code in its answer."""

from __future__ import annotations

import ast
import re
from dataclasses import replace

from app.jobs.code import words
from app.jobs.code.findings import syntax_tree
from app.llm.chat import Message
from app.llm.engine import Generation
from app.request.code import Code
from app.request.material import tagged

_DEFINITION = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# Marks of code that prose lacks: brackets and operators, a name_with_underscores, an option, a command, the start of an SQL
# clause.
_CODE_MARKS = re.compile(
    r"[(){}\[\];=<>#$*/|\\]|\w_\w|\s--?[A-Za-z]|\b(?i:select|insert|create|update|delete|echo)\b"
    r"|^\s*(?i:(?:group|order) by)\b"
    r"|^\s*(?:WITH|FROM|WHERE|HAVING|LIMIT|OFFSET|UNION|VALUES|SET|AND|OR|ON|CASE|WHEN|ELSE|END|(?:\w+ )?JOIN)\b"
)


def messages(request: Code, wrong: tuple[str, str] | None, *, edit: bool = False, escape: bool = True) -> list[Message]:
    """Return the messages for the model. `wrong` is a failed attempt and its error; `edit` asks for the changed functions only.

    With `escape`, the model may refuse the task.
    """
    user = _adjust(request, edit=edit) if request.code is not None else _generate(request)
    if wrong:
        user += words.REPAIR.format(code=tagged("attempt", wrong[0]), verdict=tagged("verdict", wrong[1]))
    return [Message("system", words.system(request.language, escape=escape)), Message("user", user)]


def start(request: Code) -> tuple[str, str]:
    """Return how the answer begins: an opened code block, and the code that it already holds.

    A prompt that is a Python function without a body is continued after its documentation, so that the signature stays as the
    caller wrote it.
    """
    opened = header(request) if request.code is None else ""
    return f"{words.OPENING}{words.FENCES[request.language]}\n{opened}", opened


def block(out: Generation) -> Generation:
    """Return `out` cut to its first code block, for an engine whose answer may begin freely; without a block, all of it."""
    lines = out.text.splitlines()
    fences = [at for at, line in enumerate(lines) if line.lstrip().startswith(words.OPENING)]
    if not fences:
        return out
    inside = lines[fences[0] + 1 : fences[1] if len(fences) > 1 else None]
    return replace(out, text="\n".join(inside), finish_reason="stop" if len(fences) > 1 else out.finish_reason)


def header(request: Code) -> str:
    """Return the prompt if it is Python that ends in a function with documentation and no body, else ""."""
    if request.language != "python":
        return ""
    text = request.prompt.rstrip() + "\n"
    tree = syntax_tree(text)
    last = tree.body[-1] if tree and tree.body else None
    bare = isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef) and len(last.body) == 1
    return text if bare and isinstance(last, ast.FunctionDef) and ast.get_docstring(last) is not None else ""


def definitions(code: str) -> str:
    """Return Python `code` up to the end of its last definition, or all of it if a definition needs what follows.

    Asked to complete a function, a model tends to add calls and assertions of its own, which may well be wrong.
    """
    tree = syntax_tree(code)
    ends = [place for place, node in enumerate(tree.body, 1) if isinstance(node, _DEFINITION)] if tree else []
    if tree is None or not ends:
        return code
    kept, rest = tree.body[: ends[-1]], tree.body[ends[-1] :]
    made = set().union(*map(_made, rest))
    if not rest or any(made & _free(node) for node in kept):
        return code
    return "\n".join(code.split("\n")[: kept[-1].end_lineno]) + "\n"


def _free(node: ast.stmt) -> set[str]:
    """Return the names that `node` uses and does not define."""
    inside = list(ast.walk(node))
    arguments = {one.arg for one in inside if isinstance(one, ast.arg)}
    outer = {name for one in inside if isinstance(one, ast.Global) for name in one.names}
    return {one.id for one in inside if isinstance(one, ast.Name)} - (_made(node) | arguments) | outer


def _made(node: ast.stmt) -> set[str]:
    """Return the names that `node` assigns or imports."""
    inside = list(ast.walk(node))
    imported = {(one.asname or one.name).partition(".")[0] for one in inside if isinstance(one, ast.alias)}
    return imported | {one.id for one in inside if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}


def refusal(request: Code, text: str) -> tuple[str | None, str]:
    """Return the text after `ERROR:` in the first lines of `text`, None if they do not begin so, and the remaining text.

    If the model repeats the same line, it counts once.
    """
    mark = rf"[ \t]*(?:{re.escape(words.COMMENTS[request.language])}[ \t]*)?{words.REFUSAL}[ \t]*(.*)"
    lines, reasons = text.split("\n"), []
    while lines and (match := re.fullmatch(mark, lines[0])):
        reasons.append(match[1].strip())
        lines.pop(0)
    return ("\n".join(dict.fromkeys(reasons)), "\n".join(lines)) if reasons else (None, text)


def has_code(request: Code, text: str) -> bool:
    """Return whether `text` has a line that is neither empty nor a comment."""
    lines = (line.strip() for line in text.splitlines())
    return any(line and not line.startswith(words.COMMENTS[request.language]) for line in lines)


def looks_like_code(text: str) -> bool:
    """Return whether at least half of the lines have a mark that prose lacks; for languages without a parser here."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and sum(bool(_CODE_MARKS.search(line)) for line in lines) * 2 >= len(lines)


def _generate(request: Code) -> str:
    task = tagged("task", request.prompt)
    return (words.COMPLETE if header(request) else words.GENERATE).format(language=request.language, task=task)


def _adjust(request: Code, *, edit: bool) -> str:
    earlier = request.said()[: len(request.said()) - len(request.feedback)]
    said = words.SAID.format(feedback=_listed("said", earlier)) if earlier else ""
    return words.ADJUST.format(
        language=request.language,
        task=tagged("task", request.prompt),
        said=said,
        code=tagged("code", request.code or ""),
        feedback=_listed("change", list(request.feedback)),
        wanted=words.EDIT if edit else words.WHOLE,
    )


def _listed(tag: str, texts: list[str]) -> str:
    return tagged(tag, "\n".join(f"- {text.strip()}" for text in texts))
