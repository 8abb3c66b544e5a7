"""What goes over the wire and what comes back, against receivers that say anything."""

import contextlib
import errno
import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspector.emitter import (
    DeliveryOptions,
    DeliveryResult,
    Failure,
    PreparedRequest,
    WebhookAction,
    render,
    restrict_to,
    sample_context,
    send,
)
from inspector.emitter.http_client import problems
from inspector.emitter.http_client.connections import (
    Connection,
    ConnectionPool,
    Deadline,
)
from inspector.emitter.http_client.problems import DeliveryError
from inspector.emitter.http_client.responses import ReceivedAnswer, read_answer
from inspector.emitter.http_client.urls import parse_url
from inspector.emitter.sending import MAX_PAUSE_S, find_redirect, parse_retry_after
from inspector.errors import InspectorError
from tests.emitter.receiver import OK, Receiver, answer

TLS = Path(__file__).parent / "data" / "tls"
QUICK = DeliveryOptions(timeout_s=10)
CLOSE = "Connection: close"

Names: TypeAlias = dict[str, list[str] | Exception]


def prepare(url: str, **action: Any) -> PreparedRequest:
    return render(WebhookAction(**{"url": url, **action}), sample_context())


def failure_of(result: DeliveryResult) -> Failure:
    assert result.failure is not None
    assert not result.delivered
    return result.failure


class Pauses(threading.Event):
    """Stands in for the event that ends a delivery, and does not wait."""

    def __init__(self, stop_at: int | None = None) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self._stop_at = stop_at

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.seconds.append(timeout)
        return len(self.seconds) == self._stop_at


# What is sent, and the answer


def test_the_bytes_that_were_prepared_are_the_bytes_that_arrive() -> None:
    with Receiver() as receiver:
        request = prepare(
            f"{receiver.url}/bin?x=1",
            headers=(("x-LOWER", "1"), ("X-Subject", "{{ ticket.subject }}"), ("x-LOWER", "ü")),
        )
        result = send(request, options=QUICK)
    assert receiver.requests == [request.raw]
    assert result.delivered
    assert result.failure is None


def test_the_answer_comes_back_whole_with_its_times() -> None:
    reply = answer(201, "X-Seen: 1", "x-seen: 2", body=b"<b>made</b>", reason="Made It")
    with Receiver(reply) as receiver:
        result = send(prepare(receiver.url), options=QUICK)
    last = result.last
    assert last.answer is not None
    assert (result.status, last.answer.reason, last.answer.http_version) == (201, "Made It", "1.1")
    assert last.answer.raw_headers == (("X-Seen", "1"), ("x-seen", "2"), ("Content-Length", "11"))
    assert (last.answer.body, last.answer.truncated) == (b"<b>made</b>", False)
    assert last.address == "127.0.0.1"
    assert last.connect_ms is not None
    assert last.first_byte_ms is not None
    assert 0 < last.connect_ms < last.total_ms
    assert 0 < last.first_byte_ms < last.total_ms


