"""How the cost of pages, calls and searches grows with a bin: 1,000, 10,000 and 100,000 requests.

Each is asked in this process, a few times at each size, and the shortest counts, in
milliseconds of processor time: other programs on the machine change little of it. What grows
less than twofold from the smallest bin to the largest counts as flat. A search by the index of
words may grow as the root of the bin does, and some searches read all of it: how they grow is
kept, and no target. The bodies are small, for the bins are what grows;
``COUNTS=1000,1000000`` in the environment chooses others.
Memory is the process's, after all that was asked at that size.
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import process_time

from flask.testing import FlaskClient

from inspector.app import create_app
from inspector.capture import Capture
from inspector.settings import Settings
from inspector.storage.search.indexes import open_index
from inspector.web.services import Services
from tests.bench.load import Verdict, resident_bytes
from tests.bench.quick_fill import fill

COUNTS = [int(count) for count in os.environ.get("COUNTS", "1000,10000,100000").split(",")]
TIMES = 5
LONG_MS = 500.0
FLAT = 2.0
DELETION = "API, the bin's deletion"
# A search that finds nothing is followed to its end, or so far.
MAX_ANSWERS = 200
# Below so much, the clock measures itself.
LEAST_MS = 1.0
START_US = 1_777_593_600_000_000  # 2026-05-01
HEAD = (
    b"POST /bench HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\nX-Number: %b\r\n"
)
BODY = (
    b"ticket[id]=%b&ticket[subject]=Hierarchy+problem+%b&ticket[agent][id]=%b"
    b"&ticket[agent][name]=Annie+Edison&event_type=updated&custom_data="
)
# They look into each request, bounded by time, and go on where the reader asks for more.
READ_ALL = {
    "page of the fields, a look",
    "search, a comparison of few",
    "search, a negation of all",
    "search, a path of none",
}
PAGES = {
    "start page": "/",
    "page of the bin": "/bins/bench",
    "page of the bin, the fragment": "/bins/bench?fragment",
    "page of a request": "/bins/bench/requests/1-{last}",
    "page of the oldest request": "/bins/bench/requests/1-1",
    "page of the fields, a look": "/bins/bench/fields",
    "page of a comparison": "/bins/bench/compare?a=1-1&b=1-2",
    "API, the bin": "/api/v1/bins/bench",
    "API, the list": "/api/v1/bins/bench/requests",
    "API, the oldest of the list": "/api/v1/bins/bench/requests?before=1-100",
    "API, a request": "/api/v1/bins/bench/requests/1-{last}",
    "API, a 404": "/api/v1/bins/bench/requests/1-9999999",
    "search, a word of all": "/api/v1/bins/bench/requests?q=hierarchy",
    "search, a word of one": "/api/v1/bins/bench/requests?q=500",
    "search, a word of none": "/api/v1/bins/bench/requests?q=zebra",
    "search, a field of one": "/api/v1/bins/bench/requests?q=ticket.id=500",
    "search, a field of none": "/api/v1/bins/bench/requests?q=ticket.id=none",
    "search, a method of none": "/api/v1/bins/bench/requests?q=method:PUT",
    "search, a comparison of few": "/api/v1/bins/bench/requests?q=ticket.id%3C10",
    "search, a negation of all": "/api/v1/bins/bench/requests?q=-has:ticket",
    "search, a path of none": "/api/v1/bins/bench/requests?q=path:/hook",
    "search, the page": "/bins/bench?q=zebra",
}


@contextmanager
def filled_bin(count: int) -> Iterator[tuple[FlaskClient, Services]]:
    """An application whose bin ``bench`` holds so many requests, its words indexed."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(Settings(data_dir=Path(folder)))
        services: Services = app.extensions["inspector"]
        with app.app_context():
            index = open_index(services.engine, services.requests, services.bins)
            assert index is not None
            fill(services, index, make_capture, count, START_US)
            services.search.index = index
        yield app.test_client(), services
        with app.app_context():
            index.close()
        services.close()


def make_capture(number: str, agent: str, at_us: int) -> Capture:
    values = number.encode(), number.encode(), agent.encode()
    body = BODY % values
    return Capture("bench", at_us, HEAD % number.encode(), lambda: body, len(body))


def measure(count: int) -> tuple[dict[str, float], int]:
    """The time of each page in ms, and the process's memory."""
    with filled_bin(count) as (client, _):
        best = {}
        for name, path in PAGES.items():
            best[name] = measure_page(client, path.format(last=count))
        began = process_time()
        client.delete("/api/v1/bins/bench", headers={"Host": "127.0.0.1"})
        best[DELETION] = (process_time() - began) * 1000
        gc.collect()
        return best, resident_bytes(os.getpid())


def measure_page(client: FlaskClient, path: str) -> float:
    """The shortest of a few times; a long one is not waited for again."""
    best = float("inf")
    for _ in range(TIMES):
        best = min(best, time_page(client, path))
        if best > LONG_MS:
            break
    return best


def time_page(client: FlaskClient, path: str) -> float:
    """The time of a page in ms, with all that a search goes on to."""
    began = process_time()
    for _ in range(MAX_ANSWERS):
        response = client.get(path, headers={"Host": "127.0.0.1"})
        found = response.data.count(b'"fidelity"')
        further = response.headers.get("Link", "")
        response.close()
        if found or "q=" not in path or 'rel="next"' not in further:
            break
        path = further.partition("<")[2].partition(">")[0]
    return (process_time() - began) * 1000


def main() -> None:
    verdict = Verdict()
    found = {count: measure(count) for count in COUNTS}
    print(f"{'ms of processor time':34}" + "".join(f"{count:>11,}" for count in COUNTS))
    for name in (*PAGES, DELETION):
        times = [found[count][0][name] for count in COUNTS]
        print(f"  {name:32}" + "".join(f"{each:11.1f}" for each in times))
    print(f"  {'memory, MB':32}" + "".join(f"{found[each][1] / 1e6:11.0f}" for each in COUNTS))
    first, last = found[COUNTS[0]], found[COUNTS[-1]]
    root = (COUNTS[-1] / COUNTS[0]) ** 0.5
    for name in (*PAGES, DELETION):
        growth = max(last[0][name], LEAST_MS) / max(first[0][name], LEAST_MS)
        if name in READ_ALL:
            verdict.note(f"{name}: growth", growth)
        else:
            most = max(root, FLAT) if name.startswith("search") else FLAT
            verdict.check(f"{name}: growth", growth, most, at_most=True)
        verdict.note(f"{name}: ms", last[0][name])
    verdict.note("requests in the largest bin", COUNTS[-1])
    verdict.check("memory: growth", last[1] / first[1], FLAT, at_most=True)
    verdict.leave()


if __name__ == "__main__":
    main()
