"""A bin's events without end: after a lost connection from where it was."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click

from inspector.cli.client import Client, Event, LostError, bin_path
from inspector.errors import InspectorError

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0


def follow(client: Client, bin_name: str) -> Iterator[Event]:
    """The stream's events, with one called ``open`` each time the connection is there."""
    last_id: str | None = None
    pause_s = 0.0
    while True:
        try:
            for event in client.events(bin_path(bin_name, "/events"), last_id):
                if event.name == "open":
                    if pause_s:
                        click.echo("Connected again.", err=True)
                    pause_s = 0.0
                last_id = event.id or last_id
                yield event
        except LostError as error:
            click.echo(f"The connection was lost ({error}); trying again.", err=True)
        except InspectorError as error:
            if error.code != "server_unreachable" or not pause_s:
                raise
        pause_s = min(max(pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        time.sleep(pause_s)