class Framing(NamedTuple):
    id: str
    raw: bytes
    body: bytes = b""
    status: int = 200
    truncated: bool = False


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FRAMINGS = [
    Framing("a length", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokRUBBISH", b"ok"),
    Framing("lengths that agree", b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", b"ok"),
    Framing("the end of the connection", b"HTTP/1.1 200 OK\r\n\r\nok", b"ok"),
    Framing("HTTP/1.0", b"HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\nok", b"ok"),
    Framing("bare line feeds", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", b"ok"),
    Framing("no reason", b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"),
    Framing("chunks", CHUNKED + b"1;x=y\r\no\r\n1 \r\nk\r\n0\r\nTrailer: x\r\n\r\n", b"ok"),
    Framing("chunks with a length too", CHUNKED[:-2] + b"Content-Length: 9\r\n\r\n0\r\n\r\n"),
    Framing("a coding we do not undo", b"HTTP/1.1 200 X\r\nTransfer-Encoding: gzip\r\n\r\nx", b"x"),
    Framing("204", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", status=204),
    Framing("304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", status=304),
    Framing("101", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nxxx", status=101),
    Framing(
        "interim answers",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"ok",
    ),
    Framing("500", b"HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", b"no", 500),
    Framing(
        "a length beyond the limit",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n" + b"x" * 2000,
        b"x" * 1000,
        truncated=True,
    ),
    Framing(
        "no end before the limit",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000,
        b"x" * 1000,
        truncated=True,
    ),
    Framing(
        "a chunk beyond the limit",
        CHUNKED + b"3e7\r\n" + b"x" * 999 + b"\r\nFFFFFFFF\r\n" + b"y" * 1000,
        b"x" * 999 + b"y",
        truncated=True,
    ),
    Framing("exactly the limit", b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000, b"x" * 1000),
]


def in_pieces(data: bytes, size: int) -> Callable[[socket.socket], None]:
    def reply(sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(data), size):
            sock.sendall(data[start : start + size])
        sock.shutdown(socket.SHUT_RDWR)

    return reply


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("case", FRAMINGS, ids=lambda case: case.id)
def test_answers_are_read_by_the_rules_however_they_are_cut(case: Framing, size: int) -> None:
    with Receiver(in_pieces(case.raw, size)) as receiver:
        result = send(prepare(receiver.url), options=QUICK, max_answer_bytes=1000)
    assert result.failure is None
    assert result.answer is not None
    assert (result.answer.status, result.answer.body) == (case.status, case.body)
    assert result.answer.truncated == case.truncated


UNREADABLE = {
    b"": "closed without an answer",
    b"HTTP/1.1 200 OK\r\nContent-Le": "ended in the middle of the answer",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok": "ended in the middle of the answer",
    CHUNKED + b"5\r\nok": "another size than it says",
    CHUNKED + b"2\r\nokay\r\n0\r\n\r\n": "another size than it says",
    CHUNKED + b"x\r\nok": "has no size",
    CHUNKED + b"-1\r\nok": "has no size",
    CHUNKED + b"1\r\no\r\n": "ended in the middle of the answer",
    CHUNKED + b"0\r\n" + b"a: b\r\n" * 200: "too many trailers",
    CHUNKED + b"1" * 5000: "is too long",
    b"SSH-2.0-OpenSSH_9.2\r\n\r\n": "begins with 'SSH-2.0-OpenSSH_9.2', which is no status line",
    b"HTTP/1.1 20 OK\r\n\r\n": "no status line",
    b"HTTP/1.1 2000 OK\r\n\r\n": "no status line",
    b"HTTP/2 200 OK\r\n\r\n": "no status line",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nok": "not one number",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nok": "not one number",
    b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nok": "not one number",
    b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000: "its head is longer than 65,536 bytes",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 30: "too many interim answers",
}


@pytest.mark.parametrize(("raw", "says"), UNREADABLE.items(), ids=lambda value: str(value[:40]))
def test_an_answer_that_breaks_the_rules_is_a_sentence(raw: bytes, says: str) -> None:
    with Receiver(in_pieces(raw, 100_000)) as receiver:
        failure = failure_of(send(prepare(receiver.url), options=QUICK))
    assert failure.code in ("unreadable_answer", "connection_lost")
    assert says in failure.message


class Recorded(Connection):
    """A connection that gives the bytes of an answer, cut into pieces, and then the end."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def receive(self, deadline: Deadline) -> bytes:
        return next((piece for piece in self._pieces if piece), b"")


HEAD_PIECES = st.sampled_from(
    [
        *[b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 302 X\n", b"\r\n", b"\n", b": ", b",", b"0", b"5\r\n"],
        *[b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Connection: close\r\n"],
        *[b"Location: http://x/\r\n", b"Location:", b"\xff", b"\0", b" folded\r\n", b"abc", b"-1"],
    ]
)


@given(st.lists(HEAD_PIECES | st.binary(max_size=5), max_size=30))
def test_any_bytes_are_an_answer_or_a_sentence(pieces: list[bytes]) -> None:
    far = Deadline(60, "No answer")
    try:
        found = read_answer(
            Recorded([b"HTTP/1.1 200 OK\r\n", *pieces]),
            first_byte=far,
            overall=far,
            max_body_bytes=10,
        )
    except DeliveryError:
        return
    assert len(found.body) <= 10
    target = find_redirect(found, parse_url("http://h/"))
    assert target is None or isinstance(target, str)


@given(st.text() | st.text("htp:/[]@?#.\\ x1").map("//{}".format))
def test_any_location_is_a_target_or_none(location: str) -> None:
    found = ReceivedAnswer("1.1", 302, "", (("Location", location),), b"", False, False, 0.0)
    target = find_redirect(found, parse_url("http://h/a"))
    with contextlib.suppress(InspectorError):
        parse_url(target or "")


# What goes wrong on the way


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Names:
    """Names and their addresses, in place of the machine's resolver."""
    names: Names = {}

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        found = names[host]
        if isinstance(found, Exception):
            raise found
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return names


def test_nothing_listening_is_a_result_with_a_sentence() -> None:
    with Receiver() as receiver:
        url = receiver.url
    result = send(prepare(url), options=QUICK)
    assert failure_of(result) == Failure(
        "connection_refused",
        f"Nothing listens at 127.0.0.1, port {receiver.port}: the connection was refused.",
    )
    assert (result.status, result.answer) == (None, None)


def test_an_unknown_name_is_a_sentence(resolver: Names) -> None:
    resolver["nosuch.example"] = socket.gaierror(-2, "Name or service not known")
    failure = failure_of(send(prepare("http://nosuch.example/"), options=QUICK))
    assert failure.code == "name_not_found"
    assert failure.message.startswith("There is no address for nosuch.example")


def test_a_slow_resolver_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        released.wait(10)
        raise socket.gaierror(-3, "Temporary failure")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    options = DeliveryOptions(connect_timeout_s=0.05)
    try:
        failure = failure_of(send(prepare("http://slow.example/"), options=options))
    finally:
        released.set()
    assert failure == Failure("timed_out", "No connection to slow.example within 0.05 s.")


def test_the_second_address_is_tried_when_the_first_does_not_answer(
    resolver: Names,
) -> None:
    resolver["two.example"] = ["127.0.0.2", "127.0.0.1", "127.0.0.1"]
    with Receiver() as receiver:
        result = send(prepare(f"http://two.example:{receiver.port}/"), options=QUICK)
    assert result.delivered
    assert result.last.address == "127.0.0.1"
    assert b"\r\nHost: two.example:" in receiver.requests[0]


def test_a_connection_that_is_not_accepted_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        waiting = []
        for _ in range(8):  # Until the kernel takes no more.
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(address)
            waiting.append(sock)
        options = DeliveryOptions(connect_timeout_s=0.05)
        result = send(prepare(f"http://127.0.0.1:{address[1]}/"), options=options)
        for sock in waiting:
            sock.close()
    assert failure_of(result).code == "timed_out"
    assert "No connection to 127.0.0.1" in failure_of(result).message


@pytest.mark.parametrize(
    ("first", "options", "says"),
    [
        (b"", {"first_byte_timeout_s": 0.05}, "No answer from 127.0.0.1 within 0.05 s."),
        (b"", {"timeout_s": 0.05}, "No complete answer from 127.0.0.1 within 0.05 s."),
        (OK[:20], {"timeout_s": 0.05}, "No complete answer from 127.0.0.1 within 0.05 s."),
    ],
)
def test_a_receiver_that_stalls_is_not_waited_for(
    first: bytes, options: dict[str, Any], says: str
) -> None:
    released = threading.Event()

    def stall(sock: socket.socket) -> None:
        sock.sendall(first)
        released.wait(10)

    with Receiver(stall) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(**options))
        released.set()
    assert failure_of(result) == Failure("timed_out", says)


def test_a_trickle_does_not_hold_a_delivery_beyond_its_time() -> None:
    released = threading.Event()

    def trickle(sock: socket.socket) -> None:
        while not released.wait(0.01):
            sock.sendall(b"H")

    with Receiver(trickle) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(timeout_s=0.1))
        released.set()
    assert failure_of(result).code == "timed_out"
    assert result.last.total_ms < 2000


def test_a_receiver_that_takes_nothing_does_not_hold_a_delivery() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        action = WebhookAction(f"http://127.0.0.1:{listener.getsockname()[1]}/")
        request = render(action, {"ticket": "x" * 30_000_000})
        result = send(request, options=DeliveryOptions(timeout_s=0.2))
    assert failure_of(result).code == "timed_out"


# TLS


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
        assert send(request, options=QUICK).delivered
        assert receiver.requests == [request.raw]


def test_a_certificate_that_is_not_trusted_is_refused_and_not_tried_again(
    tls: ssl.SSLContext,
) -> None:
    with Receiver(tls=tls) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(retries=3), stop=Pauses())
    assert failure_of(result).code == "tls_failed"
    assert "The certificate of 127.0.0.1 is not trusted" in failure_of(result).message
    assert len(result.attempts) == 1
    assert receiver.requests == []


def test_a_certificate_for_another_name_is_refused(
    tls: ssl.SSLContext, trusted: None, resolver: Names
) -> None:
    resolver["other.example"] = ["127.0.0.1"]
    with Receiver(tls=tls) as receiver:
        result = send(prepare(f"https://other.example:{receiver.port}/"), options=QUICK)
    assert failure_of(result).code == "tls_failed"
    assert receiver.requests == []


def test_tls_without_a_check_takes_any_certificate(tls: ssl.SSLContext) -> None:
    with Receiver(tls=tls) as receiver:
        assert send(prepare(receiver.url), options=DeliveryOptions(verify_tls=False)).delivered


def test_tls_to_a_receiver_that_has_none_is_a_sentence() -> None:
    def speak_plainly(sock: socket.socket) -> None:
        sock.recv(1000)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            sock, _ = listener.accept()
            with sock:
                speak_plainly(sock)

        thread = threading.Thread(target=serve)
        thread.start()
        result = send(prepare(f"https://127.0.0.1:{port}/"), options=QUICK)
        thread.join()
    assert failure_of(result).code == "tls_failed"
    said = failure_of(result).message
    assert said == f"127.0.0.1, port {port}, speaks plain HTTP: write http://, not https://."


@pytest.mark.parametrize(
    ("stalls", "code"), [(True, "timed_out"), (False, "tls_failed")], ids=["stalls", "closes"]
)
def test_a_receiver_that_does_not_begin_tls_is_a_sentence(stalls: bool, code: str) -> None:
    released = threading.Event()

    def serve() -> None:
        sock, _ = listener.accept()
        with sock:
            if stalls:
                released.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        result = send(prepare(url), options=DeliveryOptions(connect_timeout_s=0.2))
        released.set()
        thread.join()
    assert failure_of(result).code in (code, "connection_lost")


def test_a_network_that_cannot_be_reached_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> None:
        raise OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))

    monkeypatch.setattr(socket.socket, "connect", connect)
    result = send(prepare("http://[2001:db8::1]:81/"), options=QUICK)
    message = "2001:db8::1, port 81 cannot be reached: Network is unreachable."
    assert failure_of(result) == Failure("unreachable", message)


# Attempts


def test_what_the_receiver_cannot_do_now_is_tried_again_with_growing_pauses() -> None:
    replies = [answer(500), b"", answer(503)]
    pauses = Pauses()
    with Receiver(*[in_pieces(reply, 99) for reply in replies]) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(retries=5), stop=pauses)
    assert result.delivered
    assert pauses.seconds == [1, 2, 4]
    assert [attempt.number for attempt in result.attempts] == [1, 2, 3, 4]
    assert [attempt.pause_s for attempt in result.attempts] == [0, 1, 2, 4]
    assert [attempt.exchanges[0].answer is None for attempt in result.attempts] == [
        False,
        True,
        False,
        False,
    ]
    assert len(set(receiver.requests)) == 1


