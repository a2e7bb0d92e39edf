"""Read the envelope around documents: its statements about all of them. Several exports become one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from app.base.errors import HistoryError
from app.wallet.history import Account
from app.wallet.read import fields
from app.wallet.read.documents import is_rows

_DELEGATION = re.compile("0xef0100[0-9a-f]{40}")  # EIP-7702
_FIELDS = frozenset({"documents", "chain_id", "as_of_block", "as_of_time", "truncated", "account"})


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """The statements of an export about itself."""

    as_of_block: int | None = None
    as_of_time: int | None = None
    accounts: tuple[Account, ...] = ()
    truncated: bool = False


def is_export(value: Any) -> bool:
    """Return whether `value` is an export: an object with a list of documents, and with no field that exports lack."""
    return isinstance(value, dict) and isinstance(value.get("documents"), list) and value.keys() <= _FIELDS


def opened(value: Any, chain_id: int) -> tuple[list[Any], ExportFacts]:
    """Return all documents in `value`, also those of exports in a list of documents, and the statements of the exports.

    Raises `HistoryError` history.invalid, .mixed_chains, and .contradictory if two exports are as of different moments.
    """
    given = value if isinstance(value, list) and not is_rows(value) else [value]
    found: list[Any] = []
    told: list[ExportFacts] = []
    for one in given:
        if isinstance(one, dict) and "documents" in one:
            told.append(_told(one, chain_id))
            found += one["documents"] if not is_rows(one["documents"]) else [one["documents"]]
        else:
            found.append(one)
    return found, ExportFacts(
        as_of_block=_one({one.as_of_block for one in told}),
        as_of_time=_one({one.as_of_time for one in told}),
        accounts=tuple(account for one in told for account in one.accounts),
        truncated=any(one.truncated for one in told),
    )


def _one(values: set[int | None]) -> int | None:
    values -= {None}
    if len(values) > 1:
        raise HistoryError("history.contradictory", "two exports are as of different moments")
    return values.pop() if values else None


def _told(export: dict[str, Any], chain_id: int) -> ExportFacts:
    if not isinstance(export["documents"], list):
        fields.invalid("documents is not a list")
    if export.keys() - _FIELDS:
        fields.invalid("an export has an unknown field")
    told = fields.whole(export.get("chain_id"), "chain_id", optional=True)
    if told not in (None, chain_id):
        raise HistoryError("history.mixed_chains", "the export is of another chain")
    if not isinstance(export.get("truncated", False), bool):
        fields.invalid("truncated is neither true nor false")
    block, time, account = (export.get(name) for name in ("as_of_block", "as_of_time", "account"))
    return ExportFacts(
        as_of_block=None if block is None else fields.block(block),
        as_of_time=None if time is None else fields.time(time),
        accounts=() if account is None else (_account(fields.record(account, "the account")),),
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
