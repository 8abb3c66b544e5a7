"""``inspector tail``: captures as they arrive, and passed on when asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from inspector.cli.client import Client, server_options
from inspector.cli.environment import option
from inspector.cli.following.events import follow
from inspector.cli.following.forward import forward, read_request
from inspector.cli.lines import format_request
from inspector.cli.options import receiver_option
from inspector.domain import CapturedRequest
from inspector.domain.json_bodies import parse_api_json, write_json
from inspector.errors import InspectorError
from inspector.forms import to_json_safe
from inspector.reading.query import Query, parse_query


@click.command("tail")
@click.argument("bin_name", metavar="BIN")
@option("--json", "as_json", is_flag=True, help="One object a line.")
@option("--once", is_flag=True, help="End after the first one.")
@option(
    "--match",
    metavar="QUERY",
    help="Only what the page's search language finds, as in 'ticket.agent.id=3 method:POST'.",
)
@option(
    "--forward-to",
    metavar="URL",
    help="Send each one on to a program of yours, below this URL, and print what it answers.",
)
@option(
    "--forward-refused",
    is_flag=True,
    help="Send on those too that the server has refused.",
)
@receiver_option("--json")
@server_options
def command(
    bin_name: str,
    *,
    as_json: bool,
    once: bool,
    match: str | None,
    forward_to: str | None,
    forward_refused: bool,
    receiver: str,
    server: str,
    token: str | None,
) -> None:
    """Print captures of BIN as they arrive, until Ctrl-C."""
    query = _read_query(match)
    if forward_to is not None:
        _check_url(forward_to)
    try:
        for data in _match(Client(server, token), bin_name, query):
            if receiver != "php":
                data |= read_form(read_request(data), receiver)
            click.echo(write_json(data) if as_json else format_request(data))
            if forward_to is not None:
                line = forward(read_request(data), forward_to, refused_too=forward_refused)
                click.echo(line, err=as_json)
            if once:
                return
    except KeyboardInterrupt:
        # Ctrl-C is the usual end of a tail; with --once it is a failure.
        if once:
            raise
        click.echo(err=True)


def read_form(request: CapturedRequest, receiver: str) -> dict[str, Any]:
    """The form's part of a request's JSON, as one receiver reads it."""
    form = request.form_as(receiver)
    if form is None:
        return {}
    notes = request.list_form_notes(form)
    found = {
        "form": form.value,
        "form_notes": [
            {"code": note.code, "name": note.name, "message": note.message} for note in notes
        ],
        "form_refusal": form.refusal or None,
    }
    return to_json_safe(found)


def _match(client: Client, bin_name: str, query: Query | None) -> Iterator[dict[str, Any]]:
    """The matching captures as they arrive, as the API's JSON."""
    for event in follow(client, bin_name):
        if event.name != "request":
            continue
        found = parse_api_json(event.data)
        if query is None or query.matches(read_request(found)):
            yield found


def _check_url(url: str) -> None:
    """Raise ``UsageError`` for what nothing can be sent to, without its password."""
    from inspector.emitter.http_client.urls import parse_url  # only forwarding needs it

    try:
        parse_url(url)
    except InspectorError as error:
        raise click.UsageError(
            f"--forward-to: {error.message} Write it like http://127.0.0.1:3000/hook."
        ) from error


def _read_query(match: str | None) -> Query | None:
    try:
        return None if match is None else parse_query(match)
    except InspectorError as error:
        raise click.UsageError(error.message) from error
