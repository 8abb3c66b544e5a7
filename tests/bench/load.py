"""What the benchmarks share: servers in processes of their own, wrk, medians, a table."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.measurements import keep

HERE = Path(__file__).parent
TICKET_TYPE = "application/x-www-form-urlencoded"
JSON_BODY = (
    b'{"event":"ticket.updated","ticket":{"id":12345,"subject":"Hierarchy problem",'
    b'"status":"awaiting_agent","agent":{"id":3,"name":"Annie Edison"}},'
    b'"tags":["vip","sla","web"],"performer":"agent","ok":true}'
)


@dataclass(frozen=True)
class Load:
    """One run of wrk: answers a second, latencies in ms, and how many were answered 2xx."""

    per_second: float
    p50_ms: float
    p99_ms: float
    acknowledged: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def process(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, ended when the block ends."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(20)


@contextmanager
def python_server(script: str, *arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A script beside this one that serves on the port it is given."""
    port = free_port()
    with process(sys.executable, str(HERE / script), str(port), *arguments) as running:
        wait_until_up(port)
        yield running, f"http://127.0.0.1:{port}/"


@contextmanager
def inspector_server(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Our server with a bin ``bench`` and a database of its own."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("inspector")), "serve", "--port", str(port)]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command += ["--bin", "bench", "--data-dir", folder, *arguments]
        with process(*command) as running:
            wait_until_up(port)
            yield running, f"http://127.0.0.1:{port}"


def wait_until_up(port: int) -> None:
    deadline = time.monotonic() + 60  # five at once, on a busy machine
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def run_wrk(
    url: str, body: bytes, content_type: str, *, connections: int = 32, seconds: int = 3
) -> Load:
    """Post the body over and over; what wrk says."""
    wrk = shutil.which("wrk")
    if wrk is None:
        sys.exit("This benchmark needs wrk: apt-get install wrk.")
    with tempfile.TemporaryDirectory() as folder:
        body_file = Path(folder, "body")
        body_file.write_bytes(body)
        script = Path(folder, "post.lua")
        script.write_text(
            'wrk.method = "POST"\n'
            f'local file = io.open("{body_file}", "rb")\n'
            'wrk.body = file:read("*a")\n'
            f'wrk.headers["Content-Type"] = "{content_type}"\n'
        )
        said = subprocess.run(
            [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script, url],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return read_wrk(said)


def read_wrk(said: str) -> Load:
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    total = find(r"(\d+) requests in", said)
    return Load(
        per_second=float(find(r"Requests/sec:\s+([\d.]+)", said)),
        p50_ms=milliseconds(find(r"\n +50% +(\S+)", said)),
        p99_ms=milliseconds(find(r"\n +99% +(\S+)", said)),
        acknowledged=int(total) - (int(bad[1]) if bad else 0),
    )


def find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise ValueError(f"wrk did not say {pattern!r}:\n{text}")
    return found[1]


def milliseconds(text: str) -> float:
    if "nan" in text:
        return float("nan")  # not one answer came
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()  # type: ignore[union-attr]
    return float(number) * {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}[unit]


def middle(loads: Sequence[Load]) -> Load:
    """The medians of several runs."""
    return Load(
        median(load.per_second for load in loads),
        median(load.p50_ms for load in loads),
        median(load.p99_ms for load in loads),
        sum(load.acknowledged for load in loads),
    )


def resident_bytes(pid: int) -> int:
    """Linux only."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(find(r"VmRSS:\s+(\d+)", status)) * 1024


class Verdict:
    """Collects targets; leaves with status 1 when one was missed.

    The figures are kept by the benchmark's name, see ``measurements``.
    """

    def __init__(self) -> None:
        self.missed = 0
        self._bench = Path(sys.argv[0]).stem.removeprefix("bench_")
        self._figures: dict[str, float] = {}

    def note(self, what: str, value: float) -> None:
        """Keep a figure that has no target."""
        self._figures[what] = value

    def check(self, what: str, value: float, target: float, *, at_most: bool = False) -> None:
        """Print the figure beside its target."""
        good = value <= target if at_most else value >= target
        self.missed += not good
        self.note(what, value)
        word = "at most" if at_most else "at least"
        print(f"{'ok    ' if good else 'MISSED'} {what}: {value:.2f} ({word} {target:g})")

    def leave(self) -> None:
        """End the program; all figures are kept first."""
        keep(self._bench, self._figures)
        sys.exit(1 if self.missed else 0)
