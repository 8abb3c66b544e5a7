"""Captures a second, every one durable, beside what waitress alone and the obvious way make.

All run at the same time and are loaded in turns, so that a noisy machine is noisy for all of
them; ratios are of medians. waitress' threads may get in each other's way, so beside the plain one
(four threads, all processors) it is tried with one thread and on one processor as ours.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.request import urlopen

from inspector.emitter import WebhookAction, render, sample_context
from tests.bench.load import (
    JSON_BODY,
    TICKET_TYPE,
    Load,
    Verdict,
    inspector_server,
    middle,
    python_server,
    run_wrk,
)

ROUNDS = 5
SOMEWHERE = "http://127.0.0.1/"
OURS, FLASK = "Inspector, every capture durable", "Flask route, a commit each"
HELLOS = {
    f"waitress, a hello: {threads} threads, {processors} processor": (threads, processors)
    for processors in ("one", "all")
    for threads in ("1", "4")
}
PLAIN = "waitress, a hello: 4 threads, all processor"
# Of the captures: at least so many of the best hello's and of the Flask route's; at most so much
# of a processor's time, which a machine with other work lengthens for both.
TARGETS = {"ticket": (0.7, 8.0, 1.8), "JSON": (0.9, 8.0, 1.3)}
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")


class Program(NamedTuple):
    """A server that is loaded; ``seconds`` are those of one turn."""

    pid: int
    url: str
    seconds: int = 2


class Turn(NamedTuple):
    """What came of one turn; ``cpu_us`` is the server's time of a processor for a request."""

    load: Load
    cpu_us: float


def stored_count(url: str) -> int:
    with urlopen(f"{url}/api/v1/bins/bench") as answer:
        count: int = json.load(answer)["last_number"]
    return count


def read_cpu_us(pid: int) -> float:
    """Linux only."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_US


def take_turn(program: Program, body: bytes, content_type: str) -> Turn:
    before = read_cpu_us(program.pid)
    load = run_wrk(program.url, body, content_type, seconds=program.seconds)
    return Turn(load, (read_cpu_us(program.pid) - before) / max(load.acknowledged, 1))


def main() -> None:
    verdict = Verdict()
    bodies = {
        "ticket, 12 KB": (render(WebhookAction(url=SOMEWHERE), sample_context()).body, TICKET_TYPE),
        "JSON, 200 B": (JSON_BODY, "application/json"),
    }
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        process, ours = stack.enter_context(inspector_server())
        programs = {OURS: Program(process.pid, f"{ours}/bench", 3)}
        for name, (threads, processors) in HELLOS.items():
            started, url = stack.enter_context(python_server("serve_hello.py", threads, processors))
            programs[name] = Program(started.pid, url)
        started, url = stack.enter_context(
            python_server("serve_flask_commit.py", f"{folder}/flask.sqlite3")
        )
        programs[FLASK] = Program(started.pid, url)
        for title, (body, content_type) in bodies.items():
            before = stored_count(ours)
            turns: dict[str, list[Turn]] = {name: [] for name in programs}
            for _ in range(ROUNDS):
                for name, program in programs.items():
                    turns[name].append(take_turn(program, body, content_type))
            report(title, turns, verdict)
            stored = stored_count(ours) - before
            acknowledged = sum(turn.load.acknowledged for turn in turns[OURS])
            print(f"stored {stored:,}, acknowledged {acknowledged:,}")
            # wrk stops counting while its last requests are still on their way.
            verdict.check("stored / acknowledged", stored / acknowledged, 1.0)
    verdict.leave()


def report(title: str, turns: Mapping[str, list[Turn]], verdict: Verdict) -> None:
    print(f"\n{title}, 32 connections, medians of {ROUNDS}")
    medians = {name: middle([turn.load for turn in each]) for name, each in turns.items()}
    cpu_us = {name: median(turn.cpu_us for turn in each) for name, each in turns.items()}
    for name, load in medians.items():
        print(
            f"  {name:44} {load.per_second:9,.0f}/s  {cpu_us[name]:6.0f} µs each"
            f"  p50 {load.p50_ms:6.1f} ms  p99 {load.p99_ms:6.1f} ms"
        )
    ours = medians[OURS].per_second
    hello = max(medians[name].per_second for name in HELLOS)
    kind = title.partition(",")[0]
    verdict.note(f"{kind}: ours / a plain hello", ours / medians[PLAIN].per_second)
    of_hello, of_flask, of_cpu = TARGETS[kind]
    verdict.check(f"{kind}: ours / the best hello", ours / hello, of_hello)
    verdict.check(f"{kind}: ours / Flask route", ours / medians[FLASK].per_second, of_flask)
    # Of one processor each: what the number of processors does not change.
    least = min(cpu_us[name] for name in HELLOS)
    verdict.check(
        f"{kind}: CPU, ours / the least hello's", cpu_us[OURS] / least, of_cpu, at_most=True
    )


if __name__ == "__main__":
    main()
