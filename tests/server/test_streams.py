"""Event streams: live, resumable, cheap, and no thread's business."""

from __future__ import annotations

import json
import random
import re
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from inspector.domain import CapturedRequest
from inspector.domain.pace import Pace
from inspector.domain.removals import Removal
from inspector.live.events import EventStream, render_noted_once
from inspector.server.parked import ParkedResponses
from tests.server.conftest import RunningServer, StartProcess, wait_for


class Stream:
    """A client of an event stream that keeps every event it reads."""

    def __init__(self, server: RunningServer, path: str, last_event_id: str = "") -> None:
        self.connection = server.connect()
        resume = f"Last-Event-ID: {last_event_id}\r\n" if last_event_id else ""
        self.connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n{resume}\r\n".encode()
        )
        self.unread = b""
        while b"\r\n\r\n" not in self.unread:
            self.unread += self.connection.recv(65_536)
        self.head, _, self.unread = self.unread.partition(b"\r\n\r\n")

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next ``count`` events, heartbeats and settings left out."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            while b"\n\n" not in self.unread:
                data = self.connection.recv(65_536)
                assert data, "the stream ended"
                self.unread += data
            block, _, self.unread = self.unread.partition(b"\n\n")
            lines = [line.split(": ", 1) for line in block.decode().split("\n")]
            fields = dict(lines)
            fields["data"] = "\n".join(rest[0] for name, *rest in lines if name == "data")
            if "event" in fields:
                found.append(fields)
        return found

    def numbers(self, count: int) -> list[int]:
        return [json.loads(event["data"])["number"] for event in self.events(count)]

    def close(self) -> None:
        self.connection.close()


EVENTS = "/api/v1/bins/b1/events"


