"""Merge parts into one history: remove duplicates, refuse contradictions, and sort everything."""

from __future__ import annotations

import time as clock
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any, TypeVar

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import History, HistoryFormat, Summary, Transaction, Transfer, Untold
from app.wallet.read import fields
from app.wallet.read.export import ExportFacts
from app.wallet.read.part import Part, Scope

T = TypeVar("T")
_MADE = 1_767_225_600  # 2026-01-01: a clock that shows an earlier time was never set
_AHEAD = 86_400  # seconds that this machine's clock may be behind the chain


def assemble(parts: list[Part], scope: Scope, told: ExportFacts) -> History:
    """Return the history that the parts make up. Raises `HistoryError`."""
    summary = _summary(parts)
    parts = _named(parts)
    source = _source(parts)
    transactions = _transactions(parts)
    transfers = _transfers(parts)
    accounts = [*(part.account for part in parts if part.account), *told.accounts]
    left_out = sum(part.left_out for part in parts)
    if left_out and not transactions and not transfers and summary is None:
        fields.invalid(f"none of the {left_out} rows is a transaction or a token transfer of the wallet's own")
    if transactions is None and transfers is None and summary is None:
        fields.invalid("no document lists or counts transactions")
    if summary and not (transactions is None and transfers is None):
        fields.invalid("a source that lists transactions and one that only counts them cannot be one history")
    records = [*(transactions or ()), *(transfers or ())]
    _check(records, scope, told)
    newest = max((record.time for record in records), default=summary.last_time if summary else None)
    _check_time(newest, told)
    return History(
        wallet=scope.wallet,
        chain_id=scope.chain_id,
        source=source,
        as_of_time=newest or 0 if told.as_of_time is None else told.as_of_time,
        as_of_block=max((record.block for record in records), default=None) if told.as_of_block is None else told.as_of_block,
        transactions=None if transactions is None else tuple(sorted(transactions, key=_order)),
        transfers=None if transfers is None else tuple(sorted(transfers, key=_order)),
        summary=summary,
        account=_same(accounts, "the account is told in two ways"),
        truncated=told.truncated or _is_truncated(parts),
        left_out=left_out,
        untold=frozenset[Untold]().union(*(part.untold for part in parts)),
    )


def _named(parts: list[Part]) -> list[Part]:
    """Return the parts, with each empty answer assigned to a list that no other document gives, transactions first.

    After full pages of transactions alone, an empty answer may also be the end of that list; then it tells nothing.
    """
    named = [part for part in parts if not part.is_empty]
    for empty in [part for part in parts if part.is_empty][:2]:  # a third one tells nothing that two do not
        lists = [part for part in named if part.transactions is not None]
        if not lists:
            named.append(replace(empty, transactions=[]))
        elif any(part.last for part in lists) and all(part.transfers is None for part in named):
            named.append(replace(empty, transfers=[]))
    return named


def _source(parts: list[Part]) -> HistoryFormat:
    sources = {part.source for part in parts if part.source}
    if len(sources) > 1:
        fields.invalid(f"documents of different sources cannot be one history: {' and '.join(sorted(sources))}")
    return sources.pop() if sources else "etherscan"


def _summary(parts: list[Part]) -> Summary | None:
    """Return the only count. Pages of events, which Bitquery gives, are added up."""
    found = [part.summary for part in parts if part.summary]
    if not all(part.source == "bitquery" for part in parts):
        return _same(found, "two documents count differently")
    times = [time for one in found for time in (one.first_time, one.last_time) if time is not None]
    total = sum(one.total for one in found)
    return Summary(total, first_time=min(times, default=None), last_time=max(times, default=None)) if found else None


def _same(found: list[T], trouble: str) -> T | None:
    if any(one != found[0] for one in found):
        raise HistoryError("history.contradictory", trouble)
    return found[0] if found else None


def _transactions(parts: Iterable[Part]) -> list[Transaction] | None:
    lists = [part.transactions for part in parts if part.transactions is not None]
    return _distinct((record.hash, record) for listed in lists for record in listed) if lists else None


def _transfers(parts: Iterable[Part]) -> list[Transfer] | None:
    """Return the transfers, without duplicates.

    Where logs have no number, two equal rows may be two transfers, or one row twice. They count as two if one document holds
    both, and as one if they stand in two documents, whose pages then overlap.
    """
    lists = [part.transfers for part in parts if part.transfers is not None]
    if not lists:
        return None
    numbered = ((key, record) for listed in lists for key, record in listed if key is not None)
    counted: Counter[Transfer] = Counter()
    for listed in lists:
        counted |= Counter(record for key, record in listed if key is None)
    return [*_distinct(numbered), *counted.elements()]


def _distinct(records: Iterable[tuple[Hashable, T]]) -> list[T]:
    seen: dict[Hashable, T] = {}
    for key, record in records:
        if seen.setdefault(key, record) != record:
            raise HistoryError("history.contradictory", "the same record appears twice with different content")
    return list(seen.values())


def _check(records: list[Transaction | Transfer], scope: Scope, told: ExportFacts) -> None:
    """Raise `HistoryError` for too many records, a record of another wallet, or times that go back from block to block."""
    if len(records) > LIMITS.history_records:
        fields.too_large()
    for record in records:
        if scope.wallet not in (record.sender, record.recipient, getattr(record, "created", None)):
            raise HistoryError("history.other_wallet", "a record is neither from nor to the wallet")
    moments = sorted({(record.block, record.time) for record in records})
    for (block, time), (next_block, next_time) in pairwise(moments):
        if block == next_block or next_time < time:
            raise HistoryError("history.contradictory", "the blocks of the records and their times do not agree")
    if moments and told.as_of_block is not None and moments[-1][0] > told.as_of_block:
        raise HistoryError("history.contradictory", "a record is newer than the moment of the export")


def _check_time(newest: int | None, told: ExportFacts) -> None:
    """Raise `HistoryError` for a record newer than the moment of the export, or for a time in the future.

    The machine's clock can only cause a refusal. No result depends on it otherwise, so a later run of the same request gives
    the same bytes. A clock that shows a time before this program was made is wrong, and is ignored.
    """
    if newest is not None and told.as_of_time is not None and newest > told.as_of_time:
        raise HistoryError("history.contradictory", "a record is newer than the moment of the export")
    now = clock.time()
    if now >= _MADE and max(newest or 0, told.as_of_time or 0) > now + _AHEAD:
        raise HistoryError("history.contradictory", "a time in the history lies ahead of this machine's clock")


def _is_truncated(parts: list[Part]) -> bool:
    """Return whether a kind of record lacks its first page, its last page, or one in between."""
    kinds = [
        [part for part in parts if part.transactions is not None],
        [part for part in parts if part.transfers is not None],
        [part for part in parts if part.summary is not None],
    ]
    return any(kind and not (any(part.first for part in kind) and any(part.last for part in kind)) for kind in kinds) or any(
        map(_lacks_a_page, kinds)
    )


def _lacks_a_page(kind: list[Part]) -> bool:
    numbers = {part.page for part in kind if part.page is not None}
    return bool(numbers) and max(numbers) - min(numbers) + 1 != len(numbers)


def _order(record: Transaction | Transfer) -> tuple[Any, ...]:
    place = (record.block, record.time, record.hash)
    if isinstance(record, Transaction):
        return place
    return (*place, record.token, record.sender, record.recipient, -1 if record.value is None else record.value)
