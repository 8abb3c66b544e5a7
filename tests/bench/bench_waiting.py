"""What waiting calls cost, and how soon they hear: alone, and a thousand of them.

One server where nobody waits and one with 1,000 waiting calls run at the same time
and are loaded in turns; figures are medians. A call is answered on a socket of its
own, so its delay is told beside what a plain GET takes there.
"""

from __future__ import annotations

import json
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import (
    TICKET_TYPE,
    Load,
    Verdict,
    inspector_server,
    middle,
    resident_bytes,
    run_wrk,
)

CALLS = 1000
ROUNDS = 5
TIMES = 100
WAIT = "/api/v1/bins/bench/requests/wait"
NEWEST = "/api/v1/bins/bench/requests?limit=1"
# So long a call is given to be heard and parked, as it would be before a test acts.
PARKED_S = 0.02


def open_call(url: str, query: str) -> socket.socket:
    """A waiting call, asked and not answered yet."""
    address = urlsplit(url)
    assert address.hostname is not None
    opened = socket.create_connection((address.hostname, address.port or 80))
    opened.settimeout(60)
    opened.sendall(f"GET {WAIT}?{query} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
    return opened


@contextmanager
def many_calls(url: str) -> Iterator[list[socket.socket]]:
    """Calls for what never comes: each for a ticket of its own."""
    calls = [open_call(url, f"timeout=300&where=ticket.id=never-{n}") for n in range(CALLS)]
    time.sleep(0.5)
    try:
        yield calls
    finally:
        for call in calls:
            call.close()


def time_answers(url: str) -> tuple[float, float, float]:
    """Medians in ms: a capture, from its answer to that of the call for it, a plain GET."""
    address = urlsplit(url)
    connection = HTTPConnection(address.netloc)
    took: list[tuple[float, float, float]] = []
    for number in range(TIMES):
        newest = json.loads(exchange(connection, "GET", NEWEST))[0]["id"]
        with open_call(url, f"timeout=60&after={newest}&where=ticket.id=t{number}") as call:
            time.sleep(PARKED_S)
            began = time.perf_counter()
            exchange(connection, "POST", "/bench", f"ticket[id]=t{number}".encode())
            captured = time.perf_counter()
            assert call.recv(65_536).startswith(b"HTTP/1.1 200")
            answered = time.perf_counter()
        exchange(connection, "GET", NEWEST)
        got = time.perf_counter()
        took.append((captured - began, answered - captured, got - answered))
    connection.close()
    first, second, third = (statistics.median(each) * 1000 for each in zip(*took, strict=True))
    return first, second, third


def exchange(
    connection: HTTPConnection, method: str, path: str, body: bytes | None = None
) -> bytes:
    headers = {"Content-Type": TICKET_TYPE} if body else {}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    assert answer.status == 200
    return answer.read()


def main() -> None:
    verdict = Verdict()
    body = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body
    with inspector_server() as (_, quiet), inspector_server() as (process, waited):
        for url in (quiet, waited):
            run_wrk(f"{url}/bench", body, TICKET_TYPE, seconds=1)
        report(verdict, "nobody else waiting", quiet)
        before = resident_bytes(process.pid)
        with many_calls(waited) as calls:
            per_call = (resident_bytes(process.pid) - before) / CALLS
            verdict.check("memory of a call, KB", per_call / 1000, 100, at_most=True)
            report(verdict, f"{CALLS:,} others waiting", waited)
            loads: dict[str, list[Load]] = {"quiet": [], "waited": []}
            for _ in range(ROUNDS):
                loads["quiet"].append(run_wrk(f"{quiet}/bench", body, TICKET_TYPE))
                loads["waited"].append(run_wrk(f"{waited}/bench", body, TICKET_TYPE))
            assert_all_wait(calls)
        without, with_them = middle(loads["quiet"]), middle(loads["waited"])
        print(
            f"       captures/s without {without.per_second:,.0f} (p99 {without.p99_ms:.1f} ms), "
            f"with {with_them.per_second:,.0f} (p99 {with_them.p99_ms:.1f} ms)"
        )
        verdict.check("captures with / without", with_them.per_second / without.per_second, 0.9)
    verdict.leave()


def report(verdict: Verdict, when: str, url: str) -> None:
    capture_ms, delay_ms, get_ms = time_answers(url)
    print(f"       a capture {capture_ms:.1f} ms, a GET of the newest {get_ms:.1f} ms")
    verdict.check(f"a call after its capture's answer, {when}, ms", delay_ms, 20, at_most=True)


def assert_all_wait(calls: list[socket.socket]) -> None:
    """Nobody was sent away meanwhile."""
    for call in calls:
        call.setblocking(False)
        try:
            said = call.recv(1000)
        except BlockingIOError:
            continue
        raise AssertionError(json.dumps(said.decode("latin-1")))


if __name__ == "__main__":
    main()
