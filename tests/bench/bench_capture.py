"""Captures a second, every one durable, beside what waitress alone and the obvious way make.

All three run at the same time and are loaded in turns, so that a noisy machine is
noisy for all of them; ratios are of medians.
"""

from __future__ import annotations

import json
import tempfile
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


def stored_count(url: str) -> int:
    with urlopen(f"{url}/api/v1/bins/bench") as answer:
        count: int = json.load(answer)["last_number"]
    return count


def main() -> None:
    verdict = Verdict()
    bodies = {
        "ticket, 12 KB": (render(WebhookAction(url=SOMEWHERE), sample_context()).body, TICKET_TYPE),
        "JSON, 200 B": (JSON_BODY, "application/json"),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        inspector_server() as (_, ours),
        python_server("serve_hello.py") as (_, hello),
        python_server("serve_flask_commit.py", f"{folder}/flask.sqlite3") as (_, flask),
    ):
        for title, (body, content_type) in bodies.items():
            before = stored_count(ours)
            runs: dict[str, list[Load]] = {"hello": [], "ours": [], "flask": []}
            for _ in range(ROUNDS):
                runs["hello"].append(run_wrk(hello, body, content_type))
                runs["ours"].append(run_wrk(f"{ours}/bench", body, content_type))
                runs["flask"].append(run_wrk(flask, body, content_type, seconds=2))
            report(title, {name: middle(loads) for name, loads in runs.items()}, verdict)
            stored = stored_count(ours) - before
            acknowledged = sum(load.acknowledged for load in runs["ours"])
            print(f"stored {stored:,}, acknowledged {acknowledged:,}")
            # wrk stops counting while its last requests are still on their way.
            verdict.check("stored / acknowledged", stored / acknowledged, 1.0)
    verdict.leave()


def report(title: str, medians: dict[str, Load], verdict: Verdict) -> None:
    names = {
        "hello": "waitress, a hello that reads the body",
        "flask": "Flask route, a commit each",
        "ours": "Inspector, every capture durable",
    }
    print(f"\n{title}, 32 connections, medians of {ROUNDS}")
    for name, load in medians.items():
        print(
            f"  {names[name]:40} {load.per_second:9,.0f}/s"
            f"  p50 {load.p50_ms:6.1f} ms  p99 {load.p99_ms:6.1f} ms"
        )
    ours = medians["ours"].per_second
    target = 0.7 if title.startswith("ticket") else 0.0
    if target:
        verdict.check("ours / hello", ours / medians["hello"].per_second, target)
        verdict.check("ours / Flask route", ours / medians["flask"].per_second, 8.0)
    else:
        print(f"       ours / hello: {ours / medians['hello'].per_second:.2f}")
        print(f"       ours / Flask route: {ours / medians['flask'].per_second:.2f}")


if __name__ == "__main__":
    main()
