"""``inspector diff``: two captured requests, field by field."""

from __future__ import annotations

import json
from typing import Any

import click

from inspector.cli.client import Client, server_options
from inspector.cli.environment import option
from inspector.cli.request_names import load_request

SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.command("diff")
@click.argument("a")
@click.argument("b")
@option(
    "--ignore",
    metavar="PATH",
    multiple=True,
    help="A field to leave out, with all below it: ticket.date_updated, items[].id, header:date, "
    "query:page; * stands for any characters; may be repeated.",
)
@option("--exit-code", is_flag=True, help="Exit status 1 when they differ.")
@option("--json", "as_json", is_flag=True, help="The API's JSON.")
@server_options
def command(
    a: str,
    b: str,
    *,
    ignore: tuple[str, ...],
    exit_code: bool,
    as_json: bool,
    server: str,
    token: str | None,
) -> int:
    """Compare two requests, each BIN/ID, BIN/#7 or BIN/last, of one bin or of two."""
    from inspector.cli.following.forward import read_request  # slow to import
    from inspector.exports.comparison import comparison_to_json
    from inspector.reading.compare import compare_requests

    client = Client(server, token)
    old, new = (read_request(load_request(client, name)) for name in (a, b))
    found = comparison_to_json(compare_requests(old, new, ignore), old, new)
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print(found)
    return 1 if exit_code and found["differs"] else 0


def _print(found: dict[str, Any]) -> None:
    from inspector.reading.text import escape_invisible

    for each in found["differences"]:
        name = each["name"] if each["section"] == "body" else f"{each['section']} {each['name']}"
        values = [value for value in (each["old"], each["new"]) if value is not None]
        moved = f"  ({each['by']})" if each["by"] else ""
        shown = " -> ".join(json.dumps(value, ensure_ascii=False) for value in values)
        click.echo(escape_invisible(f"{SIGNS[each['status']]} {name}: {shown}{moved}"))
    if found["hidden"]:
        click.echo(f"... and {found['hidden']:,} more")
    counts = [f"{count:,} {status}" for status, count in found["counts"].items() if count]
    click.echo(f"{', '.join(counts) or 'nothing in them'}; b is {found['apart']}")
