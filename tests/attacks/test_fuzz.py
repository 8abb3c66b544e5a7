"""Malformed HTTP of many kinds: no crash, no hang, no 5xx, and memory stays where it was.

Short with the other tests, long by ``make fuzz``.
"""

from __future__ import annotations

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import closing
from itertools import product
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inspector.server.parser import ExactAdjustments, ExactParser
from tests.attacks.malformed import MALFORMED, WHOLE, cut
from tests.server.conftest import read_all
from tests.server.test_safety import resident_bytes
from tests.servers import LiveServer

# Of a token that is large on purpose.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

DEADLINE_S = 60.0
GROWTH_BYTES = 100_000_000
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d) [\x20-\x7e]*\Z")
HEADER = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\Z")
CHUNK = re.compile(rb"([0-9A-Fa-f]+)\r\n")


class Target:
    """A server in a process of its own, and a sender of orders that are right."""

    def __init__(self, server: LiveServer) -> None:
        self.server = server
        self.port = urlsplit(server.url).port or 0
        self.warm_bytes = 0
        self.sent = 0

    def send(self, pieces: list[bytes]) -> bytes:
        """What comes back until the server closes; the sending side is closed after the pieces."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # refused before it was all there
            return read_all(connection)

    def assert_well(self) -> None:
        """It captures, and has not grown."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, DEADLINE_S)) as connection:
            connection.request("POST", "/alive", b"a=1")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"ok\n")
        self.sent += 1
        if self.sent == 30:
            self.warm_bytes = resident_bytes(self.server.process.pid)
        elif self.warm_bytes and self.sent % 50 == 0:
            growth = resident_bytes(self.server.process.pid) - self.warm_bytes
            assert growth < GROWTH_BYTES


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    arguments = ("--bin", "b1", "--bin", "alive", "--capacity", "200", "--limit", "max-bins=50")
    with LiveServer(tmp_path_factory.mktemp("fuzzed"), arguments) as server:
        yield Target(server)
        assert server.process.poll() is None
        assert "Traceback" not in server.output


def split_answers(data: bytes, *, may_be_head: bool) -> list[int]:
    """The statuses of a well-formed row of answers (RFC 9112); fails on any other."""
    statuses: list[int] = []
    if data.startswith(b"\0\0\0\x04"):  # What began like HTTP/2 is told off in its frames.
        return statuses
    while data:
        head, empty_line, data = data.partition(b"\r\n\r\n")
        assert empty_line, head
        status_line, *lines = head.split(b"\r\n")
        found = STATUS_LINE.match(status_line)
        assert found, status_line
        assert all(HEADER.match(line) for line in lines), head
        statuses.append(int(found[1]))
        fields = dict(line.lower().split(b": ", 1) for line in lines)
        data = skip_body(data, int(found[1]), fields, may_be_head)
    return statuses


def skip_body(data: bytes, status: int, fields: dict[bytes, bytes], may_be_head: bool) -> bytes:
    """What follows an answer's body."""
    if status < 200 or status in (204, 304):
        return data
    if may_be_head and (not data or data.startswith(b"HTTP/1.")):
        return data
    if fields.get(b"transfer-encoding") == b"chunked":
        while found := CHUNK.match(data):
            size = int(found[1], 16)
            assert data[found.end() + size :][:2] == b"\r\n"
            data = data[found.end() + size + 2 :]
            if size == 0:
                return data
        raise AssertionError(f"a chunk is missing: {data[:100]!r}")
    if b"content-length" in fields:
        size = int(fields[b"content-length"])
        assert len(data) >= size
        return data[size:]
    assert fields[b"connection"] == b"close"
    return b""


@pytest.mark.alone
@given(cut())
def test_no_bytes_on_the_socket_do_harm(target: Target, pieces: list[bytes]) -> None:
    may_be_head = b"HEAD" in b"".join(pieces)
    statuses = split_answers(target.send(pieces), may_be_head=may_be_head)
    assert [each for each in statuses if each >= 500] == []
    target.assert_well()


@given(st.lists(st.sampled_from(WHOLE[:10]), min_size=1, max_size=6), st.integers(0, 2000))
def test_whole_requests_are_answered_however_they_are_cut(
    target: Target, requests: list[bytes], place: int
) -> None:
    data = b"".join(requests)
    got = target.send([data[:place], data[place:]])
    statuses = split_answers(got, may_be_head=b"HEAD" in data)
    assert len([each for each in statuses if each >= 200]) >= 1
    assert max(statuses) < 500


def parse(pieces: list[bytes]) -> tuple[object, ...]:
    """What one parser makes of the pieces, until its request is complete."""
    parser = ExactParser(ExactAdjustments(max_request_header_size=4096))
    taken = 0
    for piece in pieces:
        while piece and not parser.completed:
            used = parser.received(piece)
            assert 0 < used <= len(piece) or parser.completed
            taken += used
            piece = piece[used:]
    assert parser.error is None or parser.completed
    body, error = parser.read_body(), parser.error
    parser.close()
    assert error is None or 400 <= error.code < 500
    if error is not None:
        return ("refused",)  # For which fault may depend on what has come so far.
    return parser.completed, parser.raw_head, body, parser.chunked, parser.empty, taken


@given(cut())
def test_no_bytes_break_the_parser_and_no_cut_changes_what_they_are(pieces: list[bytes]) -> None:
    assert parse(pieces) == parse([b"".join(pieces)])


@given(MALFORMED)
@example(b"GET /b1 HTTP/1.1\r\n\r\n")
def test_a_byte_at_a_time_is_the_same_as_all_at_once(data: bytes) -> None:
    data = data[:2000]
    assert parse([data[i : i + 1] for i in range(len(data))]) == parse([data])


def test_line_ends_of_all_kinds_are_the_same_however_they_are_cut() -> None:
    pieces = (b"a", b"\n", b"\r", b" ", b"GET / HTTP/1.1")
    for count in range(1, 6):
        for chosen in product(pieces, repeat=count):
            data = b"".join(chosen)
            assert parse([data[i : i + 1] for i in range(len(data))]) == parse([data]), data
