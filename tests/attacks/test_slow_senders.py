"""Connections by the hundred that dawdle: none may keep a capture waiting."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest

from inspector.server.parser import ExactAdjustments, ExactParser
from tests.server.conftest import RunningServer, StartProcess, read_all, wait_for

POST = b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"
SLOW_HEAD = b"POST /b1 HTTP/1.1\r\nX-Slow: "
SLOW_BODY = b"POST /b1 HTTP/1.1\r\nContent-Length: 100000\r\n\r\n"
SLOW_CHUNKS = b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"


class Crowd:
    """Open connections, some of which have begun a request."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.members: list[socket.socket] = []

    def join(self, count: int, begin: bytes = b"") -> None:
        for _ in range(count):
            member = self.server.connect()
            self.members.append(member)
            member.sendall(begin)

    def send_a_byte_each(self) -> None:
        for member in self.members:
            with contextlib.suppress(OSError):
                member.send(b"1")

    def count_closed(self) -> int:
        closed = 0
        for member in self.members:
            member.setblocking(False)
            try:
                closed += not member.recv(1)
            except BlockingIOError:
                pass
            except OSError:
                closed += 1
        return closed


@pytest.fixture
def gather() -> Iterator[list[Crowd]]:
    crowds: list[Crowd] = []
    yield crowds
    for crowd in crowds:
        for member in crowd.members:
            member.close()


def make_crowd(server: RunningServer, gather: list[Crowd]) -> Crowd:
    gather.append(Crowd(server))
    return gather[-1]


def capture_quickly(server: RunningServer) -> float:
    """Capture once on a new connection; answers how long it took, in seconds."""
    began = time.monotonic()
    with server.connect() as connection:
        connection.sendall(POST)
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    return time.monotonic() - began


def test_a_thousand_senders_of_a_byte_a_second_hold_nobody_up(
    server: RunningServer, gather: list[Crowd]
) -> None:
    crowd = make_crowd(server, gather)
    for begin in (b"", SLOW_HEAD, SLOW_BODY, SLOW_CHUNKS):
        crowd.join(250, begin)
    took = []
    for _ in range(3):
        crowd.send_a_byte_each()
        took += [capture_quickly(server) for _ in range(20)]
    # A sender that had to be waited for would hold a capture up for minutes.
    assert max(took) < 10
    assert server.get("/healthz") == (200, "ok\n")


@pytest.mark.parametrize(
    "begin", [SLOW_HEAD, SLOW_BODY, SLOW_CHUNKS], ids=["head", "body", "chunks"]
)
def test_a_request_that_dribbles_is_refused_with_408_and_kept(
    start_process: StartProcess, begin: bytes
) -> None:
    server = start_process(receive_timeout_s=1)
    with server.connect() as connection:
        connection.sendall(begin)
        connection.setblocking(False)
        answer = b""
        deadline = time.monotonic() + 10
        while not answer:
            assert time.monotonic() < deadline
            with contextlib.suppress(OSError):
                connection.send(b"1")
            with contextlib.suppress(BlockingIOError):
                answer = connection.recv(1000)
            time.sleep(0.05)
    assert answer.split()[1] == b"408"
    request = server.only()
    assert request["refused"]["status"] == 408
    assert "1 seconds" in request["refused"]["reason"]
    assert request["request_line"] == "POST /b1 HTTP/1.1"
    assert request["truncated"] is (begin != SLOW_HEAD)


def test_a_connection_on_which_nothing_comes_is_closed(start_process: StartProcess) -> None:
    server = start_process(idle_timeout_s=1)
    with server.connect() as fresh, server.connect() as used:
        used.sendall(POST)
        assert used.recv(1000).startswith(b"HTTP/1.1 200")
        assert read_all(used) == b""
        assert read_all(fresh) == b""


def test_an_answer_nobody_reads_is_given_up(start_process: StartProcess) -> None:
    server = start_process(idle_timeout_s=1, max_body_bytes=2_000_000)
    body = b"x" * 1_500_000
    for _ in range(20):
        server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    stuck = []
    for _ in range(6):
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(b"GET /api/v1/bins/b1/requests HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        stuck.append(connection)
    # They hold every thread that serves pages, for as long as they are let.
    wait_for(lambda: server.get("/healthz") == (200, "ok\n") or None, deadline_s=30)
    for connection in stuck:
        connection.close()


def test_when_all_connections_are_taken_the_oldest_makes_room(
    start_process: StartProcess, gather: list[Crowd]
) -> None:
    server = start_process(max_connections=40)
    crowd = make_crowd(server, gather)
    for begin in (b"", SLOW_HEAD, SLOW_BODY):
        crowd.join(50, begin)
    for _ in range(20):
        capture_quickly(server)
    assert crowd.count_closed() > 50


def test_unfinished_bodies_are_dropped_when_they_are_too_much(
    start_process: StartProcess, gather: list[Crowd]
) -> None:
    server = start_process(max_unfinished_bytes=1_000_000)
    crowd = make_crowd(server, gather)
    head = b"POST /b1 HTTP/1.1\r\nContent-Length: 300000\r\n\r\n"
    crowd.join(10, head + b"x" * 200_000)
    requests = server.captured(count=10)
    assert "short of room" in requests[0]["refused"]["reason"]
    assert capture_quickly(server) < 3


def feed(head: bytes, count: int) -> float:
    """Seconds that a parser takes for ``count`` more bytes of a head, one at a time."""
    parser = ExactParser(ExactAdjustments(max_request_header_size=1_000_000))
    parser.received(head)
    began = time.process_time()
    for _ in range(count):
        parser.received(b"a")
    return time.process_time() - began


def test_a_byte_more_of_a_large_head_costs_what_one_of_a_small_head_costs() -> None:
    """300 connections that each send 240 KB of a head and then a byte at a time."""
    small, large = SLOW_HEAD + b"a" * 100, SLOW_HEAD + b"a" * 240_000
    feed(small, 100)
    times = [(feed(small, 2000), feed(large, 2000)) for _ in range(5)]
    assert min(each[1] for each in times) < 20 * min(each[0] for each in times)


def test_unfinished_heads_count_in_what_unfinished_requests_may_hold(
    start_process: StartProcess, gather: list[Crowd]
) -> None:
    server = start_process(max_unfinished_bytes=1_000_000)
    crowd = make_crowd(server, gather)
    crowd.join(10, SLOW_HEAD + b"x" * 200_000)
    wait_for(lambda: crowd.count_closed() or None)
    requests = server.captured(count=1)
    assert "short of room" in requests[0]["refused"]["reason"]
    assert "bytes of head" in requests[0]["refused"]["reason"]
    capture_quickly(server)
