"""``inspector schema``: the schema of all that a bin has received."""

from __future__ import annotations

import sys
from urllib.parse import urlencode

import click

from inspector.cli.client import Client, bin_path, server_options
from inspector.cli.environment import option
from inspector.cli.lines import escape_pieces

FORMATS = ("json-schema", "typescript", "python", "pydantic")


@click.command("schema")
@click.argument("bin_name", metavar="BIN")
@option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="python gives TypedDict classes, pydantic models of pydantic 2.",
)
@option("--event", metavar="EVENT", help="Only the bodies of this event, like issues.opened.")
@option("--json", "as_json", is_flag=True, help="JSON Schema, as by --format json-schema.")
@server_options
def command(
    bin_name: str,
    *,
    form: str,
    event: str | None,
    as_json: bool,
    server: str,
    token: str | None,
) -> None:
    """Print the schema of the forms and JSON that BIN has received.

    What each body of an event had is required, all else is optional.
    """
    wanted = {"format": FORMATS[0] if as_json else form} | (
        {} if event is None else {"event": event}
    )
    path = bin_path(bin_name, f"/schema?{urlencode(wanted)}")
    text = b"".join(piece for piece, _ in Client(server, token).download(path))
    for piece in escape_pieces([text]) if sys.stdout.isatty() else [text]:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
