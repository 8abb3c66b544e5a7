"""The figures of the benchmarks, kept in the repository with the commit that they are of.

A regression is a line of a diff. Machines differ, so a time stands beside the one that
``parse_qsl`` took for a ticket in the same run.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "docs" / "measurements.json"
TICKET = ROOT / "tests" / "forms" / "data" / "ticket_sample.body"
TRIES = 50


def keep(bench: str, figures: dict[str, float]) -> None:
    """Put the figures of a benchmark in the place of its last ones."""
    kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    kept[bench] = {
        "commit": find_commit(),
        "parse_qsl_ms": round(time_parse_qsl(), 3),
        "figures": {name: round(value, 3) for name, value in figures.items()},
    }
    KEPT.write_text(json.dumps(dict(sorted(kept.items())), indent=2) + "\n", "utf-8")


def find_commit() -> str:
    """The commit at hand; with a ``+`` when files differ from it, the kept figures aside."""
    commit = git("rev-parse", "--short=10", "HEAD")
    changed = git("status", "--porcelain", "--", ".", f":!{KEPT.relative_to(ROOT)}")
    return f"{commit}+" if changed else commit


def git(*arguments: str) -> str:
    """What git says, "" where there is none."""
    try:
        said = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    except OSError:
        return ""
    return said.stdout.strip()


def time_parse_qsl() -> float:
    """The shortest of some runs, in ms of processor time."""
    body, best = TICKET.read_bytes(), float("inf")
    for _ in range(TRIES):
        began = process_time()
        parse_qsl(body, keep_blank_values=True)
        best = min(best, process_time() - began)
    return best * 1000
