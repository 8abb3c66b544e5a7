"""Requests whose end is uncertain: what came is kept, marked, and the connection closed."""

from __future__ import annotations

import socket
from base64 import b64decode
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import pytest

from inspector.answers.rules import answer_always
from inspector.domain.answers.documents import make_answer
from tests.server.conftest import RunningServer, read_all

CHUNKS = b"5\r\na=1&b\r\n0\r\n\r\n"
NEXT = b"POST /b1/next HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"


def codes(request: dict[str, Any]) -> list[str]:
    return [note["code"] for note in request["wire_notes"]]


@pytest.mark.parametrize("version", ["1.0", "1.2", "2.0", "0.9"])
@pytest.mark.parametrize("keep", [b"", b"Connection: keep-alive\r\n"], ids=["", "keep-alive"])
def test_chunks_in_a_version_without_them_are_read_as_chunks_and_marked(
    server: RunningServer, version: str, keep: bytes
) -> None:
    """RFC 9112, 6.1. Ignored, the body would be read as the next request."""
    smuggled = b"POST /b1/smuggled HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(smuggled), smuggled)
    head = f"POST /b1 HTTP/{version}\r\nTransfer-Encoding: chunked\r\n".encode() + keep
    with server.connect() as connection:
        connection.sendall(head + b"\r\n" + body)
        answer = read_all(connection)  # until the server closes
    assert answer.split()[1] == b"200"
    assert b"\r\nConnection: close\r\n" in answer
    request = server.only()
    assert request["body"] == smuggled.decode()
    assert codes(request) == ["transfer_encoding_in_version"]
    assert f"HTTP/{version}" in request["wire_notes"][0]["message"]


@pytest.mark.parametrize("length", [b"3", b"999", b"0", b"-1", b"x"])
def test_two_framings_are_read_as_chunks_marked_and_closed(
    server: RunningServer, length: bytes
) -> None:
    head = b"POST /b1 HTTP/1.1\r\nContent-Length: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head % length + CHUNKS)
        answer = read_all(connection)
    assert b"\r\nConnection: close\r\n" in answer
    request = server.only()
    assert request["body"] == "a=1&b"
    assert codes(request) == ["two_framings"]


def test_a_page_asked_for_with_two_framings_is_the_connections_last(server: RunningServer) -> None:
    head = b"POST /api/v1/bins HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 3\r\n"
    with server.connect() as connection:
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        answer = read_all(connection)
    assert answer.split()[1] == b"201"
    assert b"\r\nConnection: close\r\n" in answer


def test_what_comes_behind_a_faulty_framing_is_kept_unanswered(server: RunningServer) -> None:
    head = b"POST /b1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = server.exchange(head + CHUNKS + NEXT)
    assert answer.count(b"HTTP/1.0 200") == 1
    assert answer.count(b"HTTP/") == 1
    first, second = server.captured(count=2)
    assert first["body"] == "a=1&b"
    assert (second["path"], second["body"]) == ("/b1/next", "x")
    assert second["refused"]["status"] == 444


def test_a_closing_answer_leaves_what_came_behind_it_kept(server: RunningServer) -> None:
    answer = server.exchange(b"POST /b1 HTTP/1.1\r\nConnection: close\r\n\r\n" + NEXT)
    assert answer.count(b"HTTP/1.1 200") == 1
    paths = [each["path"] for each in server.captured(count=2)]
    assert paths == ["/b1", "/b1/next"]


@pytest.mark.parametrize("body", [b"name=x", b'{"a": 1}', b"<a/>", b"\x00\xff", b"hello there"])
def test_a_body_without_length_is_kept_as_the_body_and_marked(
    server: RunningServer, body: bytes
) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /b1 HTTP/1.1\r\nHost: x\r\n\r\n" + body)
        answer = read_all(connection)
    assert answer.split()[1] == b"200"
    assert b"\r\nConnection: close\r\n" in answer
    request = server.only()
    assert b64decode(request["body_base64"]) == body
    assert codes(request) == ["body_without_length"]
    assert request["truncated"] is False


def test_a_body_without_length_that_comes_later_is_kept_beside_its_request(
    server: RunningServer,
) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /b1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1000).split()[1] == b"200"
        connection.sendall(b"name=x")
    first, second = server.captured(count=2)
    assert first["body"] == ""
    assert second["request_line"] == "name=x"
    assert codes(second) == ["begins_with_leftover"]
    assert "#1 of b1" in second["wire_notes"][0]["message"]
    assert "6 bytes of head" in second["refused"]["reason"]


