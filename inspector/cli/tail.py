"""``inspector tail``: captures as they arrive, and passed on when asked."""

from __future__ import annotations

import json
import time
from base64 import b64decode
from typing import Any

import click

from inspector.cli.client import Client, LostError, bin_path, server_options, split_url
from inspector.cli.forward import forward
from inspector.cli.lines import format_request
from inspector.domain import CapturedRequest
from inspector.domain.json_bodies import SentNumber, write_json
from inspector.errors import InspectorError
from inspector.reading.query import Query, parse_query

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0


@click.command("tail")
@click.argument("bin_name", metavar="BIN")
@click.option("--json", "as_json", is_flag=True, envvar="INSPECTOR_JSON", help="One object a line.")
@click.option("--once", is_flag=True, envvar="INSPECTOR_ONCE", help="End after the first one.")
@click.option(
    "--match",
    metavar="QUERY",
    envvar="INSPECTOR_MATCH",
    help="Only what the page's search language finds, as in 'ticket.agent.id=3 method:POST'.",
)
@click.option(
    "--forward-to",
    metavar="URL",
    envvar="INSPECTOR_FORWARD_TO",
    help="Send each one on to a program of yours, and print what it answers.",
)
@server_options
def command(
    bin_name: str,
    *,
    as_json: bool,
    once: bool,
    match: str | None,
    forward_to: str | None,
    server: str,
    token: str | None,
) -> None:
    """Print captures of BIN as they arrive, until Ctrl-C."""
    query = _read_query(match)
    if forward_to is not None and split_url(forward_to) is None:
        raise click.UsageError(
            f"{forward_to!r} is no URL to send to. Write it like http://127.0.0.1:3000/hook."
        )
    client = Client(server, token)
    try:
        _print_all(client, bin_name, query, as_json=as_json, once=once, forward_to=forward_to)
    except KeyboardInterrupt:
        # It ends a tail as it should end; who waits for one request has not had it.
        if once:
            raise
        click.echo(err=True)


def _print_all(
    client: Client,
    bin_name: str,
    query: Query | None,
    *,
    as_json: bool,
    once: bool,
    forward_to: str | None,
) -> None:
    for data in _follow(client, bin_name):
        request = json.loads(data, parse_float=SentNumber)
        if query is not None and not query.matches(read_request(request)):
            continue
        click.echo(write_json(request) if as_json else format_request(request))
        if forward_to is not None:
            click.echo(forward(request, forward_to, bin_name), err=as_json)
        if once:
            return


def _read_query(match: str | None) -> Query | None:
    try:
        return None if match is None else parse_query(match)
    except InspectorError as error:
        raise click.UsageError(error.message) from error


def _follow(client: Client, bin_name: str) -> Any:
    """The stream's data, without end: after a lost connection from where it was."""
    last_id: str | None = None
    pause_s = 0.0
    while True:
        try:
            for event in client.events(bin_path(bin_name, "/events"), last_id):
                if event.name == "open":
                    if pause_s:
                        click.echo("Connected again.", err=True)
                    pause_s = 0.0
                last_id = event.id
                if event.name == "request":
                    yield event.data
        except LostError as error:
            click.echo(f"The connection was lost ({error}); trying again.", err=True)
        except InspectorError as error:
            if error.code != "server_unreachable" or not pause_s:
                raise
        pause_s = min(max(pause_s * 2, FIRST_PAUSE_S), LONGEST_PAUSE_S)
        time.sleep(pause_s)


def read_request(data: dict[str, Any]) -> CapturedRequest:
    """A request from its JSON, near enough to search in it."""
    lines = [data["request_line"], *(f"{name}: {value}" for name, value in data["raw_headers"])]
    return CapturedRequest(
        id=data["id"],
        bin_id=0,
        bin_name="",
        number=data["number"],
        received_us=round(data["time"] * 1_000_000),
        raw_head=("\r\n".join(lines) + "\r\n").encode("utf-8", "replace"),
        body=b64decode(data["body_base64"]),
        body_size=data["body_size"],
        peer=data["remote_addr"],
        chunked=data["chunked"],
        truncated=data["truncated"],
        fidelity=data["fidelity"],
        refusal=None,
    )
