"""What 500 open event streams cost: captures, pages, memory, and how soon they hear.

One server without streams and one with 500 run at the same time and are loaded in
turns; figures are medians, of the turns' ratios where two are compared.
"""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from urllib.parse import urlsplit
from urllib.request import urlopen

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import (
    TICKET_TYPE,
    Verdict,
    inspector_server,
    resident_bytes,
    run_wrk,
)

STREAMS = 500
ROUNDS = 10
ALONE = 20
PAGES = 100


class Streams:
    """Many streams of one bin, all read by one selector."""

    def __init__(self, url: str, count: int) -> None:
        self.address = urlsplit(url)
        self.selector = selectors.DefaultSelector()
        self.sockets = [self._open() for _ in range(count)]
        for each in self.sockets:
            self.selector.register(each, selectors.EVENT_READ)

    def _open(self) -> socket.socket:
        assert self.address.hostname is not None
        assert self.address.port is not None
        opened = socket.create_connection((self.address.hostname, self.address.port))
        head = f"GET /bins/bench/stream HTTP/1.1\r\nHost: {self.address.netloc}\r\n\r\n"
        opened.sendall(head.encode())
        seen = b""
        while b"retry" not in seen:
            seen += opened.recv(4096)
        return opened

    def drain(self, seconds: float) -> None:
        """Read and drop for a while, so that no stream falls behind."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                key.fileobj.recv(1_000_000)  # type: ignore[union-attr]

    def time_until_all_heard(self, began: float) -> list[float]:
        """Seconds from ``began`` until each stream had its next event."""
        waiting = set(self.sockets)
        heard: list[float] = []
        while waiting:
            for key, _ in self.selector.select(10):
                if b"event: row" in key.fileobj.recv(1_000_000):  # type: ignore[union-attr]
                    waiting.discard(key.fileobj)
                    heard.append(time.monotonic() - began)
        return heard


def time_page(url: str) -> float:
    """The time of fetching the bin's page, in ms."""
    began = time.monotonic()
    urlopen(f"{url}/bins/bench").read()
    return (time.monotonic() - began) * 1000


def compare_pages(quiet: str, watched: str, streams: Streams) -> tuple[float, float, float]:
    """Medians of the page without streams and with them, in ms, and of the turns' ratios.

    In turns, for other work of the machine comes and goes; the streams are read meanwhile.
    """
    without: list[float] = []
    with_them: list[float] = []
    for turn in range(PAGES):
        for watch in (turn % 2, 1 - turn % 2):
            (without, with_them)[watch].append(time_page((quiet, watched)[watch]))
        streams.drain(0)
    ratios = [here / there for here, there in zip(with_them, without, strict=True)]
    return tuple(map(statistics.median, (without, with_them, ratios)))  # type: ignore[return-value]


def main() -> None:
    verdict = Verdict()
    body = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body
    with inspector_server() as (_, quiet), inspector_server() as (process, watched):
        run_wrk(f"{quiet}/bench", body, TICKET_TYPE, seconds=1)
        run_wrk(f"{watched}/bench", body, TICKET_TYPE, seconds=1)
        before = resident_bytes(process.pid)
        streams = Streams(watched, STREAMS)
        time.sleep(0.5)
        per_stream = (resident_bytes(process.pid) - before) / STREAMS
        verdict.check("memory of a stream, KB", per_stream / 1000, 100, at_most=True)

        heard: list[float] = []
        for _ in range(ALONE):
            streams.drain(0.05)
            began = time.monotonic()
            urlopen(f"{watched}/bench", data=b"a=1").read()
            heard += streams.time_until_all_heard(began)
        median_ms = statistics.median(heard) * 1000
        print(f"       a capture on {STREAMS} pages: median {median_ms:.1f} ms, ")
        print(f"       slowest {max(heard) * 1000:.1f} ms (its own answer included)")
        verdict.check("a capture on every page, ms", median_ms, 100, at_most=True)

        without_ms, with_ms, ratio = compare_pages(quiet, watched, streams)
        print(f"       a page without {without_ms:.1f} ms, with {with_ms:.1f} ms")
        verdict.check("a page with / without", ratio, 1.3, at_most=True)

        without: list[float] = []
        with_them: list[float] = []
        for round_ in range(ROUNDS):
            # Neither always goes first: what the disk still owes is paid by who comes next.
            for watch in (round_ % 2, 1 - round_ % 2):
                load = run_wrk(f"{(quiet, watched)[watch]}/bench", body, TICKET_TYPE, seconds=2)
                (without, with_them)[watch].append(load.per_second)
            streams.drain(1.0)
        print(
            f"       captures/s without {statistics.median(without):,.0f}"
            f", with {statistics.median(with_them):,.0f}"
        )
        pairs = [here / there for here, there in zip(with_them, without, strict=True)]
        verdict.check("captures with / without", statistics.median(pairs), 0.9)
    verdict.leave()


if __name__ == "__main__":
    main()
