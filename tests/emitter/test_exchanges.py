"""Exchanges on an event loop: the same bytes and failures as with a blocking socket."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from inspector.emitter import ANYWHERE, DeliveryOptions, DestinationPolicy, restrict_to, send
from inspector.emitter import exchanges as exchanges_module
from inspector.emitter.exchanges import Exchanges
from inspector.emitter.http_client import problems
from inspector.emitter.http_client.urls import parse_url
from inspector.emitter.preparing import PreparedRequest
from inspector.emitter.sending import Exchange
from tests.emitter.receiver import OK, Receiver, answer
from tests.loops import run

DEADLINE_S = 60.0
TLS = Path(__file__).parent / "data" / "tls"


def prepare(url: str, method: str = "POST", body: bytes = b"a=1") -> PreparedRequest:
    parsed = parse_url(url)
    headers = (("Host", parsed.authority), ("x-ODD", "\udcff"), ("Content-Length", str(len(body))))
    return PreparedRequest(method, parsed, headers, body)


def exchange(
    request: PreparedRequest, timeout_s: float = DEADLINE_S, policy: DestinationPolicy = ANYWHERE
) -> Exchange:
    return run(Exchanges().send(request, policy, timeout_s))


def hang(_sock: socket.socket) -> None:
    """Keep the connection open and say nothing; the receiver's end closes it."""
    _sock.recv(1)


ANSWERS = [
    OK,
    answer(201, "X-One: 1", "x-one: 2", "X-B: \u00e9", body=b"\0\xff"),
    b"HTTP/1.0 200 OK\r\n\r\nto the end",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" + answer(204),
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort",
    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nContent-Length: 8\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
    b"SSH-2.0-OpenSSH\r\n\r\n",
    b"",
]


@pytest.mark.parametrize("reply", ANSWERS, ids=range(len(ANSWERS)))
def test_an_event_loop_reads_what_a_blocking_socket_reads(reply: bytes) -> None:
    def say(sock: socket.socket) -> None:
        sock.sendall(reply)
        sock.shutdown(socket.SHUT_WR)

    with Receiver(say, say) as receiver:
        request = prepare(receiver.url)
        found = exchange(request)
        expected = send(request, options=DeliveryOptions(timeout_s=DEADLINE_S)).last
        assert receiver.requests == [request.raw, request.raw]
    assert found.failure == expected.failure
    assert found.address == "127.0.0.1"
    assert (found.answer is None) == (expected.answer is None)
    if found.answer is not None and expected.answer is not None:
        for name in ("status", "headers", "body", "truncated", "raw_head"):
            assert getattr(found.answer, name) == getattr(expected.answer, name)


def test_a_head_request_waits_for_no_body() -> None:
    with Receiver(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") as receiver:
        found = exchange(prepare(receiver.url, "HEAD", b""))
    assert found.answer is not None
    assert found.answer.body == b""


def test_a_program_that_says_nothing_is_left_after_the_timeout() -> None:
    with Receiver(hang) as receiver:
        found = exchange(prepare(receiver.url), timeout_s=0.2)
    assert found.failure is not None
    assert found.failure.code == "timed_out"
    assert found.failure.message.endswith(" within 0.2 s.")
    assert found.first_byte_ms is None


def test_an_answer_that_drips_for_ever_is_left_after_the_timeout() -> None:
    stop = threading.Event()

    def drip(sock: socket.socket) -> None:
        sock.sendall(b"HTTP/1.1 200 OK\r\n")
        while not stop.wait(0.02):
            sock.sendall(b"X: 1\r\n")

    with Receiver(drip) as receiver:
        found = exchange(prepare(receiver.url), timeout_s=0.3)
        stop.set()
    assert found.failure is not None
    assert found.failure.code == "timed_out"


def test_nobody_there_and_an_unknown_host_are_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    codes = [
        found.failure.code
        for url in (f"http://127.0.0.1:{port}/", "http://nobody.invalid/")
        if (found := exchange(prepare(url))).failure
    ]
    assert codes == ["connection_refused", "name_not_found"]


def test_the_address_is_checked_at_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = restrict_to(["inside.example"])
    with Receiver() as receiver:
        port = receiver.port
        found_at = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found_at)
        inside = exchange(prepare(f"http://inside.example:{port}/"), policy=policy)
        elsewhere = exchange(prepare(f"http://elsewhere.example:{port}/"), policy=policy)
        assert receiver.connections == 0
    for found in (inside, elsewhere):
        assert found.failure is not None
        assert found.failure.code == "destination_refused"


def test_an_answer_beyond_the_bound_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchanges_module, "MAX_ANSWER_BYTES", 10)
    with Receiver(answer(200, body=b"a" * 11), answer(200, body=b"a" * 10)) as receiver:
        found = exchange(prepare(receiver.url))
        assert found.failure is not None
        assert found.failure.code == "answer_too_large"
        assert exchange(prepare(receiver.url)).failure is None


def test_answers_that_are_too_much_together_fail_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exchanges_module, "MAX_HELD_BYTES", 100_000)
    with Receiver(answer(200, body=b"a" * 200_000)) as receiver:

        async def talk() -> list[Exchange]:
            sender = Exchanges()
            return [
                await sender.send(prepare(receiver.url), ANYWHERE, DEADLINE_S) for _ in range(2)
            ]

        first, second = run(talk())
    assert first.failure is not None
    assert first.failure.code == "too_much_at_once"
    assert second.failure is None, "what the first one held is given back"


def test_no_more_open_files_is_a_failure_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> socket.socket:
        raise OSError(errno.EMFILE, "Too many open files")

    request = prepare("http://127.0.0.1:9/")

    async def talk() -> Exchange:
        monkeypatch.setattr(socket, "socket", refuse)
        try:
            return await Exchanges().send(request, ANYWHERE, DEADLINE_S)
        finally:
            monkeypatch.undo()

    failure = run(talk()).failure
    assert failure is not None
    assert failure.message == "The connection broke: Too many open files."


def test_a_hundred_programs_are_waited_for_by_one_thread() -> None:
    together = threading.Barrier(100)

    def wait_for_all(sock: socket.socket) -> None:
        together.wait(DEADLINE_S)
        sock.sendall(OK)

    with Receiver(otherwise=wait_for_all) as receiver:

        async def talk() -> list[Exchange]:
            sender = Exchanges()
            request = prepare(receiver.url)
            return await asyncio.gather(
                *(sender.send(request, ANYWHERE, DEADLINE_S) for _ in range(100))
            )

        found = run(talk())
    assert [each.failure for each in found] == [None] * 100


@pytest.fixture
def tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "cert.pem", TLS / "key.pem")
    return context


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SSL_CERT_FILE", str(TLS / "ca.pem"))
    problems.make_tls_context.cache_clear()
    yield
    problems.make_tls_context.cache_clear()


def test_tls_with_a_trusted_certificate(tls: ssl.SSLContext, trusted: None) -> None:
    with Receiver(tls=tls) as receiver:
        request = prepare(receiver.url)
        found = exchange(request)
        assert found.failure is None
        assert receiver.requests == [request.raw]


def test_tls_that_cannot_be_is_a_sentence(tls: ssl.SSLContext) -> None:
    with Receiver(tls=tls) as receiver:
        untrusted = exchange(prepare(receiver.url))
        assert receiver.requests == []
    assert untrusted.failure is not None
    assert untrusted.failure.code == "tls_failed"
    assert "is not trusted" in untrusted.failure.message
