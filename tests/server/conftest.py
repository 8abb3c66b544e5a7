"""A server in this process, and a raw socket to it."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

import pytest

from inspector.server import ServerProcess
from inspector.server.parked import ParkedResponses
from inspector.settings import Settings

DEADLINE_S = 60.0  # It ends a test that fails, however busy the machine is.
Found = TypeVar("Found")


class RunningServer:
    """A server in a thread, spoken to in raw bytes."""

    def __init__(self, settings: Settings) -> None:
        self.process = ServerProcess(settings)
        self.process.start()
        _ = self.process.app  # Now: tests count threads and files.
        self.process.run_in_thread()
        self.port = self.process.port

    @property
    def parked(self) -> ParkedResponses:
        """The server's parked responses, to see how many there are."""
        server = self.process._server
        assert server is not None
        return server.parked

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S)

    def send(self, *pieces: bytes, pause_s: float = 0.0) -> bytes:
        """Send the pieces, close the sending side, and read all that comes back."""
        with self.connect() as connection:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def exchange(self, request: bytes) -> bytes:
        """Send a request and read until the server closes, the sending side staying open."""
        with self.connect() as connection:
            connection.sendall(request)
            return read_all(connection)

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page or an API call."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        with contextlib.closing(connection):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    def captured(self, bin_name: str = "b1", count: int = 1) -> list[dict[str, Any]]:
        """The bin's requests, oldest first, as soon as there are ``count``."""
        url = f"http://127.0.0.1:{self.port}/api/v1/bins/{bin_name}/requests?limit=500"

        def look() -> list[dict[str, Any]] | None:
            with urlopen(url, timeout=DEADLINE_S) as answer:
                found: list[dict[str, Any]] = json.load(answer)
            return found[::-1] if len(found) >= count else None

        return wait_for(look)

    def only(self, bin_name: str = "b1") -> dict[str, Any]:
        (request,) = self.captured(bin_name)
        return request


def read_all(connection: socket.socket) -> bytes:
    parts: list[bytes] = []
    try:
        while part := connection.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def wait_for(look: Callable[[], Found | None], deadline_s: float = DEADLINE_S) -> Found:
    """What ``look`` finds, as soon as it is not None."""
    deadline = time.monotonic() + deadline_s
    while (found := look()) is None:
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.005)
    return found


def wait_until_accepting(path: Path) -> None:
    """A socket's file is there before its program listens: by up to 0.1 s on a busy machine."""

    def listens() -> bool | None:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(path)) == 0 or None

    wait_for(listens)


StartProcess = Callable[..., RunningServer]


@pytest.fixture
def start_process(tmp_path: Path) -> Iterator[StartProcess]:
    """``start_process(max_body_bytes=1000)``; all of one test share a data directory."""
    running: list[RunningServer] = []

    def start(**chosen: Any) -> RunningServer:
        settings = Settings(port=0, data_dir=tmp_path, bins=("b1",), **chosen)
        running.append(RunningServer(settings))
        return running[-1]

    yield start
    for each in running:
        each.process.stop()


@pytest.fixture
def server(start_process: StartProcess) -> RunningServer:
    return start_process()
