"""What the server answers, and what it does to clients that are slow, loud or many."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from collections.abc import Iterator

import pytest

from exporters.agent import connection as bounds
from exporters.agent.agent import Agent
from exporters.agent.connection import Connections
from tests.exporters.agent.conftest import Card, Slots, Start, get, up, wait_for


@pytest.fixture
def agent(start: Start) -> Agent:
    agent = start(Slots("cards", a=Card("GPU-0")))
    wait_for(lambda: up(agent, "cards/a") == 1)
    return agent


@contextlib.contextmanager
def connected(agent: Agent) -> Iterator[socket.socket]:
    host, port = agent.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        yield connection


def exchange(agent: Agent, request: bytes) -> bytes:
    """Everything that the server sends until it closes."""
    with connected(agent) as connection:
        connection.sendall(request)
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while got := connection.recv(65_536):
                found += got
        return found


def test_pages(agent: Agent) -> None:
    home = get(f"{agent.url}/").decode()
    assert 'href="/metrics"' in home
    assert "node-1" in home
    assert b"gpuyield_source_up" in get(f"{agent.url}/metrics?debug=1")
    assert exchange(agent, b"GET /nowhere HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 404 ")


def test_a_connection_is_kept_and_head_has_no_body(agent: Agent) -> None:
    client = http.client.HTTPConnection(agent.url.removeprefix("http://"), timeout=20)
    for method in ("GET", "HEAD", "GET"):
        client.request(method, "/metrics")
        answer = client.getresponse()
        body = answer.read()
        assert (answer.status, bool(body)) == (200, method == "GET")
        assert int(answer.headers["Content-Length"]) > 100
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert answer.headers["Server"] == "gpuyield"
    client.close()


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"PATCH"])
def test_nothing_can_be_changed(agent: Agent, method: bytes) -> None:
    answer = exchange(agent, method + b" /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET, HEAD\r\n" in answer


def test_a_body_is_not_taken_for_a_request(agent: Agent) -> None:
    inner = b"GET /nowhere HTTP/1.1\r\n\r\n"
    outer = b"GET /-/healthy HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(inner)
    answer = exchange(agent, outer + inner)
    assert answer.count(b"HTTP/1.1") == 1
    assert b"Connection: close" in answer


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: %s\r\n" % (number, b"y" * 900) for number in range(90)) + b"\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 60_000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0\n",
    ],
)
def test_what_is_no_request_or_too_long_is_not_answered_with_a_page(agent: Agent, request_bytes: bytes) -> None:
    answer = exchange(agent, request_bytes)
    assert b" 200 " not in answer[:20]
    assert get(f"{agent.url}/-/healthy") == b"healthy\n"


def test_a_client_that_trickles_is_cut_off(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "REQUEST_SECONDS", 0.3)
    with connected(agent) as connection, pytest.raises(OSError):  # noqa: PT012 - which of the two ends it is chance
        connection.sendall(b"GET / HTTP/1.1\r\n")
        pause = threading.Event()
        for number in range(400):
            connection.sendall(b"X-%d: y\r\n" % number)
            pause.wait(0.05)


def test_an_idle_connection_is_closed_after_a_while(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "IDLE_SECONDS", 0.1)
    with connected(agent) as connection:
        assert connection.recv(1) == b""


def test_idle_clients_cannot_keep_others_out(agent: Agent) -> None:
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(agent)) for _ in range(300)]
        assert get(f"{agent.url}/-/healthy") == b"healthy\n"
        assert idle[0].recv(1) == b""  # the one that waited longest had to go


def test_clients_at_work_are_not_closed_for_others() -> None:
    connections = Connections(limit=2)
    pairs = [socket.socketpair() for _ in range(3)]
    assert connections.enter("a", pairs[0][0])
    assert connections.enter("b", pairs[1][0])
    connections.at_work("a")
    connections.at_work("b")
    assert not connections.enter("c", pairs[2][0])
    connections.idle("b")
    assert connections.enter("c", pairs[2][0])
    assert pairs[1][1].recv(1) == b""
    connections.leave("a")
    assert connections.enter("d", pairs[0][0])
    for pair in pairs:
        for end in pair:
            end.close()
