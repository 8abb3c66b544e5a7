"""The pytest fixture beside pytest-httpserver's, in one run: start, stop, a POST, clear, imports.

Prints a table and exits with 1 when a target is missed. Rivals take turns, so that a busy
machine hits both. Ours writes every request to disk before it answers, theirs keeps a list.
"""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import requests
from pytest_httpserver import HTTPServer

from inspector.testing import InspectorServer, WebhookBin

SAMPLE = Path(__file__).parents[1] / "forms" / "data" / "ticket_sample.body"
FIELDS = 250
POSTS = 50
ROUNDS = 15
# What two equal times differ by here from one run to the next.
NOISE = 1.1
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
# Bytecode is there for installed packages; ours, in a checkout, may be forbidden to keep it.
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}


@dataclass(frozen=True)
class Row:
    """Milliseconds; ours is to be at most so many times theirs, or at most so many."""

    name: str
    ours: float
    theirs: float
    ratio_target: float | None = None
    ms_target: float | None = None

    @property
    def is_reached(self) -> bool:
        by_ratio = self.ratio_target is None or self.ours <= self.ratio_target * self.theirs
        return by_ratio and (self.ms_target is None or self.ours <= self.ms_target)

    def __str__(self) -> str:
        targets = []
        if self.ratio_target is not None:
            targets.append(f"at most {self.ratio_target:g} x theirs")
        if self.ms_target is not None:
            targets.append(f"at most {self.ms_target:g} ms")
        said = " and ".join(targets) or "-"
        mark = "" if self.is_reached else "  MISSED"
        return f"{self.name:38} {self.ours:10.4f} {self.theirs:10.4f}  {said}{mark}"


def timed_ms(action: Callable[[], Any]) -> float:
    started = perf_counter()
    action()
    return (perf_counter() - started) * 1000


def run(command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, **variables}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment)


def make_body() -> bytes:
    sample = SAMPLE.read_bytes()
    missing = FIELDS - sample.count(b"&") - 1
    return sample + b"".join(b"&ticket[fields][field_%d]=value+%d" % (n, n) for n in range(missing))


def measure_imports(module: str, *after: str) -> float:
    """What importing ``module`` costs a fresh interpreter that has imported ``after``."""
    code = "\n".join(f"import {each}" for each in (*after, module))
    command = [sys.executable, "-X", "importtime", "-c", code]
    costs = []
    for _ in range(5):
        told = run(command).stderr
        found = re.search(rf"\| +(\d+) \| {re.escape(module)}$", told, re.MULTILINE)
        assert found, told[-500:]
        costs.append(int(found[1]) / 1000)
    return median(costs)


FIRST_START = """
import pytest
from time import perf_counter
began = perf_counter()
from {module} import {server}
server = {server}()
server.start()
print((perf_counter() - began) * 1000)
server.stop()
"""
FLOOR = "import pytest\nfrom time import perf_counter\nbegan = perf_counter()\n"
FLOOR += "import {module}\nprint((perf_counter() - began) * 1000)"


def measure_first_starts() -> list[Row]:
    """In a process that has imported pytest and nothing else: what a session waits for."""
    codes = {
        "ours": FIRST_START.format(module="inspector.testing", server="InspectorServer"),
        "theirs": FIRST_START.format(module="pytest_httpserver", server="HTTPServer"),
        "sqlalchemy": FLOOR.format(module="sqlalchemy"),
        "flask": FLOOR.format(module="flask"),
    }
    times: dict[str, list[float]] = {name: [] for name in codes}
    for _ in range(ROUNDS):
        for name, code in codes.items():
            times[name].append(float(run([sys.executable, "-c", code]).stdout))
    best = {name: min(each) for name, each in times.items()}
    return [
        # As their plugin's import, which no session is spared, has them: libraries and all.
        Row("first start, imports included", best["ours"], best["theirs"], NOISE, ms_target=100),
        Row("  beside it: importing SQLAlchemy alone", best["sqlalchemy"], 0),
        Row("  beside it: importing Flask alone", best["flask"], 0),
    ]


ONE_TEST = """
import urllib.request
def test_one({fixture}):
    {prepare}
    with urllib.request.urlopen({url}, data=b"a=1", timeout=10) as answer:
        assert answer.status == 200
"""


