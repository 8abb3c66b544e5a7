"""A machine that has little: no temporary folder, few files that may be open at once."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from base64 import b64decode
from io import FileIO
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from inspector.server.listener import LEAST_FILES
from inspector.server.spool import SpoolBuffer
from tests.server.conftest import StartProcess
from tests.servers import LiveServer

BODY = bytes(range(256)) * 8000  # 2 MB, far above what stays in memory
POST = b"POST /b1 HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = (
    b"POST /b1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n" % len(BODY)
    + BODY
    + b"\r\n0\r\n\r\n"
)


def refuse(*_args: Any, **_options: Any) -> Any:
    raise FileNotFoundError(2, "No usable temporary directory found")


class Full(FileIO):
    """A file on a disk that has room for 500,000 bytes."""

    room = 500_000

    def __init__(self) -> None:
        super().__init__(os.memfd_create("full"), "w+b")

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(28, "No space left on device")
        written = super().write(memoryview(data)[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("sent", [POST, CHUNKED], ids=["length", "chunks"])
def test_without_a_temporary_folder_the_data_directory_serves(
    start_process: StartProcess,
    tmp_path: Path,
    sent: bytes,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", refuse)
    server = start_process()
    assert "large bodies wait in" in caplog.text
    assert tempfile.gettempdir() == str(tmp_path)
    assert server.send(sent).startswith(b"HTTP/1.1 200")
    assert b64decode(server.only()["body_base64"]) == BODY


@pytest.mark.parametrize("sent", [POST, CHUNKED], ids=["length", "chunks"])
def test_without_any_place_for_files_large_bodies_wait_in_memory(
    start_process: StartProcess,
    monkeypatch: pytest.MonkeyPatch,
    sent: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    server = start_process()
    assert "large bodies wait in memory" in caplog.text
    assert server.send(sent).startswith(b"HTTP/1.1 200")
    assert b64decode(server.only()["body_base64"]) == BODY


@pytest.mark.skipif(not hasattr(os, "memfd_create"), reason="Linux")
def test_a_temporary_folder_that_fills_up_loses_nothing(
    start_process: StartProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = start_process()
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda *_args, **_options: Full())
    assert server.send(POST).startswith(b"HTTP/1.1 200")
    assert server.send(CHUNKED).startswith(b"HTTP/1.1 200")
    for request in server.captured(count=2):
        assert b64decode(request["body_base64"]) == BODY


@given(
    st.lists(st.binary(max_size=300), max_size=20),
    st.lists(st.integers(0, 400), max_size=20),
    st.integers(0, 3000),
)
def test_a_buffer_gives_what_it_was_given_wherever_the_disk_ends(
    pieces: list[bytes], taken: list[int], room: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        full = Full if hasattr(os, "memfd_create") else None
        if full is not None:
            patch.setattr(Full, "room", room)
            patch.setattr(tempfile, "TemporaryFile", lambda *_args, **_options: Full())
        buffer = SpoolBuffer(500)
        expected = b""
        for at, piece in enumerate(pieces):
            buffer.append(piece)
            expected += piece
            count = min(taken[at] if at < len(taken) else 0, len(expected))
            if count:
                assert buffer.get(count)[:count] == expected[:count]
                buffer.skip(count, True)
                expected = expected[count:]
            assert len(buffer) == len(expected)
        assert buffer.get() == expected
        buffer.close()


class LimitedServer(LiveServer):
    """One that may open so many files at once."""

    def limit(self, files: int) -> None:
        self.command = ["sh", "-c", f'ulimit -n {files}; exec "$@"', "sh", *self.command]


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
@pytest.mark.parametrize("files", [LEAST_FILES, 100, 150, 180])
def test_with_few_files_it_serves_fewer_at_once(tmp_path: Path, files: int) -> None:
    server = LimitedServer(tmp_path, ("--bin", "b1"))
    server.limit(files)
    with server:
        assert f"may open {files} files" in server.output
        for number in range(40):  # each on a connection of its own, all left open
            answer = requests.post(f"{server.url}/b1/{number}", data="a=1", timeout=20)
            assert answer.status_code == 200
        for path in ("/", "/bins/b1", "/api/v1/bins/b1/requests?limit=5", "/healthz"):
            assert requests.get(server.url + path, timeout=20).status_code == 200
        assert len(server.get_json("/api/v1/bins/b1/requests?limit=100")) == 40


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="it has no such limit")
def test_with_too_few_files_it_says_so_and_does_not_start(tmp_path: Path) -> None:
    server = LimitedServer(tmp_path)
    server.limit(LEAST_FILES - 1)
    done = subprocess.run(server.command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "may open 63 files at once, and the server needs 64" in done.stderr
    assert "Traceback" not in done.stderr
