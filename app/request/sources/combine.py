"""Combine the pieces of all sources into one request: which words are the question, what is material, what is left aside.

Protected data is the data; args and secrets say what to do with it. So where two sources hold text, the one that reads like a
request is the prompt and the other is its material; two requests are a contradiction. Nothing is dropped in silence: everything
that a source holds is listed, with whether it was used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from app.base.errors import ContradictionError, HistoryError, InputError
from app.request.ask import is_email_address
from app.request.fields import OPTIONS
from app.request.questionnaire.prompt import has_words
from app.request.sources.held import Combined, Held
from app.request.sources.pieces import Piece
from app.wallet.read import any_source

# If several sources give one of these fields, the first source wins and the others are listed as left aside. Material and
# histories of several sources are joined. For all other fields, two sources that differ are a contradiction.
_YIELDS = (OPTIONS - {"system"}) | {"attempts", "callback", "model_name", "email", "as_of_block"}
_WORDS = ("prompt", "question", "original_prompt", "messages")  # fields that say in words what to do
_TASKS = ("questionnaire", "feedback", "feedback_prompt")  # fields that imply what to do without further words
_LONGEST_QUESTION = 600  # characters
_ASKING = re.compile(
    r"(?:please\W+\w|(?:who|whose|what|which|when|where|why|how|analy[sz]e|calculate|classify|compare|compute|convert|count|"
    r"create|describe|draft|explain|extract|find|generate|give|identify|implement|list|paraphrase|recommend|rewrite|suggest|"
    r"summari[sz]e|tell|translate|write)\s+\w)",
    re.IGNORECASE,
)


def combine(pieces: Sequence[Piece]) -> Combined:
    """Return the one request in `pieces`, which come in the order of the sources.

    Raises `ContradictionError` for two things that exclude each other, `InputError` input.missing if nothing says what to do
    with the material, and `HistoryError` history.invalid if a wallet is named and a file is not a history.
    """
    made = Combined()
    for piece in pieces:
        _merge(made, piece)
    if wallet := next((name for name in ("wallet", "address") if name in made.fields), None):
        pieces = [_beside_a_wallet(made, wallet, piece) for piece in pieces]
    if wallet or not _words_of(made, pieces):
        _histories(made, pieces)
        texts = [piece for piece in pieces if piece.text is not None and piece.history is None]
    else:
        texts = [piece for piece in pieces if piece.text is not None]
    _email(made, texts)
    if texts:
        _texts(made, texts)
    return made


def _merge(made: Combined, piece: Piece) -> None:
    for name, value in piece.fields.items():
        if name == "callback" and piece.origin.source != "secret":
            made.leave(name, piece.origin)  # the deal is the requester's, and is known before any file is read
        elif name not in made.fields or made.fields[name] == value:
            made.put(name, value, piece.origin)
        elif name == "material":
            made.put(name, [*_list(made.fields[name]), *_list(value)], piece.origin)
        elif name == "history":
            made.put(name, _documents([made.fields[name], value]), piece.origin)
        elif name in _YIELDS:
            made.leave(name, piece.origin)
        else:
            raise ContradictionError(f"{name} ({made.origins[name]})", f"{name} ({piece.origin})")
    if piece.has_unknown:
        made.leave("unknown", piece.origin)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _words_of(made: Combined, pieces: Iterable[Piece]) -> bool:
    """Return whether any source says in words what to do."""
    return any(name in made.fields for name in _WORDS) or any(piece.text and not piece.is_material for piece in pieces)


def _histories(made: Combined, pieces: Iterable[Piece]) -> None:
    """Take the histories of all sources, because explorers list transactions and tokens in separate documents."""
    found = [piece for piece in pieces if piece.history is not None]
    values = [made.fields["history"]] if "history" in made.fields else []
    history = _documents([*values, *(piece.history for piece in found)]) if found else None
    for piece in found:
        made.put("history", history, piece.origin)


def _documents(values: list[Any]) -> Any:
    """Return one history made of several. Raises `InputError` if a whole export, which must stand alone, is among them."""
    if len(values) == 1:
        return values[0]
    documents: list[Any] = []
    for value in values:
        if isinstance(value, dict) and value.keys() == {"documents"}:
            documents += value["documents"]
        elif isinstance(value, dict) and "documents" in value:
            raise InputError("request.contradiction", "an export with documents is a whole history, but there is another")
        else:
            documents += value if isinstance(value, list) and not any_source.is_rows(value) else [value]
    return documents


def _email(made: Combined, texts: Iterable[Piece]) -> None:
    """Leave `email` aside where anything else says what to do, because an address never does."""
    email = made.fields.get("email")
    others = made.fields.keys() & {*_WORDS, "questionnaire", "wallet", "address", "history", "language", "code", "session"}
    if isinstance(email, str) and (others or any(not piece.is_material for piece in texts) or is_email_address(email)):
        made.drop("email")
        if not (others or texts):
            raise InputError("input.missing", "there is only an e-mail address, which is not a prompt")


def _texts(made: Combined, texts: list[Piece]) -> None:
    """Find the text among `texts` that says what to do; the others become material."""
    asking = [piece for piece in texts if not piece.is_material and is_asking(piece.text or "")]
    said = _said(made)
    asking = list({piece.text: piece for piece in asking if said is None or piece.text != made.fields[said]}.values())
    if said and asking:
        raise ContradictionError(f"{said} ({made.origins[said]})", f"a question ({asking[0].origin})")
    if len(asking) > 1:
        raise ContradictionError(*(f"a question ({piece.origin})" for piece in asking[:2]))
    question = asking[0] if asking else None if said else _question(texts)
    if question is None and not said and made.fields.keys().isdisjoint(_TASKS):
        raise _nothing_asked(texts)
    if question is not None:
        made.fields["prompt"], made.origins["prompt"] = question.text, question.origin
    words = made.fields[said] if said else question and question.text
    for piece in texts:
        if piece.text == words:
            made.held.append(Held(piece.origin, "prompt"))
        else:
            made.put("material", [*_list(made.fields.get("material", [])), piece.text], piece.origin)


def _said(made: Combined) -> str | None:
    """Return the field that says what to do, None if there is none. A form without its author's words does not count."""
    if "questionnaire" in made.fields and has_words(made.fields["questionnaire"]):
        return "questionnaire"
    return next((name for name in (*_WORDS, "email") if name in made.fields), None)


