"""``inspector delete``: delete captured requests, by name or all that a search finds."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.request_names import request_path


@click.command("delete")
@click.argument("places", metavar="BIN/ID...", nargs=-1, required=True)
@option(
    "--match",
    metavar="QUERY",
    help="All that this search finds, pinned ones too; each argument is a bin's name then.",
)
@server_options
def command(places: tuple[str, ...], *, match: str | None, server: str, token: str | None) -> None:
    """Delete requests: BIN/ID, BIN/#7 or BIN/last, or with --match those of a BIN.

    A whole bin is emptied by `inspector bins clear`.
    """
    client = Client(server, token)
    if match is not None:
        if not match.strip():
            raise click.UsageError("--match is empty: say what to delete, or use bins clear.")
        paths = [bin_path(name, f"/requests?{urlencode({'q': match})}") for name in places]
    else:
        paths = [request_path(client, place) for place in dict.fromkeys(places)]
    for path in paths:
        client.call("DELETE", path)