@pytest.mark.parametrize("status", [200, 301, 400, 404, 410, 422])
def test_an_answer_that_is_meant_is_not_tried_again(status: int) -> None:
    pauses = Pauses()
    with Receiver(answer(status)) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(retries=5), stop=pauses)
    assert (result.status, pauses.seconds, len(receiver.requests)) == (status, [], 1)


def test_no_more_attempts_than_the_options_say() -> None:
    with Receiver(otherwise=answer(500)) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(retries=2), stop=Pauses())
    assert (result.status, len(receiver.requests)) == (500, 3)


@pytest.mark.parametrize(
    ("said", "waited"),
    [("7", 7), ("0", 0), ("99999999999999", MAX_PAUSE_S), ("soon", 1), ("-1", 1)],
)
def test_retry_after_is_heeded_within_bounds(said: str, waited: float) -> None:
    pauses = Pauses()
    with Receiver(answer(429, f"Retry-After: {said}")) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(retries=1), stop=pauses)
    assert result.delivered
    assert pauses.seconds == [waited]


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2014, 5, 21, 14, 18, 57, tzinfo=UTC)
    assert parse_retry_after("Wed, 21 May 2014 14:19:57 GMT", lambda: now) == 60
    assert parse_retry_after("Wed, 21 May 2014 14:17:57 GMT", lambda: now) == 0
    assert parse_retry_after("Wed, 21 May 2014 14:19:57 -0000", lambda: now) == 60


