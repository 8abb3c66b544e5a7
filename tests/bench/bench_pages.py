"""What a bin's page costs: fifty tickets listed, one with 196 fields open, or JSON with 300.

The server has a process of its own. What counts is the time its processor worked
for a page, which other programs on the machine do not change; beside it stands the
time from first byte sent to last byte read. Sizes are of what went over loopback.
"""

from __future__ import annotations

import json
import os
import re
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from time import perf_counter
from urllib.parse import urlsplit

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import TICKET_TYPE, Verdict, inspector_server

ROUNDS = 60
WANTED_MS = 50.0
WANTED_BYTES = 100_000
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}


def make_webhook() -> bytes:
    """JSON of 300 fields, nested and named as code hosts do."""
    links = {f"{name}_url": f"https://api.example.com/repos/ann/{name}" for name in "abcdefgh"}
    user = {"login": "ann", "id": 7, "site_admin": False, "type": "User"} | links
    people = {f"user_{number}": user for number in range(25)}
    return json.dumps(
        {"action": "opened", "issue": {"number": 7, "title": "Fire"} | people}
    ).encode()


def fetch(connection: HTTPConnection, path: str, **headers: str) -> tuple[float, bytes]:
    """The time in ms and the body as it came."""
    started = perf_counter()
    connection.request("GET", path, headers={**BROWSER, **headers})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, (path, answer.status)
    return (perf_counter() - started) * 1000, body


def cpu_ms(pid: int) -> float:
    """What the process has used so far (proc(5): fields 14 and 15, in clock ticks)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def main() -> None:
    verdict = Verdict()
    body = render(WebhookAction(url="http://127.0.0.1/"), sample_context()).body
    with inspector_server() as (server, url):
        connection = HTTPConnection(urlsplit(url).netloc)
        for _ in range(50):
            connection.request("POST", "/bench", body, {"Content-Type": TICKET_TYPE})
            connection.getresponse().read()
        connection.request("POST", "/bench", make_webhook(), {"Content-Type": "application/json"})
        connection.getresponse().read()
        pages = {
            "page, a ticket open": ("/bins/bench/requests/1-50", {}),
            "the ticket alone": ("/bins/bench/requests/1-50", {"HX-Request": "true"}),
            "300 fields of JSON alone": ("/bins/bench/requests/1-51", {"HX-Request": "true"}),
            "page, none open": ("/bins/bench", {}),
        }
        for name, (path, headers) in pages.items():
            before = cpu_ms(server.pid)
            rounds = [fetch(connection, path, **headers) for _ in range(ROUNDS)]
            worked_ms = (cpu_ms(server.pid) - before) / ROUNDS
            took_ms = median(each[0] for each in rounds)
            size = len(rounds[0][1])
            print(f"  {name:24} {worked_ms:6.1f} ms worked {took_ms:6.1f} ms taken {size:8,} bytes")
            verdict.check(f"{name}: ms worked", worked_ms, WANTED_MS, at_most=True)
        connection.request("GET", "/bins/bench/requests/1-50")
        page = connection.getresponse().read().decode()
        assets = sorted(set(re.findall(r'(?:src|href)="(/static/[^"#]+)', page)))
        weight = len(fetch(connection, "/bins/bench/requests/1-50")[1])
        weight += sum(len(fetch(connection, path)[1]) for path in assets)
        print(f"  with {len(assets)} files, first visit {weight:8,} bytes")
        verdict.check("bytes over the wire", weight, WANTED_BYTES, at_most=True)
    verdict.leave()


if __name__ == "__main__":
    main()
