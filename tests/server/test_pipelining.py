"""Requests that are sent before earlier ones are answered: each is answered in turn, or kept."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from inspector.domain.answers.answer import Answer, GivenAnswer
from tests.server.conftest import RunningServer, StartProcess, read_all, wait_for

POST = b"POST /b1/%s HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"
WAIT = (
    b"GET /api/v1/bins/b1/requests/wait?timeout=0.2&method=PUT HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
)
LARGE = b"x" * 9_000_000
DOWNLOAD = b"GET /api/v1/bins/b1/requests/1-1/body HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


class Slowly:
    """Answers requests to ``/b1/slow`` after a while, the others at once."""

    def note(self, number: int) -> None:
        pass

    def note_given(self, number: int, given: GivenAnswer) -> None:
        pass

    def choose(self, number: int, raw_head: bytes, tell: Callable[[Answer], None]) -> Answer:
        is_slow = raw_head.startswith(b"POST /b1/slow")
        return Answer(body=b"late\n" if is_slow else b"ok\n", delay_s=0.2 if is_slow else 0)


@pytest.fixture
def server(start_process: StartProcess) -> RunningServer:
    server = start_process()
    server.process.answer_by(1, Slowly())
    return server


LAST = [
    pytest.param(POST % b"slow", b"late\n", id="a delayed answer"),
    pytest.param(WAIT, b'"timed_out"', id="a waiting call"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("last", "answer"), LAST)
def test_an_answer_that_comes_later_waits_for_those_before_it(
    server: RunningServer, last: bytes, answer: bytes
) -> None:
    """The one before is larger than what the socket takes, and its reader takes its time."""
    server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(DOWNLOAD + last)
        if last != WAIT:
            server.captured(count=2)  # stored, and to be answered behind the download
        got = read_all(connection)
    first = got.partition(b"\r\n\r\n")[2]
    assert first.startswith(LARGE)
    second = first.removeprefix(LARGE)
    assert second.startswith(b"HTTP/1.1 ")
    assert answer in second
    assert b"\r\nConnection: close\r\n" in second


@pytest.mark.parametrize(("last", "answer"), LAST)
def test_captures_behind_the_last_answer_are_kept(
    server: RunningServer, last: bytes, answer: bytes
) -> None:
    """They get no answer, which tells their sender to send them again (RFC 9112, 9.3.2)."""
    part = b"POST /b1/3 HTTP/1.1\r\nContent-Length: 9\r\n\r\nb=2"
    got = server.exchange(POST % b"0" + last + POST % b"1" + WAIT + POST % b"2" + part)
    assert got.count(b"HTTP/1.1 ") == 2
    assert b"Connection: close" in got
    assert answer in got
    kept = {each["path"]: each for each in server.captured(count=4)}
    assert kept["/b1/0"]["refused"] is None
    for path in ("/b1/1", "/b1/2"):
        assert kept[path]["body"] == "a=1"
        assert kept[path]["refused"]["status"] == 444
        assert "no answer" in kept[path]["refused"]["reason"]
    assert kept["/b1/3"]["body"] == "b=2"
    assert kept["/b1/3"]["truncated"]
    assert "after 3 of 9 bytes" in kept["/b1/3"]["refused"]["reason"]


def test_a_sender_that_goes_on_sending_still_gets_the_late_answer(server: RunningServer) -> None:
    with server.connect() as connection:

        def go_on() -> None:
            try:
                while True:
                    connection.sendall(b"x" * 65_536)
            except OSError:
                pass

        connection.sendall(
            POST % b"slow" + b"POST /b1 HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n"
        )
        sender = threading.Thread(target=go_on, daemon=True)
        sender.start()
        got = b""
        while b"late\n" not in got:
            data = connection.recv(1000)
            assert data, got
            got += data
        connection.shutdown(socket.SHUT_RDWR)
        sender.join(10)


def test_one_who_leaves_before_an_answer_can_come_is_waited_for_by_nobody(
    server: RunningServer,
) -> None:
    server.send(b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(LARGE) + LARGE)
    room = server.process.services.waiters
    with server.connect() as connection:
        connection.sendall(DOWNLOAD + WAIT.replace(b"0.2", b"60"))
        wait_for(lambda: room._bins or None)
    wait_for(lambda: None if room._bins else True)


def test_a_broken_request_behind_a_capture_is_refused_and_holds_nobody_up(
    server: RunningServer,
) -> None:
    for broken in (b"GET / HTTP/1.1\r\nbroken\r\n\r\n", b"GET /b1 HTTP/1.1\r\nbroken\r\n\r\n"):
        got = server.exchange(POST % b"0" + POST % b"1" + broken)
        assert got.count(b"HTTP/1.1 200 OK") == 2
        assert b" 400 Bad Request" in got
        assert server.get("/healthz") == (200, "ok\n")
