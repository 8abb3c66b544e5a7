"""``inspector wait``: block until a request has come, for scripts."""

from __future__ import annotations

from urllib.parse import urlencode

import click

from inspector.cli.client import TIMEOUT_S, Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.options import json_option
from inspector.cli.reading.requests import print_requests

MAX_TIMEOUT_S = 300


@click.command("wait")
@click.argument("bin_name", metavar="BIN")
@option(
    "--where",
    metavar="PATH=VALUE",
    multiple=True,
    help="A field of the form or the JSON, as in ticket.agent.id=3; may be repeated.",
)
@option("--header", metavar="NAME[=VALUE]", multiple=True, help="A header; may be repeated.")
@option("--method", help="Only requests of this method.")
@option("--path", metavar="PATH", help="The path behind the bin's name.")
@option("--match", metavar="QUERY", help="Only requests that this search finds.")
@option("--count", type=click.IntRange(1, 100), default=1, show_default=True)
@option("--after", metavar="ID", help="Only later ones; 0 for all; without it those from now on.")
@option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(0, MAX_TIMEOUT_S),
    default=10.0,
    show_default=True,
)
@json_option
@server_options
def command(
    bin_name: str,
    *,
    where: tuple[str, ...],
    header: tuple[str, ...],
    method: str | None,
    path: str | None,
    match: str | None,
    count: int,
    after: str | None,
    timeout: float,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Wait until a matching request has come to BIN, and print it.

    Exit status 1: none came in time.
    """
    given = {"method": method, "path": path, "q": match, "after": after and after.removeprefix("#")}
    pairs = [(name, value) for name, value in given.items() if value is not None]
    pairs += [("where", each) for each in where] + [("header", each) for each in header]
    pairs += [("count", str(count)), ("timeout", f"{timeout:g}")]
    found = Client(server, token).call(
        "GET",
        bin_path(bin_name, f"/requests/wait?{urlencode(pairs)}"),
        timeout_s=timeout + TIMEOUT_S,
    )
    print_requests(found, as_json=as_json)
