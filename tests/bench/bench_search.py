"""Searching a bin of 100,000 tickets: each query below 200 ms, with its first page of 50.

On SQLite with its file of words, and on PostgreSQL with the words in its tables; ``DATABASES``
in the environment names one of them. Each is asked five times, and the best counts: other
programs only ever slow it down. Beside it stands what the bin's first page takes without a
search, asked in turns with it, for a machine that is busy all the while.

The bin is filled by SQL (``quick_fill``), in a minute or two; ``COUNT=20000`` makes it quicker
and the verdict weaker. ``EXPLAIN=1`` has PostgreSQL tell how it found what took longer than that.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy.event import listen, remove

from inspector.app import create_app
from inspector.capture import Capture
from inspector.domain import Bin
from inspector.emitter import sample_context
from inspector.forms import build
from inspector.reading.query import parse_query
from inspector.settings import Settings
from inspector.storage.search.indexes import open_index
from inspector.web.services import Services
from tests.bench.load import Verdict
from tests.bench.quick_fill import Make, fill
from tests.postgresql import DURABLE_OPTIONS, find_programs, run_cluster

COUNT = int(os.environ.get("COUNT", "100000"))
HEAD = (
    b"POST /bench HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nX-Deskpro-TicketId: %b\r\n"
)
START_US = 1_777_593_600_000_000  # 2026-05-01
TARGET_MS = 200
EXPLAIN = "EXPLAIN" in os.environ
QUERIES = [
    "hierarchy",
    "ticket.id=77777",
    "ticket.agent.id=3",
    "ticket.agent.id=3 method:POST",
    "header:X-Deskpro-TicketId=5",
    "method:POST",
    "method:GET hierarchy",
    "is:ticket",
    "-is:ticket",
    "has:custom_data",
    "is:retry",
    "has:nothing_at_all",
    "zebra",
    '"case 4711"',
    "ticket.subject:4711 ticket.id=4711",
    "before:2026-05-01T01:00",
    "hierarchy before:2026-05-01T01:00",
    "ticket.id=9 before:2026-05-01T01:00",
    "after:2026-05-01T02:00 ticket.agent.id=4",
]


def make_tickets() -> Make:
    context: dict[str, Any] = dict(sample_context())

    def make(number: str, agent: str, at_us: int) -> Capture:
        ticket = dict(context["ticket"])
        ticket["id"] = number
        ticket["subject"] = f"Hierarchy problem, case {number}"
        ticket["agent"] = {**ticket["agent"], "id": agent}
        body = build({**context, "ticket": ticket, "custom_data": ""})
        return Capture("bench", at_us, HEAD % number.encode(), lambda: body, len(body))

    return make


def main() -> None:
    verdict = Verdict()
    chosen = os.environ.get("DATABASES", "sqlite postgresql").split()
    programs = find_programs()
    if "sqlite" in chosen:
        search(None, verdict)
    if "postgresql" in chosen and programs is not None:
        with run_cluster(programs, DURABLE_OPTIONS) as url:
            search(url, verdict)
    verdict.leave()


def search(database: str | None, verdict: Verdict) -> None:
    where = "SQLite" if database is None else "PostgreSQL"
    print(f"\n{where}")
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder), database=database))
        services: Services = app.extensions["inspector"]
        with app.app_context():
            began = time.monotonic()
            index = open_index(services.engine, services.requests, services.bins)
            assert index is not None
            bin_ = fill(services, index, make_tickets(), COUNT, START_US)
            print(f"       {COUNT:,} tickets with their words in {time.monotonic() - began:.0f} s")
            services.search.index = index
            for text in QUERIES:
                measure(services, bin_, text, verdict, where)
            index.close()
        services.close()


def measure(services: Services, bin_: Bin, text: str, verdict: Verdict, where: str) -> None:
    taken, pages = [], []
    for _ in range(5):
        began = time.monotonic()
        found = services.search.find(bin_, parse_query(text), time_s=60)
        found_at = time.monotonic()
        services.requests.page(bin_, limit=50)
        taken.append((found_at - began) * 1000)
        pages.append((time.monotonic() - found_at) * 1000)
    what = f"{where}: {text} ({len(found.requests)} found)"
    verdict.check(f"{what}, ms", min(taken), TARGET_MS, at_most=True)
    verdict.note(f"{what} / first page", min(taken) / min(pages))
    print(f"       {min(taken) / min(pages):.1f} of the bin's first page")
    if EXPLAIN and min(taken) > TARGET_MS:
        explain(services, bin_, text)


def explain(services: Services, bin_: Bin, text: str) -> None:
    """Print how PostgreSQL answers each statement of a search."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_others: Any) -> None:
        asked.append((statement, values))

    listen(services.engine, "before_cursor_execute", note)
    services.search.find(bin_, parse_query(text), time_s=60)
    remove(services.engine, "before_cursor_execute", note)
    with services.engine.connect() as connection:
        for statement, values in asked:
            if not statement.lstrip().startswith(("SELECT", "WITH")):
                connection.exec_driver_sql(statement, values)
                continue
            told = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", values)
            print("\n".join(row[0] for row in told), "\n")


if __name__ == "__main__":
    main()
