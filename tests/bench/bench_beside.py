"""Captures beside one who exports all as JSON lines, and beside one who opens ticket after ticket.

Each is loaded in turn with a run that has nobody beside it; ratios are of medians.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from urllib.error import HTTPError
from urllib.request import urlopen

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import TICKET_TYPE, Verdict, inspector_server, run_wrk

ROUNDS = 5
TARGET = 0.8
# A ticket's JSON is of about this size.
LINE_BYTES = 57_000


def export(url: str, stop: threading.Event) -> Iterator[float]:
    """Export the bin over and over; gives how many requests each piece has."""
    while not stop.is_set():
        with urlopen(f"{url}/api/v1/bins/bench/export") as answer:
            while not stop.is_set() and (piece := answer.read(65_536)):
                yield len(piece) / LINE_BYTES


def open_tickets(url: str, stop: threading.Event) -> Iterator[float]:
    """Open one of the newest tickets after the other."""
    while not stop.is_set():
        with urlopen(f"{url}/api/v1/bins/bench") as answer:
            newest = json.load(answer)["last_number"]
        for number in range(newest, newest - 5, -1):
            try:
                urlopen(f"{url}/bins/bench/requests/1-{number}").close()
                yield 1
            except HTTPError:
                yield 0  # The bin has let go of it meanwhile.


Work = Callable[[str, threading.Event], Iterator[float]]


@contextmanager
def beside(work: Work, url: str) -> Iterator[list[float]]:
    """Somebody at work; the list has what was done."""
    stop, done = threading.Event(), list[float]()
    thread = threading.Thread(target=lambda: done.extend(work(url, stop)))
    thread.start()
    try:
        yield done
    finally:
        stop.set()
        thread.join()


def main() -> None:
    verdict = Verdict()
    body = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body
    works: dict[str, Work] = {"an export": export, "open tickets": open_tickets}
    with inspector_server("--quiet") as (_, url):
        alone = []
        rates: dict[str, list[float]] = {name: [] for name in works}
        done: dict[str, float] = dict.fromkeys(works, 0.0)
        for _ in range(ROUNDS):
            alone.append(run_wrk(f"{url}/bench", body, TICKET_TYPE).per_second)
            for name, work in works.items():
                with beside(work, url) as found:
                    rates[name].append(run_wrk(f"{url}/bench", body, TICKET_TYPE).per_second)
                done[name] += sum(found)
    for name in works:
        verdict.check(f"captures beside {name}", median(rates[name]) / median(alone), TARGET)
        verdict.note(f"{name}: requests a capture", done[name] / (3 * sum(rates[name])))
    verdict.leave()


if __name__ == "__main__":
    main()
