"""Several servers on one PostgreSQL: news travel, and a server that hangs holds nobody."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from inspector.domain.removals import Removal
from inspector.storage.announcements import format_announcement, parse_announcement
from inspector.storage.database.stalls import PING_S, STALL_S
from inspector.storage.database.urls import CONNECT_TIMEOUT_S
from tests.emitter.receiver import Receiver
from tests.machine import skip_without
from tests.postgresql import find_account, find_programs, make_cluster
from tests.server.conftest import RunningServer, StartProcess, wait_for, wait_until_accepting

pytestmark = pytest.mark.slow

REST = b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
POST = b"POST /b1" + REST
DEADLINE_S = 60.0
SENT = 12
HEAD = b"GET /api/v1/bins/b1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@pytest.fixture
def two(start_process: StartProcess, postgresql_database: str) -> tuple[RunningServer, ...]:
    servers = tuple(start_process(database=postgresql_database) for _ in range(2))
    for each in servers:
        wait_until_listening(each)
    return servers


def wait_until_listening(server: RunningServer) -> None:
    listener = server.process._listener
    assert listener is not None
    wait_for(lambda: listener.is_listening or None)


def request(server: RunningServer, method: str, path: str, body: str = "") -> int:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        return answer.status


def read_until(stream: socket.socket, piece: bytes) -> bytes:
    got = b""
    while piece not in got:
        part = stream.recv(65_536)
        assert part, got
        got += part
    return got


def test_a_capture_elsewhere_is_on_a_stream_here(two: tuple[RunningServer, ...]) -> None:
    here, elsewhere = two
    with here.connect() as stream:
        stream.sendall(HEAD)
        read_until(stream, b"id: ")
        took = []
        for number in range(1, 12):
            began = time.monotonic()
            assert request(elsewhere, "POST", "/b1", f"n={number}") == 200
            got = read_until(stream, b"}\n\n")
            took.append(time.monotonic() - began)
            assert b'"number":%d,' % number in got
    print(f"median {statistics.median(took) * 1000:.0f} ms")
    # Polling would take POLL_S; how quick it is is measured elsewhere.
    assert statistics.median(took) < 0.9


def test_what_goes_elsewhere_is_heard_here(two: tuple[RunningServer, ...]) -> None:
    here, elsewhere = two
    heard: list[Removal] = []
    here.process.services.news.listen_to_removals(heard.append)
    for _ in range(4):
        assert request(elsewhere, "POST", "/b1") == 200
    api = "/api/v1/bins/b1"
    assert request(elsewhere, "DELETE", f"{api}/requests/2") == 204
    assert request(elsewhere, "DELETE", f"{api}/requests") == 204
    assert request(elsewhere, "DELETE", api) == 204
    wait_for(lambda: heard[2:] or None)
    assert [(each.kind, each.number) for each in heard] == [
        ("deleted", 2),
        ("emptied", 4),
        ("bin_deleted", 4),
    ]


def test_lost_notifications_are_made_up_for(two: tuple[RunningServer, ...]) -> None:
    here, elsewhere = two
    listener = here.process._listener
    assert listener is not None
    heard: list[dict[int, int]] = []
    here.process.services.news.listen(lambda news: heard.append(dict(news)))
    engine = here.process.services.engine
    with engine.begin() as connection:  # the connection that listens, and all others
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
    wait_for(lambda: request(elsewhere, "POST", "/b1") == 200 or None)
    wait_for(lambda: heard or None)
    wait_for(lambda: request(here, "POST", "/b1") == 200 or None)
    wait_for(lambda: here.get("/readyz")[0] == 200 or None)


def test_what_was_told_while_nobody_could_hear_it_is_heard_once(
    two: tuple[RunningServer, ...],
) -> None:
    here, elsewhere = two
    listener = here.process._listener
    assert listener is not None
    wait_for(lambda: listener.is_listening or None)
    heard: list[Removal] = []
    here.process.services.news.listen_to_removals(heard.append)
    for _ in range(3):
        assert request(elsewhere, "POST", "/b1") == 200
    assert request(elsewhere, "DELETE", "/api/v1/bins/b1/requests/1") == 204
    wait_for(lambda: heard or None)
    unheard = format_announcement("another", {}, [Removal(1, "deleted", 2)])
    with here.process.services.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO told_news (payload) VALUES (:payload)"), {"payload": unheard}
        )
    for _ in range(3):
        listener.look()
    assert [(each.kind, each.number) for each in heard] == [("deleted", 1), ("deleted", 2)]


def call(server: RunningServer, method: str, path: str, body: object) -> Any:
    with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:
        headers = {"Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body), headers)
        return json.loads(connection.getresponse().read())


def test_each_request_is_passed_on_once_whoever_stores_it(two: tuple[RunningServer, ...]) -> None:
    here, elsewhere = two
    api = "/api/v1/bins/b1/relay"
    call(here, "PUT", api, {"url": "http://127.0.0.1:1/", "wait": False, "timeout": 5})
    for number in range(6):
        assert request((here, elsewhere)[number % 2], "POST", "/b1", f"n={number}") == 200
    wait_for(lambda: json.loads(here.get(api)[1])["missed"] == 6 or None)
    with Receiver() as program:
        call(elsewhere, "PUT", api, {"url": program.url, "wait": False})
        for number in range(6, 12):
            assert request((here, elsewhere)[number % 2], "POST", "/b1", f"n={number}") == 200
        for each in two:  # both are asked to make up for it
            call(each, "POST", f"{api}/send", {"since": "0"})
        wait_for(lambda: len(program.requests) >= 12 or None)
        wait_for(lambda: json.loads(here.get(api)[1])["missed"] == 0 or None)
        for each in two:
            wait_for(lambda each=each: not any(  # type: ignore[misc]
                run["running"] for run in json.loads(each.get("/api/v1/bins/b1/replay")[1])
            ) or None)  # fmt: skip
        sent = sorted(int(each.rpartition(b"n=")[2]) for each in program.requests)
    assert sent == list(range(12))


def test_an_announcement_comes_back_as_it_went() -> None:
    removal = Removal(7, "let_go", 5)
    assert parse_announcement(format_announcement("me", {7: 9}, [removal], [(7, 8)])) == (
        "me",
        {7: 9},
        [removal],
        [(7, 8)],
    )
    many = dict.fromkeys(range(10_000), 1)
    assert parse_announcement(format_announcement("me", many, [])).is_cut


def test_a_locked_table_holds_captures_for_a_while_only(
    two: tuple[RunningServer, ...], postgresql_database: str
) -> None:
    here, _ = two
    url = postgresql_database.replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url) as locker:
        locker.execute("LOCK TABLE bins IN ACCESS EXCLUSIVE MODE")
        assert request(here, "POST", "/b1") == 503
        assert request(here, "GET", "/healthz") == 200
        assert request(here, "GET", "/readyz") == 503
        locker.rollback()
    wait_for(lambda: request(here, "GET", "/readyz") == 200 or None)
    assert request(here, "POST", "/b1") == 200


@contextmanager
def pooler(database: str) -> Iterator[str]:
    """pgbouncer in transaction mode in front of a database; gives its URL."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        skip_without("pgbouncer", "pgbouncer")
    parts = psycopg.conninfo.conninfo_to_dict(database)
    # Not below pytest's, which is for one user only.
    with tempfile.TemporaryDirectory(prefix="inspector-bouncer-") as name:
        folder = Path(name)
        (folder / "users").write_text(f'"{parts["user"]}" ""\n')
        (folder / "ini").write_text(
            f"[databases]\n{parts['dbname']} = host={parts['host']} dbname={parts['dbname']}\n"
            "[pgbouncer]\nlisten_addr =\nunix_socket_dir = "
            f"{folder}\nlisten_port = 6432\nauth_type = trust\nauth_file = {folder}/users\n"
            "pool_mode = transaction\ndefault_pool_size = 4\n"
        )
        account = find_account()
        if account.user is not None:
            for each in (folder, *folder.iterdir()):
                os.chown(each, account.user, account.group or 0)
        process = subprocess.Popen(
            [program, str(folder / "ini")],
            stderr=subprocess.DEVNULL,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
        try:
            wait_until_accepting(folder / ".s.PGSQL.6432")
            yield f"postgresql://{parts['user']}@/{parts['dbname']}?host={folder}&port=6432"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def test_a_readonly_database_is_no_fault_of_a_request(
    start_process: StartProcess, postgresql_database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As one is after another took its place: the driver has another kind of error for it."""
    here = start_process(database=postgresql_database)
    url = postgresql_database.replace("postgresql+psycopg:", "postgresql:")
    with psycopg.connect(url, autocommit=True) as admin:
        name = admin.info.dbname

        def turn(value: str) -> None:
            admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = {value}')
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )

        turn("on")
        wait_for(lambda: b"readonly" in here.exchange(POST) or None)
        deleted = here.exchange(b"DELETE /api/v1/bins/b1/requests" + REST)
        for answer in (here.exchange(POST), deleted):
            assert answer.split()[1] == b"503"
            assert b"Retry-After:" in answer
            assert b"it is readonly" in answer
        assert "it is readonly" in here.get("/readyz")[1]
        assert here.get("/bins/b1")[0] == 200
        admin.execute("SET default_transaction_read_only = off")
        turn("off")
    wait_for(lambda: here.exchange(POST).split()[1] == b"200" or None)
    assert [each.message for each in caplog.records if each.exc_info] == []


@contextmanager
def straight(database: str) -> Iterator[str]:
    """No pooler at all."""
    yield database


@pytest.mark.alone  # it measures time
@pytest.mark.parametrize("way", [straight, pooler])
def test_a_server_stopped_in_its_tracks_holds_nobody_for_long(
    start_process: StartProcess,
    caplog: pytest.LogCaptureFixture,
    way: Callable[[str], AbstractContextManager[str]],
) -> None:
    """Nor one that comes while others wait already, whatever else is asked for meanwhile."""
    programs = find_programs()
    if programs is None:
        skip_without("PostgreSQL's server", "postgresql")
    with ExitStack() as stack:
        cluster = stack.enter_context(make_cluster(programs))
        cluster.create()
        cluster.start()
        plain = cluster.url.replace("postgresql+psycopg:", "postgresql:")
        here = start_process(database=stack.enter_context(way(plain)))
        for number in range(20):
            assert request(here, "POST", "/b1", f"a={number}") == 200
        stopping = threading.Event()
        asking = threading.Thread(target=ask_again_and_again, args=(here, stopping))

        def send(number: int) -> tuple[int, float]:
            time.sleep(number * 0.7)
            began = time.monotonic()
            return request(here, "POST", "/b1", f"n={number}"), time.monotonic() - began

        with cluster.stopped_in_its_tracks(), ThreadPoolExecutor(SENT) as pool:
            asking.start()
            answers = list(pool.map(send, range(SENT)))
            began = time.monotonic()
            assert request(here, "GET", "/healthz") == 200
            assert time.monotonic() - began < 2
            assert request(here, "GET", "/readyz") == 503
            began = time.monotonic()
            assert request(here, "GET", "/bins/b1") == 503
            # One question that is not answered, and one connection: not one for each request.
            assert time.monotonic() - began < PING_S + CONNECT_TIMEOUT_S + 2
            stopping.set()
            asking.join(DEADLINE_S)
        assert {status for status, _ in answers} == {503}
        slowest = max(took for _, took in answers)
        print(f"{slowest:.1f} s at most")
        assert slowest < STALL_S + 2
        wait_for(lambda: request(here, "GET", "/readyz") == 200 or None, 30)
        assert request(here, "POST", "/b1", "a=3") == 200
        here.process.stop()
    assert [each.message for each in caplog.records if each.exc_info] == []


def ask_again_and_again(server: RunningServer, stopping: threading.Event) -> None:
    """As a proxy asks whether a server is ready."""
    while not stopping.wait(0.3):
        request(server, "GET", "/readyz")


@pytest.mark.alone
def test_a_pooler_in_transaction_mode_is_no_hindrance(
    start_process: StartProcess, postgresql_database: str, caplog: Any
) -> None:
    plain = postgresql_database.replace("postgresql+psycopg:", "postgresql:")
    with pooler(plain) as url:
        here, elsewhere = (start_process(database=url) for _ in range(2))
        for number in range(30):
            assert request((here, elsewhere)[number % 2], "POST", "/b1") == 200
        assert len(here.captured(count=30)) == 30
        wait_for(lambda: "looked for each second" in caplog.text or None)
        with here.connect() as stream:
            stream.sendall(HEAD)
            read_until(stream, b"id: ")
            assert request(elsewhere, "POST", "/b1", "n=31") == 200
            read_until(stream, b"event: request")
            api = "/api/v1/bins/b1"
            assert request(elsewhere, "DELETE", f"{api}/requests/7") == 204
            read_until(stream, b'"kind": "deleted", "number": 7,')
            assert request(elsewhere, "DELETE", f"{api}/requests") == 204
            read_until(stream, b'"kind": "emptied", "number": 31,')
        for each in (here, elsewhere):
            each.process.stop()
