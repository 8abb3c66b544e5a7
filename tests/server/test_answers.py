"""What a bin was told to answer, byte for byte over a real socket."""

from __future__ import annotations

import time

from inspector.domain.bin_answers import make_bin_answer
from tests.server.conftest import RunningServer

POST = b"POST /b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"


def tell(server: RunningServer, **answer: object) -> None:
    services = server.process.services
    with server.process.app.app_context():
        services.bins.answer_with("b1", make_bin_answer(**answer))  # type: ignore[arg-type]


def test_the_answer_is_the_one_it_was_told(server: RunningServer) -> None:
    tell(server, status=418, headers=[("X-A", "1"), ("x-a", "2")], body="ä")
    head, _, body = server.send(POST).partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0].startswith(b"HTTP/1.1 418 ")
    assert [line for line in lines if line.lower().startswith(b"x-a")] == [b"X-A: 1", b"x-a: 2"]
    assert b"Content-Length: 2" in lines
    assert body == "ä".encode()
    assert len(server.captured()) == 1


def test_a_delayed_answer_is_stored_before_it_waits(server: RunningServer) -> None:
    tell(server, delay_s=0.3, body="late")
    began = time.monotonic()
    with server.connect() as connection:
        connection.sendall(POST)
        while not server.captured():
            assert time.monotonic() - began < 10
        assert connection.recv(4096).endswith(b"\r\n\r\nlate")
    assert time.monotonic() - began >= 0.3


def test_a_refused_request_gets_its_refusal_and_not_the_answer(server: RunningServer) -> None:
    tell(server, status=201)
    assert server.send(b"POST /b1 HTTP/1.1\r\nBroken header\r\n\r\n").startswith(b"HTTP/1.1 400 ")