JSON = '{"name":"José"}'


def test_a_length_in_characters_is_told_and_the_next_webhook_stays_whole(
    server: RunningServer,
) -> None:
    head = f"POST /b1 HTTP/1.1\r\nContent-Length: {len(JSON)}\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head.encode() + JSON.encode())
        assert b"\r\nConnection: close\r\n" in read_all(connection)
    request = server.only()
    assert b64decode(request["body_base64"]) == JSON.encode()[:-1]
    assert b64decode(request["leftover_base64"]) == b"}"
    assert codes(request) == ["bytes_behind_body"]
    assert "characters" in request["wire_notes"][0]["message"]


def test_the_end_of_a_cut_body_and_the_next_webhook_are_said_to_belong_together(
    server: RunningServer,
) -> None:
    head = f"POST /b1/t HTTP/1.1\r\nContent-Length: {len(JSON)}\r\n\r\n".encode()
    with server.connect() as connection:
        connection.sendall(head + JSON.encode()[:-1])
        assert connection.recv(1000).split()[1] == b"200"
        connection.sendall(b"}" + head + JSON.encode()[:-1])
        assert read_all(connection).split()[1] == b"400"
    first, second = server.captured(count=2)
    assert first["body"] == JSON[:-1]
    assert second["request_line"] == "}POST /b1/t HTTP/1.1"
    assert b64decode(second["body_base64"]) == JSON.encode()[:-1]
    assert codes(second) == ["begins_with_leftover"]
    assert "#1 of b1" in second["wire_notes"][0]["message"]


@dataclass(frozen=True)
class Refused:
    id: str
    head: bytes


