"""An open connection to an allowed host, on which no single wait exceeds the time that is left."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
from collections.abc import Callable
from typing import Any
from urllib.parse import SplitResult

from app.net import reach


def connect(at: SplitResult, remaining: Callable[[], float]) -> http.client.HTTPConnection:
    """Return an open connection. The timeout of the socket covers a whole TLS handshake, as it covers any one read."""
    host = at.hostname or ""
    port = at.port or (443 if at.scheme == "https" else 80)
    link = _linked(reach.addresses(host, port), remaining)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # the body of a POST is a separate packet
    try:
        if at.scheme == "https":
            link.settimeout(remaining())
            import certifi

            context = ssl.create_default_context(cafile=certifi.where())  # a slim image has no other certificates
            link = context.wrap_socket(link, server_hostname=host)
    except BaseException:
        link.close()
        raise
    make = http.client.HTTPSConnection if at.scheme == "https" else http.client.HTTPConnection
    connection = make(host, port)
    connection.auto_open = 0  # it would open a socket of its own
    connection.sock = _Wire(link, remaining)
    return connection


def _linked(addresses: list[tuple[str, int]], remaining: Callable[[], float]) -> socket.socket:
    """Return a connection to the first address that accepts one. Raises the last OSError, or one for no address."""
    trouble = OSError("the name has no address")
    for address in addresses:
        try:
            return socket.create_connection(address, timeout=remaining())
        except OSError as err:
            trouble = err
    raise trouble


class _Reader(io.RawIOBase):
    """The reading side of a socket, on which no wait exceeds the time that is left."""

    def __init__(self, link: socket.socket, remaining: Callable[[], float]) -> None:
        super().__init__()
        self._link, self._remaining = link, remaining
        self._raw = link.makefile("rb", buffering=0)  # http.client closes the socket before it has read a last answer

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._link.settimeout(self._remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Wire:
    """The interface that http.client needs of a socket."""

    def __init__(self, link: socket.socket, remaining: Callable[[], float]) -> None:
        self._link, self._remaining = link, remaining
        self.close = link.close

    def sendall(self, data: bytes) -> None:
        self._link.settimeout(self._remaining())
        self._link.sendall(data)

    def makefile(self, _: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._link, self._remaining))
