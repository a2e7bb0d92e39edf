"""Read the answers of explorers, nodes and aggregators into one `History`.

A value is one document, a list of documents, a list of rows, or an export:
    {"documents": [...], "chain_id": n, "as_of_block": n, "as_of_time": n, "truncated": b,
     "account": {"balance": n, "nonce": n, "code": "0x.."}}
Only `documents` is required; a list may hold exports too. Numbers are JSON integers, decimal texts or 0x hex;
times may be ISO 8601. `SOURCES` lists on one line which answers are read. A row that is not understood is an error, and so
are rows none of which is a record of the wallet: foreign data is never taken for an empty history.

For code that sorts inputs:
    from_text(text)                  the value that `read_documents` accepts, if the text is a CSV export or NDJSON
    looks_like(value)                whether the rows of a decoded JSON value show that it is a history
    looks_like(value, wallet=True)   whether it may be one, given that a wallet is named beside it; so for from_text
No request of ours looks like a history, though an export, an aggregator's answer and a page share field names with one
(as_of_block, wallet, address). To join histories of several inputs, put them into one list; a list that is not rows
(`is_rows`) is joined item by item.
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

__all__ = ["SOURCES", "from_text", "is_export", "is_rows", "looks_like", "read_documents"]


def read_documents(value: Any, wallet: str, chain_id: int) -> History:
    """Return the history of `wallet` on chain `chain_id` in a decoded JSON value, sorted and without duplicates.

    Checked: every record is the wallet's, blocks and times agree, and no two records contradict each other. Not checked:
    whether any of it is true, and which chain it is of if the documents do not say. Raises `HistoryError`
    history.refused_by_source if a document is an error, which is never taken for an empty history; also history.invalid,
    .contradictory, .mixed_chains, .other_wallet, .too_large. Raises `InputError` wallet.invalid.
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
    """Return the documents in a text that stands among the documents; return any other value unchanged."""
    found = from_text(value, wallet=True) if isinstance(value, str) else None
    if found is None:
        return [value]
    return found if isinstance(found, list) and not is_rows(found) else [found]


def _parts(found: list[Any], scope: Scope) -> list[Part]:
    """Return the parts of all documents. If there are several, an error says which document it is about."""
    if len(found) == 1:
        return documents.parts(found[0], scope)
    return [part for made in fields.each(found, lambda one: documents.parts(one, scope), "document") for part in made]


def looks_like(value: Any, *, wallet: bool = False) -> bool:
    """Return whether `value` shows by a row, or by an explorer's exact error, that it is a history; it may still be unreadable.

    Set `wallet` if a wallet is named beside it. Then empty answers, errors and bare counts are evidence too, and so are known
    but unsupported formats, because `read_documents` reports what is wrong with them.
    """
    if is_export(value):
        return any(looks_like(one, wallet=wallet) for one in value["documents"])
    if isinstance(value, list) and not is_rows(value):
        return any(looks_like(one, wallet=wallet) for one in islice(value, documents.LOOKED_AT) if _is_one(one))
    return documents.is_history(value, wallet=wallet)


def _is_one(value: Any) -> bool:
    """Return whether `value` can be a document in a list: a list inside it must hold rows, or nothing."""
    return not isinstance(value, list) or is_rows(value)


def from_text(given: str, *, wallet: bool = False) -> Any | None:
    """Return the value that `read_documents` accepts for an explorer's CSV export or for NDJSON; None if the text is neither.

    JSON is neither. Set `wallet` if a wallet is named beside the text. Then a CSV of transactions from elsewhere is returned
    too, for `read_documents` to refuse it. Raises `HistoryError` history.invalid if a line after the first is broken, and
    .too_large if there are too many lines.
    """
    return text.parsed(given, documents.is_row, functools.partial(looks_like, wallet=wallet), wallet=wallet)
