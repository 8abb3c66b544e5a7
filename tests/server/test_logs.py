"""The log: with its time, as text or JSON, and never in a stranger's words alone."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from inspector.server.logs import set_up_logging
from tests.server.conftest import RunningServer, read_all, wait_for
from tests.servers import LiveServer

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (DEBUG|INFO|WARNING|ERROR) [a-z.]+: .*")
HOSTILE = "/x\n2030-01-01T00:00:00.000Z ERROR inspector: forged\r\x1b[31m\u202e\x00"


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    root, access = logging.getLogger(), logging.getLogger("inspector.access")
    handlers, level, of_access = root.handlers[:], root.level, access.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    access.setLevel(of_access)


def test_a_line_has_its_time_and_escapes_what_steers_a_terminal() -> None:
    stream = io.StringIO()
    set_up_logging(stream=stream)
    logging.getLogger("inspector.web").error("Serving %s failed.", HOSTILE)
    (line,) = stream.getvalue().splitlines()
    assert LINE.fullmatch(line)
    assert r"/x\n2030" in line
    assert r"\x1b[31m\u202e\x00" in line


def test_a_traceback_cannot_pass_for_another_line() -> None:
    stream = io.StringIO()
    set_up_logging(stream=stream)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("inspector").exception("It failed.")
    first, *others = stream.getvalue().splitlines()
    assert LINE.fullmatch(first)
    assert len(others) >= 3
    assert [line for line in others if not line.startswith("  ") or not line.isprintable()] == []


def test_json_lines_are_objects_with_all_of_it() -> None:
    stream = io.StringIO()
    set_up_logging(form="json", stream=stream)
    try:
        raise ValueError(HOSTILE)
    except ValueError:
        logging.getLogger("inspector").exception("It failed: %s", HOSTILE)
    (line,) = stream.getvalue().splitlines()
    found = json.loads(line)
    assert datetime.fromisoformat(found["time"]).tzinfo is not None
    assert (found["level"], found["logger"]) == ("error", "inspector")
    assert "forged" in found["message"]
    assert "ValueError" in found["exception"]


def test_the_level_is_the_least_that_is_logged() -> None:
    stream = io.StringIO()
    set_up_logging(level="error", stream=stream)
    logging.getLogger("inspector").warning("quiet")
    logging.getLogger("inspector").error("loud")
    assert "quiet" not in stream.getvalue()
    assert "loud" in stream.getvalue()


REQUESTS = {
    b"POST /b1/x HTTP/1.1\r\nContent-Length: 1\r\n\r\na": 200,
    b"POST /nobody HTTP/1.1\r\n\r\n": 404,
    b"POST /b1 HTTP/1.1\r\nbroken\r\n\r\n": 400,
    b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n": 200,
    b"HEAD /bins/b1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n": 200,
    b"GET /api/v1/bins/b1/requests/wait?timeout=0.05 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n": 408,
}


def test_the_access_log_has_a_line_for_each_response(server: RunningServer) -> None:
    stream = io.StringIO()
    set_up_logging(form="json", access=True, stream=stream)
    for sent in REQUESTS:
        with server.connect() as connection:
            connection.sendall(sent.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            read_all(connection)
    wait_for(lambda: stream.getvalue().count("\n") >= len(REQUESTS) or None)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["status"] for line in lines] == list(REQUESTS.values())
    assert (lines[0]["method"], lines[0]["target"]) == ("POST", "/b1/x")
    assert lines[0]["peer"] == "127.0.0.1"
    assert all(0 <= line["duration_ms"] < 60_000 for line in lines)


def test_nothing_is_logged_for_responses_unasked(server: RunningServer) -> None:
    stream = io.StringIO()
    set_up_logging(level="info", stream=stream)
    server.get("/healthz")
    assert stream.getvalue() == ""


@pytest.mark.process
def test_the_command_logs_as_it_is_told(tmp_path: Path) -> None:
    arguments = ("--log-format", "json", "--access-log", "--bin", "b1")
    with LiveServer(tmp_path, arguments) as server:
        assert server.get_json("/api/v1/bins/b1")["name"] == "b1"
        found = wait_for(
            lambda: (
                [
                    json.loads(line)["target"]
                    for line in server.output.splitlines()
                    if line.startswith("{")
                ]
                or None
            )
        )
    assert "/api/v1/bins/b1" in found
