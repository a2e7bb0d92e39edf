"""score: whose wallet, on which chain, from which history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict

from app.document import Document
from app.errors import InputError
from app.request.base import BaseRequest
from app.wallet import readers
from app.wallet.history import History
from app.wallet.labels import Labels


class Answered(BaseRequest):
    """One survey question and its answer, both as the caller wrote them."""

    question: str
    answer: str


class Score(BaseRequest):
    """A wallet with its history and the address lists that hold for it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Literal["score"] = "score"
    wallet: str
    """In the letter case that is to be signed."""
    address_form: Literal["lower", "as_given"]
    history: History
    labels: Labels
    survey: tuple[Answered, ...] | None = None

    @property
    def needs_model(self) -> bool:
        """Return whether there is something to write about: a bare count has nothing."""
        return not self.history.only_counts

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON values, the history and the lists by their digests."""
        return {
            "kind": self.kind,
            "wallet": self.wallet,
            "address_form": self.address_form,
            "history": self.history.digest(),
            "labels": self.labels.digest(),
            "survey": None if self.survey is None else [[pair.question, pair.answer] for pair in self.survey],
        }


def score_of(document: Document) -> Score:
    """Return the score request in `document`, options already lifted. Raises `AppError` with the code of what is wrong."""
    if document.wallet is not None and document.address is not None:
        raise InputError("request.contradiction", "both wallet and address are given")
    wallet = document.wallet or document.address
    if wallet is None:
        raise InputError("wallet.missing", "the task is score, but there is no wallet")
    if document.history is None:
        raise InputError("history.missing", "there is no history of the wallet to score")
    history = readers.read(document.history, wallet, document.chain or 1)
    if history.account is not None and history.account.kind == "contract":
        raise InputError("wallet.contract", "the wallet is a contract account")
    form = document.address_form or "lower"
    survey = None if document.survey is None else tuple(Answered(**pair.model_dump()) for pair in document.survey)
    shown = wallet if form == "as_given" else wallet.lower()
    return Score(wallet=shown, address_form=form, history=history, labels=_labels(document.labels), survey=survey)


def _labels(own: Mapping[Literal["sanctioned", "mixer", "scam"], list[str]] | None) -> Labels:
    labels = Labels.packaged()
    for kind, addresses in sorted((own or {}).items()):
        labels = labels.with_file("\n".join(addresses).encode(), kind)
    return labels
