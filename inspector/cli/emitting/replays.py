"""A bin's requests sent again by the server, watched from the terminal."""

from __future__ import annotations

import sys
import time
from typing import Any

import click

from inspector.cli.client import Client, bin_path
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible

FIRST_LOOK_S, LOOK_EVERY_S = 0.02, 0.2
# How long Ctrl-C waits for the delivery that is under way.
FINISH_S = 10.0


def replay_many(
    client: Client, fields: dict[str, Any], bin_name: str
) -> tuple[dict[str, Any], str, bool]:
    """Start it and see it through: its JSON, a line about it, True when all were delivered.

    Ctrl-C stops it; what was sent until then is printed. Raises ``InspectorError``, also when
    nothing matched.
    """
    path = bin_path(bin_name, "/replay")
    run = client.call("POST", path, fields)
    try:
        run = _watch(client, f"{path}/{run['id']}")
    except KeyboardInterrupt:
        client.call("POST", f"{path}/{run['id']}/stop")
        run = _watch(client, f"{path}/{run['id']}", time.monotonic() + FINISH_S)
    if run["problem"]:
        click.echo(escape_invisible(f"{bin_name}: not sent: {run['problem']}"), err=True)
    if not run["sent"] and not run["skipped"] and not run["stopped"]:
        message = f"No request of {bin_name} matches {fields['match']['q']!r}."
        raise InspectorError("request_not_found", message)
    succeeded = not (run["failed"] or run["skipped"] or run["stopped"])
    return run, _describe(bin_name, run), succeeded


def _watch(client: Client, path: str, until: float | None = None) -> dict[str, Any]:
    """The run once it has ended, or as it is at ``until``; a terminal gets a progress line."""
    is_shown = sys.stderr.isatty()
    pause_s = FIRST_LOOK_S
    while True:
        run: dict[str, Any] = client.call("GET", path)
        if is_shown:
            done = f"{run['looked_at']:,} of {run['total']:,} looked at"
            rest = f"{run['sent']:,} sent, {run['failed']:,} failed, {run['sent_per_s']:.1f}/s"
            click.echo(f"\r\033[K{done}, {rest}", nl=False, err=True)
        if not run["running"] or (until is not None and time.monotonic() > until):
            if is_shown:
                click.echo("\r\033[K", nl=False, err=True)
            return run
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LOOK_EVERY_S)


def _describe(bin_name: str, run: dict[str, Any]) -> str:
    counts = [f"{run['sent']:,} sent", f"{run['failed']:,} failed"]
    if run["skipped"]:
        counts.append(f"{run['skipped']:,} could not be sent")
    if run["stopped"]:
        counts.append("stopped")
    outcomes = {**run["statuses"], **run["failures"], **run["verdicts"]}
    came = ", ".join(f"{name}: {count:,}" for name, count in outcomes.items())
    line = f"{bin_name} -> {run['url']}: {', '.join(counts)} in {run['elapsed_s']:.1f} s"
    return escape_invisible(f"{line} ({came})" if came else line)
