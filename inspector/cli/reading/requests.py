"""``inspector requests``: a bin's captured requests as lines."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any
from urllib.parse import urlencode

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.lines import format_request
from inspector.cli.options import json_option, limit_option
from inspector.domain.json_bodies import write_json

PAGE = 500


@click.command("requests")
@click.argument("bin_name", metavar="BIN")
@option(
    "--match",
    metavar="QUERY",
    help="Only what the page's search language finds, as in 'ticket.agent.id=3 method:POST'.",
)
@option(
    "--columns",
    metavar="NAMES",
    help="Fields to print of each, as in ticket.status,header:X-GitHub-Event; otherwise those"
    " that the bin's page shows.",
)
@limit_option
@json_option
@server_options
def command(
    bin_name: str,
    *,
    match: str | None,
    columns: str | None,
    limit: int,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """List the requests of BIN, the newest first."""
    wanted: dict[str, Any] = {"limit": min(limit, PAGE)}
    if match:
        wanted["q"] = match
    client = Client(server, token)
    if columns is None:
        columns = ",".join(client.call("GET", bin_path(bin_name))["columns"])
    if columns:
        wanted["columns"] = columns
    found = client.pages(bin_path(bin_name, f"/requests?{urlencode(wanted)}"))
    print_requests(islice(found, limit), as_json=as_json)


def print_requests(requests: Iterable[dict[str, Any]], *, as_json: bool) -> int:
    """A line for each; answers how many there were."""
    count = 0
    for each in requests:
        click.echo(write_json(each) if as_json else format_request(each))
        count += 1
    return count
