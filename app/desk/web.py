"""The only HTTP client of the desk: for chain endpoints, for servers with a model, and for hubs with models.

It uses urllib, so that the proxies and certificates of the person's own environment apply. The enclave has another client,
`app.net.http`, which uses no proxy, looks names up once, and reaches only public hosts that are allowed by name.
"""

from __future__ import annotations

import http.client
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPResponse
from typing import Any, cast

Trouble = (OSError, http.client.HTTPException, ValueError)
"""The errors that `opened` and `answer` raise, including `StatusError` and `EndlessError`."""


class StatusError(OSError):
    """The server answered with a status other than success."""

    def __init__(self, status: int) -> None:
        """Take the HTTP status."""
        super().__init__(f"http status {status}")
        self.status = status


class EndlessError(OSError):
    """The answer exceeds its limit of bytes or of seconds."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow no redirect."""


def opened(
    url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, *, idle: float, redirects: bool = True
) -> HTTPResponse:
    """Return the answer, open for reading; each wait for a byte takes at most `idle` seconds. The caller must close it.

    Not checked: whether `url` is http or https. Raises `StatusError`, or another error of `Trouble`.
    """
    request = urllib.request.Request(url, body, dict(headers or {}))  # noqa: S310  the callers see to the scheme
    opener = urllib.request.build_opener(*([] if redirects else [_NoRedirect]))
    try:
        return cast("HTTPResponse", opener.open(request, timeout=idle))
    except urllib.error.HTTPError as err:
        err.close()
        raise StatusError(err.code) from err


def answer(  # noqa: PLR0913  what to send, and three bounds of what comes
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    *,
    idle: float,
    seconds: float,
    most: int,
    redirects: bool = True,
) -> bytes:
    """Return the whole answer to `body`: at most `most` bytes, within `seconds`, including the look-up of the name.

    A thread waits for the answer, because the time-out of a socket starts again with each byte, and a server may send its
    headers endlessly slowly. A thread that is late is abandoned. Raises `EndlessError`, and as `opened` does.
    """
    outcome: list[bytes | Exception] = []

    def receive() -> None:
        try:
            with opened(url, body, headers, idle=idle, redirects=redirects) as reply:
                outcome.append(reply.read(most + 1))
        except Exception as err:  # noqa: BLE001  the caller raises it again
            outcome.append(err)

    thread = threading.Thread(target=receive, daemon=True)
    thread.start()
    thread.join(seconds)
    found: Any = outcome[0] if outcome else None
    if isinstance(found, Exception):
        raise found
    if found is None or len(found) > most:
        raise EndlessError("the answer never ends")
    return bytes(found)
