"""``inspector search``: requests of all bins."""

from __future__ import annotations

from itertools import islice
from urllib.parse import urlencode

import click

from inspector.cli.client import Client, server_options
from inspector.cli.options import json_option, limit_option
from inspector.cli.reading.requests import PAGE, print_requests


@click.command("search")
@click.argument("query", nargs=-1, required=True)
@limit_option
@json_option
@server_options
def command(
    query: tuple[str, ...], *, limit: int, as_json: bool, server: str, token: str | None
) -> int:
    """Search the requests of all bins by the page's search language.

    The newest bin comes first, and in each its newest request. Exit status 1: there is none.
    """
    wanted = urlencode({"q": " ".join(query), "limit": min(limit, PAGE)})
    found = Client(server, token).pages(f"/api/v1/requests?{wanted}")
    if print_requests(islice(found, limit), as_json=as_json):
        return 0
    click.echo("No request matches.", err=True)
    return 1
