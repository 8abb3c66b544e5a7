"""``inspector show``: one captured request, as it came or in another form."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from inspector.cli.client import Client, server_options
from inspector.cli.environment import option
from inspector.cli.lines import escape_pieces, format_request, format_verdicts
from inspector.cli.request_names import request_path

FORMS = (
    "raw",
    "json",
    "curl",
    "curl-fish",
    "curl-insomnia",
    "curl-file",
    "httpie",
    "python",
    "requests",
    "pytest",
    "html",
    "har",
    "action",
)


@click.command("show")
@click.argument("name", metavar="BIN/ID")
@option(
    "--as",
    "form",
    type=click.Choice(FORMS),
    default="raw",
    show_default=True,
    help="raw is the HTTP message, json the API's JSON, action what emit --action takes, the "
    "others send it again.",
)
@option("--json", "as_json", is_flag=True, help="JSON, as by --as json.")
@server_options
def command(name: str, *, form: str, as_json: bool, server: str, token: str | None) -> None:
    """Show a request: BIN/ID, BIN/#7 or BIN/last.

    A file or a pipe gets it exactly. A terminal gets control characters escaped, and before
    the message what was answered and how it was signed.
    """
    client = Client(server, token)
    form = "json" if as_json else form
    path = request_path(client, name)
    pieces: Iterator[bytes] = (piece for piece, _ in client.download(f"{path}?format={form}"))
    if sys.stdout.isatty():
        pieces = escape_pieces(pieces)
        if form == "raw":
            request = client.call("GET", path)
            click.echo("\n".join([format_request(request), *format_verdicts(request)]), err=True)
            click.echo(err=True)
    for piece in pieces:
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
