"""Explorers on loopback: honest ones that page like the real ones, and a server for any misbehaviour."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.base.errors import AppError
from app.wallet.fetch import blockscout as blockscout_client
from app.wallet.fetch import etherscan as etherscan_client
from tests.support import histories

Behave = Callable[[BaseHTTPRequestHandler, str, dict[str, str]], None]
TIP, TIP_TIME = 9_000_000, histories.when(9_000_000)

LOCAL = ["127.0.0.1"]
KEY = "canary-key-5f2"
PAST = histories.made_up(Random(2), transactions=4_000, first_block=5_000_000, blocks=1_500)
WALLET = PAST.wallet
BOTH = pytest.mark.parametrize("client", [etherscan_client, blockscout_client], ids=["etherscan", "blockscout"])
RATE = {"status": "0", "message": "NOTOK", "result": "Max calls per sec rate limit reached (3/sec)"}


@contextmanager
def serving(behave: Behave) -> Iterator[str]:
    """Serve on loopback; `behave` gets the handler, the path and the query of each GET."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet

        def do_GET(self) -> None:
            at = urlsplit(self.path)
            behave(self, at.path, dict(parse_qsl(at.query)))

        def log_message(self, *_: object) -> None: ...

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Let the client hang up when it likes."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def reply(handler: BaseHTTPRequestHandler, body: Any, status: int = 200, **headers: str) -> None:
    """Send JSON, or bytes as they are."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(status)
    for name, value in ({"Content_Length": str(len(raw))} | headers).items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(raw)


def etherscan(past: histories.Past, asked: list[dict[str, str]]) -> Behave:
    """Return an explorer like Etherscan's API v2 that knows `past`; `asked` collects the queries."""
    rows: dict[str, list[dict[str, str]]] = {name: [] for name in ("txlist", "tokentx", "tokennfttx", "token1155tx")}
    for answer in histories.etherscan(past, 10**6):
        for row in answer["result"]:
            rows["tokennfttx" if "tokenID" in row else "tokentx" if "tokenName" in row else "txlist"].append(row)
    node = {
        "eth_blockNumber": hex(TIP),
        "eth_getBlockByNumber": {"number": hex(TIP), "timestamp": hex(TIP_TIME)},
        "eth_getCode": "0x",
        "eth_getTransactionCount": "0x7",
    }

    def behave(handler: BaseHTTPRequestHandler, _: str, query: dict[str, str]) -> None:
        asked.append(query)
        if query["module"] == "proxy":
            return reply(handler, {"jsonrpc": "2.0", "id": 1, "result": node[query["action"]]})
        if query["action"] == "balance":
            return reply(handler, {"status": "1", "message": "OK", "result": "5"})
        low, high = int(query["startblock"]), int(query["endblock"])
        found = [row for row in rows[query["action"]] if low <= int(row["blockNumber"]) <= high][: int(query["offset"])]
        nothing = {"status": "0", "message": "No transactions found", "result": []}
        return reply(handler, {"status": "1", "message": "OK", "result": found} if found else nothing)

    return behave


def blockscout(past: histories.Past, asked: list[dict[str, str]], page: int = 50) -> Behave:
    """Return an explorer like Blockscout's REST API v2 that knows `past`; pages are found by what the last one gave."""
    pages: dict[str, list[Any]] = {"transactions": [], "token-transfers": []}
    for at, document in enumerate(histories.blockscout(past, page)):
        if at and not pages["token-transfers"] and pages["transactions"][-1]["next_page_params"]:
            pages["transactions"].append(document)
        else:
            pages["token-transfers" if at else "transactions"].append(document)
    for kind in pages.values():
        for at, document in enumerate(kind[:-1]):
            document["next_page_params"] = {"block_number": 5, "index": at + 1, "items_count": 50 * at + 50, "fee": None}

    def behave(handler: BaseHTTPRequestHandler, path: str, query: dict[str, str]) -> None:
        asked.append(query)
        if path == "/api/v2/blocks":
            return reply(
                handler,
                {
                    "items": [
                        {
                            "height": TIP,
                            "timestamp": datetime.fromtimestamp(TIP_TIME, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z"),
                        }
                    ]
                },
            )
        name = path.rpartition("/")[2]
        if name in pages:
            return reply(handler, pages[name][int(query.get("index", "0"))])
        return reply(handler, {"hash": past.wallet, "coin_balance": "5", "is_contract": False})

    return behave


def slams(handler: BaseHTTPRequestHandler, *_: Any) -> None:
    handler.close_connection = True


def fetched(client: ModuleType, url: str, seconds: float = 30) -> dict[str, Any]:
    export: dict[str, Any] = client.fetch(url, WALLET, 1, LOCAL, key=KEY, seconds=seconds)
    assert KEY not in json.dumps(export)
    return export


def failed(client: ModuleType, behave: Behave, seconds: float) -> str:
    began = time.monotonic()
    with serving(behave) as url:
        with pytest.raises(AppError) as caught:
            fetched(client, url, seconds)
        took = time.monotonic() - began
    assert took < seconds + 2
    assert KEY not in str(caught.value) + repr(caught.value.__cause__) and "127.0.0.1" not in str(caught.value)
    return caught.value.code