@given(
    st.text() | st.dates().map(str) | st.from_regex(r"\A[A-Z][a-z]{2}, \d+ May \d+ [\d:]+ GMT\Z")
)
def test_no_retry_after_is_an_exception(value: str) -> None:
    seconds = parse_retry_after(value)
    assert seconds is None or seconds >= 0


def test_a_delivery_can_be_stopped_in_its_pause() -> None:
    pauses = Pauses(stop_at=2)
    with Receiver(otherwise=answer(500)) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(retries=5), stop=pauses)
    assert (len(receiver.requests), len(result.attempts), result.status) == (2, 2, 500)


# Redirects


def test_a_redirect_is_shown_and_not_followed_unless_asked() -> None:
    with Receiver(answer(302, "Location: /elsewhere#x")) as receiver:
        result = send(prepare(f"{receiver.url}/a/b"), options=QUICK)
    assert (result.status, result.delivered) == (302, False)
    assert result.redirect_to == f"{receiver.url}/elsewhere"
    assert len(receiver.requests) == 1


FOLLOW = DeliveryOptions(follow_redirects=True, basic_auth=("user", "secret"))


class Redirect(NamedTuple):
    status: int
    method: str
    then: str
    with_body: bool


@pytest.mark.parametrize(
    "case",
    [
        Redirect(301, "POST", "GET", False),
        Redirect(302, "POST", "GET", False),
        Redirect(303, "POST", "GET", False),
        Redirect(307, "POST", "POST", True),
        Redirect(308, "POST", "POST", True),
        Redirect(301, "PUT", "PUT", True),
        Redirect(303, "PUT", "GET", False),
        Redirect(302, "DELETE", "DELETE", True),
        Redirect(302, "GET", "GET", False),
        Redirect(307, "GET", "GET", False),
    ],
    ids=str,
)
def test_redirects_are_followed_as_browsers_do(case: Redirect) -> None:
    with Receiver(answer(case.status, "Location: there?y#z")) as receiver:
        request = prepare(f"{receiver.url}/a/b?x", method=case.method, headers=(("X-A", "1"),))
        result = send(request, options=FOLLOW)
    assert result.delivered
    followed = result.attempts[0].exchanges[1].request
    assert receiver.requests == [request.raw, followed.raw]
    assert followed.request_line == f"{case.then} /a/there?y HTTP/1.1"
    assert (len(followed.body) > 0) == case.with_body
    names = [name.lower() for name, _ in followed.headers]
    assert ("content-length" in names, "content-type" in names) == (case.with_body,) * 2
    assert dict(followed.headers)["X-A"] == "1"
    assert names.count("host") == 1


