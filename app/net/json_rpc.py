"""One JSON-RPC node through web3, within one deadline and a number of bytes, whatever it answers.

web3 builds the requests and checks the answers; `Host` transfers the bytes.
"""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Collection
from typing import Any, cast

from app.base.errors import HistoryError, InputError
from app.base.limits import LIMITS
from app.net.http import Host, TooLargeError

_TRIES = 6  # attempts for a request that meets a rate limit or overload; the waits between them are 0.5 s, 1 s, 2 s, ...
_BUSY = frozenset({429, 500, 502, 503, 504})
_RATE = re.compile("rate.?limit|request limit|too many requests|requests? (per|count)|capacity|throttl", re.IGNORECASE)
_RATE_CODES = frozenset({429, -32029, -32097})


class RefusedError(HistoryError):
    """The node answered a request with an error, for example because a range is too wide or a method is unknown."""


class SlowError(HistoryError):
    """The node took too long for one answer, but there is time for another request."""


class Node:
    """A connection to one node. It is not for several threads."""

    def __init__(self, url: str, hosts: Collection[str], seconds: float = LIMITS.live_seconds) -> None:
        """Check `url` against the allowed `hosts`; nothing is sent yet. Raises `HistoryError` history.host_not_allowed.

        All calls together have `seconds`; name resolution has the system's own limit in addition.
        """
        self._web3 = _web3(self)  # first, because its import takes a second or two, which must not count as the node's
        self._host = Host(url, hosts, seconds)
        self._end = time.monotonic() + seconds

    def call(self, method: str, *params: Any) -> Any:
        """Return the result in the form of JSON. A busy or rate-limited node is asked again after a wait.

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
            if attempt + 1 < _TRIES and wait < self._end - time.monotonic():
                time.sleep(wait)
            else:
                break
        raise HistoryError("history.refused_by_source", "the node is overloaded, or this key has reached its rate limit")

    def exchange(self, body: bytes) -> dict[str, Any]:
        """Return the decoded answer to one JSON-RPC request, unchecked. It is for web3; see `call`."""
        status, wait, raw = self._post(body)
        try:
            answer = self._host.decoded(raw)
        except InputError:
            answer = None
        except TooLargeError as err:
            raise RefusedError(err.code, err.message) from None
        if isinstance(answer, dict) and ("error" in answer or status == 200):
            return answer
        if status in _BUSY:
            raise _BusyError(wait)
        if status in (400, 413):  # some nodes refuse a range that is too wide in this way
            raise RefusedError("history.refused_by_source", f"the node answers with http status {status}")
        trouble = "the node's answer is not JSON-RPC" if status == 200 else f"the node answers with http status {status}"
        raise HistoryError("history.bad_answer", trouble)

    def prolong(self, seconds: float) -> None:
        """Move the deadline later by `seconds`."""
        self._end += seconds
        self._host.prolong(seconds)

    def close(self) -> None:
        """Close the connection; a later call opens a new one."""
        self._host.close()

    def _post(self, body: bytes) -> tuple[int, float, bytes]:
        try:
            return self._host.post(body)
        except TooLargeError as err:
            raise RefusedError(err.code, err.message) from None
        except TimeoutError:
            raise SlowError("history.unreachable", "the node takes too long for an answer") from None
        except (OSError, http.client.HTTPException, ValueError):
            raise HistoryError("history.unreachable", "the node does not answer") from None


class _BusyError(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def _web3(node: Node) -> Any:
    """Return a Web3 whose provider is `node`, without middleware, so that answers keep the form of JSON."""
    from web3 import Web3
    from web3.providers import JSONBaseProvider
    from web3.types import RPCEndpoint, RPCResponse

    class Provider(JSONBaseProvider):
        def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
            return cast("RPCResponse", node.exchange(self.encode_rpc_request(method, params)))

    return Web3(Provider(), middleware=[])


def _is_rate_limit(answer: Any) -> bool:
    """Return whether an error asks for slower requests, by its code (Alchemy 429) or words (Infura's -32005 is ambiguous)."""
    error = answer.get("error", {}) if isinstance(answer, dict) else {}
    code, message = error.get("code"), error.get("message")
    return code in _RATE_CODES or (isinstance(message, str) and bool(_RATE.search(message)))
