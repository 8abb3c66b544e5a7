"""``inspector note``: put a note on a request, to find it by."""

from __future__ import annotations

import click

from inspector.cli.client import Client, server_options
from inspector.cli.options import json_option
from inspector.cli.pin import print_changed


@click.command("note")
@click.argument("name", metavar="BIN/ID")
@click.argument("text", metavar="TEXT")
@json_option
@server_options
def command(name: str, text: str, *, as_json: bool, server: str, token: str | None) -> None:
    """Put TEXT on a request as its note; an empty one takes it away.

    Searches find it: note:later, is:noted.
    """
    print_changed(Client(server, token), name, {"note": text}, as_json=as_json)
