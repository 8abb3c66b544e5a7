"""Responses over a real socket: without a body where there may be none, however slow its reader."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from inspector.answers.rules import answer_always
from inspector.domain.answers.documents import make_answer
from inspector.domain.pace import Pace
from inspector.server.listener import WORKER_THREADS
from tests.server.conftest import RunningServer, StartProcess, read_all, wait_for

HOST = b"Host: 127.0.0.1\r\n"
PATHS = [
    b"/",
    b"/bins/b1",
    b"/nobody",
    b"/no/such/page",
    b"/healthz",
    b"/metrics",
    b"/static/base.css",
    b"/api/v1/bins",
    b"/api/v1/nothing",
    b"/api/v1/bins/b1/requests",
    b"/api/v1/bins/b1/requests/1-1/body",
    b"/api/v1/bins/b1/export",
    b"/api/v1/bins/b1/export?format=har",
    b"/api/v1/bins/b1/export?format=csv",
    b"/api/v1/bins/b1/requests/wait?timeout=0.05",
    b"/api/v1/bins/b1/requests/wait?timeout=5&after=0",
    b"/api/v1/bins/b1/events",
    b"/api/v1/bins/b1/events?after=0",
    b"/bins/b1/stream",
    b"/b1",
    b"/b1/deeper",
]


@pytest.mark.parametrize("path", PATHS)
def test_head_is_answered_with_a_head_alone(server: RunningServer, path: bytes) -> None:
    """RFC 9110, 9.3.2: pages, lists, exports, streams, waits and captures alike."""
    server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1")
    with server.connect() as connection:
        connection.sendall(b"HEAD " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
        head, empty_line, body = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 ")
    assert empty_line
    assert body == b""


def test_head_of_a_refused_request_is_a_head_alone(server: RunningServer) -> None:
    answer = server.exchange(b"HEAD /api/v1/bins HTTP/1.1\r\nContent-Length: x\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.endswith(b"\r\n\r\n")


def test_a_connection_goes_on_behind_head(server: RunningServer) -> None:
    head = b"HEAD /b1 HTTP/1.1\r\n" + HOST + b"\r\n"
    get = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = server.send(head + head + get)
    parts = answer.split(b"\r\n\r\n")
    assert [part[:12] for part in parts[:3]] == [b"HTTP/1.1 200"] * 3
    assert parts[3] == b"ok\n"


@pytest.mark.parametrize("status", [204, 205, 304])
@pytest.mark.parametrize("delay_s", [0, 0.05], ids=["at once", "later"])
def test_a_status_without_content_goes_out_without(
    server: RunningServer, status: int, delay_s: float
) -> None:
    """RFC 9110, 15.3.6 and 15.4.5."""
    services = server.process.services
    with server.process.app.app_context():
        chosen = make_answer(status=status, body="text", delay_s=delay_s)
        services.bins.answer_by("b1", answer_always(chosen))
    head, _, body = server.exchange(b"POST /b1 HTTP/1.1\r\nConnection: close\r\n\r\n").partition(
        b"\r\n\r\n"
    )
    assert head.split()[1] == str(status).encode()
    assert body == b""
    assert b"Content-Length: 4" not in head
    assert (b"Content-Length: 0" in head) is (status == 205)


LARGE = b"x" * 4_000_000
UNREAD = [
    b"/api/v1/bins/b1/requests?limit=500",
    b"/api/v1/bins/b1/requests/1-1/body",
    b"/api/v1/bins/b1/export",
    b"/api/v1/bins/b1/export?format=har",
]


@pytest.fixture
def full_server(start_process: StartProcess) -> RunningServer:
    """Its bin has 40 MB of bodies."""
    server = start_process()
    for _ in range(10):
        server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    return server


@contextlib.contextmanager
def unread(server: RunningServer, path: bytes, count: int) -> Iterator[list[socket.socket]]:
    """Connections that have asked for something and read nothing of it but its first bytes."""
    with contextlib.ExitStack() as stack:
        opened = []
        for _ in range(count):
            connection = stack.enter_context(socket.socket())
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.settimeout(30)
            connection.connect(("127.0.0.1", server.port))
            closing = b"Connection: close\r\n\r\n"
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\n" + HOST + closing)
            opened.append(connection)
        for connection in opened:
            assert connection.recv(12).startswith(b"HTTP/1.1 ")
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("path", UNREAD)
def test_a_reader_that_does_not_read_holds_no_thread(
    full_server: RunningServer, path: bytes
) -> None:
    with unread(full_server, path, 3 * WORKER_THREADS):
        for _ in range(3):
            assert full_server.get("/healthz") == (200, "ok\n")
        # Nor a connection to the database: there are fewer than readers.
        assert full_server.get("/bins/b1")[0] == 200


@pytest.mark.slow
@pytest.mark.parametrize("path", UNREAD[:3])
def test_a_slow_reader_gets_all_of_it(full_server: RunningServer, path: bytes) -> None:
    request = b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    at_once = full_server.exchange(request).partition(b"\r\n\r\n")[2]
    with unread(full_server, path, 1) as (connection,):
        assert full_server.get("/healthz") == (200, "ok\n")
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(read_all(connection)))
        reader.start()
        reader.join(60)
    assert got[0].partition(b"\r\n\r\n")[2] == at_once


@pytest.mark.slow
def test_a_reader_that_goes_away_leaves_nothing_behind(full_server: RunningServer) -> None:
    services = full_server.process.services
    for _ in range(4):
        with unread(full_server, b"/api/v1/bins/b1/export", 2):
            pass

    def look() -> bool | None:
        free = [services.exports.acquire(blocking=False) for _ in range(2)]
        for got in free:
            if got:
                services.exports.release()
        return True if all(free) else None

    wait_for(look)


def test_what_waits_for_a_thread_when_the_server_ends_leaves_nothing_behind(
    full_server: RunningServer,
) -> None:
    services = full_server.process.services
    with unread(full_server, b"/api/v1/bins/b1/export", 1):
        running = full_server.process._running()
        (channel,) = wait_for(
            lambda: [each for each in running.active_channels.values() if each._paused] or None
        )
        free = services.exports._value
        channel.cancel()  # as the end of the worker threads does with what is still queued
        assert services.exports._value == free + 1


def test_a_server_stops_beside_readers_that_do_not_read(start_process: StartProcess) -> None:
    server = start_process()
    for _ in range(10):
        server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    server.process._finish_s = 0.2
    with unread(server, b"/api/v1/bins/b1/export", 2):
        server.process.stop()
    assert server.process._stopped.is_set()


class RecordedPace(Pace):
    """Counts the work that is noted, and never has anyone rest."""

    def __init__(self) -> None:
        super().__init__(0.0, calm_s=0.0, max_rest_s=0.0)
        self.works: list[float] = []

    def note_work(self, worked_s: float) -> None:
        self.works.append(worked_s)


@pytest.mark.parametrize("long_s", [0.0, 1000.0])
def test_only_a_long_response_rests_for_captures(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, long_s: float
) -> None:
    """Beyond so much work, each piece of a response is noted before the next is made."""
    monkeypatch.setattr("inspector.server.tasks.LONG_S", long_s)
    assert server.process._server is not None
    server.process._server.pace = pace = RecordedPace()
    for _ in range(5):
        server.send(b"POST /b1 HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\na=1")
    status, text = server.get("/api/v1/bins/b1/requests")
    assert (status, text.count('"fidelity"')) == (200, 5)
    assert (len(pace.works) >= 5) is (long_s == 0.0)


@pytest.mark.parametrize("heavy_s", [0.0, 1000.0])
def test_the_next_page_waits_behind_a_heavy_one_only(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch, heavy_s: float
) -> None:
    monkeypatch.setattr("inspector.server.tasks.HEAVY_S", heavy_s)
    assert server.process._server is not None
    server.process._server.page_pace = pace = RecordedPace()
    for _ in range(3):
        assert server.get("/bins/b1")[0] == 200
    assert len(pace.works) == (3 if heavy_s == 0.0 else 0)


def test_captures_are_noted_for_pages_and_long_responses(server: RunningServer) -> None:
    assert server.process._server is not None
    paces = [Pace(1.0, calm_s=1000.0, max_rest_s=1.0) for _ in range(2)]
    server.process._server.pace, server.process._server.page_pace = paces
    assert [pace.busy_s for pace in paces] == [0, 0]
    server.send(b"POST /b1 HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\na=1")
    wait_for(lambda: all(pace.busy_s for pace in paces) or None)