def test_another_origin_gets_no_credentials() -> None:
    with Receiver() as other, Receiver(answer(307, f"Location: {other.url}/x")) as receiver:
        headers = (("Cookie", "a=b"), ("X-A", "1"))
        options = DeliveryOptions(follow_redirects=True)
        request = prepare(receiver.url, headers=headers, options=FOLLOW)
        assert send(request, options=options).delivered
    assert b"Authorization: Basic" in receiver.requests[0]
    followed = other.requests[0]
    assert b"Authorization" not in followed
    assert b"Cookie" not in followed
    assert b"X-A: 1" in followed
    assert f"Host: 127.0.0.1:{other.port}\r\n".encode() in followed


def test_redirects_end_after_five() -> None:
    with Receiver(otherwise=answer(302, "Location: /x")) as receiver:
        options = DeliveryOptions(follow_redirects=True, retries=3)
        result = send(prepare(receiver.url), options=options, stop=Pauses())
    assert failure_of(result).code == "too_many_redirects"
    assert len(receiver.requests) == 6


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "http://[x/", "http://a b/"],
)
def test_a_redirect_to_what_cannot_be_sent_to_is_a_sentence(location: str) -> None:
    with Receiver(answer(302, f"Location: {location}")) as receiver:
        result = send(prepare(receiver.url), options=DeliveryOptions(follow_redirects=True))
    assert failure_of(result).code == "bad_redirect"
    assert result.status == 302
    assert len(receiver.requests) == 1


