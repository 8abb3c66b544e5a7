"""Several servers on one PostgreSQL under load, while servers and databases go: nothing is lost."""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from tests.machine import skip_without
from tests.postgresql import Cluster, find_programs, make_cluster
from tests.servers import LiveServer

pytestmark = [pytest.mark.slow, pytest.mark.process, pytest.mark.postgres]

STEP = 40
DEADLINE_S = 120.0
TURNS = [201, 202, 203]
CAPACITY = 7
# How long a database is away at least; longer by hand, as in STOPPED_S=20.
STOPPED_S = float(os.environ.get("STOPPED_S", "0"))
AGE_S = 0.5


@pytest.fixture
def programs() -> Path:
    found = find_programs()
    if found is None:
        skip_without("PostgreSQL's server", "postgresql")
    return found


@contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    cluster.create()
    cluster.start()
    yield cluster


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


class Senders:
    """A thread for each server that sends one request after the other, each until it is stored.

    Every fourth goes to the bin ``small``. ``acknowledged`` are the requests that were answered
    2xx; ``refusals`` all other answers. ``begun_us`` has when each one's last try began, in
    microseconds since 1970.
    """

    def __init__(self, servers: list[LiveServer]) -> None:
        self.acknowledged: list[str] = []
        self.begun_us: dict[str, int] = {}
        self.refusals: list[tuple[int, str | None]] = []
        self._names = itertools.count(1)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(each,)) for each in servers]
        for each in self._threads:
            each.start()

    def _run(self, server: LiveServer) -> None:
        address = server.url.removeprefix("http://")
        while not self._stop.is_set():
            number = next(self._names)
            name = f"/b1/n{number}" if number % 4 else f"/small/n{number}"
            while not (self._stop.is_set() or self._send(address, name)):
                if server.process.poll() is not None:
                    return  # killed: its sender has nobody to send to
                time.sleep(0.05)

    def _send(self, address: str, name: str) -> bool:
        connection = HTTPConnection(address, timeout=60)
        self.begun_us[name] = time.time_ns() // 1000
        try:
            connection.request("POST", name, b"a=1")
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        if answer.status in (200, *TURNS):
            self.acknowledged.append(name)
            return True
        self.refusals.append((answer.status, answer.headers["Retry-After"]))
        return False

    def wait_for_more(self) -> None:
        """Wait until so many more are acknowledged."""
        wanted = len(self.acknowledged) + STEP
        wait_until(lambda: len(self.acknowledged) >= wanted)

    def stop(self) -> None:
        self._stop.set()
        for each in self._threads:
            each.join(DEADLINE_S)


@contextmanager
def serve_together(
    url: str, folder: Path, count: int
) -> Iterator[tuple[list[LiveServer], Senders]]:
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                LiveServer(
                    folder / str(number),
                    ("--database", url, "--bin", "b1", "--capacity", "100000", "--quiet"),
                )
            )
            for number in range(count)
        ]
        api = f"{servers[0].url}/api/v1/bins"
        small = {"name": "small", "capacity": CAPACITY}
        assert requests.post(api, json=small, timeout=60).status_code == 201
        rules = {"rules": [{"answers": [{"status": each} for each in TURNS], "then": "repeat"}]}
        told = requests.put(f"{api}/b1/answers", json=rules, timeout=60)
        assert told.status_code == 200, told.text
        senders = Senders(servers)
        stack.callback(senders.stop)
        senders.wait_for_more()
        yield servers, senders


def check_exact(url: str, senders: Senders) -> None:
    """Every acknowledged request is there; numbers, turns and capacities are exact."""
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:")) as connection:
        rows = connection.execute(
            "SELECT number, answer_turn, raw_head FROM requests"
            " WHERE bin_id = (SELECT id FROM bins WHERE name = 'b1') ORDER BY number"
        ).fetchall()
        found = connection.execute("SELECT last_number, held FROM bins WHERE name = 'b1'")
        last_number, held = found.fetchone() or (0, 0)
        small = connection.execute(
            "SELECT last_number, held, let_go, kept_from,"
            " (SELECT count(*) FROM requests WHERE bin_id = bins.id AND number >= kept_from)"
            " FROM bins WHERE name = 'small'"
        ).fetchone()
    everyone = range(1, len(rows) + 1)
    assert [row[0] for row in rows] == list(everyone)
    assert sorted(row[1] for row in rows) == list(everyone)
    assert (last_number, held) == (len(rows), len(rows))
    stored = {row[2].split(b" ")[1].decode() for row in rows}
    acknowledged = {name for name in senders.acknowledged if name.startswith("/b1/")}
    assert acknowledged <= stored
    assert small is not None
    last, small_held, let_go, kept_from, there = small
    assert last >= len(senders.acknowledged) - len(acknowledged) > CAPACITY
    assert (small_held, there, kept_from) == (CAPACITY, CAPACITY, last - CAPACITY + 1)
    assert small_held + let_go == last
    # What could not be stored was refused in a way that has the sender try again.
    assert {status for status, _ in senders.refusals} <= {503}
    assert all(retry_after for _, retry_after in senders.refusals)


