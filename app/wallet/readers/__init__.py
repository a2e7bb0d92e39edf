"""From what explorers, nodes and aggregators answer to one `History`.

A value is one document, a list of documents, or an export:
    {"documents": [...], "chain_id": n, "as_of_block": n, "as_of_time": n, "truncated": b,
     "account": {"balance": n, "nonce": n, "code": "0x.."}}
of which only `documents` must be there. Numbers are JSON integers, decimal texts or 0x hex; times may be ISO 8601.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from app.errors import HistoryError
from app.limits import LIMITS
from app.wallet.history import Account, History
from app.wallet.readers import alchemy, blockscout, counts, etherscan, fields, rpc
from app.wallet.readers.assemble import Provenance, assemble
from app.wallet.readers.part import Part, Scope

_DELEGATION = re.compile("0xef0100[0-9a-f]{40}")  # EIP-7702
_EXPORT = frozenset({"documents", "chain_id", "as_of_block", "as_of_time", "truncated", "account"})
_DOCUMENTS: tuple[tuple[Callable[[Any], bool], Callable[[dict[str, Any], Scope], Part]], ...] = (
    (etherscan.is_answer, etherscan.answer),
    (etherscan.is_recorded, etherscan.recorded),
    (blockscout.is_page, blockscout.page),
    (blockscout.is_account, blockscout.account),
    (rpc.is_page, rpc.page),
    (rpc.is_logs, lambda document, _: rpc.logs(document)),
    (alchemy.is_answer, lambda document, _: alchemy.answer(document)),
    (counts.is_aggregate, counts.aggregate),
    (counts.is_events, lambda document, _: counts.events(document)),
    (counts.is_count, counts.count),
)


def read(value: Any, wallet: str, chain_id: int) -> History:
    """Return the history of `wallet` on chain `chain_id` that a decoded JSON value tells, sorted and without duplicates.

    Checked: that every record is the wallet's, that blocks and times agree, that nothing is told in two ways. Not
    checked: that any of it is true, nor which chain it is of where the documents do not say.
    Raises `HistoryError` history.refused_by_source if a document is an error, which is never an empty history;
    history.invalid, .contradictory, .mixed_chains, .other_wallet, .too_large; `InputError` wallet.invalid.
    """
    if not isinstance(wallet, str) or not re.fullmatch("0x[0-9a-fA-F]{40}", wallet):
        raise HistoryError("wallet.invalid", "the wallet is not 0x and 40 hex digits")
    scope = Scope(wallet.lower(), chain_id)
    told = Provenance()
    if isinstance(value, dict) and "documents" in value:
        told = _provenance(value, chain_id)
        value = value["documents"]
        if not isinstance(value, list):
            fields.invalid("documents is not a list")
    documents = value if isinstance(value, list) and not is_rows(value) else [value]
    if len(documents) > LIMITS.history_records:
        fields.too_large()
    return assemble([_part(document, scope) for document in documents], scope, told)


SOURCES = "Etherscan, Blockscout"


def from_text(text: str) -> Any | None:  # noqa: ARG001
    """Return None."""
    return None


def looks_like(value: Any) -> bool:
    """Return whether `value` is meant to be a history, an explorer's error included; that it can be read is not checked."""
    if isinstance(value, list):
        return is_rows(value) or (bool(value) and (_is_document(value[0]) or is_rows(value[0])))
    return _is_document(value) or (isinstance(value, dict) and "documents" in value)


def is_rows(value: Any) -> bool:
    """Return whether `value` is one document that is a list: rows of Etherscan, or logs of a node."""
    return isinstance(value, list) and bool(value) and (etherscan.is_row(value[0]) or rpc.is_log(value[0]))


def _is_document(value: Any) -> bool:
    inner = _inner(value)
    if _is_error(value) or (isinstance(value, dict) and ("jsonrpc" in value or {"status", "message"} <= value.keys())):
        return True
    return is_rows(inner) or any(fits(inner) for fits, _ in _DOCUMENTS)


def _is_error(value: Any) -> bool:
    return isinstance(value, dict) and bool(value.get("error") or value.get("errors"))


def _inner(value: Any) -> Any:
    """Return the result of a JSON-RPC answer, anything else as it is."""
    return value["result"] if isinstance(value, dict) and "result" in value and not etherscan.is_answer(value) else value


def _part(document: Any, scope: Scope) -> Part:
    if document is None or isinstance(document, str) or _is_error(document):
        raise HistoryError("history.refused_by_source", "the source answered with an error")
    inner = _inner(document)
    if is_rows(inner):
        return rpc.logs({"logs": inner}) if rpc.is_log(inner[0]) else etherscan.listed(inner, scope)
    for fits, part in _DOCUMENTS:
        if fits(inner):
            return part(inner, scope)
    if inner is None or isinstance(inner, str) or (isinstance(inner, dict) and "message" in inner):
        raise HistoryError("history.refused_by_source", "the source answered with an error")
    raise HistoryError("history.invalid", "a document is of no known kind")


def _provenance(export: dict[str, Any], chain_id: int) -> Provenance:
    if export.keys() - _EXPORT:
        fields.invalid("an export has an unknown field")
    told = fields.whole(export.get("chain_id"), "chain_id", optional=True)
    if told not in (None, chain_id):
        raise HistoryError("history.mixed_chains", "the export is of another chain")
    if not isinstance(export.get("truncated", False), bool):
        fields.invalid("truncated is neither true nor false")
    block, time, account = (export.get(name) for name in ("as_of_block", "as_of_time", "account"))
    return Provenance(
        as_of_block=None if block is None else fields.block(block),
        as_of_time=None if time is None else fields.time(time),
        account=None if account is None else _account(fields.record(account, "the account")),
        truncated=export.get("truncated", False),
    )


def _account(told: dict[str, Any]) -> Account:
    balance, nonce = fields.whole(told.get("balance"), "the balance"), fields.whole(told.get("nonce"), "the nonce", 2**64 - 1)
    return Account(_kind(told.get("code")), balance, nonce)


def _kind(code: Any) -> Literal["owned", "delegated", "contract"]:
    if not isinstance(code, str) or not re.fullmatch("0x([0-9a-fA-F]{2})*+", code):
        fields.invalid("the code of the account is not hex")
    if code == "0x":
        return "owned"
    return "delegated" if _DELEGATION.fullmatch(code.lower()) else "contract"
