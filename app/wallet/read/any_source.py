"""From what explorers, nodes and aggregators answer to one `History`.

A value is one document, a list of documents, a list of rows, or an export:
    {"documents": [...], "chain_id": n, "as_of_block": n, "as_of_time": n, "truncated": b,
     "account": {"balance": n, "nonce": n, "code": "0x.."}}
of which only `documents` must be there; a list may hold exports too. Numbers are JSON integers, decimal texts or 0x hex;
times may be ISO 8601. `SOURCES` says in one line what is read. A row that is not understood is an error, and so are rows
of which not one is a record of the wallet: nothing foreign is ever an empty history.

For whoever sorts inputs:
    from_text(text)                  what `read` takes, if the text is a CSV export or NDJSON
    looks_like(value)                whether a decoded JSON value is a history by the evidence of its rows
    looks_like(value, wallet=True)   whether it may be one, given that a wallet is named beside it; so for from_text
No request of ours looks like a history, though an export, an aggregator and a page share field names with one (as_of_block,
wallet, address). Histories of several inputs are joined by putting them into one list, lists that are no rows (`is_rows`)
being joined item by item.
"""

from __future__ import annotations

import functools
from itertools import islice
from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import History
from app.wallet.history_sources import SOURCES
from app.wallet.read import documents, export, fields, text
from app.wallet.read.documents import is_rows
from app.wallet.read.export import is_export
from app.wallet.read.merge import assemble
from app.wallet.read.part import Part, Scope

__all__ = ["SOURCES", "from_text", "is_export", "is_rows", "looks_like", "read"]


def read(value: Any, wallet: str, chain_id: int) -> History:
    """Return the history of `wallet` on chain `chain_id` that a decoded JSON value tells, sorted and without duplicates.

    Checked: that every record is the wallet's, that blocks and times agree, that nothing is told in two ways. Not
    checked: that any of it is true, nor which chain it is of where the documents do not say.
    Raises `HistoryError` history.refused_by_source if a document is an error, which is never an empty history;
    history.invalid, .contradictory, .mixed_chains, .other_wallet, .too_large; `InputError` wallet.invalid.
    """
    if not isinstance(wallet, str) or not fields.is_address(wallet):
        raise HistoryError("wallet.invalid", "the wallet is not 0x and 40 hex digits")
    scope = Scope(wallet.lower(), chain_id)
    found, told = export.opened(value, chain_id)
    found = [one for given in found for one in _texts(given)]
    if len(found) > LIMITS.history_records:
        fields.too_large()
    return assemble(_parts(found, scope), scope, told)


def _texts(value: Any) -> list[Any]:
    """Return the documents of a text among the documents; anything else as it is."""
    found = from_text(value, wallet=True) if isinstance(value, str) else None
    if found is None:
        return [value]
    return found if isinstance(found, list) and not is_rows(found) else [found]


def _parts(found: list[Any], scope: Scope) -> list[Part]:
    """Return the parts of all documents; an error says which one it was, if there are several."""
    if len(found) == 1:
        return documents.parts(found[0], scope)
    return [part for made in fields.each(found, lambda one: documents.parts(one, scope), "document") for part in made]


def looks_like(value: Any, *, wallet: bool = False) -> bool:
    """Return whether `value` is a history by the evidence of a row or of an explorer's exact error; not that it can be read.

    `wallet`: a wallet is named beside it. Then empty answers, errors and bare counts are evidence too, and formats that
    are recognised and not read, as their error should be seen.
    """
    if is_export(value):
        return any(looks_like(one, wallet=wallet) for one in value["documents"])
    if isinstance(value, list) and not is_rows(value):
        return any(looks_like(one, wallet=wallet) for one in islice(value, documents.LOOKED_AT) if _is_one(one))
    return documents.is_history(value, wallet=wallet)


def _is_one(value: Any) -> bool:
    """Return whether `value` can be a document of a list: a list in it is rows, or nothing."""
    return not isinstance(value, list) or is_rows(value)


def from_text(given: str, *, wallet: bool = False) -> Any | None:
    """Return what `read` takes of an explorer's CSV export or of NDJSON; None if the text is neither, as JSON is not.

    `wallet`: a wallet is named beside it. Then a CSV of transactions from elsewhere is returned too, for `read` to refuse.
    Raises `HistoryError` history.invalid if a later line than the first is broken, .too_large if there are too many.
    """
    return text.parsed(given, documents.is_row, functools.partial(looks_like, wallet=wallet), wallet=wallet)
