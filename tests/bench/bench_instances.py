"""Captures a second of one, two and four servers on one PostgreSQL, beside one on SQLite.

Their index of words is off: it is filled when captures cease, which here is another's turn.
All run at the same time and are loaded in turns, so that a noisy machine is noisy for all
of them, each turn when the one before has left nothing to clean up; ratios are of medians. Each
server keeps to a processor, as ``inspector serve`` does, the second to another than the first.
Both databases sync each commit. They are on the disk first, then in memory, where processors
are measured: ``PLACES=/dev/shm`` in the environment has one of them. ``ROUNDS=2`` makes it
quicker, ``CONNECTIONS=256`` has more senders; as it is, it takes some minutes. Senders are one
thread a server, and wait for answers: what they take of a capture's time is told beside it.

"At most" is what the machine's processors would carry if nothing ever waited: their number
by the CPU time of a capture, PostgreSQL's and the load generator's included.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import TICKET_TYPE, Load, Verdict, python_server, run_wrk
from tests.postgresql import DURABLE_OPTIONS, Cluster, find_programs, make_cluster

ROUNDS = int(os.environ.get("ROUNDS", "5"))
# Of all servers together, so that more of them do not mean more senders.
CONNECTIONS = int(os.environ.get("CONNECTIONS", "64"))
PLACES = os.environ.get("PLACES", f"{tempfile.gettempdir()} /dev/shm").split()
SECONDS = 2
# What a turn lets go of takes seconds to delete.
CALM_S = 20.0
BODY = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body


@dataclass(frozen=True)
class Server:
    """A server under load."""

    pid: int
    url: str


@dataclass(frozen=True)
class Turn:
    """A turn of a group: captures a second, latencies, and CPU time a capture in microseconds.

    ``senders_us`` is the load generator's.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    server_us: float
    database_us: float
    senders_us: float

    @property
    def at_most(self) -> float:
        """Captures a second when all processors are busy with nothing else."""
        worked_us = self.server_us + self.database_us + self.senders_us
        return len(os.sched_getaffinity(0)) * 1e6 / worked_us


def main() -> None:
    programs = find_programs()
    if programs is None:
        sys.exit("This benchmark needs PostgreSQL's server: apt-get install postgresql.")
    verdict = Verdict()
    for place in PLACES:
        tempfile.tempdir = place
        where = "memory" if place == "/dev/shm" else "disk"
        report(measure(programs), where, verdict)
    verdict.leave()


def measure(programs: Path) -> dict[str, list[Turn]]:
    """The turns of each group of servers, all in the folder for temporary files."""
    with ExitStack() as stack:
        cluster = stack.enter_context(make_cluster(programs, DURABLE_OPTIONS))
        cluster.create()
        cluster.start()
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        processors = sorted(os.sched_getaffinity(0))

        def start(index: int, *arguments: str) -> Server:
            running, url = stack.enter_context(
                python_server("serve_captures.py", folder, *arguments)
            )
            for thread in Path(f"/proc/{running.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {processors[index % len(processors)]})
            return Server(running.pid, url)

        sqlite, servers = start(0), [start(index, cluster.url) for index in range(4)]
        groups = {
            "one server, SQLite": [sqlite],
            "one server, PostgreSQL": servers[:1],
            "two servers, one bin": servers[:2],
            "four servers, one bin": servers,
        }
        turns: dict[str, list[Turn]] = {name: [] for name in groups}
        for _ in range(ROUNDS):
            for name, group in groups.items():
                wait_until_calm([sqlite, *servers], cluster)
                turns[name].append(take_turn(group, cluster))
    return turns


def wait_until_calm(servers: list[Server], cluster: Cluster) -> None:
    """Wait until nobody cleans up behind an earlier turn, ``CALM_S`` at most."""
    deadline = time.monotonic() + CALM_S
    while time.monotonic() < deadline:
        pids = [*find_processes(cluster), *(each.pid for each in servers)]
        before = sum(list_cpu_s(pids).values())
        time.sleep(0.5)
        if sum(list_cpu_s(pids).values()) - before < 0.05:
            return


def take_turn(group: list[Server], cluster: Cluster) -> Turn:
    """Load servers at once, each by its part of the connections."""
    database = find_processes(cluster)
    servers = [each.pid for each in group]
    before = list_cpu_s(servers), list_cpu_s(database), {0: ended_cpu_s()}

    def load(server: Server) -> Load:
        connections = CONNECTIONS // len(group)
        return run_wrk(
            f"{server.url}bench", BODY, TICKET_TYPE, connections=connections, seconds=SECONDS
        )

    with ThreadPoolExecutor(len(group)) as pool:
        loads = list(pool.map(load, group))
    after = list_cpu_s(servers), list_cpu_s(database), {0: ended_cpu_s()}
    count = sum(each.acknowledged for each in loads)
    server_us, database_us, senders_us = (
        1e6 * sum(end - begin[pid] for pid, end in stayed.items()) / count
        for begin, stayed in zip(before, after, strict=True)
    )
    return Turn(
        sum(each.per_second for each in loads),
        median(each.p50_ms for each in loads),
        median(each.p99_ms for each in loads),
        server_us,
        database_us,
        senders_us,
    )


def find_processes(cluster: Cluster) -> list[int]:
    """The database's processes, which stay while the servers keep their connections."""
    assert cluster.process is not None
    parent = cluster.process.pid
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in children.split()]


def list_cpu_s(pids: list[int]) -> dict[int, float]:
    """CPU time that processes have taken so far, in seconds, of those still there. Linux only.

    PostgreSQL's vacuum comes and goes.
    """
    found = {}
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            found[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found


def ended_cpu_s() -> float:
    """CPU time of the children that have ended, in seconds: of load generators, here."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(turns: dict[str, list[Turn]], where: str, verdict: Verdict) -> None:
    print(f"\n{where}: ticket, 12 KB, {CONNECTIONS} connections in all, medians of {ROUNDS}")
    rates: list[float] = []
    for name, taken in turns.items():
        rates.append(median(each.per_second for each in taken))
        print(
            f"  {name:24} {rates[-1]:8,.0f}/s"
            f"  p50 {median(each.p50_ms for each in taken):6.1f} ms"
            f"  p99 {median(each.p99_ms for each in taken):6.1f} ms"
            f"  CPU a capture: servers {median(each.server_us for each in taken):4.0f} us,"
            f" PostgreSQL {median(each.database_us for each in taken):4.0f} us,"
            f" senders {median(each.senders_us for each in taken):4.0f} us"
            f"  at most {median(each.at_most for each in taken):6,.0f}/s"
        )
    sqlite, one, two, four = rates
    verdict.check(f"{where}: one on PostgreSQL / one on SQLite", one / sqlite, 0.75)
    verdict.check(f"{where}: two servers / one", two / one, 1.3)
    verdict.check(f"{where}: four servers / one", four / one, 1.3)
    _, single, double, _ = (median(each.at_most for each in taken) for taken in turns.values())
    verdict.note(f"{where}: two servers / one, if nothing waited", double / single)


if __name__ == "__main__":
    main()
