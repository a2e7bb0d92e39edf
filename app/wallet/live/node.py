"""One JSON-RPC node through web3, within one deadline and a number of bytes, whatever it answers.

web3 words the requests and judges the answers; the bytes go through http.client, because a read may neither hang
nor drip past the deadline, redirects are not followed, no proxy or netrc is looked up, and nothing logs the URL.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import SplitResult, urlsplit

from app import strict_json
from app.errors import HistoryError, InputError
from app.limits import LIMITS

_PATIENCE = 20.0  # seconds for one answer
_TRIES = 6  # of a request that a node refuses for its rate or its load: 0.5 s, 1 s, 2 s, ... between them
_BUSY = frozenset({429, 500, 502, 503, 504})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_RATE = re.compile("rate.?limit|request limit|too many requests|requests? (per|count)|capacity|throttl", re.IGNORECASE)
_RATE_CODES = frozenset({429, -32029, -32097})
_STALE = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class RefusedError(HistoryError):
    """The node answered a request with an error, as it does for a range that is too wide or a method it has not."""


class SlowError(HistoryError):
    """The node took too long for one answer; there is time for another request."""


class SpentError(HistoryError):
    """The deadline has come or the bytes are used up."""


class Node:
    """A connection to one node. Not for several threads."""

    def __init__(self, url: str, hosts: Collection[str], seconds: float = LIMITS.live_seconds) -> None:
        """Check `url` against the allowed `hosts`; nothing is sent yet. Raises `HistoryError` history.host_not_allowed.

        `seconds` is for all calls together. Name resolution has the system's own time limit, which comes on top.
        """
        self._at = _allowed(url, hosts)
        self._end = time.monotonic() + seconds
        self._bytes_left = LIMITS.live_bytes
        self._connection: http.client.HTTPConnection | None = None
        self._web3 = _web3(self)

    def call(self, method: str, *params: Any) -> Any:
        """Return the result as JSON has it; a busy or rate-limited node is asked again after a while.

        Raises `RefusedError` (history.refused_by_source), `SlowError` (history.unreachable), `SpentError` (history.unreachable
        or .too_large), `HistoryError` history.unreachable or .bad_answer. No error repeats anything of the URL or the answer.
        """
        from web3.exceptions import Web3Exception, Web3RPCError
        from web3.types import RPCEndpoint

        for attempt in range(_TRIES):
            try:
                return self._web3.manager.request_blocking(RPCEndpoint(method), list(params))
            except _BusyError as err:
                wait = max(err.seconds, 0.5 * 2**attempt)
            except Web3RPCError as err:
                if not _is_rate_limit(err.rpc_response):
                    raise RefusedError("history.refused_by_source", f"the node refuses {method}") from None
                wait = 0.5 * 2**attempt
            except Web3Exception:
                raise HistoryError("history.bad_answer", "the node's answer is not JSON-RPC") from None
            if attempt + 1 < _TRIES and wait < self._remaining():
                time.sleep(wait)
            else:
                break
        raise HistoryError("history.refused_by_source", "the node has too much to do, or this key has used up its share")

    def exchange(self, body: bytes) -> dict[str, Any]:
        """Return the decoded answer to one JSON-RPC request; what it says is not checked. For web3, see `call`."""
        status, wait, raw = self._post(body)
        try:
            answer = strict_json.loads(raw)
        except InputError:
            answer = None
        if isinstance(answer, dict) and ("error" in answer or status == 200):
            return answer
        if status in _BUSY:
            raise _BusyError(wait)
        if status in (400, 413):  # how some refuse a range that is too wide
            raise RefusedError("history.refused_by_source", f"the node answers with http status {status}")
        trouble = "the node's answer is not JSON-RPC" if status == 200 else f"the node answers with http status {status}"
        raise HistoryError("history.bad_answer", trouble)

    def prolong(self, seconds: float) -> None:
        """Put the deadline off."""
        self._end += seconds

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _remaining(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise SpentError("history.unreachable", "the time for asking the node is up")
        return left

    def _post(self, body: bytes) -> tuple[int, float, bytes]:
        """Return the status, the seconds to wait if the node names them, and the whole answer."""
        was_open, begin = self._connection is not None, time.monotonic()
        try:
            return self._ask(body)
        except (OSError, http.client.HTTPException) as err:
            self._remaining()
            if time.monotonic() - begin >= _PATIENCE:
                raise SlowError("history.unreachable", "the node takes too long for an answer") from None
            if not (was_open and isinstance(err, _STALE)):  # a kept connection may have been closed in the meantime
                raise HistoryError("history.unreachable", "the node does not answer") from None
        return self._post(body)

    def _ask(self, body: bytes) -> tuple[int, float, bytes]:
        patience = min(_PATIENCE, self._remaining())
        watch = None
        try:
            connection = self._connection or _connect(self._at, patience)
            self._connection = connection
            watch = threading.Timer(patience, _cut, [connection.sock])  # a timeout of the socket is for each read
            watch.daemon = True
            watch.start()
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()  # once; later calls find it done
            path = (self._at.path or "/") + (f"?{self._at.query}" if self._at.query else "")
            connection.request("POST", path, body, {"Content-Type": "application/json", "User-Agent": "sealed-llm"})
            answer = connection.getresponse()
            raw = self._read(answer)
            wait = answer.headers.get("Retry-After", "")
            answer.close()  # of itself it keeps the connection busy
            if answer.will_close:
                self.close()
            return answer.status, float(wait) if re.fullmatch("[0-9]{1,4}", wait) else 0.0, raw
        except BaseException:
            self.close()
            raise
        finally:
            if watch:
                watch.cancel()

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := answer.read1(2**16):
            parts.append(part)
            size += len(part)
            self._bytes_left -= len(part)
            self._remaining()
            if self._bytes_left < 0:
                raise SpentError("history.too_large", "the node's answers are larger than may be read")
            if size > LIMITS.live_answer_bytes:
                raise RefusedError("history.too_large", "one answer of the node is larger than may be read")
        self._remaining()
        if answer.length:
            raise http.client.IncompleteRead(b"")
        return b"".join(parts)


class _BusyError(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def _web3(node: Node) -> Any:
    """Return a Web3 whose provider is `node`, without middleware: answers stay as JSON has them."""
    from web3 import Web3
    from web3.providers import JSONBaseProvider
    from web3.types import RPCEndpoint, RPCResponse

    class Provider(JSONBaseProvider):
        def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
            answer: Any = node.exchange(self.encode_rpc_request(method, params))
            return answer  # type: ignore[no-any-return]

    return Web3(Provider(), middleware=[])


def _allowed(url: str, hosts: Collection[str]) -> SplitResult:
    try:
        at = urlsplit(url)
        host, _ = at.hostname, at.port
    except ValueError:
        at, host = urlsplit(""), None
    if host is None or not re.fullmatch(r"[\x21-\x7e]+", url) or at.username is not None or at.password is not None:
        raise HistoryError("history.host_not_allowed", "the address of the node is no plain URL with a host")
    if host not in {allowed.lower() for allowed in hosts}:
        raise HistoryError("history.host_not_allowed", "the host of the node is not in the allowed list")
    if at.scheme != "https" and not (at.scheme == "http" and host in _LOOPBACK):
        raise HistoryError("history.host_not_allowed", "the address of the node is not https")
    return at


def _connect(at: SplitResult, patience: float) -> http.client.HTTPConnection:
    """Return an open connection, its TLS handshake still to be made: that one can drip, too."""
    is_tls = at.scheme == "https"
    host, port = at.hostname or "", at.port or (443 if is_tls else 80)
    link = socket.create_connection((host, port), timeout=patience)
    connection = http.client.HTTPConnection(host, port)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if is_tls:
        import certifi

        context = ssl.create_default_context(cafile=certifi.where())  # part of the image; a slim one has no others
        link = context.wrap_socket(link, server_hostname=host, do_handshake_on_connect=False)
    connection.sock = link
    return connection


def _cut(link: socket.socket) -> None:
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        link.close()


def _is_rate_limit(answer: Any) -> bool:
    """Return whether an error asks to be patient: by its code (Alchemy 429), or its words (Infura's -32005 means both)."""
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    code, message = error.get("code"), error.get("message")
    return code in _RATE_CODES or (isinstance(message, str) and bool(_RATE.search(message)))
