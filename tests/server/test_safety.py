"""What was acknowledged is on disk, whatever happens to the process, the disk or the database."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import resource
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import StartServer
from tests.server.conftest import RunningServer, StartProcess, wait_for

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Sender(threading.Thread):
    """Posts its own numbered bodies until it is told to stop; remembers what was acknowledged."""

    def __init__(self, port: int, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.port = port
        self.acknowledged: list[str] = []
        self.refused = 0
        self.going = True

    def run(self) -> None:
        number = 0
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        with (
            contextlib.closing(connection),
            contextlib.suppress(OSError, http.client.HTTPException),
        ):
            while self.going:
                number += 1
                body = f"sender={self.name}&n={number}&filler={'x' * 2000}"
                connection.request("POST", "/b1", body, FORM)
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.acknowledged.append(f"{self.name} {number}")
                else:
                    self.refused += 1


def stored_in(database: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT body FROM requests ORDER BY number").fetchall()
    fields = [dict(part.split("=") for part in body.decode().split("&")) for (body,) in rows]
    return [f"{each['sender']} {each['n']}" for each in fields]


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_process_loses_nothing_it_acknowledged(
    start_server: StartServer, seed: int
) -> None:
    server = start_server("--bin", "b1", "--capacity", "1000000")
    port = int(server.url.rsplit(":", 1)[1])
    senders = [Sender(port, f"s{i}") for i in range(8)]
    for sender in senders:
        sender.start()
    moment = random.Random(seed)
    enough = moment.randint(30, 400)
    wait_for(lambda: sum(len(each.acknowledged) for each in senders) >= enough or None, 60)
    time.sleep(moment.random() * 0.02)  # anywhere between two commits
    server.kill()
    for sender in senders:
        sender.going = False
        sender.join(10)
    acknowledged = [each for sender in senders for each in sender.acknowledged]
    assert len(acknowledged) >= enough
    stored = stored_in(server.folder / "data" / "inspector.sqlite3")
    assert set(acknowledged) <= set(stored)
    # At most the one request that each sender had under way came on top.
    assert len(stored) <= len(acknowledged) + len(senders)

    again = start_server("--bin", "b1")
    assert again.get_json("/api/v1/bins/b1")["last_number"] == len(stored)


def test_sigterm_finishes_what_was_accepted(start_server: StartServer) -> None:
    server = start_server("--bin", "b1", "--capacity", "1000000")
    port = int(server.url.rsplit(":", 1)[1])
    senders = [Sender(port, f"s{i}") for i in range(8)]
    for sender in senders:
        sender.start()
    wait_for(lambda: all(sender.acknowledged for sender in senders) or None)
    server.stop()
    for sender in senders:
        sender.going = False
        sender.join(10)
    acknowledged = {each for sender in senders for each in sender.acknowledged}
    assert acknowledged == set(stored_in(server.folder / "data" / "inspector.sqlite3"))


def post(server: RunningServer, body: str = "a=1") -> tuple[int, dict[str, str], str]:
    return post_to(server.port, body)


def post_to(port: int, body: str) -> tuple[int, dict[str, str], str]:
    return request_to(port, "POST", "/b1", body)


def request_to(port: int, method: str, path: str, body: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body, FORM)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read().decode()


def test_a_locked_database_is_answered_503_until_it_is_free(
    start_process: StartProcess,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("inspector.storage.database.connections.BUSY_TIMEOUT_S", 0.2)
    server = start_process()
    locker = sqlite3.connect(tmp_path / "inspector.sqlite3", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    for _ in range(3):
        status, headers, text = post(server)
        assert (status, headers["Retry-After"]) == (503, "5")
        assert "locked" in text
    assert server.get("/readyz")[0] == 503
    made = request_to(server.port, "POST", "/api/v1/bins", "name=other")
    assert (made[0], made[1]["Retry-After"]) == (503, "5")
    assert json.loads(made[2])["error"]["code"] == "storage_unavailable"
    locker.execute("COMMIT")
    locker.close()
    assert post(server)[0] == 200
    assert server.get("/readyz")[0] == 200
    assert len(server.captured()) == 1
    said = [record.message for record in caplog.records if record.name == "inspector.storage"]
    said = [each for each in said if "index" not in each]  # it may meet the lock, too
    assert len(said) == 2
    assert "answered 503: another program holds it locked" in said[0]
    assert said[1] == "Storing works again."


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB; only root may mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)]
    if os.name != "posix" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small tmpfs needs root; the next test limits the file instead")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill_until_refused(port: int) -> tuple[int, int]:
    """Post until the answer is no longer 200; answers how many were stored, and what came then."""
    for stored in range(5000):
        status = post_to(port, "x" * 20_000)[0]
        if status != 200:
            return stored, status
    raise AssertionError("the disk never filled up")


def test_a_full_disk_is_answered_503_until_there_is_room(
    start_server: StartServer, small_disk: Path
) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * 1_500_000)
    server = start_server("--bin", "b1", "--data-dir", str(small_disk))
    port = int(server.url.rsplit(":", 1)[1])
    stored, status = fill_until_refused(port)
    assert (stored > 5, status) == (True, 503)
    assert [post_to(port, "x" * 20_000)[0] for _ in range(5)] == [503] * 5
    assert server.output.count("answered 503") == 1
    filler.unlink()
    assert post_to(port, "x" * 20_000)[0] == 200
    assert "Storing works again." in server.output
    assert server.get_json("/api/v1/bins/b1")["request_count"] == stored + 1


@pytest.mark.skipif(sys.platform != "linux", reason="limits another process's files by prlimit")
def test_a_file_that_may_not_grow_is_answered_503_until_it_may(start_server: StartServer) -> None:
    server = start_server("--bin", "b1")
    port = int(server.url.rsplit(":", 1)[1])
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (2_000_000, -1))
    stored, status = fill_until_refused(port)
    assert (stored > 5, status) == (True, 503)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (-1, -1))
    assert post_to(port, "x" * 20_000)[0] == 200
    assert server.get_json("/api/v1/bins/b1")["request_count"] == stored + 1


@pytest.mark.slow
def test_a_reader_that_does_not_read_holds_nothing_up(server: RunningServer) -> None:
    for _ in range(80):
        post(server, "x=" + "y" * 100_000)
    stuck = []
    for _ in range(12):
        connection = server.connect()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            b"GET /api/v1/bins/b1/requests?limit=80 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
        )
        stuck.append(connection)
    # They hold every worker thread, for as long as they like: a capture that needed one
    # would run into its client's time-out.
    assert [post(server)[0] for _ in range(50)] == [200] * 50
    for connection in stuck:
        connection.close()


@pytest.mark.parametrize("what", ["requests?limit=500", "export?format=har"])
def test_long_reads_do_not_hold_captures_up(start_server: StartServer, what: str) -> None:
    server = start_server("--bin", "b1", "--capacity", "1000000")
    port = int(server.url.rsplit(":", 1)[1])
    body = "ticket[note]=" + "n" * 12_000
    for _ in range(500):
        post_to(port, body)
    fetched: list[bytes] = []
    done = threading.Event()

    def fetch() -> None:
        while not done.is_set():
            answer = requests.get(f"{server.url}/api/v1/bins/b1/{what}", timeout=60)
            assert answer.status_code == 200
            fetched.append(answer.content)

    readers = [threading.Thread(target=fetch) for _ in range(2)]
    for reader in readers:
        reader.start()
    captured = 0
    while not fetched:  # for as long as the first one takes
        assert post_to(port, "a=1")[0] == 200
        captured += 1
    done.set()
    for reader in readers:
        reader.join()
    assert captured >= 5
    # A later one may begin when the newest 500 are those that were captured meanwhile.
    assert b"n" * 12_000 in fetched[0]


@pytest.mark.slow
def test_memory_stays_flat_under_many_captures(start_server: StartServer) -> None:
    server = start_server("--bin", "b1", "--capacity", "1000000")
    port = int(server.url.rsplit(":", 1)[1])
    body = "ticket[note]=" + "n" * 12_000

    def post_many(count: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        for _ in range(count):
            connection.request("POST", "/b1", body, FORM)
            assert connection.getresponse().read() == b"ok\n"
        connection.close()

    def post_from_eight(count: int) -> None:
        threads = [threading.Thread(target=post_many, args=(count // 8,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    post_from_eight(400)  # SQLite's page cache and the like are warm after this
    before = resident_bytes(server.process.pid)
    post_from_eight(10_000)
    assert server.get_json("/api/v1/bins/b1")["last_number"] == 10_400
    grown = resident_bytes(server.process.pid) - before
    print(f"{grown:,} bytes more")
    assert grown < 30_000_000


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")
