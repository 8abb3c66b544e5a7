"""Event streams tell which requests are gone, and how many are left."""

from __future__ import annotations

import json
import socket

from tests.server.conftest import RunningServer, StartProcess, wait_for

POST = b"POST /b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"
STREAM = b"GET /api/v1/bins/b1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


def read_until(stream: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        piece = stream.recv(65_536)
        assert piece, data
        data += piece
    return data


def test_a_stream_tells_what_is_gone(server: RunningServer) -> None:
    for _ in range(3):
        server.send(POST)
    with server.connect() as stream:
        stream.sendall(STREAM)
        read_until(stream, b"id: ")
        for path, kind, number, left in (
            (b"/requests/2", "deleted", 2, 2),
            (b"/requests", "emptied", 3, 0),
            (b"", "bin_deleted", 3, 0),
        ):
            sent = server.send(
                b"DELETE /api/v1/bins/b1%s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" % path
            )
            assert b" 204 " in sent
            data = read_until(stream, b"event: removed")
            data = data.partition(b"event: removed\n")[2] or b""
            while not data.endswith(b"\n\n"):
                data += stream.recv(65_536)
            told = json.loads(data.partition(b"data: ")[2].split(b"\n")[0])
            assert told["kind"] == kind
            assert told["number"] >= number
            assert told["request_count"] == left
            assert told["last_number"] == (0 if kind == "bin_deleted" else 3)


def test_the_file_in_the_data_directory_has_a_bound_too(start_process: StartProcess) -> None:
    server = start_process(max_total_bytes=100_000)
    post = b"POST /b1 HTTP/1.1\r\nHost: x\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20_000
    for _ in range(10):
        assert b" 200 " in server.send(post)

    def is_bounded() -> bool | None:
        held: int = json.loads(server.get("/api/v1/bins/b1")[1])["request_count"]
        return held == 4 or None

    wait_for(is_bounded)
