"""Blockscout's REST API v2: pages of `/addresses/{a}/transactions` and `/token-transfers`, and `/addresses/{a}` itself.

Format: Blockscout's OpenAPI description; older releases write `block`, `tx_hash` and `token.address`.
"""

from __future__ import annotations

from typing import Any

from app.errors import HistoryError
from app.limits import LIMITS
from app.wallet.history import Account, Transaction, Transfer
from app.wallet.readers import fields
from app.wallet.readers.part import Part, Scope, settled

_PAGE = 50  # rows of a page
_STATUS = {"ok": True, "error": False, None: None}


def is_page(value: Any) -> bool:
    """Return whether `value` is shaped like one page."""
    return isinstance(value, dict) and "items" in value


def is_account(value: Any) -> bool:
    """Return whether `value` is shaped like the description of an address."""
    return isinstance(value, dict) and {"hash", "coin_balance", "is_contract"} <= value.keys()


def page(document: dict[str, Any], scope: Scope) -> Part:
    """Return what a page says; it is the last one if `next_page_params` is null. Pending transactions are left out."""
    items = fields.rows(document["items"], "the items of a page")
    more = document.get("next_page_params", len(items) >= _PAGE or None)
    if not items:
        return Part("blockscout", is_empty=True, last=more is None)
    is_token = [isinstance(item.get("token"), dict) for item in items]
    if not any(is_token):
        mined = [item for item in items if _block(item) is not None]
        return Part("blockscout", transactions=[_transaction(item, scope) for item in mined], last=more is None)
    if not all(is_token):
        fields.invalid("a page mixes transactions and token transfers")
    return Part("blockscout", transfers=[_transfer(item) for item in items], last=more is None)


def account(document: dict[str, Any], scope: Scope) -> Part:
    """Return what the description of the wallet's address says: its balance and whether it has code."""
    if fields.address(document["hash"], "an address") != scope.wallet:
        raise HistoryError("history.other_wallet", "the description is of another address")
    if not isinstance(document["is_contract"], bool):
        fields.invalid("is_contract is neither true nor false")
    balance = fields.whole(document["coin_balance"], "a balance", optional=True)  # null: never seen on this chain
    if not document["is_contract"]:
        return Part("blockscout", account=Account("owned", balance or 0, None))
    is_delegated = document.get("proxy_type") == "eip7702"
    return Part("blockscout", account=Account("delegated" if is_delegated else "contract", balance or 0, None))


def _block(item: dict[str, Any]) -> Any:
    return item.get("block_number", item.get("block"))


def _address(value: Any, what: str) -> str:
    return fields.address(fields.record(value, what).get("hash"), what)


def _transaction(item: dict[str, Any], scope: Scope) -> Transaction:
    status = item.get("status")
    if not isinstance(status, str | None) or status not in _STATUS:
        fields.invalid("the status of a transaction is neither ok nor error")
    recipient, created = item.get("to"), item.get("created_contract")
    raw = Transaction(
        hash=fields.tx_hash(item.get("hash")),
        block=fields.block(_block(item)),
        time=fields.time(item.get("timestamp")),
        sender=_address(item.get("from"), "a sender"),
        recipient=None if recipient is None else _address(recipient, "a recipient"),
        value=fields.whole(item.get("value"), "a value"),
        gas_used=fields.whole(item.get("gas_used"), "used gas", optional=True),
        gas_price=fields.whole(item.get("gas_price"), "a gas price", optional=True),
        ok=_STATUS[status],
        created=None if created is None else _address(created, "a created contract"),
    )
    return settled(raw, item.get("raw_input"), scope, item.get("method"))


def _transfer(item: dict[str, Any]) -> tuple[tuple[str, int, str], Transfer]:
    token, total = fields.record(item["token"], "a token"), fields.record(item.get("total") or {}, "a token amount")
    kind = item.get("token_type", token.get("type"))
    amount = None if kind == "ERC-721" else fields.whole(total.get("value"), "a value", optional=True)
    made = Transfer(
        hash=fields.tx_hash(item.get("transaction_hash", item.get("tx_hash"))),
        block=fields.block(_block(item)),
        time=fields.time(item.get("timestamp")),
        token=fields.address(token.get("address_hash", token.get("address")), "a token"),
        sender=_address(item.get("from"), "a sender"),
        recipient=_address(item.get("to"), "a recipient"),
        value=amount,
    )
    token_id = fields.whole(total.get("token_id"), "a token id", optional=True)  # one log may move several
    index = fields.whole(item.get("log_index"), "a log index", LIMITS.json_integer)
    return (made.hash, index, str(token_id)), made
