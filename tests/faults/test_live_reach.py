"""What a requester can learn of the worker's own machine and network by naming hosts and ports: nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest

from app.base.errors import AppError
from app.jobs.dispatch import answer_to
from app.llm.answerer import NOT_LOADED
from app.net import http, reach
from app.request.parse import parse
from app.wallet.fetch.source import Place
from dev import stage_image
from tests.support.anvil import WALLET

Kind = Literal["rpc", "etherscan", "blockscout"]
KINDS: tuple[Kind, ...] = ("rpc", "etherscan", "blockscout")
PRIVATE = [
    *(
        "10.0.0.1",
        "172.17.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.2",
        "0.0.0.0",  # noqa: S104  no server of ours
        "0.1.2.3",
    ),
    *(
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::2",
        "fe80::1",
        "fc00::1",
        "fd00:ec2::254",
    ),
    *("ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::"),
    *("2002:a9fe:a9fe::", "2001:0:7f00:1::1", "fec0::1", "64:ff9b:1::a00:1", "2001:db8::1"),
]
PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "api.etherscan.io",
    "rpc.example",
    "xn--bcher-kva.example",
    "a_b.example",
]
OTHER_FORMS = ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "0x7f000001", "0", "127.0.0.1.", "017700000001"]


def url_of(host: str, port: int = 443, scheme: str = "https") -> str:
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}/"


def asked(kind: Kind, url: str, host: str) -> AppError:
    """Return how a request with this source fails, as a task would be told."""
    fields = {"wallet": WALLET, "source": {"kind": kind, "url": url}, "hosts": [host]}
    with pytest.raises(AppError) as caught:
        answer_to(parse(fields)[0], NOT_LOADED)
    return caught.value


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(http, "_PATIENCE", 0.3)


@pytest.fixture
def in_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "is_image", lambda: True)


@pytest.fixture
def no_link(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Whatever is connected to is kept here, and does not answer."""
    made: list[Any] = []

    real, here = socket.create_connection, threading.current_thread()

    def refuse(address: Any, *more: Any, **named: Any) -> socket.socket:
        if threading.current_thread() is not here:  # the chain of other tests goes on in its own
            return real(address, *more, **named)
        made.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", refuse)
    return made