def _question(texts: Sequence[Piece]) -> Piece | None:
    """Return the text that becomes the prompt if none reads like a question: the one whose giver may say what to do wins."""
    words = [piece for piece in texts if not piece.is_material]
    for source in ("args", "secret"):
        if found := [piece for piece in words if piece.origin.source == source]:
            return found[0]
    if len(words) == 1 and (len(texts) == 1 or _is_short(words[0].text or "")):
        return words[0]
    short = [piece for piece in words if _is_short(piece.text or "")]
    return short[0] if len(short) == 1 else None


def is_asking(text: str) -> bool:
    """Return whether `text` reads like a request: a short paragraph that ends in a question mark or begins like an order.

    This is a guess, based on English words and on question marks. It decides only where several sources hold text.
    """
    return _is_short(text) and (
        text.rstrip()[-1:] in ("?", "\uff1f", "\u061f", "\u037e") or bool(_ASKING.match(text.lstrip(" \"'*-\n\t")))
    )


def _is_short(text: str) -> bool:
    return 0 < len(text.strip()) <= _LONGEST_QUESTION and len(text.strip().splitlines()) <= 3


def _beside_a_wallet(made: Combined, wallet: str, piece: Piece) -> Piece:
    """Return the piece with its text as the history of the wallet. Raises an error if the text is not a history."""
    if piece.text is None or piece.history is not None:
        return piece
    if piece.origin.source in ("secret", "args") and not piece.is_material:
        raise ContradictionError(f"{wallet} ({made.origins[wallet]})", f"words ({piece.origin})", "a score takes no question")
    try:
        value = any_source.from_text(piece.text, wallet=True) if piece.value is None else piece.value
    except HistoryError as err:
        err.message = f"{piece.origin}: {err.message}"
        raise
    if value is None or not (piece.value is None or any_source.looks_like(value, wallet=True)):
        note = f" ({piece.note})" if piece.note else ""
        raise HistoryError("history.invalid", f"{piece.origin} is not a wallet's history{note}")
    return replace(piece, history=value)


def _nothing_asked(texts: Sequence[Piece]) -> InputError:
    places = " and ".join(dict.fromkeys(str(piece.origin) for piece in texts))
    notes = [piece.note for piece in texts if piece.note]
    what = f" ({notes[0]})" if notes else ""
    return InputError("input.missing", f"there is material in {places}{what}, and nothing says what to do with it")
