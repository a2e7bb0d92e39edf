"""Which machines may be asked: public ones, and outside of an image also this very machine.

A requester names the hosts, so whoever runs the enclave must be safe from them. A requester must not reach anything on the
worker's own machine or in its network, nor learn which of its ports are open. A name is looked up once, each of its addresses
must be public, and exactly these addresses are connected to, so that a second answer of a name server changes nothing.
"""

from __future__ import annotations

import functools
import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import SplitResult

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
MARK = Path(__file__).resolve().parents[1] / "in_an_image"
"""A file that only images have (dev/stage_image.py)."""
_PORTS = {"https": 443, "http": 80}
_UNICAST = ipaddress.ip_network("2000::/3")  # IANA: all IPv6 addresses that are given out on the public internet
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotPublicError(OSError):
    """A name leads to this machine or into its network. The message is that of a name that leads nowhere."""


@functools.cache
def is_image() -> bool:
    """Return whether this program runs from an image, so that this machine belongs to somebody else."""
    return MARK.exists()


def may_be_named(host: str) -> bool:
    """Return whether `host`, as in a URL, is a name, a public address, or outside of an image this machine.

    Only its letters are checked, and nothing is looked up: `addresses` checks where a name leads.
    """
    if host in LOOPBACK:
        return not is_image()
    try:
        return _is_public(ipaddress.ip_address(host.partition("%")[0])) and "%" not in host
    except ValueError:
        return host.rstrip(".").rpartition(".")[2] != "localhost"  # RFC 6761: such names are this machine too


def addresses(host: str, port: int) -> list[tuple[str, int]]:
    """Return the addresses that `host` leads to, each with the port. Raises OSError, also as `NotPublicError`.

    Other spellings of an address, such as 2130706433 and 0x7f.1, become plain addresses in the look-up.
    """
    found = [info[4][:2] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    own = host in LOOPBACK and not is_image()
    for name, _ in found:
        address = ipaddress.ip_address(str(name).partition("%")[0])
        if not (address.is_loopback if own else _is_public(address)):
            raise NotPublicError
    return [(str(name), port) for name, _ in dict.fromkeys(found)]


def shown(at: SplitResult) -> str:
    """Return the host of a URL as a result names it: in lower case, with the port only if it is not the usual one."""
    host = at.hostname or ""
    name = f"[{host}]" if ":" in host else host
    return name if at.port in (None, _PORTS.get(at.scheme)) else f"{name}:{at.port}"


def _is_public(address: _Address) -> bool:
    """Return whether an address, and every address inside it, belongs to one machine on the public internet."""
    return all(one.is_global and not (one.is_multicast or one.is_reserved) for one in _carried(address))


def _carried(address: _Address) -> Iterator[_Address]:
    """Yield the addresses that must be public: the address itself, and the IPv4 addresses that a relay would make of it."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
    elif address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    else:
        yield address if address in _UNICAST else ipaddress.IPv6Address(0)
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