def looked_up(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let each look-up of a name find the next of `answers`; return the names that were looked up, as they come."""
    asked_for: list[str] = []
    queue = list(answers)
    real, here = socket.getaddrinfo, threading.current_thread()

    def find_them(host: str, port: int, *more: Any, **named: Any) -> list[Any]:
        if threading.current_thread() is not here:
            return list(real(host, port, *more, **named))
        asked_for.append(host)
        found = queue.pop(0) if len(queue) > 1 else queue[0]
        if not found:
            raise socket.gaierror
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", find_them)
    return asked_for


@pytest.mark.parametrize("host", PRIVATE)
def test_an_address_that_is_not_public_is_refused_by_its_letters(host: str, no_link: list[Any]) -> None:
    assert not reach.may_be_named(host)
    for kind in KINDS:
        assert asked(kind, url_of(host), host).code == "history.host_not_allowed"
    assert no_link == []


@pytest.mark.parametrize("host", PUBLIC)
def test_what_is_public_may_be_named(host: str) -> None:
    assert reach.may_be_named(host)
    http.Host(url_of(host), [host])


@pytest.mark.parametrize("host", ["localhost.", "a.localhost", "fe80::1%eth0", "127.0.0.1%1"])
def test_other_names_of_this_machine(host: str) -> None:
    assert not reach.may_be_named(host)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("host", OTHER_FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_other_forms_of_an_address_are_told_like_names_that_lead_nowhere(
    kind: Kind, host: str, no_link: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = asked(kind, url_of(host), host)
    looked_up(monkeypatch, [])
    nowhere = asked(kind, url_of("nowhere.example"), "nowhere.example")
    assert (here.code, here.message) == (nowhere.code, nowhere.message) and here.code == "history.unreachable"
    assert no_link == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "found", [[one] for one in PRIVATE if ":" not in one] + [["8.8.8.8", "127.0.0.1"], ["10.0.0.1", "1.1.1.1"]]
)
def test_a_name_that_leads_into_the_network(found: list[str], no_link: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, found)
    inside = asked("rpc", url_of("rpc.example"), "rpc.example")
    looked_up(monkeypatch, [])
    nowhere = asked("rpc", url_of("rpc.example"), "rpc.example")
    looked_up(monkeypatch, ["8.8.8.8"])
    closed = asked("rpc", url_of("rpc.example"), "rpc.example")
    assert {(one.code, one.message) for one in (inside, nowhere, closed)} == {(closed.code, closed.message)}
    assert no_link == [("8.8.8.8", 443)]


def test_a_name_is_looked_up_once_and_that_is_connected_to(no_link: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    names = looked_up(monkeypatch, ["8.8.8.8", "1.1.1.1"], ["127.0.0.1"])  # the second answer would be another
    assert asked("rpc", url_of("rpc.example"), "rpc.example").code == "history.unreachable"
    assert (names, no_link) == (["rpc.example"], [("8.8.8.8", 443), ("1.1.1.1", 443)])


# this very machine


def slams(link: socket.socket) -> None:
    link.close()


def says(text: str, status: str = "200 OK") -> Callable[[socket.socket], None]:
    def answer(link: socket.socket) -> None:
        link.recv(65_536)
        link.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode())
        link.close()

    return answer


BEHAVIOURS: dict[str, Callable[[socket.socket], None]] = {
    "slams": slams,
    "says nothing": lambda _: None,
    "is no web server": lambda link: link.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"),
    "404": says("not here", "404 Not Found"),
    "403": says("{}", "403 Forbidden"),
    "redirects": says("", "302 Found"),
    "is busy": says("", "503 Service Unavailable"),
    "a page": says("<html>"),
    "JSON of its own": says('{"ok": true}'),
    "another chain": says('{"jsonrpc": "2.0", "id": 1, "result": "0x5"}'),
    "an error of a node": says('{"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "x"}}'),
    "an error of an explorer": says('{"status": "0", "message": "NOTOK", "result": "x"}'),
}


@contextmanager
def listening(behave: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[socket.socket]]]:
    """Yield the port of a server that does so with each connection, and the connections."""
    links: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    link, _ = server.accept()
                    links.append(link)
                    behave(link)
                except OSError:
                    if server.fileno() < 0:
                        return

        threading.Thread(target=serve, daemon=True).start()
        try:
            yield server.getsockname()[1], links
        finally:
            server.shutdown(socket.SHUT_RDWR)
            for link in links:
                link.close()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", list(BEHAVIOURS))
def test_ports_of_this_machine_look_alike(name: str, kind: Kind) -> None:
    with listening(BEHAVIOURS[name]) as (port, links):
        there = asked(kind, url_of("127.0.0.1", port, "http"), "127.0.0.1")
        assert links  # it was asked
    nobody = asked(kind, url_of("127.0.0.1", closed_port(), "http"), "127.0.0.1")
    assert (there.code, there.message, there.hint) == (nobody.code, nobody.message, nobody.hint)
    assert there.__cause__ is None and str(port) not in str(there)


@pytest.mark.usefixtures("in_an_image")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_from_an_image_this_machine_is_not_asked_at_all(scheme: str, host: str) -> None:
    with listening(slams) as (port, links):
        for kind in KINDS:
            there = asked(kind, url_of(host, port, scheme), host)
            nobody = asked(kind, url_of(host, closed_port(), scheme), host)
            assert (there.code, there.message) == (nobody.code, nobody.message)
            assert there.code == "history.host_not_allowed"
        assert links == []


@pytest.mark.usefixtures("in_an_image")
def test_from_an_image_a_name_that_leads_here_is_none(no_link: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up(monkeypatch, ["127.0.0.1"])
    assert asked("rpc", url_of("localtest.example"), "localtest.example").code == "history.unreachable"
    assert no_link == []


def test_an_image_has_the_mark_and_a_checkout_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not reach.is_image() and not reach.MARK.exists()
    (tmp_path / "app").mkdir()
    (tmp_path / "app/__init__.py").touch()
    monkeypatch.setattr(stage_image, "ROOT", tmp_path)
    monkeypatch.setattr(stage_image, "APP", tmp_path / "stage/app/app/app")
    stage_image._copy_program()
    assert sorted(path.name for path in stage_image.APP.iterdir()) == ["__init__.py", reach.MARK.name]
    assert reach.MARK.parent.name == "app"  # as the package's folder is the mark's in an image
    monkeypatch.setattr(reach, "MARK", stage_image.APP / reach.MARK.name)
    reach.is_image.cache_clear()
    try:
        assert reach.is_image() and not reach.may_be_named("127.0.0.1")
    finally:
        reach.is_image.cache_clear()


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://rpc.example/v2/CANARY", "rpc.example"),
        ("https://RPC.Example:443/CANARY?key=CANARY", "rpc.example"),
        ("https://rpc.example:8443/", "rpc.example:8443"),
        ("http://127.0.0.1:80/", "127.0.0.1"),
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("https://[2606:4700::1]:8545/CANARY", "[2606:4700::1]:8545"),
        ("https://[2606:4700::1]/", "[2606:4700::1]"),
    ],
)
def test_the_host_that_a_result_names(url: str, host: str) -> None:
    assert Place("rpc", url, ()).host == host


@pytest.mark.parametrize(
    "url",
    ["https://a%2eb/", "https://api.etherscan.io\\.evil.example/", "https://a,b/", "https://" + "a" * 254, "https://a:0/"],
)
def test_a_host_that_could_not_be_signed_is_none(url: str) -> None:
    host = url.removeprefix("https://").rstrip("/").removesuffix(":0")
    assert asked("rpc", url, host).code == "history.host_not_allowed"
