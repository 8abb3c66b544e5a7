"""``inspector signatures``: the secrets with which a bin's signatures are checked."""

from __future__ import annotations

import json
from typing import Any, BinaryIO

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.errors import InspectorError
from inspector.reading.text import escape_invisible


@click.command("signatures")
@click.argument("name", metavar="BIN")
@click.argument("file", type=click.File("rb"), required=False)
@option("--json", "as_json", is_flag=True, help="The API's JSON.")
@server_options
def command(
    name: str, file: BinaryIO | None, *, as_json: bool, server: str, token: str | None
) -> None:
    """Show the schemes that BIN has secrets for, or set them from FILE: JSON, - for stdin.

    FILE is a list of objects like {"scheme": "github", "secret": "..."}, or an object with
    such a list as "signatures". A secret given as *** stays as it is.
    """
    client, path = Client(server, token), f"{bin_path(name)}/signatures"
    if file is None:
        found = client.call("GET", path)
    else:
        found = client.call("PUT", path, {"signatures": _read(file)})
    if as_json:
        click.echo(json.dumps(found))
        return
    for each in found["signatures"]:
        options = [f"{key}={value}" for key, value in each.items() if key != "scheme"]
        click.echo(escape_invisible("  ".join([each["scheme"], *options])))
    if not found["signatures"]:
        click.echo(f"{name} has no secrets.", err=True)


def _read(file: BinaryIO) -> Any:
    try:
        found = json.loads(file.read(1_000_000))
    except (ValueError, RecursionError):
        raise InspectorError("invalid_file", "The file is no JSON.") from None
    return found.get("signatures") if isinstance(found, dict) else found