def post(server: RunningServer, count: int = 1) -> None:
    with server.connect() as connection:
        for _ in range(count):
            connection.sendall(b"POST /b1 HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.fixture
def stream(server: RunningServer) -> Iterator[Stream]:
    opened = Stream(server, EVENTS)
    yield opened
    opened.close()


def test_each_capture_is_an_event_with_the_request(server: RunningServer, stream: Stream) -> None:
    assert stream.head.startswith(b"HTTP/1.1 200 OK")
    assert b"text/event-stream" in stream.head
    post(server)
    (event,) = stream.events(1)
    assert event["event"] == "request"
    request = server.only()
    assert json.loads(event["data"]) == request
    assert event["id"] == request["id"]


def test_a_stream_begins_with_what_comes_now(server: RunningServer) -> None:
    post(server, 3)
    stream = Stream(server, EVENTS)
    post(server)
    assert stream.numbers(1) == [4]
    stream.close()


@pytest.mark.slow
def test_last_event_id_resumes_without_gap_or_repeat(server: RunningServer) -> None:
    first = Stream(server, EVENTS)
    post(server, 3)
    *_, last = first.events(3)
    first.close()
    post(server, 250)
    second = Stream(server, EVENTS, last["id"])
    post(server, 5)
    assert second.numbers(255) == list(range(4, 259))
    second.close()


def test_a_stream_says_where_it_begins(server: RunningServer) -> None:
    post(server, 2)
    lost = Stream(server, EVENTS)
    while b"id: " not in lost.unread:
        lost.unread += lost.connection.recv(1000)
    position = lost.unread.partition(b"id: ")[2].partition(b"\n")[0].decode()
    lost.close()
    post(server, 2)
    again = Stream(server, EVENTS, position)
    assert again.numbers(2) == [3, 4], "nothing that came before its first event is missed"
    again.close()


@pytest.mark.parametrize(("query", "first"), [("?after=0", 1), ("?after=1-2", 3)])
def test_after_says_where_to_begin(server: RunningServer, query: str, first: int) -> None:
    post(server, 3)
    stream = Stream(server, EVENTS + query)
    assert stream.numbers(4 - first) == list(range(first, 4))
    stream.close()


def test_rows_that_a_page_has_deleted_do_not_come_back(server: RunningServer) -> None:
    """The list of that page begins below them, so its stream goes over them again."""
    post(server, 4)
    delete = b"POST /bins/b1/delete-found?q=number:2,4 HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
    answer = server.send(delete % server.port + b"Content-Length: 0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 303")
    for newest, begin in ((5, 0), (6, 1), (7, 3)):
        rows = Stream(server, f"/bins/b1/stream?after={f'1-{begin}' if begin else 0}")
        post(server)
        shown: list[int] = []
        while newest not in shown:
            (event,) = rows.events(1)
            shown += map(int, reversed(re.findall(r'data-number="(\d+)"', event["data"])))
        assert shown == [each for each in range(begin + 1, newest + 1) if each not in (2, 4)]
        rows.close()


def test_captures_under_load_come_once_each_and_in_order(server: RunningServer) -> None:
    streams = [Stream(server, EVENTS) for _ in range(20)]
    threads = [threading.Thread(target=post, args=(server, 60)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for stream in streams:
        assert stream.numbers(240) == list(range(1, 241))
        stream.close()
    for thread in threads:
        thread.join()


def test_open_streams_hold_no_thread(server: RunningServer) -> None:
    before = threading.active_count()
    streams = [Stream(server, EVENTS) for _ in range(200)]
    assert threading.active_count() == before
    assert server.get("/healthz") == (200, "ok\n")
    post(server)
    assert [stream.numbers(1) for stream in streams] == [[1]] * 200
    for stream in streams:
        stream.close()
    parked = server.parked
    wait_for(lambda: len(parked) == 0 or None)


def test_a_stream_too_many_is_refused_with_503(start_process: StartProcess) -> None:
    server = start_process(max_streams=2)
    streams = [Stream(server, EVENTS) for _ in range(3)]
    heads = [stream.head.split()[1] for stream in streams]
    assert heads == [b"200", b"200", b"503"]
    for stream in streams:
        stream.close()


def post_body(server: RunningServer, body: bytes, count: int = 1) -> None:
    head = b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
    with server.connect() as connection:
        for _ in range(count):
            connection.sendall(head + body)
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_a_body_of_the_largest_size_comes_through_and_the_next_one_too(
    server: RunningServer, stream: Stream
) -> None:
    post_body(server, random.Random(0).randbytes(9_900_000))
    post(server)
    assert stream.numbers(2) == [1, 2]


@pytest.mark.slow
def test_a_slow_reader_gets_all_of_it_and_no_more_at_once_than_it_reads(
    server: RunningServer, stream: Stream
) -> None:
    post_body(server, b"x" * 400_000, count=40)
    (parked,) = server.parked._parked.values()
    wait_for(lambda: parked.behind or None)
    assert sum(map(len, parked.unread)) < 25 * 1_400_000, "one step of news at most"
    assert stream.numbers(40) == list(range(1, 41))


def test_slow_readers_share_what_waits_for_them(server: RunningServer) -> None:
    streams = [Stream(server, EVENTS) for _ in range(3)]
    post_body(server, b"x" * 8_000_000)
    parked = list(server.parked._parked.values())
    wait_for(lambda: all(each.unread for each in parked) or None)
    assert len({id(each.unread[0].obj) for each in parked}) == 1
    for stream in streams:
        stream.close()


def test_a_reader_that_takes_nothing_is_disconnected(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.live.events.HEARTBEAT_S", 0.05)
    monkeypatch.setattr("inspector.server.parked.STALLED_S", 0.2)
    stream = Stream(server, EVENTS)
    post_body(server, b"x" * 9_000_000)
    parked = server.parked
    wait_for(lambda: len(parked) == 0 or None)
    stream.close()


def test_a_heartbeat_keeps_a_quiet_stream_open(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspector.live.events.HEARTBEAT_S", 0.05)
    stream = Stream(server, EVENTS)
    wanted = b": still here\n\n: still here\n\n"
    deadline = time.monotonic() + 10
    while wanted not in stream.unread:
        assert time.monotonic() < deadline
        stream.unread += stream.connection.recv(1000)
    stream.close()


def test_the_pages_stream_pushes_rows(server: RunningServer) -> None:
    stream = Stream(server, "/bins/b1/stream")
    post(server)
    (event,) = stream.events(1)
    assert event["event"] == "row"
    stream.close()


def test_a_change_is_told_behind_the_request_that_it_is_of() -> None:
    """A program's answer is known before the streams have looked for what is new."""
    stream = EventStream(1, 6, "x", lambda _: b"", render_changes=lambda numbers: b"%r" % numbers)
    for number in (7, 5, 7):
        stream.note_change(number)
    assert stream.advance(()).data == b"[5]"
    assert stream.advance(()).data == b": still here\n\n"
    stream.after = 8
    assert stream.advance(()).data == b"[7]"
    assert stream.advance(()).data == b": still here\n\n"


def test_of_what_a_full_bin_lets_go_of_the_last_tells_all() -> None:
    stream = EventStream(1, 6, "x", lambda _: b"", lambda gone: repr(list(gone)).encode())
    let_go = [Removal(1, "let_go", number) for number in (1, 2, 5)]
    deleted = Removal(1, "deleted", 9)
    for each in (*let_go, deleted, let_go[0], let_go[2]):
        stream.note_removal(each)
    told = [let_go[2], deleted, let_go[2]]
    assert stream.advance(()).data == repr(told).encode()


def test_streams_that_hear_of_the_same_share_one_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[Removal] = []

    def render(gone: Sequence[Removal]) -> bytes:
        rendered.extend(gone)
        return b"%d" % len(rendered)

    shared = render_noted_once(render)
    streams = [EventStream(1, 6, "x", lambda _: b"", shared) for _ in range(50)]

    def tell(removal: Removal) -> set[bytes]:
        for each in streams:
            each.note_removal(removal)
        return {each.advance(()).data for each in streams}

    assert tell(Removal(1, "let_go", 3)) == {b"1"}
    assert tell(Removal(1, "let_go", 4)) == {b"2"}
    monkeypatch.setattr("inspector.live.events.NOTED_MEMORY_S", 0)
    # How many are left is another number later.
    assert tell(Removal(1, "let_go", 4)) > {b"3"}


def test_heartbeats_are_not_late_because_news_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Captures flood in: what streams are told of them waits, and nothing else."""
    monkeypatch.setattr("inspector.live.events.HEARTBEAT_S", 0.02)
    monkeypatch.setattr(Pace, "rest_s", 1000.0)
    looked: list[int] = []

    def load(bin_id: int, _after: int, _limit: int) -> list[CapturedRequest]:
        looked.append(bin_id)
        return []

    parked = ParkedResponses(load)
    parked.start()
    reader, ours = socket.socketpair()
    reader.settimeout(10)
    parked.park(ours, EventStream(1, 6, "x", lambda _: b""))
    told = b""
    while told.count(b"still here") < 2:
        parked.note_news({1: 7})
        told += reader.recv(1000)
    assert looked == []
    monkeypatch.setattr(Pace, "rest_s", 0.0)
    wait_for(lambda: looked or None)
    parked.stop()
    reader.close()
