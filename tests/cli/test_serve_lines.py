"""The line that ``serve`` prints for each request, and what it must not hold up."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from inspector.cli.serve_lines import FLOOD_LINES, MAX_LINES, RequestLines
from tests.programs import INSPECTOR, Program
from tests.reading.captures import make_request


@contextmanager
def serve(folder: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server's process and its address; its output is not read any further."""
    process = Program[str](
        [INSPECTOR, "serve", "--port", "0", "--data-dir", str(folder), "--bin", "b1", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        yield process, first.split()[-1]
    finally:
        process.terminate()
        process.communicate(timeout=30)


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """The line with ``text``; fails when none comes in time."""
    found: list[str] = []

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if text in line:
                found.append(line)
                return

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    assert found, f"no line has {text}"
    return found[0]


@pytest.mark.process
def test_each_request_has_its_line(tmp_path: Path) -> None:
    with serve(tmp_path) as (process, url):
        form = {"ticket[id]": "5", "ticket[subject]": "Fire \x1b[31m"}
        requests.post(f"{url}/b1/orders", data=form, timeout=10)
        line = read_until(process, "/b1/orders")
        assert "#1" in line
        assert "POST" in line
        assert "ticket 5" in line
        assert "\x1b" not in line
        made = requests.post(
            f"{url}/api/v1/bins", json={"name": "b2", "private": True}, timeout=10
        ).json()
        requests.post(made["url"], data=form, timeout=10)
        assert "ticket" not in read_until(process, "/b2")
        answer = {"status": 503}
        requests.put(f"{url}/api/v1/bins/b1/answer", json=answer, timeout=10)
        requests.post(f"{url}/b1/refused", timeout=10)
        assert read_until(process, "/b1/refused").split()[2:4] == ["POST", "503"]


@pytest.mark.process
def test_quiet_prints_none(tmp_path: Path) -> None:
    with serve(tmp_path, "--quiet") as (process, url):
        requests.post(f"{url}/b1/orders", timeout=10)
        process.terminate()
        out, _ = process.communicate(timeout=30)
        assert "/b1/orders" not in out


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe's size is POSIX's")
def test_a_pipe_that_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    with serve(tmp_path) as (process, url), requests.Session() as session:
        path = "x" * 200
        for _ in range(1000):
            assert session.post(f"{url}/b1/{path}", timeout=10).status_code == 200
        process.terminate()
        process.wait(30)
        assert process.returncode == 0


def test_what_could_not_be_read_is_printed_with_the_next(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    found = [make_request(number=1), make_request(number=2)]
    answers: list[Any] = [RuntimeError("disk is full\n[SQL: SELECT 1]"), found]

    def load(_bin_id: int, _after: int, _limit: int) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    lines = RequestLines(load, {1: 0}, lambda _bin_id: False)
    lines.start()
    lines.hear({1: 1})
    deadline = time.monotonic() + 10
    while len(answers) == 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    lines.hear({1: 2})
    while answers and time.monotonic() < deadline:
        time.sleep(0.01)
    lines.stop()
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["#1", "#2"]
    assert "Lines for requests wait: disk is full" in caplog.text
    assert "SQL" not in caplog.text
    assert "Traceback" not in caplog.text


def test_in_a_flood_fewer_lines_are_printed_and_those_a_little_later(
    capsys: pytest.CaptureFixture[str],
) -> None:
    looks: list[tuple[int, int]] = []

    def load(_bin_id: int, after: int, limit: int) -> Any:
        looks.append((after, limit))
        return [make_request(number=after + 1 + each) for each in range(limit)]

    lines = RequestLines(load, {1: 0}, lambda _bin_id: False)
    lines.start()
    newest = 0
    deadline = time.monotonic() + 30
    while not looks and time.monotonic() < deadline:
        newest += 30
        lines.hear({1: newest})
        time.sleep(0.01)
    assert looks[0][1] == FLOOD_LINES
    looks.clear()
    lines.hear({1: newest + 500})
    while not looks and time.monotonic() < deadline:
        time.sleep(0.01)
    lines.stop()
    assert looks == [(newest + 500 - MAX_LINES, MAX_LINES)]
    assert "... and 400 more" in capsys.readouterr().out