REFUSED = [
    Refused("two lengths", b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n"),
    Refused("an unknown coding", b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
    Refused("a blank before a colon", b"POST /b1 HTTP/1.1\r\nHost : x\r\n\r\n"),
    Refused("bare line feeds", b"POST /b1 HTTP/1.1\nHost: x\n\n"),
    Refused("a target without end", b"POST /b1?" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n"),
    Refused("a head without end", b"POST /b1 HTTP/1.1\r\nA: " + b"a" * 300_000 + b"\r\n\r\n"),
]


@pytest.mark.parametrize("case", REFUSED, ids=attrgetter("id"))
def test_a_refused_head_keeps_the_body_that_came_with_it(
    server: RunningServer, case: Refused
) -> None:
    server.exchange(case.head + b"a=1&b=2" + NEXT)
    request = server.only()
    assert request["refused"]["status"] >= 400
    body = b64decode(request["body_base64"])
    if len(case.head) < 200_000:  # the largest comes in several packets
        assert body == b"a=1&b=2" + NEXT
        assert request["truncated"] is True


def test_what_follows_a_broken_chunk_is_kept(server: RunningServer) -> None:
    head = b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.exchange(head + b"3\r\nabc\r\nzz\r\ndef")
    request = server.only()
    assert request["body"] == "abc"
    assert b64decode(request["leftover_base64"]) == b"def"


def test_trailers_and_chunk_extensions_are_kept(server: RunningServer) -> None:
    head = b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b'3;note=1\r\nabc\r\n2 ; sig="a b"\r\nde\r\n0;last\r\nX-Sum: 5\r\nx-sum: caf\xe9\r\n\r\n'
    server.send(head + body)
    request = server.only()
    assert request["body"] == "abcde"
    assert request["trailers"] == [["X-Sum", "5"], ["x-sum", "café"]]
    assert request["chunk_extensions"] == [";note=1", '; sig="a b"', ";last"]
    assert request["wire_notes"] == []
    _, page = server.get(f"/bins/b1/requests/{request['id']}")
    assert "X-Sum" in page
    assert ";note=1" in page


def test_a_page_shows_what_is_odd_and_what_is_left_over(server: RunningServer) -> None:
    server.exchange(b"POST /b1 HTTP/1.1\r\nContent-Length: 1\r\n\r\na<b>")
    request = server.only()
    _, page = server.get(f"/bins/b1/requests/{request['id']}")
    assert "beyond its Content-Length of 1" in page
    assert "&lt;b&gt;" in page


def test_half_a_head_is_kept_when_its_sender_goes_away(server: RunningServer) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /b1/x HTTP/1.1\r\nHost: y\r\nX-Ha")
    request = server.only()
    assert request["raw_headers"] == [["Host", "y"], ["X-Ha", ""]]
    assert "after 34 bytes of head" in request["refused"]["reason"]


def test_expect_without_a_body_is_answered(server: RunningServer) -> None:
    answer = server.send(b"GET /b1 HTTP/1.1\r\nExpect: 100-continue\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")


TARGETS = [b"//b1", b"/b1%2Fx", b"/%2Fb1", b"/b1#x", b"/%62%31", b"///b1/x", b"/b1/?a", b"b1"]


@pytest.mark.parametrize("target", TARGETS)
def test_whatever_reaches_a_bin_is_exact_and_holds_no_thread(
    server: RunningServer, target: bytes
) -> None:
    services = server.process.services
    with server.process.app.app_context():
        services.bins.answer_by("b1", answer_always(make_answer(delay_s=60)))
    sent = b"GET " + target + b" HTTP/1.1\r\nhOsT: 127.0.0.1\r\nX_B: 1\r\nX-B: 2\r\nx-b: 3\r\n\r\n"
    connections: list[socket.socket] = []
    try:
        for _ in range(6):  # more than there are worker threads
            connections.append(server.connect())
            connections[-1].sendall(sent)
        requests = server.captured(count=6)
        assert server.get("/healthz") == (200, "ok\n")
    finally:
        for each in connections:
            each.close()
    for request in requests:
        assert request["fidelity"] == "exact"
        names = [name for name, _ in request["raw_headers"]]
        assert names == ["hOsT", "X_B", "X-B", "x-b"]


@pytest.mark.parametrize("target", [b"/b1?inspect", b"/b1/?inspect", b"//b1?inspect=1"])
def test_the_page_is_shown_to_who_asks_for_it(server: RunningServer, target: bytes) -> None:
    answer = server.send(b"GET " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b"Location: /bins/b1" in answer


@pytest.mark.parametrize(
    "target", [b"/b1%2Fx?inspect", b"/b1//?inspect", b"/b1?inspect&x", b"/b1/x?inspect"]
)
def test_what_only_looks_like_asking_for_the_page_is_captured_exactly(
    server: RunningServer, target: bytes
) -> None:
    answer = server.send(b"GET " + target + b" HTTP/1.1\r\nhOsT: 127.0.0.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert server.only()["raw_headers"] == [["hOsT", "127.0.0.1"]]


@pytest.mark.parametrize(
    "target",
    ["/b1?name=José", "/b1/José", "/b1/ÿ?ü=\udcff", "http://ö/b1", "http://[/b1", "/b1?a=\udc80"],
)
def test_bytes_that_are_not_ascii_are_captured_as_they_are(
    server: RunningServer, target: str
) -> None:
    raw = target.encode("utf-8", "surrogateescape")
    answer = server.send(b"GET " + raw + b" HTTP/1.1\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    with server.process.app.app_context():
        services = server.process.services
        bin_ = services.bins.get("b1")
        (request,) = services.requests.iterate(bin_)
    assert request.raw_head == b"GET " + raw + b" HTTP/1.1\r\n"


def test_a_page_may_be_asked_for_with_bytes_that_are_not_ascii(server: RunningServer) -> None:
    raw = "GET /bins/b1?q=José HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    assert server.send(raw).startswith(b"HTTP/1.1 200")


def test_a_list_marks_what_is_odd_and_a_file_keeps_it(server: RunningServer) -> None:
    chunked = b"POST /b1 HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.exchange(chunked + b"5;a=b\r\na=1&b\r\n0\r\nX-Sum: caf\xe9\r\n\r\n\xff<left>")
    request = server.only()
    _, page = server.get("/bins/b1")
    assert "odd framing" in page
    _, exported = server.get("/api/v1/bins/b1/export?format=jsonl")
    body = exported.encode()
    head = b"POST /api/v1/bins/b1/import HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n"
    answer = server.send(head % len(body) + b"Content-Type: application/jsonl\r\n\r\n" + body)
    assert answer.split()[1] == b"201"
    again = server.captured(count=2)[1]
    for name in ("trailers", "chunk_extensions", "leftover_base64", "wire_notes"):
        assert again[name] == request[name] != []
