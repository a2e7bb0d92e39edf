"""Work through a bulk slice: one item after another, each within its share of time, with a signed result after each.

A result is assembled from the canonical JSON of its items, which is made once for each item. So signing a slice of 100 after
every item costs little more than signing it once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from app.base.deadline import Shares
from app.base.errors import AppError
from app.crypto.signing import Domain, Key
from app.formats import strict_json
from app.llm.answerer import Outside
from app.llm.models import Model
from app.request.sources.items import Items
from app.result.envelope import Sealed, engine_of, hash_bytes, hash_json, seal_parts
from app.result.report import Bulk, BulkItem, Draft, Report
from app.result.score_signatures import sign_item
from app.run import build_report
from app.run.work import Outcome, Work

_NO_RESULTS = b'"results":[]'  # no string in canonical JSON can contain it, and no other object has this name


def work_through(items: Items, work: Work, seconds: float, put: Callable[[int, Outcome], None]) -> None:
    """Work on every item and give each outcome to `put` with its place, counted from 0.

    An item that exceeds its share of `seconds` gets an error that says so. It is tried again with the time that is left in the
    end, and its outcome is then put once more. Raises as `Work.prepare` does.
    """
    shares = Shares(len(items), seconds)
    had: dict[int, float] = {}
    for at in range(len(items)):
        outcome = work.read(items, at)
        work.prepare(outcome)
        deadline = shares.next(len(items) - at)
        share = deadline.left
        outcome = work.do(outcome, deadline).settled()
        if outcome.is_cut_off:
            had[at] = share
        put(at, outcome)
    for done, at in enumerate(had):
        deadline = shares.again(len(had) - done)
        if deadline.left > had[at]:
            put(at, work.do(work.read(items, at), deadline).settled())


@dataclass(frozen=True, slots=True)
class _Made:
    """An item of the report with its canonical JSON."""

    item: BulkItem
    json: bytes
    parameters: bytes


class Slice:
    """The report of a slice, which grows item by item."""

    def __init__(self, draft: Draft, items: Items, key: Key, chain_id: int | None) -> None:
        """Begin with no item done: each has the error `incomplete`."""
        self._draft, self._key, self._chain_id = draft, key, chain_id
        self._request_hash = hash_json(draft.request.model_dump(mode="json"))
        self._made = [self._make(build_report.undone(items.dataset(at))) for at in range(len(items))]
        self._is_done = [False] * len(items)

    def put(self, at: int, outcome: Outcome) -> None:
        """Take the outcome of the item at place `at`. One that is too large for a result becomes an error."""
        try:
            self._made[at] = self._make(outcome)
        except MemoryError:
            lost = AppError("engine.failed", "there is not enough memory")
            self._made[at] = self._make(replace(outcome, error=lost, answer=None, mode=None, parameters=None))
        self._is_done[at] = True

    def sealed(self, model: Model | Outside | None) -> tuple[Sealed, AppError | None]:
        """Return the signed result so far, and the error for computed.json. That error needs all items to be done."""
        items = tuple(made.item for made in self._made)
        good = sum(item.success for item in items)
        bulk = Bulk(totalCount=len(items), successCount=good, errorCount=len(items) - good, results=items)
        made, error = build_report.finish_bulk(self._draft, bulk, model, is_done=all(self._is_done))
        report = Report.model_construct(**dict(made) | {"bulk": bulk})  # its scores are all signed
        bare = report.model_copy(update={"bulk": bulk.model_copy(update={"results": ()})})
        data = strict_json.dumps(bare.model_dump(mode="json"))
        parts = data.split(_NO_RESULTS)
        data = (b'"results":[' + b",".join(made.json for made in self._made) + b"]").join(parts)
        engine = strict_json.dumps(engine_of(report))
        used = b'{"engine":' + engine + b',"parameters":[' + b",".join(made.parameters for made in self._made) + b"]}"
        return seal_parts(report, data, self._request_hash, hash_bytes(used), self._key, self._chain_id), error

    def _make(self, outcome: Outcome) -> _Made:
        outcome = build_report.fitting(outcome)
        item = sign_item(build_report.bulk_item(outcome), self._key, Domain(chainId=self._chain_id))
        plain = item.model_dump(mode="json")
        return _Made(item, strict_json.dumps(plain), strict_json.dumps(plain["parameters"]))
