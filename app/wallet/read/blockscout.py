"""Read Blockscout's REST API v2: pages of `/addresses/{a}/transactions` and `/token-transfers`, and `/addresses/{a}`.

Format: Blockscout's OpenAPI description; older releases write `block`, `tx_hash` and `token.address`.
"""

from __future__ import annotations

from typing import Any

from app.base.errors import HistoryError
from app.base.limits import LIMITS
from app.wallet.history import Account, Transaction, Transfer
from app.wallet.read import call_data, fields
from app.wallet.read.etherscan import CALLS
from app.wallet.read.part import Part, Scope, settled

_PAGE = 50  # rows of a page
_STATUS = {"ok": True, "error": False, None: None}


def is_row(value: Any) -> bool:
    """Return whether `value` has the shape of one item of a page: mined, pending or internal."""
    if not isinstance(value, dict) or not {"block_number", "block"} & value.keys():
        return False
    return fields.has_shape(value, ("timestamp",), ("hash", "transaction_hash", "tx_hash"), ())


def is_page(value: Any) -> bool:
    """Return whether `value` has the shape of one page, with items or empty."""
    if not isinstance(value, dict) or not isinstance(value.get("items"), list):
        return False
    return any(map(is_row, value["items"])) or (not value["items"] and value.keys() == {"items", "next_page_params"})


def is_account(value: Any) -> bool:
    """Return whether `value` has the shape of the description of an address."""
    return fields.has_shape(value, ("hash", "coin_balance", "is_contract"), (), ("hash",))


def page(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of a page, which is the last one if `next_page_params` is null.

    Pending transactions, which are in no block yet, and internal ones are left out and counted.
    """
    items = fields.rows(document["items"], "the items of a page")
    more = document.get("next_page_params", len(items) >= _PAGE or None)
    if not items:
        return Part("blockscout", is_empty=True, last=more is None)
    made = fields.each(items, lambda item: _record(item, scope), "item")
    plain = [item for item in items if _is_transaction(item)]
    tells = any(call_data.is_told(item.get("raw_input"), item.get("method")) for item in plain)
    has_mined = any(isinstance(one, Transaction) for one in made)
    return Part(
        "blockscout",
        transactions=[one for one in made if isinstance(one, Transaction)] if plain else None,
        transfers=[one for one in made if isinstance(one, tuple)] if any(map(_is_token, items)) else None,
        last=more is None,
        page=_number(more),
        left_out=made.count(None),
        untold=frozenset({"calls"}) if has_mined and not tells else frozenset(),
    )


def _number(more: Any) -> int | None:
    """Return the number of a page, computed from the number of items up to its end; None for the last page."""
    count = more.get("items_count") if isinstance(more, dict) else None
    return count // _PAGE if isinstance(count, int) and count % _PAGE == 0 else None


def listed(rows: list[dict[str, Any]], scope: Scope) -> Part:
    """Return the content of items that were taken out of their pages; a full page may not be the last."""
    return page({"items": rows, "next_page_params": {} if len(rows) % _PAGE == 0 else None}, scope)


def account(document: dict[str, Any], scope: Scope) -> Part:
    """Return the content of the description of the wallet's address: its balance, and whether it has code."""
    if fields.address(document["hash"], "an address") != scope.wallet:
        raise HistoryError("history.other_wallet", "the description is of another address")
    if not isinstance(document["is_contract"], bool):
        fields.invalid("is_contract is neither true nor false")
    balance = fields.whole(document["coin_balance"], "a balance", optional=True)  # null: never seen on this chain
    if not document["is_contract"]:
        return Part("blockscout", account=Account("owned", balance or 0, None))
    is_delegated = document.get("proxy_type") == "eip7702"
    return Part("blockscout", account=Account("delegated" if is_delegated else "contract", balance or 0, None))


def _is_token(item: dict[str, Any]) -> bool:
    return isinstance(item.get("token"), dict)


def _is_internal(item: dict[str, Any]) -> bool:
    kind = item.get("type")
    return not _is_token(item) and "hash" not in item and isinstance(kind, str) and kind.lower() in CALLS


def _is_transaction(item: dict[str, Any]) -> bool:
    return not _is_token(item) and not _is_internal(item)


def _record(item: dict[str, Any], scope: Scope) -> Transaction | tuple[tuple[str, int, str], Transfer] | None:
    if not is_row(item):
        fields.invalid("it is neither a transaction nor a token transfer of Blockscout")
    if _is_internal(item) or _block(item) is None:
        return None
    return _transfer(item) if _is_token(item) else _transaction(item, scope)


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
    token_id = fields.whole(total.get("token_id"), "a token id", optional=True)  # one log may move several tokens
    index = fields.whole(item.get("log_index"), "a log index", LIMITS.json_integer)
    return (made.hash, index, str(token_id)), made
