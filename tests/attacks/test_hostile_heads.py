"""Heads and chunks made to keep a parser busy, or to fall between two readings."""

from __future__ import annotations

import time
from dataclasses import dataclass
from operator import attrgetter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waitress.buffers import OverflowableBuffer

from inspector.server.chunks import MAX_LINE_BYTES, MAX_TRAILER_BYTES, ChunkReceiver
from tests.server.conftest import RunningServer, StartProcess

BIG = 200_000


@dataclass(frozen=True)
class Case:
    id: str
    sent: bytes
    status: int


CHUNKED = b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
CASES = [
    Case("a target like a URL without end", b"GET a://b/b1?" + b"a" * BIG + b" x y\r\n\r\n", 414),
    Case("the same, short enough", b"GET a://b/b1" + b"a" * 60_000 + b" x y\r\n\r\n", 400),
    Case("blanks before a value", b"GET /b1 HTTP/1.1\r\nA:" + b" " * BIG + b"x\r\n\r\n", 200),
    Case("blanks before a NUL", b"GET /b1 HTTP/1.1\r\nA:" + b" " * BIG + b"\0\r\n\r\n", 400),
    Case("blanks between words", b"GET /b1 HTTP/1.1\r\nA:" + b"x " * 90_000 + b"\0\r\n\r\n", 400),
    Case("50,000 header lines", b"GET /b1 HTTP/1.1\r\n" + b"a:b\r\n" * 50_000 + b"\r\n", 431),
    Case("60,000 folds", b"GET /b1 HTTP/1.1\r\nA: b\r\n" + b" \r\n" * 60_000 + b"\r\n", 431),
    Case("a name of 200 KB", b"GET /b1 HTTP/1.1\r\n" + b"a" * BIG + b": b\r\n\r\n", 200),
    Case("a head of 300 KB", b"GET /b1 HTTP/1.1\r\nA: " + b"a" * 300_000 + b"\r\n\r\n", 431),
    Case("a target of 100 KB", b"GET /b1?" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 414),
    Case("a length of 5,000 digits", b"POST /b1 HTTP/1.1\r\nContent-Length: " + b"9" * 5000, 400),
    Case("a negative length", b"POST /b1 HTTP/1.1\r\nContent-Length: -1", 400),
    Case("a length with a sign", b"POST /b1 HTTP/1.1\r\nContent-Length: +1", 400),
    Case("two lengths", b"POST /b1 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2", 400),
    Case("an authority that is none", b"GET http://[/b1 HTTP/1.1", 200),
    Case("a bare CR in a header", b"GET /b1 HTTP/1.1\r\nA: b\rC: d", 400),
    Case("a bare LF in a header", b"GET /b1 HTTP/1.1\r\nA: b\nC: d", 400),
    Case("bare LFs in a target", b"GET \n\n/b1 HTTP/1.1\r\nA: b", 400),
    Case("a bare CR in a target", b"GET /b1\rx HTTP/1.1\r\nA: b", 400),
    Case("a fold before any header", b"GET /b1 HTTP/1.1\r\n A: b", 400),
    Case("chunked twice", b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked, chunked", 400),
    Case("chunked in disguise", b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: \x0bchunked", 400),
    Case("chunked by another name", b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: xchunked", 400),
    Case("a chunk size without end", CHUNKED + b"1" * BIG, 400),
    Case("a chunk extension without end", CHUNKED + b"1;" + b"a" * BIG, 400),
    Case("a chunk size of 17 digits", CHUNKED + b"10000000000000000\r\n", 400),
    Case("a chunk size with a sign", CHUNKED + b"+1\r\na\r\n", 400),
    Case("a chunk size with 0x", CHUNKED + b"0x1\r\na\r\n", 400),
    Case("a chunk size that ends in LF", CHUNKED + b"1\na\r\n0\r\n\r\n", 400),
    Case("a chunk that goes on", CHUNKED + b"1\r\nabc\r\n0\r\n\r\n", 400),
    Case("a trailer without end", CHUNKED + b"0\r\n" + b"a: b\r\n" * 60_000, 400),
]


@pytest.mark.parametrize("case", CASES, ids=attrgetter("id"))
def test_a_hostile_head_is_answered_at_once(server: RunningServer, case: Case) -> None:
    sent = case.sent if b"\r\n\r\n" in case.sent else case.sent + b"\r\n\r\n"
    began = time.monotonic()
    answer = server.send(sent)
    assert time.monotonic() - began < 10  # one that is read again and again takes minutes
    assert int(answer.split()[1]) == case.status
    assert server.get("/healthz") == (200, "ok\n")


def test_what_was_refused_before_a_body_came_is_kept(server: RunningServer) -> None:
    server.send(b"GET /b1?" + b"a" * 100_000 + b" HTTP/1.1\r\nX-A: b\r\n\r\n")
    request = server.only()
    assert request["refused"]["status"] == 414
    assert request["raw_headers"] == [["X-A", "b"]]


def test_each_limit_on_a_head_is_a_setting(start_process: StartProcess) -> None:
    server = start_process(max_header_lines=3, max_target_bytes=20, max_head_bytes=2000)
    three, four = b"a: b\r\n" * 3, b"a: b\r\n" * 4
    for head, status in (
        (b"GET /b1 HTTP/1.1\r\n" + three, b"200"),
        (b"GET /b1 HTTP/1.1\r\n" + four, b"431"),
        (b"GET /b1?" + b"x" * 16 + b" HTTP/1.1\r\n", b"200"),
        (b"GET /b1?" + b"x" * 17 + b" HTTP/1.1\r\n", b"414"),
        (b"GET /b1 HTTP/1.1\r\na: " + b"x" * 2000 + b"\r\n", b"431"),
    ):
        assert server.send(head + b"\r\n").split()[1] == status


def test_a_smuggled_request_is_no_request(server: RunningServer) -> None:
    """With both framings only one counts, and what is left over is never a request."""
    inner = b"POST /b1/smuggled HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
    head = b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    server.send(head + b"%x\r\n" % len(inner) + inner + b"\r\n0\r\n\r\n")
    assert server.only()["body"] == inner.decode()


def test_ten_thousand_chunks_of_a_byte_are_joined_at_once(server: RunningServer) -> None:
    began = time.monotonic()
    server.send(CHUNKED + b"1\r\na\r\n" * 200_000 + b"0\r\n\r\n")
    assert time.monotonic() - began < 5
    assert server.only()["body_size"] == 200_000


def receive(receiver: ChunkReceiver, data: bytes, step: int) -> int:
    taken = 0
    while taken < len(data) and not receiver.completed and receiver.error is None:
        taken += receiver.received(data[taken : taken + step])
    return taken


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=50), max_size=8),
    extension=st.sampled_from([b"", b";a", b' ;x="y z"', b";" + b"e" * 100]),
    trailer=st.sampled_from([b"", b"A: b\r\n", b"A: b\r\nC: d\r\n"]),
    step=st.integers(1, 80),
)
def test_chunks_come_out_as_they_went_in_however_they_are_cut(
    chunks: list[bytes], extension: bytes, trailer: bytes, step: int
) -> None:
    lines = [b"%x%s\r\n%s\r\n" % (len(each), extension, each) for each in chunks]
    wire = b"".join(lines) + b"0\r\n" + trailer + b"\r\n"
    receiver = ChunkReceiver(OverflowableBuffer(10_000))
    assert receive(receiver, wire + b"GET /next", step) == len(wire)
    assert receiver.completed
    assert receiver.getbuf().get() == b"".join(chunks)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_no_bytes_break_the_joiner(data: bytes, step: int) -> None:
    receiver = ChunkReceiver(OverflowableBuffer(10_000))
    assert receive(receiver, data, step) <= len(data)


@pytest.mark.parametrize("unit", [b"1", b"1;", b"a: b\r\n"])
def test_what_is_no_body_is_not_kept_without_end(unit: bytes) -> None:
    receiver = ChunkReceiver(OverflowableBuffer(10_000))
    begin = b"0\r\n" if unit.endswith(b"\n") else b""
    taken = receive(receiver, begin + unit * 100_000, 1000)
    assert receiver.error is not None
    assert taken <= max(MAX_LINE_BYTES, MAX_TRAILER_BYTES) + 1000
