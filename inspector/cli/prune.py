"""``inspector prune``: delete old requests of a running server's bins."""

from __future__ import annotations

import json

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.options import json_option
from inspector.errors import InspectorError
from inspector.settings import parse_duration

# The API's bound: three centuries.
MAX_AGE_S = 10_000_000_000


@click.command("prune")
@option(
    "--ttl",
    required=True,
    help="Delete what is older than this, like 30d or 12h.",
)
@option(
    "--bin",
    "bins",
    multiple=True,
    metavar="NAME",
    help="Only in this bin; repeatable.",
)
@json_option
@server_options
def command(
    *, ttl: str, bins: tuple[str, ...], as_json: bool, server: str, token: str | None
) -> None:
    """Delete requests older than --ttl and say how many went, and from which bins."""
    try:
        seconds = min(parse_duration(ttl), MAX_AGE_S)
    except InspectorError as error:
        raise click.UsageError(error.message) from error
    client = Client(server, token)
    names = bins or tuple(each["name"] for each in client.call("GET", "/api/v1/bins"))
    deleted = 0
    for name in names:
        path = bin_path(name, "/prune")
        gone = client.call("POST", path, {"older_than_s": seconds})["deleted"]
        if as_json:
            click.echo(json.dumps({"name": name, "deleted": gone}))
        elif gone and len(names) > 1:
            click.echo(f"{name}: {gone:,}")
        deleted += gone
    if as_json:
        return
    click.echo(f"Deleted {deleted:,} {'request' if deleted == 1 else 'requests'}.")