def test_four_servers_lose_nothing_when_one_is_killed_and_connections_are_cut(
    programs: Path, tmp_path: Path
) -> None:
    with make_cluster(programs) as cluster, running(cluster):
        with serve_together(cluster.url, tmp_path, 4) as (servers, senders):
            servers[-1].kill()
            senders.wait_for_more()
            plain = cluster.url.replace("postgresql+psycopg:", "postgresql:")
            for _ in range(3):
                with psycopg.connect(plain) as connection:
                    connection.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                    )
                senders.wait_for_more()
            senders.stop()
        check_exact(cluster.url, senders)


def test_age_is_exact_while_four_servers_write_and_all_let_go(
    programs: Path, tmp_path: Path
) -> None:
    with make_cluster(programs) as cluster, running(cluster):
        with serve_together(cluster.url, tmp_path, 4) as (servers, senders):
            began = time.monotonic()
            wait_until(lambda: time.monotonic() > began + AGE_S)

            def let_go(server: LiveServer) -> int:
                path = f"{server.url}/api/v1/bins/b1/prune"
                answer = requests.post(path, json={"older_than_s": AGE_S}, timeout=60)
                assert answer.status_code == 200, answer.text
                deleted: int = answer.json()["deleted"]
                return deleted

            gone = 0
            with ThreadPoolExecutor(len(servers)) as pool:
                for _ in range(5):
                    senders.wait_for_more()
                    gone += sum(pool.map(let_go, servers))
            senders.stop()
            last_us = time.time_ns() // 1000
            gone += let_go(servers[0])
            bounds_us = [each - int(AGE_S * 1e6) for each in (last_us, time.time_ns() // 1000)]
        check_age(cluster.url, senders, gone, *bounds_us)


def check_age(url: str, senders: Senders, gone: int, old_us: int, young_us: int) -> None:
    """What went is counted once, what is held has no gap.

    What was received before ``old_us`` is gone, what was sent after ``young_us`` is there.
    """
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:")) as connection:
        bin_ = "SELECT id, last_number, held, let_go, kept_from FROM bins WHERE name = 'b1'"
        bin_id, last, held, let_go, kept_from = connection.execute(bin_).fetchone() or (0,) * 5
        rows = connection.execute(
            "SELECT number, received_us, raw_head FROM requests"
            " WHERE bin_id = %s AND number >= %s ORDER BY number",
            (bin_id, kept_from),
        ).fetchall()
    assert gone == let_go > STEP
    assert [row[0] for row in rows] == list(range(kept_from, last + 1))
    assert (held, held + let_go) == (len(rows), last)
    assert not rows or rows[0][1] >= old_us
    there = {row[2].split(b" ")[1].decode() for row in rows}
    young = {
        name
        for name in senders.acknowledged
        if name.startswith("/b1/") and senders.begun_us[name] >= young_us
    }
    assert young <= there


@pytest.mark.parametrize("how", ["shut down", "stopped in its tracks"])
def test_a_database_that_is_stopped_for_a_while_is_waited_for(
    programs: Path, tmp_path: Path, how: str
) -> None:
    with make_cluster(programs) as cluster, running(cluster):
        with serve_together(cluster.url, tmp_path, 2) as (servers, senders):
            began = time.monotonic()
            with away(cluster, how):
                wait_until(
                    lambda: len(senders.refusals) > 4 and time.monotonic() > began + STOPPED_S
                )
                assert requests.get(f"{servers[0].url}/readyz", timeout=60).status_code == 503
                refused = requests.post(f"{servers[0].url}/b1", data="a=1", timeout=60)
                assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
                for told in (cluster.folder.name, "socket", "connection to", "psycopg", "SQL"):
                    assert told not in refused.text  # strangers hear nothing of libpq's
                assert requests.get(f"{servers[0].url}/healthz", timeout=60).status_code == 200
            back = time.monotonic()
            senders.wait_for_more()
            wait_until(
                lambda: all(
                    requests.get(f"{each.url}/readyz", timeout=60).status_code == 200
                    for each in servers
                )
            )
            print(
                f"{how}: {len(senders.refusals)} refused, {time.monotonic() - back:.1f} s to mend"
            )
            senders.stop()
        check_exact(cluster.url, senders)


@contextmanager
def away(cluster: Cluster, how: str) -> Iterator[None]:
    """A database that does not serve while the block runs."""
    if how == "shut down":
        cluster.stop()
        yield
        cluster.start()
    else:
        with cluster.stopped_in_its_tracks():
            yield


def test_a_second_database_takes_over(programs: Path, tmp_path: Path) -> None:
    with make_cluster(programs) as first, make_cluster(programs) as second, running(first):
        second.follow(first)
        second.start()
        plain = first.url.replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(plain, autocommit=True) as connection:
            # A commit is acknowledged when the second one has it, too.
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            wait_until(
                lambda: connection.execute(
                    "SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'"
                ).fetchone()
            )
        both = f"{first.url},{second.folder}&target_session_attrs=read-write"
        with serve_together(both, tmp_path, 2) as (_, senders):
            first.stop(signal.SIGQUIT)
            wait_until(lambda: len(senders.refusals) > 4)
            with psycopg.connect(second.url.replace("postgresql+psycopg:", "postgresql:")) as last:
                last.execute("SELECT pg_promote()")
            senders.wait_for_more()
            senders.stop()
        check_exact(second.url, senders)
