"""Captures beside 1,000 and 2,000 idle keep-alive connections, in turns with a server without any.

``IDLE=2000`` and ``ROUNDS=4`` in the environment make it quicker. Each round asks all servers
in another order, so that none is always the one that comes after a pause.
"""

from __future__ import annotations

import os
import socket
import statistics
from contextlib import ExitStack
from urllib.parse import urlsplit

from tests.bench.load import JSON_BODY, Load, Verdict, inspector_server, run_wrk

IDLE = [int(each) for each in os.environ.get("IDLE", "1000,2000").split(",")]
ROUNDS = int(os.environ.get("ROUNDS", "8"))
# What other programs do to the slowest hundredth of either, even with a median of rounds.
NOISE = 1.1
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
    with ExitStack() as stack:
        urls = {}
        for idle in [0, *IDLE]:
            _, urls[idle] = stack.enter_context(inspector_server())
            for _ in range(idle):
                stack.enter_context(connect(urls[idle]))
        rounds = []
        for turn in range(ROUNDS):
            order = [*urls][:: 1 if turn % 2 else -1]
            rounds.append({idle: load(urls[idle]) for idle in order})
    for idle in IDLE:
        captures = statistics.median(each[idle].per_second / each[0].per_second for each in rounds)
        slowest = statistics.median(each[idle].p99_ms / each[0].p99_ms for each in rounds)
        verdict.check(f"captures beside {idle:,} idle ones / without", captures, 0.95)
        verdict.check(f"p99 beside {idle:,} idle ones / without", slowest, NOISE, at_most=True)
    verdict.leave()


def load(url: str) -> Load:
    return run_wrk(f"{url}/bench", JSON_BODY, "application/json", seconds=2)


if __name__ == "__main__":
    main()
