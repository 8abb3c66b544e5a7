"""Captures beside 1,000 idle keep-alive connections, in turns with a server that has none."""

from __future__ import annotations

import socket
import statistics
from contextlib import ExitStack
from urllib.parse import urlsplit

from tests.bench.load import JSON_BODY, Verdict, inspector_server, run_wrk

IDLE = 1000
ROUNDS = 8
POST = b"POST /bench HTTP/1.1\r\nContent-Length: 3\r\n\r\na=1"


def connect(url: str) -> socket.socket:
    """A connection that has sent a request, and stays."""
    parts = urlsplit(url)
    connection = socket.create_connection((parts.hostname or "", parts.port or 0))
    connection.sendall(POST)
    connection.recv(1000)
    return connection


def main() -> None:
    verdict = Verdict()
    with inspector_server() as (_, alone), inspector_server() as (_, crowded), ExitStack() as stack:
        for _ in range(IDLE):
            stack.enter_context(connect(crowded))
        ratios, slowdowns = [], []
        for _ in range(ROUNDS):
            without, beside = (
                run_wrk(f"{url}/bench", JSON_BODY, "application/json", seconds=2)
                for url in (alone, crowded)
            )
            ratios.append(beside.per_second / without.per_second)
            slowdowns.append(beside.p99_ms / without.p99_ms)
        print(f"{IDLE:,} idle connections: p99 {statistics.median(slowdowns):.2f} of that without")
        verdict.check("captures beside idle ones / without", statistics.median(ratios), 0.95)
    verdict.leave()


if __name__ == "__main__":
    main()
