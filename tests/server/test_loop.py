"""The main loop: idle connections cost nothing, and none that wants something is forgotten."""

from __future__ import annotations

import select
import socket
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest

from inspector.server import loop as loops
from inspector.server.channel import Channel
from inspector.server.loop import SWEEP_EVERY_S
from tests.server.conftest import RunningServer, StartProcess, read_all

POST = b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"
has_epoll = pytest.mark.skipif(not hasattr(select, "epoll"), reason="no epoll here")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[Any]:
    """How often each connection was asked what it wants."""
    counted: Counter[Any] = Counter()
    readable = Channel.readable

    def count(self: Channel) -> bool:
        counted[id(self)] += 1
        return readable(self)

    monkeypatch.setattr(Channel, "readable", count)
    return counted


@has_epoll
def test_idle_connections_are_not_asked_beside_busy_ones(
    server: RunningServer, asked: Counter[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as stack:
        idle = [stack.enter_context(server.connect()) for _ in range(100)]
        for connection in idle:
            connection.sendall(POST)
            assert connection.recv(1000)
        busy = stack.enter_context(server.connect())
        monkeypatch.setattr(loops, "SWEEP_EVERY_S", 1000 * SWEEP_EVERY_S)
        busy.sendall(POST)
        assert busy.recv(1000)
        turns = 200
        asked.clear()
        for _ in range(turns):
            busy.sendall(POST)
            assert busy.recv(1000)
        # One sweep may still be due; before, each of them was asked in each turn.
        assert sum(asked.values()) < 10 * turns + 2 * len(idle)
        assert max(asked.values()) > turns / 2


@pytest.fixture(params=["epoll", "plain"])
def any_loop_server(
    request: pytest.FixtureRequest, start_process: StartProcess, monkeypatch: pytest.MonkeyPatch
) -> RunningServer:
    if request.param == "plain":
        monkeypatch.setattr("inspector.server.listener.make_loop", loops.PlainLoop)
    elif not hasattr(select, "epoll"):
        pytest.skip("no epoll here")
    # A connection that is only found by the sweep would take longer than a test may.
    monkeypatch.setattr(loops, "SWEEP_EVERY_S", 1000.0)
    return start_process()


def test_connections_of_all_kinds_are_served_without_a_sweep(
    any_loop_server: RunningServer,
) -> None:
    server = any_loop_server
    large = b"x" * 3_000_000
    server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(large) + large)
    for _ in range(20):
        server.send(POST)
    host = b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    for page in ("/healthz", "/readyz", "/bins/b1", "/b1", "/nobody"):
        assert server.get(page)[0] in (200, 404)
    for path in (b"/api/v1/bins/b1/requests?limit=50", b"/api/v1/bins/b1/requests/1-1/body"):
        got = server.exchange(b"GET " + path + host + b"Connection: close\r\n\r\n")
        assert len(got) > len(large)
    late = server.exchange(
        b"GET /api/v1/bins/b1/requests/wait?timeout=0.05&method=PUT" + host + b"\r\n"
    )
    assert late.startswith(b"HTTP/1.1 408")
    assert server.exchange(b"POST /b1 HTTP/1.1\r\nbroken\r\n\r\n").startswith(b"HTTP/1.")
    expecting = b"POST /b1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(expecting)
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"a=1")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_descriptor_that_is_used_again_is_listened_to(any_loop_server: RunningServer) -> None:
    for _ in range(50):
        with any_loop_server.connect() as connection:
            connection.sendall(POST)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_a_sender_that_is_gone_while_it_is_served_takes_no_turns(server: RunningServer) -> None:
    """Its end makes the socket readable all the time, and nobody reads while it is served."""
    with server.connect() as waiting:
        waiting.sendall(
            b"GET /api/v1/bins/b1/requests/wait?timeout=5&method=PUT HTTP/1.1\r\n"
            b"Host: 127.0.0.1\r\n\r\n" + POST
        )
        waiting.shutdown(socket.SHUT_WR)
        assert server.get("/healthz") == (200, "ok\n")
    assert server.send(POST).startswith(b"HTTP/1.1 200")


def test_a_connection_closed_by_the_server_is_closed_at_once(
    any_loop_server: RunningServer,
) -> None:
    with any_loop_server.connect() as connection:
        connection.sendall(b"POST /b1 HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert read_all(connection).startswith(b"HTTP/1.1 200")
