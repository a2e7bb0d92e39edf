"""One allowed HTTP host, within one deadline and one number of bytes, whatever it answers.

It uses http.client so that a read can neither hang nor drip past the deadline, redirects are not followed, no proxy or netrc is
looked up, and nothing logs the URL, which holds the key.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from app.base.errors import HistoryError, InputError
from app.base.limits import LIMITS
from app.crypto.score_statement import HOST
from app.formats import strict_json
from app.net import reach, wire

_PATIENCE = 20.0  # seconds for one answer
_TRIES = 6  # attempts for a request that fails or meets a rate limit; the waits between them are 0.5 s, 1 s, 2 s, ...
_BUSY = frozenset({429, 500, 502, 503, 504})
_STALE = (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError)


class SpentError(HistoryError):
    """The deadline has passed, or the bytes are used up."""


class TooLargeError(HistoryError):
    """One answer is larger than the limit."""


class Host:
    """A connection to one host that is kept open. It is not for several threads."""

    def __init__(
        self,
        url: str,
        hosts: Collection[str],
        seconds: float = LIMITS.live_seconds,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Check `url`, the base of all requests, against the allowed `hosts`; nothing is sent yet.

        All requests together have `seconds`, measured by `clock`; name resolution has the system's own limit in addition.
        Raises `HistoryError` history.host_not_allowed.
        """
        self._at = _allowed(url, hosts)
        self._clock = clock
        self._end = self._until = clock() + seconds
        self._bytes_left, self._nodes_left = LIMITS.live_bytes, LIMITS.live_nodes
        self._connection: http.client.HTTPConnection | None = None

    def get(self, path: str, query: Mapping[str, str | int], is_busy: Callable[[Any], bool] = lambda _: False) -> Any:
        """Return the JSON that the server answers for the base URL and `path`.

        A failed request is sent again after a wait, and so is one whose answer asks for slower requests, as `is_busy` tells.
        Raises `SpentError` history.unreachable or .too_large; `HistoryError` history.unreachable, .bad_answer, or
        .refused_by_source, also for any status other than 200. No error repeats anything of the URL or of the answer.
        """
        if self._at.query:
            raise HistoryError("history.host_not_allowed", "the address of the source has a query")
        target = self._at.path.rstrip("/") + path + "?" + urlencode(query)
        trouble = HistoryError("history.unreachable", "the source does not answer")
        for attempt in range(_TRIES):
            wait = 0.5 * 2**attempt
            try:
                status, retry_after, raw = self._send("GET", target)
            except (OSError, http.client.HTTPException, ValueError):
                self._check_time()
            else:
                document = None if status in _BUSY else self._document(status, raw)
                if status not in _BUSY and not is_busy(document):
                    return document
                wait = max(wait, retry_after)
                trouble = HistoryError("history.refused_by_source", "the source has too much to do, or the key too few calls")
            if wait > self._end - self._clock():
                raise SpentError(trouble.code, trouble.message)
            if attempt + 1 < _TRIES:
                time.sleep(wait)
        raise trouble

    def post(self, body: bytes) -> tuple[int, float, bytes]:
        """Send JSON to the base URL once; return the status, the seconds in Retry-After or 0, and the whole body.

        Raises `SpentError`; `TooLargeError`; TimeoutError if this answer takes too long; another OSError,
        `http.client.HTTPException` or ValueError if there is no answer. A connection that was closed meanwhile is opened again.
        """
        target = (self._at.path or "/") + (f"?{self._at.query}" if self._at.query else "")
        was_open = self._connection is not None
        try:
            return self._send("POST", target, body)
        except (OSError, http.client.HTTPException, ValueError) as err:
            self._check_time()
            if not (was_open and isinstance(err, _STALE)):
                raise
        return self._send("POST", target, body)

    def decoded(self, raw: bytes) -> Any:
        """Return the decoded JSON of an answer.

        Raises `InputError` json.invalid; `TooLargeError` if this answer has too many values to be parsed, and `SpentError` if
        all answers together have.
        """
        nodes = strict_json.nodes(raw, LIMITS.json_nodes)
        if nodes > LIMITS.json_nodes:
            raise TooLargeError("history.too_large", "one answer of the source has more values than may be read")
        self._nodes_left -= nodes
        if self._nodes_left < 0:
            raise SpentError("history.too_large", "the source's answers have more values than may be read")
        return strict_json.loads(raw)

    def prolong(self, seconds: float) -> None:
        """Move the deadline later by `seconds`."""
        self._end += seconds

    def close(self) -> None:
        """Close the connection; a later request opens a new one."""
        if self._connection:
            self._connection.close()
            self._connection = None

    def _check_time(self) -> None:
        if self._clock() >= self._end:
            raise SpentError("history.unreachable", "the time for asking the source is up") from None

    def _remaining(self) -> float:
        """Return the seconds that one wait may take. Raises TimeoutError if none are left."""
        left = self._until - self._clock()
        if left <= 0:
            raise TimeoutError
        return left

    def _send(self, method: str, target: str, body: bytes | None = None) -> tuple[int, float, bytes]:
        """Return the status, the seconds in Retry-After or 0, and the whole body."""
        self._check_time()
        self._until = min(self._end, self._clock() + _PATIENCE)
        headers = {"Accept": "application/json", "User-Agent": "sealed-llm"}
        try:
            connection = self._connection = self._connection or wire.connect(self._at, self._remaining)
            connection.request(method, target, body, headers | ({"Content-Type": "application/json"} if body else {}))
            answer = connection.getresponse()
            raw = self._read(answer)
        except BaseException:
            self.close()
            raise
        wait = answer.headers.get("Retry-After", "")
        if answer.will_close:
            self.close()
        return answer.status, float(wait) if re.fullmatch("[0-9]{1,4}", wait) else 0.0, raw

    def _document(self, status: int, raw: bytes) -> Any:
        if 300 <= status < 400:
            raise HistoryError("history.bad_answer", "the source redirects to another address")
        if status != 200:
            raise HistoryError("history.refused_by_source", f"the source answers with http status {status}")
        try:
            return self.decoded(raw)
        except InputError:
            raise HistoryError("history.bad_answer", "the source's answer is not JSON") from None

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := answer.read1(2**16):
            parts.append(part)
            size += len(part)
            self._bytes_left -= len(part)
            if self._bytes_left < 0:
                raise SpentError("history.too_large", "the source's answers are larger than may be read")
            if size > LIMITS.live_answer_bytes:
                raise TooLargeError("history.too_large", "one answer of the source is larger than may be read")
        if answer.length:
            raise http.client.IncompleteRead(b"")
        answer.close()  # read1 does not close it, and then the connection refuses the next request
        return b"".join(parts)


def _allowed(url: str, hosts: Collection[str]) -> SplitResult:
    try:
        at = urlsplit(url)
        host, _ = at.hostname, at.port
    except ValueError:
        at, host = urlsplit(""), None
    is_plain = bool(host) and at.username is None and not at.fragment and re.fullmatch(r"[\x21-\x7e]+", url)
    if not host or not is_plain or at.port == 0 or not re.fullmatch(HOST, reach.shown(at)):
        raise HistoryError("history.host_not_allowed", "the address of the source is not a plain URL with a host")
    if host not in {allowed.lower() for allowed in hosts}:
        raise HistoryError("history.host_not_allowed", "the host of the source is not in the allowed list")
    if not reach.may_be_named(host):
        raise HistoryError("history.host_not_allowed", "the address of the source is not on the public internet")
    if at.scheme != "https" and not (at.scheme == "http" and host in reach.LOOPBACK):
        raise HistoryError("history.host_not_allowed", "the address of the source is not https")
    return at