def measure_session() -> Row:
    """A whole run of pytest with one test that posts once: what someone waits for."""
    tests = {
        "inspector.pytest_plugin": ONE_TEST.format(
            fixture="webhook_bin", prepare="pass", url="webhook_bin.url"
        ),
        "pytest_httpserver.pytest_plugin": ONE_TEST.format(
            fixture="httpserver",
            prepare='httpserver.expect_request("/a").respond_with_data("ok")',
            url='httpserver.url_for("/a")',
        ),
    }
    times: dict[str, list[float]] = {plugin: [] for plugin in tests}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(ROUNDS):
            for number, (plugin, test) in enumerate(tests.items()):
                path = Path(folder) / f"test_{number}.py"
                path.write_text(test)
                command = [sys.executable, "-m", "pytest", "-q", "-p", plugin, str(path)]
                session = partial(run, command, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
                times[plugin].append(timed_ms(session))
    ours, theirs = (median(each) for each in times.values())
    return Row("a session of one test, the whole of it", ours, theirs, 1)


def measure_start_and_stop() -> tuple[Row, Row]:
    times: dict[str, list[float]] = {"start": [], "stop": [], "their start": [], "their stop": []}
    for _ in range(ROUNDS):
        ours, theirs = InspectorServer(), HTTPServer()
        times["start"].append(timed_ms(ours.start))
        times["their start"].append(timed_ms(theirs.start))
        sleep(0.15)  # idle, as at the end of a session
        times["stop"].append(timed_ms(ours.stop))
        times["their stop"].append(timed_ms(theirs.stop))
    best = {name: min(each) for name, each in times.items()}
    # Their stop waits for a poll of half a second to end: when it is asked makes the difference.
    their_stop = median(times["their stop"])
    return (
        Row("start, libraries loaded", best["start"], best["their start"], ms_target=100),
        Row("stop when idle", median(times["stop"]), their_stop, 1 / 5, ms_target=50),
    )


def measure_posts(bin_: WebhookBin, rival: HTTPServer) -> list[Row]:
    """The median of the best round of each: a disk that others use makes every round slower."""
    body = make_body()
    rival.expect_request("/hook").respond_with_data("ok\n")
    rounds: dict[str, list[float]] = {bin_.url: [], rival.url_for("/hook"): []}
    syncs = []
    for _ in range(ROUNDS):
        for url, middles in rounds.items():
            with requests.Session() as session:
                send = partial(session.post, url, data=body, headers=FORM)
                send()
                middles.append(median(timed_ms(send) for _ in range(POSTS)))
        syncs.append(measure_sync(body))
    assert len(bin_.requests) == ROUNDS * (POSTS + 1)
    assert len(bin_.requests[-1].form_data) == FIELDS
    ours, theirs = (min(each) for each in rounds.values())
    return [
        Row(f"a POST of {FIELDS} fields, kept alive, p50", ours, theirs, 1.5),
        Row("  of which: its body to disk, alone", min(syncs), 0),
    ]


def measure_sync(body: bytes) -> float:
    """What this disk asks for keeping such a body."""
    with tempfile.TemporaryFile() as file:

        def write() -> None:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())

        return median(timed_ms(write) for _ in range(POSTS))


def measure_clear(bin_: WebhookBin, rival: HTTPServer) -> Row:
    """Both forget without touching what was received, so a thousand times say more than one."""
    ours, theirs = (
        min(timed_ms(lambda: [clear() for _ in range(1000)]) for _ in range(ROUNDS)) / 1000  # noqa: B023
        for clear in (bin_.clear, rival.clear)
    )
    return Row("clear", ours, theirs, 1)


def measure_fresh(server: InspectorServer, rival: HTTPServer) -> Row:
    """Theirs is one server for all tests, emptied for each."""
    create = partial(server.create_bin, label="test_of_a_name")
    ours = min(median(timed_ms(create) for _ in range(20)) for _ in range(ROUNDS))
    theirs = min(timed_ms(rival.clear) for _ in range(ROUNDS))
    return Row("a fresh bin", ours, theirs, ms_target=2)


def main() -> int:
    """Measure, print, and say by the exit status whether the targets are reached."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # it would print a line a request
    rows = [
        Row(
            "import at pytest's start",
            measure_imports("inspector.pytest_plugin", "pytest"),
            measure_imports("pytest_httpserver.pytest_plugin", "pytest"),
            1,
            ms_target=20,
        ),
        *measure_first_starts(),
        measure_session(),
    ]
    rows += measure_start_and_stop()
    rival = HTTPServer()
    with InspectorServer() as server, rival:
        bin_ = server.create_bin()
        rows += measure_posts(bin_, rival)
        rows.append(measure_clear(bin_, rival))
        rows.append(measure_fresh(server, rival))
    print(f"{'milliseconds':38} {'inspector':>10} {'httpserver':>10}  target for ours")
    for row in rows:
        print(row)
    return 0 if all(row.is_reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
