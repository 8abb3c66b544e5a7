"""``inspector pin``: keep a request from being deleted by capacity or age."""

from __future__ import annotations

from typing import Any

import click

from inspector.cli.client import Client, server_options
from inspector.cli.environment import option
from inspector.cli.lines import format_request
from inspector.cli.options import json_option
from inspector.cli.request_names import request_path
from inspector.domain.json_bodies import write_json


@click.command("pin")
@click.argument("name", metavar="BIN/ID")
@option("--off", is_flag=True, help="Take the pin off.")
@option("--note", metavar="TEXT", help="A note beside it; an empty one takes it away.")
@json_option
@server_options
def command(
    name: str, *, off: bool, note: str | None, as_json: bool, server: str, token: str | None
) -> None:
    """Pin a request, so that neither capacity nor age takes it away.

    A request that was kept by its pin alone is deleted with the pin.
    """
    change: dict[str, Any] = {"pinned": not off}
    if note is not None:
        change["note"] = note
    print_changed(Client(server, token), name, change, as_json=as_json)


def print_changed(client: Client, name: str, change: dict[str, Any], *, as_json: bool) -> None:
    """Change a request's pin or note, and show its line."""
    changed = client.call("PATCH", request_path(client, name), change)
    click.echo(write_json(changed) if as_json else format_request(changed))
