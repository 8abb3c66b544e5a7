"""Captures a second of one, two and four servers on one PostgreSQL, beside one on SQLite.

Their index of words is off: it is filled when captures cease, which here is another's turn.
All run at the same time and are loaded in turns, so that a noisy machine is noisy for all
of them; ratios are of medians. Both databases sync each commit. ``ROUNDS=2`` in the
environment makes it quicker.
"""

from __future__ import annotations

import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import TICKET_TYPE, Load, Verdict, python_server, run_wrk
from tests.postgresql import DURABLE_OPTIONS, find_programs, run_cluster

ROUNDS = int(os.environ.get("ROUNDS", "5"))
# Of all servers together, so that more of them do not mean more senders.
CONNECTIONS = 64
SECONDS = 2
BODY = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body


def main() -> None:
    programs = find_programs()
    if programs is None:
        sys.exit("This benchmark needs PostgreSQL's server: apt-get install postgresql.")
    with ExitStack() as stack:
        cluster = stack.enter_context(run_cluster(programs, DURABLE_OPTIONS))
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))

        def start(*arguments: str) -> str:
            return stack.enter_context(python_server("serve_captures.py", folder, *arguments))[1]

        sqlite, urls = start(), [start(cluster) for _ in range(4)]
        groups = {
            "one server, SQLite": [sqlite],
            "one server, PostgreSQL": urls[:1],
            "two servers, one bin": urls[:2],
            "four servers, one bin": urls,
        }
        runs: dict[str, list[list[Load]]] = {name: [] for name in groups}
        for _ in range(ROUNDS):
            for name, group in groups.items():
                runs[name].append(load_all(group))
    report(runs)


def load_all(urls: list[str]) -> list[Load]:
    """Load servers at once, each by its part of the connections."""
    with ThreadPoolExecutor(len(urls)) as pool:
        return list(
            pool.map(
                lambda url: run_wrk(
                    f"{url}bench",
                    BODY,
                    TICKET_TYPE,
                    connections=CONNECTIONS // len(urls),
                    seconds=SECONDS,
                ),
                urls,
            )
        )


def report(runs: dict[str, list[list[Load]]]) -> None:
    print(f"\nticket, 12 KB, {CONNECTIONS} connections in all, medians of {ROUNDS}")
    rates: list[float] = []
    for name, loads in runs.items():
        rates.append(median(sum(each.per_second for each in load) for load in loads))
        p50 = median(each.p50_ms for load in loads for each in load)
        p99 = median(each.p99_ms for load in loads for each in load)
        print(f"  {name:24} {rates[-1]:9,.0f}/s  p50 {p50:6.1f} ms  p99 {p99:6.1f} ms")
    sqlite, one, two, four = rates
    verdict = Verdict()
    verdict.check("one on PostgreSQL / one on SQLite", one / sqlite, 0.75)
    verdict.check("two servers / one", two / one, 1.3)
    verdict.check("four servers / one", four / one, 1.3)
    verdict.leave()


if __name__ == "__main__":
    main()
