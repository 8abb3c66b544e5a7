"""500 relayed requests under way at once: to a program that takes 5 s, beside captures elsewhere.

One server passes them on, another has nothing else to do; both are loaded in turns, and the
median of the turns' ratios counts.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
import statistics
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from tests.bench.load import JSON_BODY, Verdict, inspector_server, resident_bytes, run_wrk

UNDER_WAY = 500
TAKES_S = 5.0
LOAD_S = 3
ROUNDS = 6
POST = b"POST /relayed/hook HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na=1"
MADE = b"HTTP/1.1 201 Created\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmade"


class SlowProgram:
    """Answers each request with 201 after ``TAKES_S``; ``now`` counts those it is at."""

    def __init__(self) -> None:
        self.now = self.most = 0
        self.url = ""
        self._started = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self._started.wait()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0, backlog=1024)
        port = server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._started.set()
        await server.serve_forever()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"a=1")
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(TAKES_S)
        self.now -= 1
        writer.write(MADE)
        await writer.drain()
        writer.close()


def set_up(server: str, program: str) -> None:
    """A bin that relays to the program."""
    for method, path, fields in (
        ("POST", "/api/v1/bins", {"name": "relayed"}),
        ("PUT", "/api/v1/bins/relayed/relay", {"url": program, "timeout": 60}),
    ):
        headers = {"Content-Type": "application/json"}
        request = Request(f"{server}{path}", json.dumps(fields).encode(), headers, method=method)
        urlopen(request).read()


def send_all(server: str) -> list[socket.socket]:
    parts = urlsplit(server)
    address = (parts.hostname or "", parts.port or 0)
    sockets = [socket.create_connection(address) for _ in range(UNDER_WAY)]
    for each in sockets:
        each.sendall(POST)
    return sockets


def count_answers(sockets: list[socket.socket]) -> int:
    """How many senders got the program's own answer."""
    with selectors.DefaultSelector() as selector:
        for each in sockets:
            selector.register(each, selectors.EVENT_READ)
        answered, deadline = 0, time.monotonic() + 30
        while selector.get_map() and time.monotonic() < deadline:
            for key, _ in selector.select(1):
                sender = key.fileobj
                assert isinstance(sender, socket.socket)
                answered += sender.recv(65_536).startswith(b"HTTP/1.1 201 ")
                selector.unregister(sender)
                sender.close()
    return answered


def main() -> None:
    verdict = Verdict()
    program = SlowProgram()
    ratios: list[float] = []
    answered = 0
    with inspector_server() as (_, quiet), inspector_server() as (process, relaying):
        set_up(relaying, program.url)
        for url in (quiet, relaying):
            run_wrk(f"{url}/bench", JSON_BODY, "application/json", seconds=1)
        before = resident_bytes(process.pid)
        for _ in range(ROUNDS):
            alone = run_wrk(f"{quiet}/bench", JSON_BODY, "application/json", seconds=LOAD_S)
            sockets = send_all(relaying)
            while program.now < UNDER_WAY:
                time.sleep(0.01)
            beside = run_wrk(f"{relaying}/bench", JSON_BODY, "application/json", seconds=LOAD_S)
            ratios.append(beside.per_second / alone.per_second)
            answered += count_answers(sockets)
        threads = len(list_threads(process.pid))
        grown = (resident_bytes(process.pid) - before) / UNDER_WAY
    print(f"       {threads} threads, {grown / 1000:.0f} KB a relayed request")
    verdict.check("relayed requests under way at once", program.most, UNDER_WAY)
    verdict.check("senders with the program's answer, of all", answered / UNDER_WAY / ROUNDS, 1)
    verdict.check("captures beside them / without", statistics.median(ratios), 0.9)
    verdict.leave()


def list_threads(pid: int) -> list[str]:
    """Linux only."""
    return [each.name for each in Path(f"/proc/{pid}/task").iterdir()]


if __name__ == "__main__":
    main()
