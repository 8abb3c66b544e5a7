"""``inspector audit``: who deleted, emptied or changed bins."""

from __future__ import annotations

from itertools import islice

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.lines import print_table
from inspector.cli.options import json_option, limit_option
from inspector.domain.json_bodies import write_json
from inspector.reading.text import escape_invisible

PAGE = 500
_FIELDS = ("at", "action", "bin", "by", "address", "details")


@click.command("audit")
@click.argument("bin_name", metavar="BIN", required=False)
@limit_option
@json_option
@server_options
def command(
    bin_name: str | None, *, limit: int, as_json: bool, server: str, token: str | None
) -> None:
    """List who deleted, emptied or changed bins, or this BIN, the newest first.

    Private bins have lists of their own.
    """
    path = "/api/v1/audit" if bin_name is None else bin_path(bin_name, "/audit")
    found = Client(server, token).pages(f"{path}?limit={min(limit, PAGE)}")
    entries = list(islice(found, limit))
    if as_json:
        for each in entries:
            click.echo(write_json(each))
    elif entries:
        rows = [tuple(escape_invisible(each[name]) for name in _FIELDS) for each in entries]
        print_table([name.upper() for name in _FIELDS], rows, right=set())
