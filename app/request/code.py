"""The job code: what to write or change, in which language, and which tests it must pass."""

from __future__ import annotations

from typing import Any, Literal

from app.base.errors import ContradictionError, InputError
from app.base.limits import LIMITS
from app.formats import strict_json
from app.request.base import BaseRequest
from app.request.code_session import ProgramTest, Session
from app.request.fields import Document
from app.request.languages import Language, language_of
from app.request.material import TAG, tagged

# Our name of a field, and the name that an earlier code app had for it.
EARLIER = {"prompt": "original_prompt", "code": "reference_code", "feedback": "feedback_prompt"}
FIELDS = ("language", "code", "feedback", "tests", "attempts", "session", *EARLIER.values(), "model_name")


class Code(BaseRequest):
    """A code task for the model, with everything that was said about it so far."""

    kind: Literal["code"] = "code"
    language: Language
    prompt: str
    """The task, followed by its material between tags."""
    asked: str
    """The task alone. An example in it is a test; one in the material is not, since the verdict would repeat it word for
    word."""
    session: Session | None = None
    """The turns so far; null if the caller does not ask for a session."""
    code: str | None = None
    """The code to change: the caller's, or that of the last turn."""
    feedback: tuple[str, ...] = ()
    """What to change about the code in this turn."""
    tests: tuple[str | ProgramTest, ...] = ()
    """The caller's tests; where the caller gives none, those of the session."""
    attempts: int | None = None
    max_tokens: int | None = None
    temperature_milli: int = 0
    seed: int = 0

    def said(self) -> list[str]:
        """Return all feedback so far, oldest first."""
        earlier = [text for turn in (self.session.turns if self.session else []) for text in turn.feedback]
        return [*earlier, *self.feedback]


def code_of(document: Document) -> Code:
    """Return the code task in `document`, whose options are already lifted.

    Raises `InputError` with a code that says what is wrong.
    """
    if document.system is not None:
        raise ContradictionError("system", "a code task", "its system prompt is fixed")
    session = document.session if isinstance(document.session, Session) else None
    prompt = _one(document, "prompt") or _other(document, "question") or (session and session.prompt)
    if not prompt:
        raise InputError("code.incomplete", "there is no prompt that says what the code is for")
    asked, prompt = prompt, "\n\n".join([prompt, *(tagged(TAG, text) for text in document.material or () if text.strip())])
    language = _language(document.language, session)
    feedback = _one(document, "feedback") or []
    feedback = [feedback] if isinstance(feedback, str) else feedback
    code = _one(document, "code")
    if code is None and session and session.turns:
        code = session.turns[-1].code
    if (code is None) != (not feedback):
        raise InputError("code.incomplete", f"there is {'feedback' if feedback else 'code'}, but an adjustment needs both")
    if session is None and document.session == "new":
        session = Session(language=language, prompt=prompt, turns=[])
    request = Code(
        language=language,
        prompt=prompt,
        asked=asked,
        session=session,
        code=code,
        feedback=tuple(feedback),
        tests=tuple(session.tests if session and document.tests is None else document.tests or ()),
        attempts=document.attempts,
        max_tokens=document.max_tokens,
        temperature_milli=int((document.temperature or 0) * 1000),
        seed=document.seed or 0,
    )
    _check(request)
    return request


def _one(document: Document, name: str) -> Any:
    """Return the value of the field `name`, given under this name or its earlier one."""
    earlier = EARLIER[name]
    if getattr(document, name) is not None and getattr(document, earlier) is not None:
        raise ContradictionError(name, earlier)
    found = getattr(document, name) if getattr(document, name) is not None else getattr(document, earlier)
    if isinstance(found, str) and not found.strip():
        raise InputError("input.empty", f"the {name} is empty")
    return found


def _other(document: Document, name: str) -> str | None:
    text: str | None = getattr(document, name)
    return text if text and text.strip() else None


def _language(given: str | None, session: Session | None) -> Language:
    if given is None:
        if session is None:
            raise InputError("code.incomplete", "there is no language")
        return session.language
    known = language_of(given)
    if known is None:
        raise InputError("language.unknown", "the language is not one of the eight known ones")
    if session and session.language != known:
        raise InputError("request.contradiction", "the language is not that of the session")
    return known


def _check(request: Code) -> None:
    """Raise `InputError` if a part is too long or empty."""
    sizes = [(text, LIMITS.task_bytes) for text in (request.prompt, *request.said())]
    sizes += [(text, LIMITS.snippet_bytes) for text in (request.code or "",)]
    for test in request.tests:
        pair = (test.input, test.output) if isinstance(test, ProgramTest) else ()
        sizes += [(text, LIMITS.test_input_bytes) for text in pair]
        sizes += [(test, LIMITS.snippet_bytes)] if isinstance(test, str) else []
    for text, limit in sizes:
        if len(text.encode()) > limit:
            raise InputError("code.too_long", f"a part of the code task is longer than {limit} bytes")
    if not all(text.strip() for text in request.feedback):
        raise InputError("input.empty", "a feedback is empty")
    if request.session:
        size = len(strict_json.dumps(request.session.model_dump(mode="json")))
        if size > LIMITS.item_bytes:
            raise InputError(
                "answer.too_large", f"the session has {size} bytes, an item of a result at most {LIMITS.item_bytes}"
            )
    if request.session and len(request.session.turns) >= LIMITS.turns:
        raise InputError("code.too_long", f"the session has {LIMITS.turns} turns already")
    if request.tests and request.language != "python":
        raise InputError("request.unsupported", f"tests run for python only, not for {request.language}")