# Where it may send


def test_an_allowed_name_that_leads_inside_is_refused_at_the_connection(
    resolver: Names,
) -> None:
    resolver["hooks.example.com"] = ["127.0.0.1", "169.254.169.254"]
    policy = restrict_to(["hooks.example.com"])
    with Receiver() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        options = DeliveryOptions(retries=3)
        result = send(prepare(url), options=options, policy=policy, stop=Pauses())
    assert failure_of(result).code == "destination_refused"
    assert (receiver.connections, len(result.attempts)) == (0, 1)


def test_of_several_addresses_only_allowed_ones_are_connected_to(
    resolver: Names,
) -> None:
    resolver["hooks.example.com"] = ["127.0.0.2", "127.0.0.1"]
    policy = restrict_to(["hooks.example.com", "127.0.0.1"])
    with Receiver() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        result = send(prepare(url), options=QUICK, policy=policy)
    assert result.last.address == "127.0.0.1"


def test_a_name_is_looked_up_once_and_the_checked_address_is_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looked_up = []

    def rebind(host: str, port: int, **_: Any) -> list[Any]:
        looked_up.append(host)
        address = "127.0.0.1" if len(looked_up) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    policy = restrict_to(["hooks.example.com", "127.0.0.1"])
    with Receiver() as receiver:
        url = f"http://hooks.example.com:{receiver.port}/"
        assert send(prepare(url), options=QUICK, policy=policy).delivered
    assert looked_up == ["hooks.example.com"]


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:1/", "http://169.254.169.254/", "http://2130706433:1/", "//x.example/"],
)
def test_redirects_are_held_to_the_same_rules(location: str) -> None:
    with Receiver(answer(302, f"Location: {location}")) as receiver:
        policy = restrict_to([], own_urls=[receiver.url], is_bin="deskpro".__eq__)
        options = DeliveryOptions(follow_redirects=True)
        result = send(prepare(f"{receiver.url}/deskpro"), options=options, policy=policy)
    assert failure_of(result).code == "destination_refused"
    assert len(result.attempts[0].exchanges) == 2
    assert receiver.connections == 1


# Connections that are kept


def test_a_pool_keeps_a_connection_for_the_next_delivery() -> None:
    with Receiver() as receiver, ConnectionPool() as pool:
        results = [send(prepare(receiver.url), options=QUICK, pool=pool) for _ in range(3)]
    assert all(result.delivered for result in results)
    assert receiver.connections == 1
    assert [result.last.connect_ms == 0 for result in results] == [False, True, True]


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, CLOSE),
        OK + b"more than was announced",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        in_pieces(OK, 100),
    ],
    ids=["close", "rubbish", "HTTP/1.0", "closed after"],
)
def test_a_connection_that_is_no_longer_good_is_not_used_again(reply: Any) -> None:
    with Receiver(reply) as receiver, ConnectionPool() as pool:
        first = send(prepare(receiver.url), options=QUICK, pool=pool)
        if callable(reply):
            wait_for_end(pool)
        second = send(prepare(receiver.url), options=QUICK, pool=pool)
    assert first.delivered
    assert second.delivered
    assert receiver.connections == 2


def wait_for_end(pool: ConnectionPool) -> None:
    """Until the end of the kept connection, which the receiver has sent, is here."""
    for idle in pool._idle.values():
        for connection in idle:
            connection._sock.settimeout(5)
            assert connection._sock.recv(1, socket.MSG_PEEK) == b""
