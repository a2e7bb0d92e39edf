"""The job score: whose wallet, on which chain, from which history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict

from app.base.errors import ContradictionError, HistoryError, InputError
from app.request.base import BaseRequest
from app.request.fields import Document
from app.request.given import Given
from app.wallet.fetch.source import Place
from app.wallet.history import History
from app.wallet.labels.lists import Labels
from app.wallet.read import any_source

FIELDS = ("wallet", "address", "address_form", "chain", "history", "source", "hosts", "as_of_block", "survey", "labels")


class Answered(BaseRequest):
    """A survey question and its answer, both as the caller wrote them."""

    question: str
    answer: str


class Score(BaseRequest):
    """A wallet with its history and the address lists that apply to it."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    kind: Literal["score"] = "score"
    wallet: str
    """The address in the letter case in which it is signed."""
    address_form: Literal["lower", "as_given"]
    chain_id: int
    history: History | None
    """None if it must be fetched from `live`."""
    live: Place | None
    labels: Labels
    survey: tuple[Answered, ...] | None = None
    given: Given = Given()
    """Who gave history and lists. It is not part of the question, and so not of any commitment."""

    @property
    def needs_model(self) -> bool:
        """Return whether there is something to write about; a bare count of transactions gives nothing."""
        return self.history is None or not self.history.only_counts

    def plain(self) -> dict[str, Any]:
        """Return the request as JSON values: history and lists by their digests, without the url and the key of a source."""
        return {
            "kind": self.kind,
            "wallet": self.wallet,
            "address_form": self.address_form,
            "chain_id": self.chain_id,
            "history": None if self.history is None else self.history.digest(),
            "live": None if self.live is None else [self.live.kind, *self.live.hosts, self.live.as_of_block],
            "labels": self.labels.digest(),
            "survey": None if self.survey is None else [[pair.question, pair.answer] for pair in self.survey],
        }


_NOBODY_KNOWS = Given()


def score_of(document: Document, given: Given = _NOBODY_KNOWS) -> Score:
    """Return the score request in `document`, whose options are already lifted.

    Raises `AppError` with a code that says what is wrong.
    """
    if document.wallet is not None and document.address is not None:
        raise ContradictionError("wallet", "address")
    if document.material is not None:
        raise ContradictionError("wallet", "material", "a score is about the history alone")
    wallet = document.wallet or document.address
    if wallet is None:
        raise InputError("wallet.missing", "the task is score, but there is no wallet")
    if document.history is not None and document.source is not None:
        raise ContradictionError("history", "source", "a history is either given or fetched")
    if document.history is None and document.source is None:
        raise InputError("history.missing", "there is no history of the wallet to score")
    chain_id = document.chain or 1
    history = None if document.history is None else read_history(document.history, wallet, chain_id)
    form = document.address_form or "lower"
    survey = None if document.survey is None else tuple(Answered(**pair.model_dump()) for pair in document.survey)
    shown = wallet if form == "as_given" else wallet.lower()
    return Score(
        wallet=shown,
        address_form=form,
        chain_id=chain_id,
        history=history,
        live=_live(document),
        labels=_labels(document.labels),
        survey=survey,
        given=given,
    )


def read_history(value: Any, wallet: str, chain_id: int) -> History:
    """Return the history that a decoded JSON value holds of an account that can be scored.

    Raises `HistoryError`; `InputError` wallet.contract if the account is known to be a contract.
    """
    history = any_source.read_documents(value, wallet, chain_id)
    if history.account is not None and history.account.kind == "contract":
        raise InputError("wallet.contract", "the wallet is a contract account")
    return history


def _live(document: Document) -> Place | None:
    source = document.source
    if source is None:
        return None
    if document.as_of_block is not None and source.kind != "rpc":
        raise HistoryError("history.invalid", "as_of_block needs a node as the source")
    hosts = tuple(document.hosts or ())
    return Place(kind=source.kind, url=source.url, key=source.key, hosts=hosts, as_of_block=document.as_of_block)


def _labels(own: Mapping[Literal["sanctioned", "mixer", "scam"], list[str]] | None) -> Labels:
    labels = Labels.packaged()
    for kind, addresses in sorted((own or {}).items()):
        labels = labels.with_file("\n".join(addresses).encode(), kind)
    return labels
